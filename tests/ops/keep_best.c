#include "tests/ops/operator_test.h"

#include "common/ops/keep_best.h"
#include "common/ops/scale.h"

#include <criterion/criterion.h>
#include <math.h>

static const rt_shape SHAPE = {3, 7, 5, 6};

static float *padded_values(double offset)
{
    const uint64_t count = rt_shape_pixels(SHAPE) * SHAPE.c;
    float *dense, *padded;
    rt_test_ok(RT_ALLOC(dense, count));
    rt_test_ok(RT_ALLOC(padded, 4 * rt_shape_vec4_count(SHAPE)));
    for (uint64_t i = 0; i < count; i++) dense[i] = (float)(offset + (double)i);
    rt_tensor_pack(SHAPE, dense, padded);
    rt_free(dense);
    return padded;
}

/* One step with this loss and candidate; then `best` must be 2 * (kept, kept + 1, ...). */
static void step(rt_phase *phase, rt_tensor *const tensors[4], float loss, double candidate,
                 float wanted_loss, double wanted)
{
    const float scalar[4] = {loss};
    float best_loss[4];
    float *values = padded_values(candidate), *expected = padded_values(wanted);
    float *best = padded_values(0);
    rt_test_ok(rt_phase_write(phase, tensors[0], values));
    rt_test_ok(rt_phase_write(phase, tensors[1], scalar));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    rt_test_ok(rt_phase_read(phase, tensors[2], best));
    rt_test_ok(rt_phase_read(phase, tensors[3], best_loss));
    cr_assert_eq(best_loss[0], wanted_loss, "after a loss of %g: %g", loss, best_loss[0]);
    for (uint64_t i = 0; i < 4 * rt_shape_vec4_count(SHAPE); i++)
        cr_assert_eq(best[i], 2 * expected[i], "after a loss of %g: number %llu is %g", loss,
                     (unsigned long long)i, best[i]);
    rt_free(values);
    rt_free(expected);
    rt_free(best);
}

Test(ops_keep_best, keeps_the_candidate_of_the_least_loss)
{
    rt_graph *graph;
    rt_phase *phase;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", SHAPE);
    rt_tensor *loss = rt_graph_state(graph, "loss", (rt_shape){1, 1, 1, 1});
    rt_tensor *best = rt_graph_state(graph, "best", SHAPE);
    rt_tensor *best_loss =
        rt_graph_constant(graph, "best_loss", (rt_shape){1, 1, 1, 1}, &(float){INFINITY});
    /* The candidate is an activation, which nothing else reads. */
    rt_keep_best(graph, rt_scale(graph, x, 2), rt_scale(graph, loss, 1), best, best_loss);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(
        rt_phase_create(&phase, rt_test_device(), graph, &(rt_phase_options){.poison = true}));
    rt_tensor *const tensors[4] = {x, loss, best, best_loss};
    step(phase, tensors, 3, 100, 3, 100);
    step(phase, tensors, 4, 200, 3, 100);
    step(phase, tensors, 3, 300, 3, 100); /* equal is not less */
    step(phase, tensors, NAN, 400, 3, 100);
    step(phase, tensors, -1, 500, -1, 500);
    rt_phase_free(phase);
    rt_graph_free(graph);
}

Test(ops_keep_best, refuses_what_is_no_state)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", SHAPE);
    rt_tensor *loss = rt_graph_state(graph, "loss", (rt_shape){1, 1, 1, 1});
    rt_tensor *best = rt_graph_input(graph, "best", SHAPE);
    rt_keep_best(graph, x, loss, best, loss);
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INTERNAL);
    rt_graph_free(graph);
}
