/* When and over what an update runs. */

#include "common/ops/advance.h"
#include "common/ops/l2_loss.h"
#include "common/ops/sgd.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>

/* The gradient of this step, not of the one before: an update runs last. */
Test(ops_optimiser_update, follows_the_gradient_of_its_own_step)
{
    const rt_parameter parameter = {
        .name = "x", .layout = RT_LAYOUT_VECTOR, .dims = {7}, .rank = 1};
    const float first[7] = {1, -2, 3, -4, 5, -6, 7}, target[7] = {2, 2, 2, 2, 2, 2, 2};
    const float schedule[4] = {0.7f};
    float after[7];
    rt_phase *phase;
    rt_parameters *set;
    rt_test_ok(rt_parameters_create(&set));
    rt_test_ok(rt_parameters_add(set, &parameter, NULL));
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    rt_test_ok(rt_parameters_write(set, RT_PIECE_VALUES, 0, first));
    rt_graph *graph = rt_test_graph();
    rt_tensor *x = rt_graph_parameter(graph, set, 0, true);
    rt_graph_differentiate(graph, rt_l2_loss(graph, x, rt_test_rows(graph, 1, 7, target), NULL));
    rt_sgd(graph, set, &(rt_sgd_options){.schedule = rt_test_rows(graph, 1, 4, schedule)});
    rt_advance(graph);
    rt_test_ok(
        rt_phase_create(&phase, rt_test_device(), graph, &(rt_phase_options){.poison = true}));
    for (int step = 0; step < 3; step++) {
        rt_test_ok(rt_phase_submit(phase));
        rt_test_ok(rt_phase_wait(phase));
    }
    rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, 0, after));
    /* Each step takes 0.7 * 2/7 of the distance away. */
    for (int i = 0; i < 7; i++)
        cr_assert_float_eq(after[i], 2 + (first[i] - 2) * 0.8 * 0.8 * 0.8, 1e-5, "%g", after[i]);
    rt_phase_free(phase);
    rt_graph_free(graph);
    rt_parameters_free(set);
}

/* A set of which a binding holds no more than a part: 128 MiB is what devices must allow. */
Test(ops_optimiser_update, updates_sets_larger_than_a_binding)
{
    const rt_device_info *info = rt_device_describe(rt_test_device());
    const uint64_t most = info->maximum_storage_range_bytes, count = most / 4 + 1000;
    const rt_parameter parameter = {
        .name = "x", .layout = RT_LAYOUT_VECTOR, .dims = {(uint32_t)count}, .rank = 1};
    const float row[4] = {0.5f};
    rt_phase *phase;
    rt_parameters *set;
    float *values;
    if (most > 1u << 28 || count / 4 + 100 > info->maximum_texel_elements)
        cr_skip_test("'%s' has larger bindings, or smaller texel buffers", info->name);
    rt_test_ok(rt_parameters_create(&set));
    rt_test_ok(rt_parameters_add(set, &parameter, NULL));
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    rt_test_ok(RT_ALLOC(values, count));
    for (uint64_t i = 0; i < count; i++) values[i] = (float)(i % 4096);
    rt_test_ok(rt_parameters_write(set, RT_PIECE_GRADIENTS, 0, values));
    rt_graph *graph = rt_test_graph();
    rt_sgd(graph, set, &(rt_sgd_options){.schedule = rt_test_rows(graph, 1, 4, row)});
    rt_advance(graph);
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, 0, values));
    for (uint64_t i = 0; i < count; i++)
        if (values[i] != -0.5f * (float)(i % 4096))
            cr_assert_fail("number %llu is %g", (unsigned long long)i, values[i]);
    rt_free(values);
    rt_phase_free(phase);
    rt_graph_free(graph);
    rt_parameters_free(set);
}
