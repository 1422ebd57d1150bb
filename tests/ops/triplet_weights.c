#include "common/ops/triplet_weights.h"

#include "tests/golden/triplet.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

typedef struct parameters {
    uint32_t embedding_size;
    rt_miner_options options;
} parameters;

static void build(rt_graph *graph, const void *p, rt_tensor *const *inputs, rt_tensor **outputs)
{
    const parameters *wanted = p;
    outputs[0] =
        rt_triplet_weights(graph, inputs[0], inputs[1], wanted->embedding_size, &wanted->options);
}

static double log_weight(double size, double d)
{
    return (2 - size) * log(d) - (size - 3) / 2 * log(1 - d * d / 4);
}

/* Row a by the definition; what float32 rounds to 0 is the only trace of the compatible form. */
static void reference_row(const parameters *p, const double *d, const double *labels, uint32_t a,
                          uint32_t n, double *y)
{
    const bool focal = p->options.sampling == RT_SAMPLING_FOCAL;
    double largest = -INFINITY, sum = 0, others = 0;
    for (uint32_t j = 0; j < n; j++)
        largest = fmax(largest, log_weight(p->embedding_size, focal ? d[j] : fmax(d[j], 0.5)));
    for (uint32_t j = 0; j < n; j++) {
        const double clamped = focal ? d[j] : fmax(d[j], 0.5);
        const bool other = labels[a] >= 0 && labels[j] >= 0 && labels[j] != labels[a];
        bool kept = other && (focal ? clamped > 0.5 && clamped < 1 : clamped < 1.4);
        kept = kept && p->options.sampling != RT_SAMPLING_UNIFORM;
        const double relative = log_weight(p->embedding_size, clamped) - largest;
        if (p->options.form == RT_MINER_COMPAT && relative < -150 * log(2)) kept = false;
        y[j] = kept ? exp(relative) : 0;
        sum += y[j];
        others += other;
    }
    for (uint32_t j = 0; j < n; j++) {
        const bool other = labels[a] >= 0 && labels[j] >= 0 && labels[j] != labels[a];
        y[j] = sum > 0 ? y[j] / sum : (other ? 1 / others : 0);
    }
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t n = call->input_shapes[0].n;
    for (uint32_t a = 0; a < n; a++)
        reference_row(call->parameters, call->inputs[0] + (size_t)a * n, call->inputs[1], a, n,
                      y + (size_t)a * n);
}

/* -1 (none), 0, 1 or 2. */
static void draw_labels(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++)
        values[i] = (float)floor(4 * rt_test_uniform(draw->seed, i)) - 1;
}

Test(ops_triplet_weights, matches_reference)
{
    const rt_shape shapes[] = {{1, 1, 1, 1}, {1, 1, 1, 1},   {5, 1, 1, 5},
                               {5, 1, 1, 1}, {67, 1, 1, 67}, {67, 1, 1, 1}};
    const rt_sampling samplings[] = {RT_SAMPLING_FOCAL, RT_SAMPLING_DISTANCE, RT_SAMPLING_UNIFORM};
    const uint32_t sizes[] = {3, 10, 100};
    for (uint32_t i = 0; i < RT_COUNT(samplings) * RT_COUNT(sizes) * 2; i++) {
        const parameters p = {
            .embedding_size = sizes[i % 3],
            .options = {.sampling = samplings[i / 3 % 3],
                        .form = i < 9 ? RT_MINER_STABLE : RT_MINER_COMPAT},
        };
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &p,
            .input_count = 2,
            /* From 0.3: nearer neighbours would put some weights on the edge of float32's range,
             * where it matters how the last bits of a logarithm are rounded. */
            .inputs = {{.no_gradient = true, .low = 0.3, .high = 1.99},
                       {.no_gradient = true, .generate = draw_labels}},
            .forward_tolerance = 2e-4, /* exp(98 ln d): 98 times the error of a logarithm */
            .no_gradient = true,
            .seed = 41 + i,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

enum { VECTOR_N = 6 };

/* Row 0 of a matrix: an anchor with `VECTOR_N - 1` samples of another label at these distances,
 * the first of its own label if `near_positive`. */
static void weigh(const float distances[VECTOR_N - 1], bool near_positive, uint32_t size,
                  rt_miner_options options, float row[VECTOR_N])
{
    float d[VECTOR_N * VECTOR_N], labels[VECTOR_N] = {0, near_positive ? 0 : 1, 1, 1, 1, 1};
    float weights[VECTOR_N * VECTOR_N];
    for (int i = 0; i < VECTOR_N * VECTOR_N; i++) d[i] = 1;
    for (int j = 1; j < VECTOR_N; j++) d[j] = distances[j - 1];
    rt_graph *graph = rt_test_graph();
    rt_tensor *y = rt_triplet_weights(graph, rt_test_rows(graph, VECTOR_N, VECTOR_N, d),
                                      rt_test_rows(graph, VECTOR_N, 1, labels), size, &options);
    rt_test_evaluate(graph, 1, &y, (float *[]){weights}, 1);
    for (int j = 0; j < VECTOR_N; j++) row[j] = weights[j];
}

Test(ops_triplet_weights, known_values)
{
    const float distances[] = {0.4f, 0.55f, 0.7f, 0.9f, 1.2f};
    const struct {
        rt_sampling sampling;
        uint32_t size;
        double weights[5];
    } known[] = {
        {RT_SAMPLING_FOCAL, 10, {0, 0.828582, 0.144396, 0.027021, 0}},
        {RT_SAMPLING_FOCAL, 100, {0, 1 - 6.8e-10, 6.8e-10, 1.4e-18, 0}},
        {RT_SAMPLING_DISTANCE, 10, {0.626977, 0.307285, 0.053550, 0.010021, 0.002167}},
        {RT_SAMPLING_DISTANCE, 100, {0.999826, 1.74e-4, 1.2e-13, 2.5e-22, 6e-30}},
    };
    for (size_t i = 0; i < 2 * RT_COUNT(known); i++) {
        const rt_miner_form form = i % 2 == 0 ? RT_MINER_STABLE : RT_MINER_COMPAT;
        float row[VECTOR_N];
        weigh(distances, false, known[i / 2].size,
              (rt_miner_options){.sampling = known[i / 2].sampling, .form = form}, row);
        for (int j = 0; j < 5; j++) {
            const double wanted = known[i / 2].weights[j];
            /* Two digits of the smallest are known. */
            const double allowed =
                wanted > 1e-3 ? 2e-6 + 1e-4 * wanted * (known[i / 2].size > 10) : 0.1 * wanted;
            cr_assert_float_eq(row[j + 1], wanted, allowed, "row %zu, distance %g: %g, not %g", i,
                               distances[j], row[j + 1], wanted);
        }
    }
}

Test(ops_triplet_weights, a_near_neighbour_makes_compatible_weights_uniform)
{
    const float distances[] = {0.1f, 0.55f, 0.7f, 0.9f, 1.2f};
    float row[VECTOR_N];
    rt_miner_options options = {.form = RT_MINER_COMPAT};
    weigh(distances, true, 100, options, row);
    for (int j = 0; j < VECTOR_N; j++)
        cr_assert_float_eq(row[j], j < 2 ? 0 : 0.25, 1e-6, "column %d: %g", j, row[j]);
    weigh(distances, true, 10, options, row); /* 10 classes: no underflow */
    cr_assert_float_eq(row[2], 0.828582, 1e-5);
    options.form = RT_MINER_STABLE;
    weigh(distances, true, 100, options, row);
    cr_assert_float_eq(row[2], 1, 1e-6);
}

/* Some devices' exp never returns 0. */
Test(ops_triplet_weights, a_vanishing_weight_is_exactly_zero)
{
    const float distances[] = {0.55f, 0.56f, 0.99f, 0.99f, 1.2f};
    float row[VECTOR_N];
    weigh(distances, false, 300, (rt_miner_options){.form = RT_MINER_STABLE}, row);
    cr_assert(row[1] > row[2] && row[2] > 0);
    cr_assert(row[3] == 0 && row[4] == 0, "%g", row[3]);
}

Test(ops_triplet_weights, opposite_points_and_open_ranges)
{
    /* d = 2 has no logarithm of 1 - d^2/4; 0.5 and 1 are outside the focal range. */
    const float distances[] = {2, 0.5f, 1, 0.75f, 2};
    const float wanted[] = {0, 0, 0, 0, 1, 0};
    float row[VECTOR_N];
    for (int form = RT_MINER_STABLE; form <= RT_MINER_COMPAT; form++) {
        weigh(distances, false, 10, (rt_miner_options){.form = (rt_miner_form)form}, row);
        for (int j = 0; j < VECTOR_N; j++)
            cr_assert_float_eq(row[j], wanted[j], 1e-6, "column %d: %g", j, row[j]);
    }
}

Test(ops_triplet_weights, other_ranges_can_be_chosen)
{
    const float distances[] = {0.2f, 0.6f, 0.8f, 1.1f, 1.3f};
    float row[VECTOR_N];
    weigh(distances, false, 10, (rt_miner_options){.focal_lower = 0.7f, .focal_upper = 0.9f}, row);
    cr_assert_float_eq(row[3], 1, 1e-6);
    weigh(distances, false, 10,
          (rt_miner_options){
              .sampling = RT_SAMPLING_DISTANCE, .distance_floor = 0.7f, .distance_upper = 0.75f},
          row);
    cr_assert_float_eq(row[1], 0.5, 1e-6); /* both count as 0.7 */
    cr_assert_float_eq(row[2], 0.5, 1e-6);
}

Test(ops_triplet_weights, refuses_an_empty_range)
{
    const float d[4] = {1, 1, 1, 1}, labels[2] = {0, 1};
    rt_graph *graph = rt_test_graph();
    const rt_miner_options options = {.focal_lower = 1, .focal_upper = 0.5f};
    rt_triplet_weights(graph, rt_test_rows(graph, 2, 2, d), rt_test_rows(graph, 2, 1, labels), 10,
                       &options);
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
