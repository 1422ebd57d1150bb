/* The loss of a matrix of distances; the way from features to distances, and of the gradient back,
 * is rt_pairwise_distance's. */

#include "common/ops/triplet_loss.h"

#include "common/ops/pairwise_distance.h"

typedef struct attributes {
    float margin;
    float direction; ///< 1: the same class is pulled; -1: roles swapped
} attributes;

enum { DISTANCES, NEGATIVES };
enum { LOSS, ACTIVE, STATISTICS };
enum { ROW_WORKGROUP_SIZE = 32, CELL_WORKGROUP_SIZE = 64 }; /* of the shaders */

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape distances = node->inputs[DISTANCES]->shape;
    const rt_shape negatives = node->inputs[NEGATIVES]->shape;
    if (!rt_shape_equal(negatives, distances))
        return rt_fail(
            RT_ERROR_INPUT, "negatives {%u,1,1,%u} of all pairs are needed, not {%u,%u,%u,%u}",
            distances.n, distances.n, negatives.n, negatives.h, negatives.w, negatives.c);
    RT_TRY(rt_node_output(graph, node, "triplet_loss", (rt_shape){1, 1, 1, 1}));
    RT_TRY(rt_node_output(graph, node, "active_triplets", distances));
    return rt_node_output(graph, node, "triplet_statistics", (rt_shape){1, 1, 1, 4});
}

static rt_status record_rows(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const uint32_t rows = node->inputs[DISTANCES]->shape.n;
    const rt_dispatch dispatch = {
        .shader = "triplet_loss_rows",
        .push = {RT_CONSTANT("rows", rows), RT_CONSTANT("margin", a->margin),
                 RT_CONSTANT("direction", a->direction)},
        .bindings = {rt_bind(node->inputs[DISTANCES]), rt_bind(node->inputs[NEGATIVES]),
                     rt_bind(node->outputs[ACTIVE]), node->scratch},
        .groups = {rt_groups(rows, ROW_WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    RT_TRY(record_rows(program, node));
    const rt_dispatch dispatch = {
        .shader = "triplet_loss_mean",
        .push = {RT_CONSTANT("rows", node->inputs[DISTANCES]->shape.n)},
        .bindings = {node->scratch, rt_bind(node->outputs[LOSS]),
                     rt_bind(node->outputs[STATISTICS])},
        .groups = {1},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape distances = node->inputs[DISTANCES]->shape;
    const rt_dispatch dispatch = {
        .shader = "triplet_loss_backward",
        .push = {RT_CONSTANT("rows", distances.n), RT_CONSTANT("direction", a->direction)},
        .bindings = {rt_bind(node->outputs[ACTIVE]), rt_bind(node->outputs[STATISTICS]),
                     rt_bind(node->output_gradients[LOSS]),
                     rt_bind(node->input_gradients[DISTANCES])},
        .groups = {rt_groups(rt_shape_vec4_count(distances), CELL_WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    /* Two vec4s of sums a row. */
    return pass == RT_PASS_FORWARD ? (uint64_t)node->inputs[DISTANCES]->shape.n * 32 : 0;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const double rows = node->inputs[DISTANCES]->shape.n;
    if (pass == RT_PASS_FORWARD)
        return (rt_cost){.flops = 8 * rows * rows, .bytes = 12 * rows * rows};
    return (rt_cost){.flops = rows * rows * rows, .bytes = 8 * rows * rows};
}

const rt_operator rt_triplet_loss_operator = {
    .name = "triplet_loss",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_OUTPUT(ACTIVE) | RT_READS_OUTPUT(STATISTICS),
    .no_gradient_inputs = RT_READS_INPUT(NEGATIVES),
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_triplet_loss(rt_graph *graph, rt_tensor *features, rt_tensor *negatives,
                           const rt_triplet_options *options)
{
    const attributes a = {.margin = options->margin,
                          .direction = options->direction == RT_DIRECTION_PAPER ? -1 : 1};
    rt_tensor *distances = rt_pairwise_distance(graph, features, 1e-6f);
    return rt_graph_apply(graph, &rt_triplet_loss_operator, (rt_tensor *[]){distances, negatives},
                          2, &a, sizeof a);
}

rt_tensor *rt_triplet_statistics(const rt_tensor *loss)
{
    return loss != NULL ? loss->producer->outputs[STATISTICS] : NULL;
}
