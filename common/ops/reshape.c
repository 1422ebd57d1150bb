#include "common/ops/reshape.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape *to = node->attributes;
    const rt_shape from = node->inputs[0]->shape;
    if (rt_shape_pixels(from) * from.c != rt_shape_pixels(*to) * to->c)
        return rt_fail(RT_ERROR_INPUT, "%ux%ux%ux%u has not as many numbers as %ux%ux%ux%u", from.n,
                       from.h, from.w, from.c, to->n, to->h, to->w, to->c);
    if (from.c != to->c && (from.c % 4 != 0 || to->c % 4 != 0))
        return rt_fail(RT_ERROR_INPUT,
                       "%ux%ux%ux%u cannot be seen as %ux%ux%ux%u: its channels are padded to a "
                       "multiple of 4",
                       from.n, from.h, from.w, from.c, to->n, to->h, to->w, to->c);
    return rt_node_output(graph, node, "reshaped", *to);
}

const rt_operator rt_reshape_operator = {
    .name = "reshape",
    .infer_shape = infer_shape,
    .passes_gradient = RT_READS_INPUT(0),
    .view = true,
};

rt_tensor *rt_reshape(rt_graph *graph, rt_tensor *x, rt_shape shape)
{
    return rt_graph_apply(graph, &rt_reshape_operator, &x, 1, &shape, sizeof shape);
}
