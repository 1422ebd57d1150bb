#include "common/nn/layer_summary.h"

#include <string.h>

static const char scope[] = "network.";

/* A node's label is scope, layer and operator: "network.layer1.0.conv1.conv2d". */
static const char *layer_name(rt_arena *arena, const rt_node *node)
{
    const char *label = node->label;
    if (strncmp(label, scope, sizeof scope - 1) == 0) label += sizeof scope - 1;
    const size_t length = strlen(label), operator_ = strlen(node->operator_->name) + 1;
    return rt_arena_printf(arena, "%.*s", (int)(length > operator_ ? length - operator_ : 0),
                           label);
}

/* The operator's name, without how it is computed. */
static const char *kind_of(const rt_node *node, uint32_t weight_rank)
{
    static const char batch_norm[] = "batch_norm";
    const char *name = node->operator_->name;
    if (weight_rank == 2) return "linear";
    return strncmp(name, batch_norm, sizeof batch_norm - 1) == 0 ? batch_norm : name;
}

static rt_status summarise(rt_layer_summary *layer, rt_arena *arena, const rt_node *node)
{
    *layer = (rt_layer_summary){.name = ""};
    for (uint32_t i = 0; i < node->input_count; i++) {
        const rt_tensor *input = node->inputs[i];
        if (input == NULL || input->kind != RT_TENSOR_PARAMETER) continue;
        const rt_parameter *parameter = rt_parameters_row(input->parameters, input->parameter);
        if (parameter->statistic) continue;
        layer->parameters += rt_parameter_numbers(parameter);
        if (layer->rank > 0) continue; /* the weight comes first, then the bias */
        layer->rank = parameter->rank;
        memcpy(layer->dims, parameter->dims, sizeof layer->dims);
    }
    layer->kind = kind_of(node, layer->rank);
    if (layer->rank > 0) layer->name = layer_name(arena, node);
    if (layer->name == NULL) return RT_ERROR_MEMORY;
    if (node->operator_->cost != NULL)
        layer->flops = node->operator_->cost(node, RT_PASS_FORWARD).flops;
    if (node->output_count > 0) layer->output = node->outputs[0]->shape;
    return RT_OK;
}

static rt_status summarise_graph(const rt_graph *graph, rt_arena *arena, rt_layer_summary **layers,
                                 size_t *count)
{
    const uint32_t nodes = rt_graph_node_count(graph);
    *layers = rt_arena_alloc(arena, nodes, sizeof **layers);
    if (*layers == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < nodes; i++)
        RT_TRY(summarise(&(*layers)[i], arena, rt_graph_node(graph, i)));
    *count = nodes;
    return RT_OK;
}

rt_status rt_network_summarise(rt_network *network, rt_arena *arena, rt_layer_summary **layers,
                               size_t *count)
{
    rt_status status = RT_OK;
    rt_graph *graph = NULL;
    rt_network_outputs *outputs = NULL;
    const rt_network_description *d = rt_network_describe(network);
    RT_TRY_DONE(rt_graph_create(&graph));
    RT_TRY_DONE(RT_ALLOC(outputs, 1));
    rt_tensor *images =
        rt_graph_input(graph, "images", (rt_shape){1, d->height, d->width, d->channels});
    rt_network_apply(network, graph, "network", images, &(rt_apply_options){0}, outputs);
    RT_TRY_DONE(rt_graph_status(graph));
    RT_TRY_DONE(summarise_graph(graph, arena, layers, count));
done:
    rt_free(outputs);
    rt_graph_free(graph);
    return status;
}
