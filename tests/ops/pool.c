#include "tests/ops/operator_test.h"

#include "common/ops/pool.h"
#include "tests/ops/evaluate.h"

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

typedef struct window {
    double maximum, sum; /* of the pixels inside the image */
    int counted;         /* pixels that an average divides by */
} window;

/* Looks at every pixel of a window of one channel. */
static window look_through(const rt_reference_call *call, int n, int row, int column, int c)
{
    const rt_pool_options *o = call->parameters;
    const rt_shape s = call->input_shapes[0];
    const int stride_w = (int)(o->stride_w > 0 ? o->stride_w : o->stride);
    const int kernel_w = (int)(o->kernel_w > 0 ? o->kernel_w : o->kernel);
    const int top = row * (int)o->stride - (int)(o->padding + o->more.top);
    const int left = column * stride_w - (int)(o->padding + o->more.left);
    const int border = o->skip_padding ? 0 : (int)o->padding;
    window found = {.maximum = -INFINITY};
    for (int h = top; h < top + (int)o->kernel; h++) {
        for (int w = left; w < left + kernel_w; w++) {
            found.counted +=
                h >= -border && h < (int)s.h + border && w >= -border && w < (int)s.w + border;
            if (h < 0 || h >= (int)s.h || w < 0 || w >= (int)s.w) continue;
            const double x = call->inputs[0][((n * (int)s.h + h) * (int)s.w + w) * (int)s.c + c];
            found.maximum = fmax(found.maximum, x);
            found.sum += x;
        }
    }
    return found;
}

static void reference(const rt_reference_call *call, double *y, bool average)
{
    const rt_shape s = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++) {
        const int64_t pixel = i / s.c;
        const window found =
            look_through(call, (int)(pixel / (s.h * s.w)), (int)(pixel / s.w % s.h),
                         (int)(pixel % s.w), (int)(i % s.c));
        y[i] = average ? found.sum / found.counted : found.maximum;
    }
}

static void reference_max(const rt_reference_call *call, double *y) { reference(call, y, false); }

static void reference_average(const rt_reference_call *call, double *y)
{
    reference(call, y, true);
}

/* Kernels that fill the image, leave a rest, overlap, leave gaps and reach into the padding; wide
 * ones, further padding of single sides (SAME, a rounding up), averages without the padding; one
 * too large to be unrolled. */
static const rt_pool_options options[] = {
    {.kernel = 2, .stride = 2},
    {.kernel = 3, .stride = 2, .padding = 1},
    {.kernel = 3, .stride = 1, .padding = 1},
    {.kernel = 2, .stride = 3, .padding = 1},
    {.kernel = 1, .stride = 2},
    {.kernel = 5, .stride = 3, .padding = 2},
    {.kernel = 2, .stride = 1, .kernel_w = 3, .stride_w = 2, .padding = 1, .skip_padding = true},
    {.kernel = 3, .stride = 2, .more = {.bottom = 1, .right = 1}},
    {.kernel = 3, .stride = 2, .padding = 1, .more = {.top = 1, .right = 1}},
    {.kernel = 9, .stride = 2, .padding = 4, .skip_padding = true},
};

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

static void build_both(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                       rt_tensor **outputs)
{
    rt_graph_require_gradient(graph, inputs[0]); /* before the operator: so it keeps its taps */
    outputs[0] = rt_max_pool(graph, inputs[0], parameters);
    outputs[1] = outputs[0]->producer->outputs[1];
}

static void reference_both(const rt_reference_call *call, double *y)
{
    const rt_pool_options *o = call->parameters;
    const rt_shape x = call->input_shapes[0], s = call->output_shapes[1];
    reference_max(call, y);
    for (int64_t i = 0; i < call->output_count; i++) {
        const int top = (int)(i / s.c / s.w % s.h * o->stride) - (int)o->padding;
        const int left = (int)(i / s.c % s.w * o->stride) - (int)o->padding;
        for (int tap = (int)(o->kernel * o->kernel); tap-- > 0;) {
            const int h = top + tap / (int)o->kernel, w = left + tap % (int)o->kernel;
            if (h < 0 || w < 0 || h >= (int)x.h || w >= (int)x.w) continue;
            const int n = (int)(i / (s.c * s.w * s.h)), c = (int)(i % s.c);
            if (call->inputs[0][((n * (int)x.h + h) * (int)x.w + w) * (int)x.c + c] == y[i])
                call->outputs[1][i] = tap;
        }
    }
}

/* What the backward pass reads: the first maximum's place, counted in the whole window even where
 * that begins outside the image. */
Test(ops_pool, maximum_keeps_its_place)
{
    const rt_shape shape = {2, 5, 6, 3};
    const rt_pool_options o = {.kernel = 3, .stride = 2, .padding = 1};
    const rt_operator_test test = {.build = build_both,
                                   .reference = reference_both,
                                   .parameters = &o,
                                   .inputs = {{.generate = rt_test_distinct}},
                                   .forward_tolerance = 1e-6,
                                   .no_gradient = true,
                                   .seed = 1};
    rt_test_operator(&test, &shape, 1);
}

/* A NaN shows in every window that it is in, wherever in the window it lies: a diverged network is
 * noticed (on_nan), not smoothed over. */
Test(ops_pool, maximum_passes_nan_on)
{
    float values[16] = {1, 2, 3, 4, 5, NAN, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, y[9];
    rt_graph *graph = rt_test_graph();
    rt_tensor *x = rt_graph_constant(graph, "x", (rt_shape){1, 4, 4, 1}, values);
    rt_tensor *maximum = rt_max_pool(graph, x, &(rt_pool_options){.kernel = 2, .stride = 1});
    rt_test_evaluate(graph, 1, &maximum, (float *[]){y}, 1);
    for (int i = 0; i < 9; i++) {
        const bool has_nan = i / 3 < 2 && i % 3 < 2;
        cr_assert_eq(isnan(y[i]) != 0, has_nan, "window %d gives %g", i, y[i]);
    }
    cr_assert_eq(y[8], 16);
}

/* A window that is the whole image has a kernel of its own, which is faster. */
Test(ops_pool, average_of_the_whole_image)
{
    const rt_shape shape = {2, 5, 3, 7};
    const rt_pool_options whole = {.kernel = 5, .stride = 1, .kernel_w = 3};
    const rt_operator_test test = {.build = build_average,
                                   .reference = reference_average,
                                   .parameters = &whole,
                                   .forward_tolerance = 1e-6,
                                   .gradient_tolerance = 1e-6,
                                   .seed = 1};
    rt_test_operator(&test, &shape, 1);
}

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
    const rt_pool_options wrong[] = {
        {.kernel = 0, .stride = 1},
        {.kernel = 2, .stride = 0},
        {.kernel = 2, .stride = 2, .padding = 2},
        {.kernel = 9, .stride = 1},
        {.kernel = 3, .stride = 1, .kernel_w = 9},
        {.kernel = 2, .stride = 1, .more = {.top = 2}}, /* a window of padding alone */
        {.kernel = 2, .stride = 2, .more = {.right = 2}},
        {.kernel = 2, .stride = 1, .more = {.bottom = UINT32_MAX}},
    };
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 8, 8, 4});
        cr_assert_null(rt_max_pool(graph, x, &wrong[i]));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
