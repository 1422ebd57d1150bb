#include "common/ops/normalise.h"

#include "common/ops/elementwise.h"

/* Inputs: x, the means and the factors 1 / std, the latter two {1,1,1,C} with padding 0. */
static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_shape shape = node->outputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "normalise_forward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(shape.c))},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->inputs[1]), rt_bind(node->inputs[2]),
                     rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(shape), &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_shape shape = node->outputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "normalise_backward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(shape.c))},
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[2]),
                     rt_bind(node->input_gradients[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->outputs[0]->shape, pass == RT_PASS_FORWARD ? 2 : 1, 2);
}

const rt_operator rt_normalise_operator = {
    .name = "normalise",
    .infer_shape = rt_infer_same_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(2),
    .no_gradient_inputs = RT_READS_INPUT(1) | RT_READS_INPUT(2),
    .cost = cost,
};

static rt_tensor *factors(rt_graph *graph, uint32_t channels, const float *std)
{
    float *inverse;
    if (RT_ALLOC(inverse, channels) != RT_OK) return rt_graph_fail(graph, RT_ERROR_MEMORY);
    rt_tensor *result = NULL;
    uint32_t c = 0;
    for (; c < channels && std[c] > 0; c++) inverse[c] = 1 / std[c];
    if (c < channels)
        rt_graph_fail(graph, rt_fail(RT_ERROR_INPUT,
                                     "normalise: the standard deviation %g of channel %u is not "
                                     "above 0",
                                     std[c], c));
    else
        result = rt_graph_constant(graph, "inverse_std", (rt_shape){1, 1, 1, channels}, inverse);
    rt_free(inverse);
    return result;
}

rt_tensor *rt_normalise(rt_graph *graph, rt_tensor *x, const float *mean, const float *std)
{
    if (x == NULL) return NULL;
    const uint32_t channels = x->shape.c;
    rt_tensor *inputs[] = {x, rt_graph_constant(graph, "mean", (rt_shape){1, 1, 1, channels}, mean),
                           factors(graph, channels, std)};
    return rt_graph_apply(graph, &rt_normalise_operator, inputs, 3, NULL, 0);
}
