#include "tests/ops/operator_test.h"

#include "common/ops/advance.h"

#include <criterion/criterion.h>

Test(ops_advance, adds_1_to_the_first_two_words)
{
    rt_graph *graph;
    rt_phase *phase;
    rt_test_ok(rt_graph_create(&graph));
    rt_advance(graph);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    /* The largest count that a float cannot hold exactly shows that these are whole numbers. */
    const uint32_t before[4] = {0x7f800001, 16777217, 5, 6};
    rt_test_ok(rt_phase_write(phase, rt_graph_counters(graph), before));
    for (int step = 0; step < 3; step++) {
        rt_test_ok(rt_phase_submit(phase));
        rt_test_ok(rt_phase_wait(phase));
    }
    uint32_t after[4];
    rt_test_ok(rt_phase_read(phase, rt_graph_counters(graph), after));
    cr_assert_eq(after[0], before[0] + 3);
    cr_assert_eq(after[1], before[1] + 3);
    cr_assert_eq(after[2], 5);
    cr_assert_eq(after[3], 6);
    rt_phase_free(phase);
    rt_graph_free(graph);
}
