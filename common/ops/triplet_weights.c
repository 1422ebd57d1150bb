#include "common/ops/triplet_weights.h"

typedef struct attributes {
    float embedding_size;
    float distance_floor; ///< smaller distances count as this
    float lower, upper;   ///< which distances may be drawn, both exclusive
    bool compatible;
} attributes;

enum { WORKGROUP_SIZE = 32 }; /* of the shader */

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape distances = node->inputs[0]->shape;
    const rt_shape labels = node->inputs[1]->shape;
    if (!rt_shape_equal(distances, (rt_shape){distances.n, 1, 1, distances.n}))
        return rt_fail(RT_ERROR_INPUT, "distances {N,1,1,N} are needed, not {%u,%u,%u,%u}",
                       distances.n, distances.h, distances.w, distances.c);
    if (!rt_shape_equal(labels, (rt_shape){distances.n, 1, 1, 1}))
        return rt_fail(RT_ERROR_INPUT, "labels {%u,1,1,1} are needed, not {%u,%u,%u,%u}",
                       distances.n, labels.n, labels.h, labels.w, labels.c);
    if (!(a->lower < a->upper))
        return rt_fail(RT_ERROR_INPUT, "the range of distances from %g to %g is empty", a->lower,
                       a->upper);
    return rt_node_output(graph, node, "weights", distances);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const uint32_t rows = node->inputs[0]->shape.n;
    const rt_dispatch dispatch = {
        .shader = "triplet_weights_forward",
        .push = {RT_CONSTANT("rows", rows), RT_CONSTANT("embedding_size", a->embedding_size),
                 RT_CONSTANT("distance_floor", a->distance_floor), RT_CONSTANT("lower", a->lower),
                 RT_CONSTANT("upper", a->upper), RT_CONSTANT("compatible", a->compatible)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->inputs[1]), rt_bind(node->outputs[0])},
        .groups = {rt_groups(rows, WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    const double cells = (double)node->inputs[0]->shape.n * node->inputs[0]->shape.n;
    /* Two logarithms and an exponential a cell, of about 10 operations each. */
    return (rt_cost){.flops = 40 * cells, .bytes = 24 * cells};
}

const rt_operator rt_triplet_weights_operator = {
    .name = "triplet_weights",
    .infer_shape = infer_shape,
    .forward = forward,
    .cost = cost,
};

/* Below every distance: no lower bound. */
#define NO_LOWER_BOUND (-1.0f)

static attributes resolve(uint32_t embedding_size, const rt_miner_options *options)
{
    attributes a = {.embedding_size = (float)embedding_size,
                    .lower = NO_LOWER_BOUND,
                    .compatible = options->form == RT_MINER_COMPAT};
    switch (options->sampling) {
    case RT_SAMPLING_FOCAL: {
        const bool given = options->focal_lower != 0 || options->focal_upper != 0;
        a.lower = given ? options->focal_lower : 0.5f;
        a.upper = given ? options->focal_upper : 1.0f;
        break;
    }
    case RT_SAMPLING_DISTANCE: {
        const bool given = options->distance_floor != 0 || options->distance_upper != 0;
        a.distance_floor = given ? options->distance_floor : 0.5f;
        a.upper = given ? options->distance_upper : 1.4f;
        break;
    }
    case RT_SAMPLING_UNIFORM: /* no distance lies in the range: every row falls back to uniform */
        a.upper = 0;
        break;
    }
    return a;
}

rt_tensor *rt_triplet_weights(rt_graph *graph, rt_tensor *distances, rt_tensor *labels,
                              uint32_t embedding_size, const rt_miner_options *options)
{
    const attributes a = resolve(embedding_size, options);
    return rt_graph_apply(graph, &rt_triplet_weights_operator, (rt_tensor *[]){distances, labels},
                          2, &a, sizeof a);
}
