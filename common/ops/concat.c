#include "common/ops/concat.h"

#include "common/ops/elementwise.h"
#include "common/ops/pad_channels.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    rt_shape y = node->inputs[0]->shape;
    for (uint32_t i = 1; i < node->input_count; i++) {
        const rt_shape x = node->inputs[i]->shape;
        if (x.n != y.n || x.h != y.h || x.w != y.w)
            return rt_fail(RT_ERROR_INPUT,
                           "cannot put %ux%ux%u pixels beside %ux%ux%u: only channels may differ",
                           x.n, x.h, x.w, y.n, y.h, y.w);
        y.c += x.c; /* each at most 2^31 - 1: the sum of two does not wrap */
        if (y.c > INT32_MAX) return rt_fail(RT_ERROR_INPUT, "cannot join %u channels", y.c);
    }
    return rt_node_output(graph, node, "concat", y);
}

/* A command an input, for the vec4 of y that begin within it: those from `first` / 4, rounded up,
 * to `end` / 4, rounded up. The last of them may end with channels of the next input, never of two.
 */
static rt_status put(rt_program *program, const rt_node *node, uint32_t input, uint32_t first)
{
    const rt_tensor *x = node->inputs[input], *y = node->outputs[0];
    const bool last = input + 1 == node->input_count;
    const rt_tensor *next = last ? x : node->inputs[input + 1]; /* any tensor behind the last */
    const uint32_t begin4 = rt_vec4s(first), end4 = rt_vec4s(first + x->shape.c);
    if (begin4 == end4) return RT_OK;
    const uint32_t of_next = last ? 0 : 4 * end4 - (first + x->shape.c);
    const rt_dispatch dispatch = {
        .shader = "concat_forward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(x->shape.c)),
                      RT_CONSTANT("NEXT_C4", rt_vec4s(next->shape.c)),
                      RT_CONSTANT("OUTPUT_C4", rt_vec4s(y->shape.c)), RT_CONSTANT("BEGIN4", begin4),
                      RT_CONSTANT("COUNT4", end4 - begin4),
                      RT_CONSTANT("SKIPPED", 4 * begin4 - first), RT_CONSTANT("OF_NEXT", of_next)},
        .bindings = {rt_bind(x), rt_bind(next), rt_bind(y)},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_pixels(y->shape) * (end4 - begin4), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        RT_TRY(put(program, node, i, first));
        first += node->inputs[i]->shape.c;
    }
    return RT_OK;
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->input_gradients[i] != NULL)
            RT_TRY(rt_record_take_channels(program, node->output_gradients[0], first,
                                           node->input_gradients[i], node->label));
        first += node->inputs[i]->shape.c;
    }
    return RT_OK;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->outputs[0]->shape, 0, 2);
}

const rt_operator rt_concat_operator = {
    .name = "concat",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

/* Whether some vec4 of the output could have channels of three tensors. */
static bool some_are_narrow(rt_tensor *const *tensors, uint32_t count)
{
    for (uint32_t i = 1; i + 1 < count; i++)
        if (tensors[i]->shape.c < 4) return true;
    return false;
}

rt_tensor *rt_concat(rt_graph *graph, rt_tensor *const *tensors, uint32_t count)
{
    if (rt_graph_status(graph) != RT_OK) return NULL;
    if (count == 0)
        return rt_graph_fail(graph, rt_fail(RT_ERROR_INPUT, "concat: there is nothing to join"));
    const uint32_t most = some_are_narrow(tensors, count) ? 2 : RT_MAXIMUM_INPUTS;
    rt_tensor *y = tensors[0];
    for (uint32_t done = 1; done < count && y != NULL;) {
        rt_tensor *inputs[RT_MAXIMUM_INPUTS] = {y};
        uint32_t taken = 1;
        while (taken < most && done < count) inputs[taken++] = tensors[done++];
        y = rt_graph_apply(graph, &rt_concat_operator, inputs, taken, NULL, 0);
    }
    return y;
}
