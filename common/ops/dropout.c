#include "common/ops/dropout.h"

#include "common/base/random.h"
#include "common/ops/elementwise.h"

enum { X, COUNTERS };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_dropout_options *o = node->attributes;
    if (!(o->probability >= 0 && o->probability < 1))
        return rt_fail(RT_ERROR_INPUT, "a dropout probability of %g is not in [0,1)",
                       (double)o->probability);
    return rt_infer_same_shape(graph, node);
}

/* Both passes are one: what was kept is multiplied by the same factor, and drawn again rather than
 * stored: on a CPU driver a store costs more than the draws. */
static rt_status run(rt_program *program, const rt_node *node, const rt_tensor *from,
                     const rt_tensor *to)
{
    const rt_dropout_options *o = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "dropout",
        .push = {RT_CONSTANT("seed_low", (uint32_t)o->seed),
                 RT_CONSTANT("seed_high", (uint32_t)(o->seed >> 32)),
                 RT_CONSTANT("stream", RT_STREAM_DROPOUT + 256 * o->layer),
                 RT_CONSTANT("probability", o->probability),
                 RT_CONSTANT("factor", 1 / (1 - o->probability))},
        .bindings = {rt_bind(from), rt_bind(node->inputs[COUNTERS]), rt_bind(to)},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(to->shape), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    return run(program, node, node->inputs[X], node->outputs[0]);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return run(program, node, node->output_gradients[0], node->input_gradients[X]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->outputs[0]->shape, 1, 2);
}

const rt_operator rt_dropout_operator = {
    .name = "dropout",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(COUNTERS),
    .no_gradient_inputs = RT_READS_INPUT(COUNTERS),
    .cost = cost,
};

rt_tensor *rt_dropout(rt_graph *graph, rt_tensor *x, const rt_dropout_options *options)
{
    rt_tensor *inputs[] = {x, rt_graph_counters(graph)};
    return rt_graph_apply(graph, &rt_dropout_operator, inputs, 2, options, sizeof *options);
}
