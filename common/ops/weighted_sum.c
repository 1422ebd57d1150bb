/* The terms are copied behind each other first, so that one small shader does for any count. */

#include "common/ops/weighted_sum.h"

/* Where copies begin, bytes: what a range's offset must be a multiple of. */
enum { PLACE_BYTES = 256 };

static uint32_t term_count(const rt_node *node) { return node->input_count - 1; }

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const uint32_t count = term_count(node);
    const rt_tensor *weights = node->inputs[0];
    const rt_shape scalar = {1, 1, 1, 1};
    if (!rt_shape_equal(weights->shape, (rt_shape){1, 1, 1, count}))
        return rt_fail(RT_ERROR_INTERNAL, "'%s' does not hold %u weights", weights->name, count);
    for (uint32_t i = 1; i <= count; i++)
        if (!rt_shape_equal(node->inputs[i]->shape, scalar))
            return rt_fail(RT_ERROR_INTERNAL, "term '%s' is not a scalar", node->inputs[i]->name);
    return rt_node_output(graph, node, "weighted_sum", scalar);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return (uint64_t)PLACE_BYTES * term_count(node);
}

static rt_gpu_range place(const rt_node *node, uint32_t term)
{
    rt_gpu_range range = node->scratch;
    range.offset += (uint64_t)PLACE_BYTES * term;
    range.size = 16;
    return range;
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const uint32_t count = term_count(node);
    for (uint32_t i = 0; i < count; i++)
        RT_TRY(rt_program_copy(program, place(node, i), rt_bind(node->inputs[1 + i])));
    const rt_dispatch dispatch = {
        .shader = "weighted_sum_forward",
        .push = {RT_CONSTANT("count", count), RT_CONSTANT("distance", PLACE_BYTES / 16)},
        .bindings = {rt_bind(node->inputs[0]), node->scratch, rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const uint32_t count = term_count(node);
    const rt_dispatch dispatch = {
        .shader = "weighted_sum_backward",
        .push = {RT_CONSTANT("count", count), RT_CONSTANT("distance", PLACE_BYTES / 16)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->output_gradients[0]), node->scratch},
        .label = node->label,
    };
    RT_TRY(rt_program_dispatch(program, &dispatch));
    for (uint32_t i = 0; i < count; i++)
        if (node->input_gradients[1 + i] != NULL)
            RT_TRY(rt_program_copy(program, rt_bind(node->input_gradients[1 + i]), place(node, i)));
    return RT_OK;
}

const rt_operator rt_weighted_sum_operator = {
    .name = "weighted_sum",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(0),
    .no_gradient_inputs = RT_READS_INPUT(0),
    .scratch = scratch,
};

rt_tensor *rt_weighted_sum(rt_graph *graph, rt_tensor *const *terms, uint32_t count,
                           rt_tensor *weights)
{
    rt_tensor *inputs[RT_MAXIMUM_INPUTS] = {weights};
    if (count == 0 || count >= RT_MAXIMUM_INPUTS)
        return rt_graph_fail(graph,
                             rt_fail(RT_ERROR_INTERNAL, "no weighted sum of %u terms", count));
    for (uint32_t i = 0; i < count; i++) inputs[1 + i] = terms[i];
    return rt_graph_apply(graph, &rt_weighted_sum_operator, inputs, count + 1, NULL, 0);
}
