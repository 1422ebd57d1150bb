/* The schedule: what is needed runs, in order; nothing else does. No device is needed. */

#include "common/graph/graph_private.h"
#include "common/ops/add.h"
#include "common/ops/advance.h"
#include "common/ops/dot.h"
#include "common/ops/reshape.h"
#include "common/ops/scale.h"
#include "common/ops/sigmoid.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static rt_graph *graph;
static rt_parameters *parameters;
static rt_step_list list;
static const rt_shape shape = {2, 2, 2, 3};

static void begin(void)
{
    rt_test_ok(rt_graph_create(&graph));
    rt_test_ok(rt_parameters_create(&parameters));
}

static void end(void)
{
    rt_free(list.steps);
    rt_graph_free(graph);
    rt_parameters_free(parameters);
}

TestSuite(graph_schedule, .init = begin, .fini = end);

static rt_tensor *parameter(const char *name, bool trained)
{
    uint32_t row;
    const rt_parameter p = {
        .name = name, .layout = RT_LAYOUT_DENSE, .dims = {2, 2, 2, 3}, .rank = 4};
    rt_test_ok(rt_parameters_add(parameters, &p, &row));
    return rt_graph_parameter(graph, parameters, row, trained);
}

static void schedule(void) { rt_test_ok(rt_graph_schedule(graph, &list)); }

/* The steps as text: "+sigmoid" forward, "-sigmoid" backward, "sum", "copy". */
static const char *described(void)
{
    static char text[512];
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < list.count; i++) {
        const rt_step *step = &list.steps[i];
        const char *kind[] = {"+", "-", "sum", "copy"};
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s", i > 0 ? " " : "",
                                   kind[step->kind],
                                   step->node != NULL ? step->node->operator_->name : "");
    }
    return text;
}

Test(graph_schedule, leaves_out_what_nothing_reads)
{
    rt_tensor *x = rt_graph_input(graph, "x", shape);
    rt_tensor *y = rt_sigmoid(graph, x);
    rt_sigmoid(graph, rt_scale(graph, y, 3)); /* dead */
    rt_graph_output(graph, rt_add(graph, y, rt_reshape(graph, x, shape)));
    schedule();
    cr_assert_str_eq(described(), "+sigmoid +add");
}

Test(graph_schedule, runs_side_effects_and_updates_without_readers)
{
    rt_tensor *x = rt_graph_input(graph, "x", shape);
    rt_sigmoid(graph, x);
    rt_advance(graph);
    schedule();
    cr_assert_str_eq(described(), "+advance");
}

/* x trained, w frozen: the product's backward pass makes x's gradient alone. */
Test(graph_schedule, makes_no_gradients_of_frozen_weights)
{
    rt_tensor *x = parameter("x", true), *w = parameter("w", false);
    rt_tensor *frozen = rt_sigmoid(graph, w); /* a frozen network's own part */
    rt_tensor *loss = rt_dot(graph, rt_scale(graph, x, 2), frozen);
    rt_graph_differentiate(graph, loss);
    schedule();
    cr_assert_str_eq(described(), "+sigmoid +scale -dot -scale");
    const rt_node *dot = loss->producer;
    cr_assert_not_null(dot->input_gradients[0]);
    cr_assert_null(dot->input_gradients[1]);
    cr_assert_null(w->gradient);
    for (uint32_t i = 0; i < graph->tensor_count; i++)
        cr_assert(!graph->tensors[i]->is_parameter_gradient ||
                      graph->tensors[i]->parameter == x->parameter,
                  "a gradient of a frozen weight exists");
}

/* The loss itself is not asked for, and its backward pass reads only the products' inputs. */
Test(graph_schedule, leaves_out_forward_passes_that_only_the_loss_needs)
{
    rt_tensor *x = parameter("x", true), *w = parameter("w", false);
    rt_tensor *loss = rt_scale(graph, rt_dot(graph, x, w), 2);
    rt_graph_differentiate(graph, loss);
    schedule();
    cr_assert_str_eq(described(), "-scale -dot");
}

Test(graph_schedule, runs_updates_after_all_gradients)
{
    rt_tensor *x = parameter("x", true);
    rt_tensor *loss = rt_dot(graph, rt_sigmoid(graph, x), x);
    rt_graph_differentiate(graph, loss);
    rt_advance(graph);
    rt_graph_output(graph, loss);
    schedule();
    cr_assert_str_eq(described(), "+sigmoid +dot -dot -sigmoid sum +advance");
}

Test(graph_schedule, does_not_go_beyond_a_detached_value)
{
    rt_tensor *x = parameter("x", true);
    rt_tensor *y = rt_graph_detach(graph, rt_sigmoid(graph, x));
    rt_graph_differentiate(graph, rt_dot(graph, rt_scale(graph, x, 2), rt_scale(graph, y, 3)));
    schedule();
    cr_assert_str_eq(described(), "+sigmoid +scale +scale -dot -scale");
}

Test(graph_schedule, reports_the_first_error_of_building)
{
    rt_tensor *x = rt_graph_input(graph, "x", shape);
    rt_graph_scope(graph, "teacher");
    rt_tensor *y = rt_add(graph, x, rt_graph_input(graph, "y", (rt_shape){2, 2, 2, 4}));
    cr_assert_null(y);
    cr_assert_null(rt_sigmoid(graph, y));
    cr_assert_null(rt_graph_input(graph, "empty", (rt_shape){0, 1, 1, 1}));
    rt_graph_output(graph, y);
    rt_graph_differentiate(graph, y);
    cr_assert_eq(rt_graph_schedule(graph, &list), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "teacher.add: "), "%s", rt_error_message());
    cr_assert_not_null(strstr(rt_error_message(), "2x2x2x4"), "%s", rt_error_message());
}
