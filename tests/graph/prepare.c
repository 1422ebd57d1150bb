/* Operators hear of all that a phase will have them do before it takes memory for that. */

#include "common/ops/dot.h"
#include "common/ops/scale.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>

static struct {
    uint32_t calls, forward, backward;
    uint64_t used_bytes; ///< of the device, when it heard
    bool fails;
} heard;

static rt_status prepare(rt_device *device, const rt_work *work, uint32_t count)
{
    if (heard.fails) return rt_fail(RT_ERROR_INPUT, "nothing suits");
    heard.calls++;
    heard.used_bytes = rt_device_used_bytes(device);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_str_eq(work[i].node->operator_->name, "listener");
        *(work[i].pass == RT_PASS_FORWARD ? &heard.forward : &heard.backward) += 1;
    }
    return RT_OK;
}

static rt_status shape(rt_graph *graph, rt_node *node)
{
    return rt_node_output(graph, node, "y", node->inputs[0]->shape);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    cr_assert_eq(heard.calls, 1, "heard %u times before it was recorded", heard.calls);
    return rt_program_copy(program, node->outputs[0]->range, node->inputs[0]->range);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return rt_program_copy(program, node->input_gradients[0]->range,
                           node->output_gradients[0]->range);
}

static const rt_operator listener = {.name = "listener",
                                     .infer_shape = shape,
                                     .forward = forward,
                                     .backward = backward,
                                     .prepare = prepare};

/* Two of three need a gradient, and a fourth one's output nobody reads. */
static rt_graph *build(void)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_constant(graph, "x", (rt_shape){1, 1, 1, 4}, (float[]){1, 2, 3, 4});
    rt_tensor *first = rt_graph_apply(graph, &listener, &x, 1, NULL, 0);
    rt_tensor *leaf =
        rt_graph_constant(graph, "leaf", (rt_shape){1, 1, 1, 4}, (float[]){1, 2, 3, 4});
    rt_graph_require_gradient(graph, leaf);
    rt_tensor *second = rt_graph_apply(graph, &listener, &leaf, 1, NULL, 0);
    rt_tensor *scaled = rt_scale(graph, second, 3);
    rt_tensor *third = rt_graph_apply(graph, &listener, &scaled, 1, NULL, 0);
    rt_graph_apply(graph, &listener, &x, 1, NULL, 0);
    rt_graph_differentiate(graph, rt_dot(graph, first, third));
    rt_graph_output(graph, leaf->gradient);
    rt_test_ok(rt_graph_status(graph));
    return graph;
}

Test(graph_prepare, tells_an_operator_once_of_all_that_will_run)
{
    rt_device *device = rt_test_device();
    rt_graph *graph = build();
    rt_phase *phase;
    const uint64_t before = rt_device_used_bytes(device);
    rt_test_ok(rt_phase_create(&phase, device, graph, NULL));
    cr_assert_eq(heard.calls, 1);
    cr_assert_eq(heard.forward, 3);
    cr_assert_eq(heard.backward, 2);
    cr_assert_eq(heard.used_bytes, before);
    cr_assert_gt(rt_device_used_bytes(device), before);
    rt_phase_free(phase);
    rt_graph_free(graph);
}

Test(graph_prepare, failing_is_the_phase_s_failure)
{
    rt_graph *graph = build();
    rt_phase *phase;
    heard.fails = true;
    cr_assert_eq(rt_phase_create(&phase, rt_test_device(), graph, NULL), RT_ERROR_INPUT);
    cr_assert_null(phase);
    rt_graph_free(graph);
}
