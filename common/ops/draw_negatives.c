#include "common/ops/draw_negatives.h"

#include "common/base/random.h"

typedef struct attributes {
    uint64_t seed;
    uint32_t stream;
} attributes;

enum { WEIGHTS, LABELS, DRAWS, COUNTERS, INPUT_COUNT };     /* draws or counters */
enum { ROW_WORKGROUP_SIZE = 32, CELL_WORKGROUP_SIZE = 64 }; /* of the shaders */

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape weights = node->inputs[WEIGHTS]->shape;
    const rt_shape labels = node->inputs[LABELS]->shape;
    if (!rt_shape_equal(weights, (rt_shape){weights.n, 1, 1, weights.n}))
        return rt_fail(RT_ERROR_INPUT, "weights {N,1,1,N} are needed, not {%u,%u,%u,%u}", weights.n,
                       weights.h, weights.w, weights.c);
    if (!rt_shape_equal(labels, (rt_shape){weights.n, 1, 1, 1}))
        return rt_fail(RT_ERROR_INPUT, "labels {%u,1,1,1} are needed, not {%u,%u,%u,%u}", weights.n,
                       labels.n, labels.h, labels.w, labels.c);
    if (node->inputs[DRAWS] != NULL && !rt_shape_equal(node->inputs[DRAWS]->shape, weights))
        return rt_fail(RT_ERROR_INPUT, "a draw a pair, {%u,1,1,%u}, is needed", weights.n,
                       weights.n);
    return rt_node_output(graph, node, "negatives", weights);
}

/* Running sums along the rows, into the scratch memory. */
static rt_status record_cumulative(rt_program *program, const rt_node *node)
{
    const uint32_t rows = node->inputs[WEIGHTS]->shape.n;
    const rt_dispatch dispatch = {
        .shader = "draw_negatives_cumulate",
        .push = {RT_CONSTANT("rows", rows)},
        .bindings = {rt_bind(node->inputs[WEIGHTS]), node->scratch},
        .groups = {rt_groups(rows, ROW_WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static uint32_t largest_power_of_two(uint32_t limit)
{
    uint32_t power = 1;
    while (power <= limit / 2) power *= 2;
    return power;
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape weights = node->inputs[WEIGHTS]->shape;
    const bool given = node->inputs[DRAWS] != NULL;
    RT_TRY(record_cumulative(program, node));
    /* The shader declares both sources of draws; the one that it does not read is bound to memory
     * that it may read anyway. */
    const rt_dispatch dispatch = {
        .shader = "draw_negatives_forward",
        .push = {RT_CONSTANT("rows", weights.n), RT_CONSTANT("seed_low", (uint32_t)a->seed),
                 RT_CONSTANT("seed_high", (uint32_t)(a->seed >> 32)),
                 RT_CONSTANT("stream_number", a->stream),
                 RT_CONSTANT("largest_stride", largest_power_of_two(rt_vec4s(weights.n))),
                 RT_CONSTANT("given", given)},
        .bindings = {node->scratch, rt_bind(node->inputs[LABELS]),
                     given ? rt_bind(node->inputs[DRAWS]) : node->scratch,
                     given ? rt_bind(node->inputs[LABELS]) : rt_bind(node->inputs[COUNTERS]),
                     rt_bind(node->outputs[0])},
        .groups = {rt_groups(rt_shape_vec4_count(weights), CELL_WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_FORWARD ? rt_shape_bytes(node->inputs[WEIGHTS]->shape) : 0;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    const double cells = (double)node->inputs[WEIGHTS]->shape.n * node->inputs[WEIGHTS]->shape.n;
    /* Ten rounds of Philox and a search by halves. */
    return (rt_cost){.flops = 150 * cells, .bytes = 16 * cells};
}

const rt_operator rt_draw_negatives_operator = {
    .name = "draw_negatives",
    .infer_shape = infer_shape,
    .forward = forward,
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_draw_negatives(rt_graph *graph, rt_tensor *weights, rt_tensor *labels,
                             rt_tensor *draws, const rt_miner_options *options)
{
    const attributes a = {.seed = options->seed,
                          .stream = options->stream != 0 ? options->stream : RT_STREAM_TRIPLET};
    rt_tensor *const inputs[INPUT_COUNT] = {
        [WEIGHTS] = weights,
        [LABELS] = labels,
        [DRAWS] = draws,
        [COUNTERS] = draws == NULL ? rt_graph_counters(graph) : NULL,
    };
    return rt_graph_apply(graph, &rt_draw_negatives_operator, inputs, INPUT_COUNT, &a, sizeof a);
}
