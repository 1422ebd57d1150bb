#include "common/graph/graph_private.h"

#include <stdio.h>
#include <string.h>

rt_status rt_graph_create(rt_graph **graph)
{
    RT_TRY(RT_ALLOC(*graph, 1));
    (*graph)->scope = "";
    return RT_OK;
}

void rt_graph_free(rt_graph *graph)
{
    if (graph == NULL) return;
    rt_free(graph->tensors);
    rt_free(graph->nodes);
    rt_free(graph->backward.steps);
    rt_arena_clear(&graph->arena);
    rt_free(graph);
}

rt_status rt_graph_status(const rt_graph *graph)
{
    if (graph->status != RT_OK) rt_error_give(graph->message);
    return graph->status;
}

rt_tensor *rt_graph_fail(rt_graph *graph, rt_status status)
{
    if (graph->status == RT_OK) {
        graph->status = status;
        rt_error_take(graph->message, sizeof graph->message);
    }
    return NULL;
}

/* Makes room for one more pointer; capacities double so that building stays linear. */
static rt_status make_room(void *array, uint32_t count, uint32_t *capacity)
{
    void **pointers = array;
    if (count < *capacity) return RT_OK;
    const uint32_t wanted = *capacity > 0 ? 2 * *capacity : 64;
    void *larger = rt_realloc(*pointers, wanted, sizeof(void *));
    if (larger == NULL) return RT_ERROR_MEMORY;
    *pointers = larger;
    *capacity = wanted;
    return RT_OK;
}

rt_tensor *rt_graph_add_tensor(rt_graph *graph, const char *name, rt_shape shape,
                               rt_tensor_kind kind)
{
    if (graph->status != RT_OK) return NULL;
    rt_status status = make_room(&graph->tensors, graph->tensor_count, &graph->tensor_capacity);
    if (status != RT_OK) return rt_graph_fail(graph, status);
    rt_tensor *tensor = rt_arena_alloc(&graph->arena, 1, sizeof *tensor);
    char *copy = rt_arena_printf(&graph->arena, "%s%s", graph->scope, name);
    if (tensor == NULL || copy == NULL) return rt_graph_fail(graph, RT_ERROR_MEMORY);
    *tensor = (rt_tensor){
        .name = copy, .shape = shape, .kind = kind, .storage = tensor, .id = graph->tensor_count};
    graph->tensors[graph->tensor_count++] = tensor;
    return tensor;
}

static rt_tensor *add_checked(rt_graph *graph, const char *name, rt_shape shape,
                              rt_tensor_kind kind)
{
    if (graph->status != RT_OK) return NULL;
    if (shape.n == 0 || shape.h == 0 || shape.w == 0 || shape.c == 0)
        return rt_graph_fail(graph,
                             rt_fail(RT_ERROR_INPUT, "tensor '%s' has an empty shape %ux%ux%ux%u",
                                     name, shape.n, shape.h, shape.w, shape.c));
    /* Shapes may come from a file, and kernels count vec4s in 32 bits. */
    if ((double)shape.n * shape.h * shape.w * rt_vec4s(shape.c) > UINT32_MAX || shape.c > INT32_MAX)
        return rt_graph_fail(graph, rt_fail(RT_ERROR_INPUT,
                                            "tensor '%s' of shape %ux%ux%ux%u is too large: at "
                                            "most 2^32 groups of four channels are possible",
                                            name, shape.n, shape.h, shape.w, shape.c));
    return rt_graph_add_tensor(graph, name, shape, kind);
}

rt_tensor *rt_graph_input(rt_graph *graph, const char *name, rt_shape shape)
{
    return add_checked(graph, name, shape, RT_TENSOR_INPUT);
}

rt_tensor *rt_graph_state(rt_graph *graph, const char *name, rt_shape shape)
{
    return add_checked(graph, name, shape, RT_TENSOR_STATE);
}

rt_tensor *rt_graph_constant(rt_graph *graph, const char *name, rt_shape shape, const float *values)
{
    rt_tensor *tensor = rt_graph_state(graph, name, shape);
    if (tensor == NULL) return NULL;
    float *padded = rt_arena_alloc(&graph->arena, rt_shape_bytes(shape), 1);
    if (padded == NULL) return rt_graph_fail(graph, RT_ERROR_MEMORY);
    rt_tensor_pack(shape, values, padded);
    tensor->initial = padded;
    return tensor;
}

rt_tensor *rt_graph_parameter(rt_graph *graph, rt_parameters *parameters, uint32_t row,
                              bool trained)
{
    if (graph->status != RT_OK) return NULL;
    const rt_parameter *parameter = rt_parameters_row(parameters, row);
    trained = trained && !parameter->statistic;
    /* One tensor a use, so that the contributions to one gradient meet. */
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        rt_tensor *known = graph->tensors[i];
        if (known->parameters == parameters && known->parameter == row &&
            !known->is_parameter_gradient && known->requires_gradient == trained)
            return known;
    }
    rt_tensor *tensor =
        rt_graph_add_tensor(graph, parameter->name, parameter->shape, RT_TENSOR_PARAMETER);
    if (tensor == NULL) return NULL;
    tensor->parameters = parameters;
    tensor->parameter = row;
    tensor->requires_gradient = trained;
    return tensor;
}

void rt_graph_require_gradient(rt_graph *graph, rt_tensor *tensor)
{
    if (graph->status == RT_OK && tensor != NULL) tensor->requires_gradient = true;
}

void rt_graph_output(rt_graph *graph, rt_tensor *tensor)
{
    if (graph->status != RT_OK || tensor == NULL) return;
    if (tensor->kind == RT_TENSOR_INPUT)
        rt_graph_fail(graph, rt_fail(RT_ERROR_INTERNAL, "input '%s' is no output: the host has it",
                                     tensor->name));
    tensor->output = true;
}

rt_tensor *rt_graph_counters(rt_graph *graph)
{
    if (graph->counters == NULL)
        graph->counters = rt_graph_state(graph, "counters", (rt_shape){1, 1, 1, 4});
    return graph->counters;
}

void rt_graph_scope(rt_graph *graph, const char *prefix)
{
    if (graph->status != RT_OK) return;
    const char *dot = prefix[0] != '\0' ? "." : "";
    char *scope = rt_arena_printf(&graph->arena, "%s%s", prefix, dot);
    if (scope == NULL)
        rt_graph_fail(graph, RT_ERROR_MEMORY);
    else
        graph->scope = scope;
}

static rt_status detach_shape(rt_graph *graph, rt_node *node)
{
    return rt_node_output(graph, node, "detached", node->inputs[0]->shape);
}

static const rt_operator detach_operator = {
    .name = "detach", .infer_shape = detach_shape, .view = true, .no_gradient_inputs = 1};

rt_tensor *rt_graph_detach(rt_graph *graph, rt_tensor *x)
{
    return rt_graph_apply(graph, &detach_operator, &x, 1, NULL, 0);
}

rt_status rt_node_output(rt_graph *graph, rt_node *node, const char *name, rt_shape shape)
{
    if (node->output_count == RT_MAXIMUM_OUTPUTS)
        return rt_fail(RT_ERROR_INTERNAL, "operator '%s' has too many outputs",
                       node->operator_->name);
    rt_tensor *output = add_checked(graph, name, shape, RT_TENSOR_ACTIVATION);
    if (output == NULL) return rt_graph_status(graph);
    output->producer = node;
    node->outputs[node->output_count++] = output;
    return RT_OK;
}

/* Whether a gradient with respect to one of the node's inputs is wanted and can pass. */
static bool node_requires_gradient(const rt_node *node)
{
    const rt_operator *operator_ = node->operator_;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const bool passes =
            operator_->backward != NULL || (operator_->passes_gradient & RT_READS_INPUT(i)) != 0;
        if (node->inputs[i] != NULL && node->inputs[i]->requires_gradient && passes &&
            (operator_->no_gradient_inputs & RT_READS_INPUT(i)) == 0)
            return true;
    }
    return false;
}

static rt_status build_node(rt_graph *graph, const rt_operator *operator_, rt_tensor *const *inputs,
                            uint32_t input_count, const void *attributes, size_t attributes_size,
                            rt_node **result)
{
    if (input_count > RT_MAXIMUM_INPUTS)
        return rt_fail(RT_ERROR_INTERNAL, "operator '%s' has too many inputs", operator_->name);
    RT_TRY(make_room(&graph->nodes, graph->node_count, &graph->node_capacity));
    rt_node *node = rt_arena_alloc(&graph->arena, 1, sizeof *node);
    void *copy = rt_arena_alloc(&graph->arena, attributes_size + 1, 1);
    char *label = rt_arena_printf(&graph->arena, "%s%s", graph->scope, operator_->name);
    if (node == NULL || copy == NULL || label == NULL) return RT_ERROR_MEMORY;
    if (attributes_size > 0) memcpy(copy, attributes, attributes_size);
    node->operator_ = operator_;
    node->attributes = copy;
    node->input_count = input_count;
    node->position = graph->node_count;
    node->label = label;
    for (uint32_t i = 0; i < input_count; i++) node->inputs[i] = inputs[i];
    const rt_status status = operator_->infer_shape(graph, node);
    if (status != RT_OK) {
        rt_error_prefix("%s: ", label);
        return status;
    }
    RT_TRY(rt_graph_status(graph));
    graph->nodes[graph->node_count++] = node;
    *result = node;
    return RT_OK;
}

rt_tensor *rt_graph_apply(rt_graph *graph, const rt_operator *operator_, rt_tensor *const *inputs,
                          uint32_t input_count, const void *attributes, size_t attributes_size)
{
    if (graph->status != RT_OK) return NULL;
    rt_node *node = NULL;
    const rt_status status =
        build_node(graph, operator_, inputs, input_count, attributes, attributes_size, &node);
    if (status != RT_OK) return rt_graph_fail(graph, status);
    const bool requires_gradient = node_requires_gradient(node);
    for (uint32_t i = 0; i < node->output_count; i++)
        node->outputs[i]->requires_gradient = requires_gradient;
    if (operator_->view) node->outputs[0]->storage = node->inputs[0]->storage;
    return node->outputs[0];
}

void rt_graph_apply_update(rt_graph *graph, const rt_operator *operator_, rt_tensor *const *inputs,
                           uint32_t input_count, const void *attributes, size_t attributes_size)
{
    if (graph->status != RT_OK) return;
    rt_node *node = NULL;
    const rt_status status =
        build_node(graph, operator_, inputs, input_count, attributes, attributes_size, &node);
    if (status != RT_OK)
        rt_graph_fail(graph, status);
    else
        node->update = true;
}

uint32_t rt_graph_node_count(const rt_graph *graph) { return graph->node_count; }

const rt_node *rt_graph_node(const rt_graph *graph, uint32_t position)
{
    return graph->nodes[position];
}
