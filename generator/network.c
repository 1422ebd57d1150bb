#include "generator/network.h"

#include "common/ops/sigmoid.h"
#include "common/ops/upsample_nearest.h"

static const float negative_slope = 0.2f;

static rt_tensor *convolution(rt_layers *layers, const char *name, rt_tensor *x, uint32_t channels,
                              bool bias)
{
    return rt_layer_conv2d(
        layers, name, x,
        &(rt_conv2d_layer){
            .channels = channels, .kernel = 3, .stride = 1, .padding = 1, .bias = bias});
}

static rt_tensor *build(rt_layers *layers, const rt_generator_description *d, rt_tensor *latent)
{
    rt_graph *graph = layers->graph;
    const uint32_t width = d->base_width;
    const rt_shape seed = {latent != NULL ? latent->shape.n : 1, d->height / 4, d->width / 4,
                           2 * width};
    rt_tensor *x = rt_layer_linear_to_image(layers, "linear", latent, seed);
    x = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_NONE, 0);
    x = convolution(layers, "conv1", rt_upsample_nearest(graph, x, 2), 2 * width, false);
    x = rt_layer_batch_norm(layers, "bn2", x, RT_ACTIVATION_LEAKY_RELU, negative_slope);
    x = convolution(layers, "conv2", rt_upsample_nearest(graph, x, 2), width, false);
    x = rt_layer_batch_norm(layers, "bn3", x, RT_ACTIVATION_LEAKY_RELU, negative_slope);
    return rt_sigmoid(graph, convolution(layers, "conv3", x, d->channels, true));
}

static rt_status declare_parameters(rt_generator *generator)
{
    rt_graph *graph;
    RT_TRY(rt_graph_create(&graph));
    rt_layers layers = {.graph = graph,
                        .parameters = generator->parameters,
                        .scope = "generator",
                        .declare = true,
                        .training = true,
                        .rule = RT_RULE_GENERATOR};
    build(&layers, &generator->description,
          rt_graph_input(graph, "latent", (rt_shape){2, 1, 1, generator->description.latent_size}));
    const rt_status status = rt_graph_status(graph);
    rt_graph_free(graph);
    return status;
}

rt_status rt_generator_init(rt_generator *generator, const rt_generator_description *description)
{
    *generator = (rt_generator){.description = *description};
    if (description->height % 4 != 0 || description->width % 4 != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "the generator makes images whose sides are multiples of 4, not %ux%u; "
                       "import the data with --pad",
                       description->height, description->width);
    if (description->base_width % 2 != 0 || description->base_width == 0)
        return rt_fail(RT_ERROR_INPUT, "generator_width %u is not a multiple of 2",
                       description->base_width);
    RT_TRY(rt_parameters_create(&generator->parameters));
    return declare_parameters(generator);
}

void rt_generator_clear(rt_generator *generator)
{
    rt_parameters_free(generator->parameters);
    *generator = (rt_generator){0};
}

rt_tensor *rt_generator_apply(const rt_generator *generator, rt_graph *graph, rt_tensor *latent)
{
    rt_layers layers = {.graph = graph,
                        .parameters = generator->parameters,
                        .scope = "generator",
                        .training = true,
                        .trained = true,
                        .rule = RT_RULE_GENERATOR};
    rt_tensor *images = build(&layers, &generator->description, latent);
    rt_graph_scope(graph, "");
    return images;
}
