#include "tests/ops/operator_private.h"

#include "common/ops/scale.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rt_test_check_status(rt_status status, const char *expression, const char *file, int line)
{
    cr_assert(status == RT_OK, "%s:%d: %s: %s", file, line, expression, rt_error_message());
}

static bool environment_says(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && strcmp(value, "1") == 0;
}

static rt_device *device;

/* At the end of the test's process: what is left then was leaked by us, not by an open device. */
static void close_device(void) { rt_device_close(device); }

rt_device *rt_test_device(void)
{
    if (device != NULL) return device;
    const char *width = getenv("RT_TEST_DEVICE_WIDTH");
    if (width != NULL) setenv("LP_NATIVE_VECTOR_WIDTH", width, 1);
    const rt_device_options options = {
        .selector = getenv("RT_TEST_DEVICE"),
        .validate = environment_says("RT_TEST_VALIDATE"),
        .minimum_limits = environment_says("RT_TEST_DEVICE_MINIMUM_LIMITS"),
    };
    rt_test_ok(rt_device_open(&device, &options));
    atexit(close_device);
    return device;
}

static uint32_t file_rank(rt_parameter_layout layout)
{
    switch (layout) {
    case RT_LAYOUT_VECTOR:
    case RT_LAYOUT_VECTOR_TO_IMAGE:
        return 1;
    case RT_LAYOUT_LINEAR:
    case RT_LAYOUT_LINEAR_TO_IMAGE:
    case RT_LAYOUT_LINEAR_FROM_IMAGE:
        return 2;
    case RT_LAYOUT_CONVOLUTION:
    case RT_LAYOUT_DENSE:
        break;
    }
    return 4;
}

static void add_parameter(const rt_test_case *c, uint32_t i, rt_test_run *run)
{
    const rt_test_input *input = &c->test->inputs[i];
    const rt_shape dims = c->shapes[i];
    char name[32];
    snprintf(name, sizeof name, "parameter%u", i);
    rt_parameter parameter = {.name = name,
                              .layout = input->layout,
                              .dims = {dims.n, dims.h, dims.w, dims.c},
                              .rank = file_rank(input->layout),
                              .image_h = input->image_h,
                              .image_w = input->image_w,
                              .image_c = input->image_c};
    rt_test_ok(rt_parameters_add(run->parameters, &parameter, &run->rows[i]));
}

/* Makes the input tensors. Through `rt_scale` where a gradient is wanted, so that the operator's
 * inputs are activations, which the plan may free. */
static void make_inputs(const rt_test_case *c, rt_test_run *run, bool gradients, rt_tensor **passed)
{
    rt_test_ok(rt_parameters_create(&run->parameters));
    for (uint32_t i = 0; i < c->input_count; i++)
        if (c->values[i] != NULL && c->test->inputs[i].kind == RT_TEST_PARAMETER)
            add_parameter(c, i, run);
    if (rt_parameters_count(run->parameters) > 0)
        rt_test_ok(rt_parameters_allocate(run->parameters, rt_test_device()));
    for (uint32_t i = 0; i < c->input_count; i++) {
        const rt_test_input *input = &c->test->inputs[i];
        const bool wanted = gradients && !input->no_gradient;
        char name[32];
        snprintf(name, sizeof name, "input%u", i);
        passed[i] = NULL;
        if (c->values[i] == NULL) continue;
        if (input->kind == RT_TEST_PARAMETER) {
            run->inputs[i] = passed[i] =
                rt_graph_parameter(run->graph, run->parameters, run->rows[i], wanted);
            continue;
        }
        run->inputs[i] = input->kind == RT_TEST_HOST
                             ? rt_graph_input(run->graph, name, c->shapes[i])
                             : rt_graph_state(run->graph, name, c->shapes[i]);
        if (wanted) rt_graph_require_gradient(run->graph, run->inputs[i]);
        passed[i] = gradients ? rt_scale(run->graph, run->inputs[i], 1) : run->inputs[i];
    }
}

void rt_test_case_build(const rt_test_case *c, rt_test_run *run, bool gradients)
{
    rt_tensor *passed[RT_MAXIMUM_INPUTS];
    rt_test_ok(rt_graph_create(&run->graph));
    make_inputs(c, run, gradients, passed);
    c->test->build(run->graph, c->test->parameters, passed, run->outputs);
    rt_test_ok(rt_graph_status(run->graph));
    cr_assert(run->outputs[0] != NULL, "build set no output");
}

static void write_tensor(rt_test_run *run, const rt_tensor *tensor, const float *dense)
{
    float *padded;
    rt_test_ok(RT_ALLOC(padded, 4 * rt_shape_vec4_count(tensor->shape)));
    rt_tensor_pack(tensor->shape, dense, padded);
    if (tensor->kind == RT_TENSOR_INPUT)
        memcpy(rt_phase_input(run->phase, tensor), padded, rt_shape_bytes(tensor->shape));
    else
        rt_test_ok(rt_phase_write(run->phase, tensor, padded));
    rt_free(padded);
}

void rt_test_case_execute(const rt_test_case *c, rt_test_run *run, const rt_phase_options *options)
{
    rt_test_ok(rt_graph_status(run->graph));
    for (uint32_t i = 0; i < c->input_count; i++)
        if (run->inputs[i] != NULL && run->inputs[i]->kind == RT_TENSOR_PARAMETER)
            rt_test_ok(
                rt_parameters_write(run->parameters, RT_PIECE_VALUES, run->rows[i], c->values[i]));
    rt_test_ok(rt_phase_create(&run->phase, rt_test_device(), run->graph, options));
    for (uint32_t i = 0; i < c->input_count; i++)
        if (run->inputs[i] != NULL && run->inputs[i]->kind != RT_TENSOR_PARAMETER)
            write_tensor(run, run->inputs[i], c->values[i]);
    for (uint32_t i = 0; i < c->output_count; i++)
        if (run->weights[i] != NULL) write_tensor(run, run->weights[i], c->weights[i]);
    rt_test_ok(rt_phase_submit(run->phase));
    rt_test_ok(rt_phase_wait(run->phase));
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
}

void rt_test_case_finish(rt_test_run *run)
{
    rt_phase_free(run->phase);
    rt_graph_free(run->graph);
    rt_parameters_free(run->parameters);
    *run = (rt_test_run){0};
}

void rt_test_case_reference(const rt_test_case *c, double *const *outputs)
{
    rt_reference_call call = {.parameters = c->test->parameters,
                              .output_count = (int64_t)rt_test_numbers(c->output_shapes[0])};
    for (uint32_t i = 0; i < c->input_count; i++) {
        call.inputs[i] = c->doubles[i];
        call.input_shapes[i] = c->shapes[i];
    }
    for (uint32_t i = 0; i < c->output_count; i++) {
        call.outputs[i] = outputs[i];
        call.output_shapes[i] = c->output_shapes[i];
    }
    c->test->reference(&call, call.outputs[0]);
}

double rt_test_allowed_error(double tolerance, double reference, double size)
{
    return tolerance * fmax(fmax(fabs(reference), size), 1e-3);
}

static double root_mean_square(const double *values, uint64_t count)
{
    double squares = 0;
    for (uint64_t i = 0; i < count; i++) squares += values[i] * values[i];
    return sqrt(squares / (double)count);
}

const char *rt_test_case_describe(const rt_test_case *c)
{
    static char text[512];
    int length = snprintf(text, sizeof text, "case %zu, seed %llu, inputs", c->number,
                          (unsigned long long)c->test->seed);
    for (uint32_t i = 0; i < c->input_count && length < (int)sizeof text; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %ux%ux%ux%u",
                           c->shapes[i].n, c->shapes[i].h, c->shapes[i].w, c->shapes[i].c);
    return text;
}

float *rt_test_case_unpack(const rt_test_case *c, const char *what, rt_shape shape,
                           const float *padded)
{
    const uint32_t stride = 4 * rt_vec4s(shape.c);
    for (uint64_t i = 0; i < 4 * rt_shape_vec4_count(shape); i++)
        if (i % stride >= shape.c)
            cr_assert(padded[i] == 0, "%s: padding channel %llu of pixel %llu is %g (%s)", what,
                      (unsigned long long)(i % stride), (unsigned long long)(i / stride), padded[i],
                      rt_test_case_describe(c));
    float *dense;
    rt_test_ok(RT_ALLOC(dense, rt_test_numbers(shape)));
    rt_tensor_unpack(shape, padded, dense);
    return dense;
}

static void check_outputs(rt_test_case *c)
{
    rt_test_run run = {0};
    rt_test_case_build(c, &run, false);
    while (c->output_count < RT_MAXIMUM_OUTPUTS && run.outputs[c->output_count] != NULL) {
        const uint32_t o = c->output_count++;
        c->output_shapes[o] = run.outputs[o]->shape;
        const uint64_t count = rt_test_numbers(c->output_shapes[o]);
        rt_test_ok(RT_ALLOC(c->outputs[o], count));
        rt_test_ok(RT_ALLOC(c->outputs_before[o], count));
        rt_test_ok(RT_ALLOC(c->weights[o], count));
        for (uint64_t i = 0; i < count; i++)
            c->weights[o][i] = (float)(2 * rt_test_uniform(~c->test->seed - o, i) - 1);
        rt_graph_output(run.graph, run.outputs[o]);
    }
    rt_test_case_execute(c, &run, NULL);
    rt_test_case_reference(c, c->outputs);
    for (uint32_t o = 0; o < c->output_count; o++) {
        const rt_shape shape = c->output_shapes[o];
        float *y =
            rt_test_case_unpack(c, "output", shape, rt_phase_output(run.phase, run.outputs[o]));
        const double size = root_mean_square(c->outputs[o], rt_test_numbers(shape));
        for (uint64_t i = 0; i < rt_test_numbers(shape); i++) {
            const double wanted = c->outputs[o][i];
            const double allowed = rt_test_allowed_error(c->test->forward_tolerance, wanted, size);
            cr_assert(fabs(y[i] - wanted) <= allowed,
                      "output %u of shape %ux%ux%ux%u, number %llu: device %.9g, reference %.9g, "
                      "error %.3g, allowed %.3g (%s)",
                      o, shape.n, shape.h, shape.w, shape.c, (unsigned long long)i, y[i], wanted,
                      fabs(y[i] - wanted), allowed, rt_test_case_describe(c));
        }
        rt_free(y);
    }
    rt_test_case_finish(&run);
}

static void clear(rt_test_case *c)
{
    for (uint32_t i = 0; i < RT_MAXIMUM_INPUTS; i++) {
        rt_free(c->values[i]);
        rt_free(c->doubles[i]);
    }
    for (uint32_t o = 0; o < RT_MAXIMUM_OUTPUTS; o++) {
        rt_free(c->weights[o]);
        rt_free(c->outputs[o]);
        rt_free(c->outputs_before[o]);
    }
}

/* The engine binds whole buffers of all states, or of all activations, as texel buffers. */
static bool fits_device(const rt_test_case *c)
{
    uint64_t texels = 0;
    for (uint32_t i = 0; i < c->input_count; i++) texels += 2 * rt_shape_vec4_count(c->shapes[i]);
    return texels <= rt_device_describe(rt_test_device())->maximum_texel_elements;
}

void rt_test_operator(const rt_operator_test *test, const rt_shape *shapes, size_t shape_count)
{
    const uint32_t inputs = test->input_count > 0 ? test->input_count : 1;
    cr_assert(shape_count > 0 && shape_count % inputs == 0, "%u shapes a case are needed", inputs);
    for (size_t number = 0; number < shape_count / inputs; number++) {
        rt_test_case c = {.test = test, .number = number, .input_count = inputs};
        memcpy(c.shapes, shapes + number * inputs, inputs * sizeof *shapes);
        if (!fits_device(&c)) continue;
        rt_test_case_draw(&c);
        check_outputs(&c);
        if (!test->no_gradient) rt_test_case_check_gradients(&c);
        clear(&c);
    }
}
