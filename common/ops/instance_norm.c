/* Statistics and the gradients' sums are sums over what is repeated (broadcast.h): of an image's
 * pixels for {N,1,1,C}, of the images for {1,1,1,C}. */

#include "common/ops/instance_norm.h"

#include "common/ops/broadcast.h"
#include "common/ops/channels.h"
#include "common/ops/elementwise.h"

enum { X, WEIGHT, BIAS };
enum { Y, MEAN, INVERSE }; /* outputs; INVERSE = 1 / sqrt(variance + epsilon) */

static rt_shape of_images(const rt_node *node)
{
    const rt_shape x = node->inputs[X]->shape;
    return (rt_shape){x.n, 1, 1, x.c};
}

static rt_shape of_channels(const rt_node *node)
{
    return (rt_shape){1, 1, 1, node->inputs[X]->shape.c};
}

static uint32_t pixels(const rt_node *node)
{
    return node->inputs[X]->shape.h * node->inputs[X]->shape.w;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_instance_norm_attributes *a = node->attributes;
    const rt_shape x = node->inputs[X]->shape;
    for (uint32_t i = WEIGHT; i <= BIAS; i++) {
        const rt_shape s = node->inputs[i]->shape;
        if (!rt_shape_equal(s, of_channels(node)))
            return rt_fail(RT_ERROR_INPUT,
                           "instance norm of %u channels has '%s' of shape %ux%ux%ux%u", x.c,
                           node->inputs[i]->name, s.n, s.h, s.w, s.c);
    }
    if (!(a->epsilon > 0))
        return rt_fail(RT_ERROR_INPUT, "instance norm with an epsilon of %g", (double)a->epsilon);
    RT_TRY(rt_node_output(graph, node, "instance_norm", x));
    RT_TRY(rt_node_output(graph, node, "image_mean", of_images(node)));
    return rt_node_output(graph, node, "image_inverse", of_images(node));
}

/* The scratch memory: of the sums, then, in the backward pass, two tensors of_images. */
static uint64_t sums_bytes(const rt_node *node)
{
    const uint64_t over_pixels = rt_broadcast_sums_bytes(of_images(node), node->inputs[X]->shape);
    const uint64_t over_images = rt_broadcast_sums_bytes(of_channels(node), of_images(node));
    return over_pixels > over_images ? over_pixels : over_images;
}

static uint64_t images_bytes(const rt_node *node)
{
    return rt_broadcast_sums_bytes(of_images(node), of_images(node));
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    return sums_bytes(node) + (pass == RT_PASS_BACKWARD ? 2 * images_bytes(node) : 0);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_instance_norm_attributes *a = node->attributes;
    const rt_tensor *x = node->inputs[X];
    rt_broadcast_sums sums = {
        .large_shape = x->shape,
        .small_shape = of_images(node),
        .g = rt_bind(x),
        .factor = 1.0 / pixels(node),
        .total = rt_bind(node->outputs[MEAN]),
        .scratch = node->scratch,
        .label = node->label,
    };
    RT_TRY(rt_record_broadcast_sums(program, &sums));
    sums.kind = RT_SUM_DEVIATION_SQUARE;
    sums.mean = rt_bind(node->outputs[MEAN]);
    sums.finish = RT_FINISH_INVERSE_ROOT;
    sums.epsilon = a->epsilon;
    sums.total = rt_bind(node->outputs[INVERSE]);
    RT_TRY(rt_record_broadcast_sums(program, &sums));
    const rt_dispatch dispatch = {
        .shader = "instance_norm_forward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(x->shape.c)), RT_CONSTANT("PIXELS", pixels(node))},
        .bindings = {rt_bind(x), rt_bind(node->outputs[MEAN]), rt_bind(node->outputs[INVERSE]),
                     rt_bind(node->inputs[WEIGHT]), rt_bind(node->inputs[BIAS]),
                     rt_bind(node->outputs[Y])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(x->shape), &dispatch);
}

/* Of each image and channel: sums of g, and of g * (x - mean). */
static rt_status sum_images(rt_program *program, const rt_node *node, rt_gpu_range of_g,
                            rt_gpu_range of_products)
{
    rt_broadcast_sums sums = {
        .large_shape = node->inputs[X]->shape,
        .small_shape = of_images(node),
        .g = rt_bind(node->output_gradients[Y]),
        .factor = 1,
        .total = of_g,
        .scratch = node->scratch,
        .label = node->label,
    };
    RT_TRY(rt_record_broadcast_sums(program, &sums));
    sums.kind = RT_SUM_DEVIATION_PRODUCT;
    sums.x = rt_bind(node->inputs[X]);
    sums.mean = rt_bind(node->outputs[MEAN]);
    sums.total = of_products;
    return rt_record_broadcast_sums(program, &sums);
}

/* Of each channel: the sum over the images; of products with 1 / deviation if `inverse`. */
static rt_status sum_channels(rt_program *program, const rt_node *node, rt_gpu_range of_image,
                              bool inverse, const rt_tensor *gradient)
{
    if (gradient == NULL) return RT_OK;
    rt_broadcast_sums sums = {
        .large_shape = of_images(node),
        .small_shape = of_channels(node),
        .g = of_image,
        .factor = 1,
        .total = rt_bind(gradient),
        .scratch = node->scratch,
        .label = node->label,
    };
    if (inverse) {
        sums.kind = RT_SUM_PRODUCT;
        sums.x = rt_bind(node->outputs[INVERSE]);
    }
    return rt_record_broadcast_sums(program, &sums);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const uint64_t bytes = rt_shape_bytes(of_images(node));
    const rt_gpu_range of_g = rt_subrange(node->scratch, sums_bytes(node), bytes);
    const rt_gpu_range of_products =
        rt_subrange(node->scratch, sums_bytes(node) + images_bytes(node), bytes);
    const rt_tensor *x = node->inputs[X];
    RT_TRY(sum_images(program, node, of_g, of_products));
    RT_TRY(sum_channels(program, node, of_products, true, node->input_gradients[WEIGHT]));
    RT_TRY(sum_channels(program, node, of_g, false, node->input_gradients[BIAS]));
    if (node->input_gradients[X] == NULL) return RT_OK;
    const rt_dispatch dispatch = {
        .shader = "instance_norm_backward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(x->shape.c)), RT_CONSTANT("PIXELS", pixels(node))},
        .bindings = {rt_bind(x), rt_bind(node->output_gradients[Y]), rt_bind(node->outputs[MEAN]),
                     rt_bind(node->outputs[INVERSE]), rt_bind(node->inputs[WEIGHT]), of_g,
                     of_products, rt_bind(node->input_gradients[X])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(x->shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const bool is_forward = pass == RT_PASS_FORWARD;
    return rt_elementwise_cost(node->inputs[X]->shape, is_forward ? 6 : 10, is_forward ? 4 : 6);
}

const rt_operator rt_instance_norm_operator = {
    .name = "instance_norm",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(X) | RT_READS_INPUT(WEIGHT) | RT_READS_OUTPUT(MEAN) |
                      RT_READS_OUTPUT(INVERSE),
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_instance_norm(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                            float epsilon)
{
    const rt_instance_norm_attributes a = {.epsilon = epsilon};
    return rt_graph_apply(graph, &rt_instance_norm_operator, (rt_tensor *[]){x, weight, bias}, 3,
                          &a, sizeof a);
}
