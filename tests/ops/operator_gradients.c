/* An operator's gradients against central differences of its reference. */

#include "tests/ops/operator_private.h"

#include "common/ops/add.h"
#include "common/ops/dot.h"

#include <criterion/criterion.h>
#include <math.h>

/* The loss: sum(weights * outputs). */
static rt_tensor *build_loss(const rt_test_case *c, rt_test_run *run)
{
    rt_tensor *loss = NULL;
    for (uint32_t o = 0; o < c->output_count; o++) {
        if (c->test->gradient_outputs != 0 && (c->test->gradient_outputs >> o & 1) == 0) continue;
        if (!run->outputs[o]->requires_gradient) continue;
        run->weights[o] = rt_graph_state(run->graph, "weights", c->output_shapes[o]);
        rt_tensor *term = rt_dot(run->graph, run->outputs[o], run->weights[o]);
        loss = loss == NULL ? term : rt_add(run->graph, loss, term);
    }
    return loss;
}

/* d loss / d step of the inputs' present direction: the caller has moved `doubles`. The outputs
 * are subtracted before they are summed, or their digits would be lost. */
static double loss_difference(const rt_test_case *c, const rt_test_run *run)
{
    double sum = 0;
    for (uint32_t o = 0; o < c->output_count; o++)
        for (uint64_t i = 0; run->weights[o] != NULL && i < rt_test_numbers(c->output_shapes[o]);
             i++)
            sum += c->weights[o][i] * (c->outputs[o][i] - c->outputs_before[o][i]);
    return sum;
}

static double step_size(const rt_test_case *c)
{
    return c->test->difference > 0 ? c->test->difference : 1e-5;
}

/* The central difference of the loss along `direction` (NULL: along number `at` alone). */
static double central_difference(const rt_test_case *c, const rt_test_run *run, uint32_t input,
                                 const float *direction, uint64_t at)
{
    const uint64_t first = direction == NULL ? at : 0;
    const uint64_t last = direction == NULL ? at : rt_test_numbers(c->shapes[input]) - 1;
    const double step = step_size(c);
    double *x = c->doubles[input];
    for (int side = 0; side < 2; side++) {
        for (uint64_t i = first; i <= last; i++)
            x[i] = c->values[input][i] +
                   (side == 0 ? -step : step) * (direction == NULL ? 1 : direction[i]);
        rt_test_case_reference(c, side == 0 ? c->outputs_before : c->outputs);
    }
    for (uint64_t i = first; i <= last; i++) x[i] = c->values[input][i];
    return loss_difference(c, run) / (2 * step);
}

static void check_single_numbers(const rt_test_case *c, const rt_test_run *run, uint32_t input,
                                 const float *gradient)
{
    const uint64_t count = rt_test_numbers(c->shapes[input]);
    const uint64_t wanted = c->test->differences > 0 ? c->test->differences : 48;
    double squares = 0;
    for (uint64_t i = 0; i < count; i++) squares += (double)gradient[i] * gradient[i];
    const double size = sqrt(squares / (double)count);
    for (uint64_t k = 0; k < wanted && k < count; k++) {
        const uint64_t i = count <= wanted
                               ? k
                               : (uint64_t)(rt_test_uniform(c->test->seed + 77, k) * (double)count);
        const double reference = central_difference(c, run, input, NULL, i);
        const double allowed = rt_test_allowed_error(c->test->gradient_tolerance, reference, size);
        cr_assert(fabs(gradient[i] - reference) <= allowed,
                  "gradient of input %u, number %llu: device %.9g, difference %.9g, error %.3g, "
                  "allowed %.3g (%s)",
                  input, (unsigned long long)i, gradient[i], reference,
                  fabs(gradient[i] - reference), allowed, rt_test_case_describe(c));
    }
}

/* Every number takes part in this one: a gradient that is wrong in a corner shows here. */
static void check_directions(const rt_test_case *c, const rt_test_run *run, uint32_t input,
                             const float *gradient)
{
    const uint64_t count = rt_test_numbers(c->shapes[input]);
    float *direction;
    rt_test_ok(RT_ALLOC(direction, count));
    for (uint64_t k = 0; k < 3; k++) {
        double along = 0, sizes = 0;
        for (uint64_t i = 0; i < count; i++) {
            direction[i] = rt_test_uniform(c->test->seed + 78 + k, i) < 0.5 ? -1 : 1;
            along += direction[i] * gradient[i];
            sizes += fabs(gradient[i]);
        }
        const double reference = central_difference(c, run, input, direction, 0);
        const double allowed = rt_test_allowed_error(c->test->gradient_tolerance, reference, sizes);
        cr_assert(fabs(along - reference) <= allowed,
                  "gradient of input %u along a direction: device %.9g, difference %.9g, error "
                  "%.3g, allowed %.3g (%s)",
                  input, along, reference, fabs(along - reference), allowed,
                  rt_test_case_describe(c));
    }
    rt_free(direction);
}

/* A parameter's gradient comes in its file's layout; its padding shows as numbers that the device
 * has and the file has not. */
static float *read_parameter_gradient(const rt_test_case *c, const rt_test_run *run, uint32_t input)
{
    float *dense, *padded;
    rt_gpu_range range;
    const uint64_t count = rt_test_numbers(c->shapes[input]);
    rt_test_ok(RT_ALLOC(dense, count));
    rt_test_ok(rt_parameters_read(run->parameters, RT_PIECE_GRADIENTS, run->rows[input], dense));
    rt_test_ok(rt_parameters_range(run->parameters, RT_PIECE_GRADIENTS, run->rows[input], &range));
    range.size = rt_shape_bytes(run->inputs[input]->shape);
    rt_test_ok(RT_ALLOC(padded, range.size / sizeof *padded));
    rt_test_ok(rt_gpu_download(rt_test_device(), padded, range));
    int64_t surplus = 0;
    for (uint64_t i = 0; i < range.size / sizeof *padded; i++) surplus += padded[i] != 0;
    for (uint64_t i = 0; i < count; i++) surplus -= dense[i] != 0;
    cr_assert_eq(surplus, 0, "padding of the gradient of parameter %u is not 0 (%s)", input,
                 rt_test_case_describe(c));
    rt_free(padded);
    return dense;
}

void rt_test_case_check_gradients(const rt_test_case *c)
{
    rt_test_run run = {0};
    rt_test_case_build(c, &run, true);
    rt_tensor *loss = build_loss(c, &run);
    rt_test_ok(rt_graph_status(run.graph));
    cr_assert(loss != NULL, "no output passes a gradient (%s)", rt_test_case_describe(c));
    rt_graph_differentiate(run.graph, loss);
    for (uint32_t i = 0; i < c->input_count; i++) {
        if (run.inputs[i] == NULL || c->test->inputs[i].no_gradient) continue;
        cr_assert(run.inputs[i]->gradient != NULL, "input %u has no gradient (%s)", i,
                  rt_test_case_describe(c));
        if (run.inputs[i]->kind != RT_TENSOR_PARAMETER)
            rt_graph_output(run.graph, run.inputs[i]->gradient);
    }
    rt_test_case_execute(c, &run, &(rt_phase_options){.poison = true});
    for (uint32_t i = 0; i < c->input_count; i++) {
        if (run.inputs[i] == NULL || c->test->inputs[i].no_gradient) continue;
        float *gradient =
            run.inputs[i]->kind == RT_TENSOR_PARAMETER
                ? read_parameter_gradient(c, &run, i)
                : rt_test_case_unpack(c, "gradient", run.inputs[i]->shape,
                                      rt_phase_output(run.phase, run.inputs[i]->gradient));
        check_single_numbers(c, &run, i, gradient);
        check_directions(c, &run, i, gradient);
        rt_free(gradient);
    }
    rt_test_case_finish(&run);
}
