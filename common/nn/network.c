#include "common/nn/network.h"

#include "common/nn/blueprint.h"
#include "common/nn/models/models.h"
#include "common/ops/normalise.h"

#include <stdio.h>
#include <string.h>

struct rt_network {
    rt_arena arena;
    rt_network_description description;
    const rt_model_family *family;
    rt_parameters *parameters;
};

static rt_status unknown_architecture(const char *arch)
{
    char known[512] = "";
    int length = 0;
    for (size_t i = 0; i < rt_model_family_count && length < (int)sizeof known; i++)
        length += snprintf(known + length, sizeof known - (size_t)length, "%s%s", i > 0 ? "; " : "",
                           rt_model_families[i]->pattern);
    return rt_fail(RT_ERROR_INPUT, "unknown architecture '%s'; there are %s", arch, known);
}

static rt_status check_stem(const rt_network_description *d, const rt_model_family *family)
{
    if (d->stem == NULL || strcmp(d->stem, "small") == 0) return RT_OK;
    if (strcmp(d->stem, "large") != 0)
        return rt_fail(RT_ERROR_INPUT, "unknown stem '%s'; take small or large", d->stem);
    if (family->large_stem) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "'%s' has no large stem; leave stem out", d->arch);
}

bool rt_model_large_stem(const rt_network_description *description)
{
    return description->stem != NULL && strcmp(description->stem, "large") == 0;
}

static rt_status check_description(const rt_network_description *d, const rt_model_family **family)
{
    if (d->arch == NULL) return rt_fail(RT_ERROR_INPUT, "a network needs an architecture (arch)");
    *family = NULL;
    for (size_t i = 0; i < rt_model_family_count && *family == NULL; i++)
        if (rt_model_families[i]->matches(d->arch)) *family = rt_model_families[i];
    if (*family == NULL) return unknown_architecture(d->arch);
    if (d->channels < 1 || d->channels > 4 || d->height < 4 || d->width < 4 || d->classes < 2)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' cannot take images of %ux%ux%u into %u classes: 1 to 4 channels, at "
                       "least 4x4 pixels, at least 2 classes",
                       d->arch, d->height, d->width, d->channels, d->classes);
    for (uint32_t c = 0; c < d->channels; c++)
        if (!(d->std[c] > 0))
            return rt_fail(RT_ERROR_INPUT, "std of channel %u is not positive", c);
    RT_TRY(check_stem(d, *family));
    return (*family)->check(d);
}

static void build(rt_network *network, rt_layers *layers, rt_tensor *images,
                  rt_network_outputs *outputs)
{
    const rt_network_description *d = &network->description;
    *outputs = (rt_network_outputs){0};
    layers->parameters = network->parameters;
    layers->rule = network->family->rule;
    layers->batch_norms = outputs->batch_norms;
    rt_graph_scope(layers->graph, layers->scope);
    rt_tensor *x = rt_normalise(layers->graph, images, d->mean, d->std);
    network->family->build(layers, d, x, outputs);
    outputs->batch_norm_count = layers->batch_norm_count;
    rt_graph_scope(layers->graph, "");
}

/* Builds the network once, in a graph that is thrown away, to learn what parameters it has. */
static rt_status declare_parameters(rt_network *network)
{
    rt_status status = RT_OK;
    rt_graph *graph = NULL;
    rt_network_outputs *outputs = NULL;
    const rt_network_description *d = &network->description;
    RT_TRY_DONE(rt_graph_create(&graph));
    RT_TRY_DONE(RT_ALLOC(outputs, 1));
    rt_tensor *images =
        rt_graph_input(graph, "images", (rt_shape){1, d->height, d->width, d->channels});
    rt_layers layers = {.graph = graph, .scope = "network", .declare = true};
    build(network, &layers, images, outputs);
    RT_TRY_DONE(rt_graph_status(graph));
done:
    rt_free(outputs);
    rt_graph_free(graph);
    return status;
}

/* Makes `*text` a copy that lives as long as the network; NULL stays. */
static rt_status keep(rt_network *network, const char **text)
{
    if (*text == NULL) return RT_OK;
    *text = rt_arena_strdup(&network->arena, *text);
    return *text != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status create(rt_network *network, const rt_network_description *description)
{
    RT_TRY(check_description(description, &network->family));
    network->description = *description;
    RT_TRY(keep(network, &network->description.arch));
    RT_TRY(keep(network, &network->description.shortcut));
    RT_TRY(keep(network, &network->description.stem));
    if (description->blueprint != NULL) {
        rt_blueprint *copy = rt_arena_alloc(&network->arena, 1, sizeof *copy);
        if (copy == NULL) return RT_ERROR_MEMORY;
        RT_TRY(rt_blueprint_copy(copy, description->blueprint, &network->arena));
        network->description.blueprint = copy;
    }
    RT_TRY(rt_parameters_create(&network->parameters));
    return declare_parameters(network);
}

rt_status rt_network_create(rt_network **network, const rt_network_description *description)
{
    RT_TRY(RT_ALLOC(*network, 1));
    const rt_status status = create(*network, description);
    if (status != RT_OK) {
        rt_network_free(*network);
        *network = NULL;
    }
    return status;
}

void rt_network_free(rt_network *network)
{
    if (network == NULL) return;
    rt_parameters_free(network->parameters);
    rt_arena_clear(&network->arena);
    rt_free(network);
}

const rt_network_description *rt_network_describe(const rt_network *network)
{
    return &network->description;
}

rt_parameters *rt_network_parameters(rt_network *network) { return network->parameters; }

rt_status rt_network_allocate(rt_network *network, rt_device *device)
{
    return rt_parameters_allocate(network->parameters, device);
}

void rt_network_apply(rt_network *network, rt_graph *graph, const char *scope, rt_tensor *images,
                      const rt_apply_options *options, rt_network_outputs *outputs)
{
    const rt_network_description *d = &network->description;
    if (images != NULL && (images->shape.h != d->height || images->shape.w != d->width ||
                           images->shape.c != d->channels)) {
        rt_graph_fail(graph,
                      rt_fail(RT_ERROR_INPUT, "%s '%s' takes images of %ux%ux%u, not %ux%ux%u",
                              scope, d->arch, d->height, d->width, d->channels, images->shape.h,
                              images->shape.w, images->shape.c));
        return;
    }
    rt_layers layers = {
        .graph = graph,
        .scope = scope,
        .training = options->training,
        .update_statistics = options->training && options->update_statistics,
        .trained = options->trained,
        .dropout_seed = options->dropout_seed,
    };
    build(network, &layers, images, outputs);
}
