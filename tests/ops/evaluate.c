#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>

rt_graph *rt_test_graph(void)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    return graph;
}

rt_tensor *rt_test_rows(rt_graph *graph, uint32_t n, uint32_t c, const float *values)
{
    return rt_graph_constant(graph, "rows", (rt_shape){n, 1, 1, c}, values);
}

static void unpack(const rt_tensor *tensor, const float *padded, float *dense)
{
    const uint32_t stride = 4 * rt_vec4s(tensor->shape.c);
    for (uint64_t i = 0; i < 4 * rt_shape_vec4_count(tensor->shape); i++)
        if (i % stride >= tensor->shape.c)
            cr_assert(padded[i] == 0, "padding %llu of '%s' is %g", (unsigned long long)i,
                      tensor->name, padded[i]);
    rt_tensor_unpack(tensor->shape, padded, dense);
}

void rt_test_evaluate(rt_graph *graph, uint32_t steps, rt_tensor *const *tensors,
                      float *const *dense, uint32_t count)
{
    rt_phase *phase;
    for (uint32_t i = 0; i < count; i++) rt_graph_output(graph, tensors[i]);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(
        rt_phase_create(&phase, rt_test_device(), graph, &(rt_phase_options){.poison = true}));
    for (uint32_t step = 0; step < steps; step++) {
        rt_test_ok(rt_phase_submit(phase));
        rt_test_ok(rt_phase_wait(phase));
    }
    for (uint32_t i = 0; i < count; i++)
        unpack(tensors[i], rt_phase_output(phase, tensors[i]), dense[i]);
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_phase_free(phase);
    rt_graph_free(graph);
}
