#include "tests/ops/operator_test.h"

#include "common/ops/pool.h"

#include <criterion/criterion.h>
#include <math.h>

static void build_max(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                      rt_tensor **outputs)
{
    outputs[0] = rt_max_pool(graph, inputs[0], parameters);
}

static void build_average(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                          rt_tensor **outputs)
{
    outputs[0] = rt_average_pool(graph, inputs[0], parameters);
}

/* Maximum and sum of the pixels of one window, and of one channel, that lie inside the image. */
static void look_through(const rt_reference_call *call, int n, int row, int column, int c,
                         double *maximum, double *sum)
{
    const rt_pool_options *o = call->parameters;
    const rt_shape s = call->input_shapes[0];
    *maximum = -INFINITY;
    *sum = 0;
    for (int h = 0; h < (int)s.h; h++) {
        for (int w = 0; w < (int)s.w; w++) {
            const int from_top = h - (row * (int)o->stride - (int)o->padding);
            const int from_left = w - (column * (int)o->stride - (int)o->padding);
            if (from_top < 0 || from_top >= (int)o->kernel || from_left < 0 ||
                from_left >= (int)o->kernel)
                continue;
            const double x = call->inputs[0][((n * (int)s.h + h) * (int)s.w + w) * (int)s.c + c];
            *maximum = fmax(*maximum, x);
            *sum += x;
        }
    }
}

static void reference(const rt_reference_call *call, double *y, bool average)
{
    const rt_pool_options *o = call->parameters;
    const rt_shape s = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++) {
        const int64_t pixel = i / s.c;
        double maximum, sum;
        look_through(call, (int)(pixel / (s.h * s.w)), (int)(pixel / s.w % s.h), (int)(pixel % s.w),
                     (int)(i % s.c), &maximum, &sum);
        y[i] = average ? sum / (o->kernel * o->kernel) : maximum;
    }
}

static void reference_max(const rt_reference_call *call, double *y) { reference(call, y, false); }

static void reference_average(const rt_reference_call *call, double *y)
{
    reference(call, y, true);
}

/* Kernels that fill the image, leave a rest, overlap, leave gaps and reach into the padding. */
static const rt_pool_options options[] = {{2, 2, 0}, {3, 2, 1}, {3, 1, 1},
                                          {2, 3, 1}, {1, 2, 0}, {5, 3, 2}};

static void check(void (*build)(rt_graph *, const void *, rt_tensor *const *, rt_tensor **),
                  void (*wanted)(const rt_reference_call *, double *))
{
    const rt_shape shapes[] = {{1, 5, 5, 1}, {2, 7, 6, 3}, {3, 8, 8, 6}};
    for (size_t i = 0; i < RT_COUNT(options); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = wanted,
            .parameters = &options[i],
            .inputs = {{.generate = rt_test_distinct}}, /* a maximum with a tie has no derivative */
            .forward_tolerance = 1e-6,
            .gradient_tolerance = 1e-6,
            .differences = 16,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

Test(ops_pool, maximum) { check(build_max, reference_max); }

Test(ops_pool, average) { check(build_average, reference_average); }

/* As after a ReLU: of equal maxima the first one, row by row, takes the whole gradient. */
Test(ops_pool, a_tie_goes_to_the_first)
{
    const rt_shape shape = {1, 4, 4, 1};
    const float values[16] = {0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 5, 5, 3, 3};
    rt_graph *graph;
    rt_phase *phase;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_constant(graph, "x", shape, values);
    rt_graph_require_gradient(graph, x);
    rt_tensor *y = rt_max_pool(graph, x, &(rt_pool_options){.kernel = 3, .stride = 1});
    /* One more pooling makes a scalar: the first of three windows whose maximum is 5. */
    rt_tensor *top = rt_max_pool(graph, y, &(rt_pool_options){.kernel = 2, .stride = 2});
    rt_graph_differentiate(graph, top);
    rt_test_ok(rt_graph_status(graph));
    rt_graph_output(graph, x->gradient);
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    const float *gradient = rt_phase_output(phase, x->gradient);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(gradient[4 * i], i == 8 ? 1 : 0, "gradient %d is %g", i, gradient[4 * i]);
    rt_phase_free(phase);
    rt_graph_free(graph);
}

Test(ops_pool, refuses_what_does_not_fit)
{
    const rt_pool_options wrong[] = {{0, 1, 0}, {2, 0, 0}, {2, 2, 2}, {9, 1, 0}};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 8, 8, 4});
        cr_assert_null(rt_max_pool(graph, x, &wrong[i]));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
