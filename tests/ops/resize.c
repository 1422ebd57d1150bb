#include "tests/ops/operator_test.h"

#include "common/ops/resize.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_resize(graph, inputs[0], parameters);
}

static double place(const rt_resize_options *o, int from, int to, int pixel)
{
    if (o->coordinates == RT_RESIZE_ASYMMETRIC) return (double)pixel * from / to;
    if (o->coordinates == RT_RESIZE_HALF_PIXEL) return (pixel + 0.5) * from / to - 0.5;
    return to == 1 ? 0 : (double)pixel * (from - 1) / (to - 1);
}

/* How much of pixel `own` is in `pixel` of the output: a hat of width 1 around the place, for which
 * places beyond the edge are the edge. */
static double part(const rt_resize_options *o, int from, int to, int pixel, int own)
{
    const double s = fmin(fmax(place(o, from, to, pixel), 0), from - 1);
    if (o->mode == RT_RESIZE_BILINEAR) return fmax(0, 1 - fabs(s - own));
    const double raw = place(o, from, to, pixel);
    int nearest = 0;
    switch (o->rounding) {
    case RT_RESIZE_FLOOR:
        nearest = (int)floor(raw);
        break;
    case RT_RESIZE_CEILING:
        nearest = (int)ceil(raw);
        break;
    case RT_RESIZE_ROUND_HALF_UP:
        nearest = (int)floor(raw + 0.5);
        break;
    case RT_RESIZE_ROUND_HALF_DOWN:
        nearest = -(int)floor(0.5 - raw);
        break;
    }
    nearest = nearest < 0 ? 0 : nearest;
    return own == (nearest > from - 1 ? from - 1 : nearest) ? 1 : 0;
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_resize_options *o = call->parameters;
    const rt_shape x = call->input_shapes[0], s = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++) {
        const uint32_t c = (uint32_t)(i % s.c), n = (uint32_t)(i / (s.c * s.w * s.h));
        const int w = (int)(i / s.c % s.w), h = (int)(i / (s.c * s.w) % s.h);
        y[i] = 0;
        for (uint32_t row = 0; row < x.h; row++)
            for (uint32_t column = 0; column < x.w; column++)
                y[i] += part(o, (int)x.h, (int)s.h, h, (int)row) *
                        part(o, (int)x.w, (int)s.w, w, (int)column) *
                        call->inputs[0][((n * x.h + row) * x.w + column) * x.c + c];
    }
}

static void check(const rt_resize_options *o, rt_shape shape)
{
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = o,
        .forward_tolerance = 1e-6,
        .gradient_tolerance = 1e-5,
        .differences = 16,
        .seed = 1,
    };
    rt_test_operator(&test, &shape, 1);
}

/* Larger, smaller, to one pixel, from one pixel, by a whole factor, in one direction only. */
Test(ops_resize, bilinear)
{
    const rt_resize_coordinates all[] = {RT_RESIZE_HALF_PIXEL, RT_RESIZE_ALIGN_CORNERS,
                                         RT_RESIZE_ASYMMETRIC};
    for (size_t i = 0; i < RT_COUNT(all); i++) {
        rt_resize_options o = {9, 7, RT_RESIZE_BILINEAR, all[i], RT_RESIZE_FLOOR};
        check(&o, (rt_shape){2, 5, 3, 7});
        o.height = 2, o.width = 3;
        check(&o, (rt_shape){2, 5, 4, 3});
    }
    check(&(rt_resize_options){1, 1, RT_RESIZE_BILINEAR, RT_RESIZE_ALIGN_CORNERS, RT_RESIZE_FLOOR},
          (rt_shape){2, 5, 3, 5});
    check(&(rt_resize_options){4, 3, RT_RESIZE_BILINEAR, RT_RESIZE_HALF_PIXEL, RT_RESIZE_FLOOR},
          (rt_shape){2, 1, 1, 5});
    check(&(rt_resize_options){5, 6, RT_RESIZE_BILINEAR, RT_RESIZE_HALF_PIXEL, RT_RESIZE_FLOOR},
          (rt_shape){2, 5, 3, 5});
}

Test(ops_resize, nearest)
{
    const rt_resize_options all[] = {
        {7, 8, RT_RESIZE_NEAREST, RT_RESIZE_ASYMMETRIC, RT_RESIZE_FLOOR},
        {7, 8, RT_RESIZE_NEAREST, RT_RESIZE_HALF_PIXEL, RT_RESIZE_ROUND_HALF_DOWN},
        {3, 2, RT_RESIZE_NEAREST, RT_RESIZE_ALIGN_CORNERS, RT_RESIZE_ROUND_HALF_UP},
        {10, 3, RT_RESIZE_NEAREST, RT_RESIZE_ASYMMETRIC, RT_RESIZE_CEILING},
    };
    for (size_t i = 0; i < RT_COUNT(all); i++) check(&all[i], (rt_shape){2, 5, 4, 7});
}

/* Which pixels a whole factor repeats does not depend on how they are counted. */
Test(ops_resize, whole_factors_repeat_pixels)
{
    const struct {
        rt_resize_coordinates coordinates;
        rt_resize_rounding rounding;
        bool repeats;
    } cases[] = {{RT_RESIZE_ASYMMETRIC, RT_RESIZE_FLOOR, true},
                 {RT_RESIZE_HALF_PIXEL, RT_RESIZE_ROUND_HALF_DOWN, true},
                 {RT_RESIZE_ALIGN_CORNERS, RT_RESIZE_FLOOR, false}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){2, 5, 3, 5});
        rt_resize_options o = {15, 9, RT_RESIZE_NEAREST, cases[i].coordinates, cases[i].rounding};
        const rt_tensor *y = rt_resize(graph, x, &o);
        cr_assert_not_null(y);
        cr_assert_eq(strcmp(y->producer->operator_->name, "upsample_nearest") == 0,
                     cases[i].repeats, "case %zu: %s", i, y->producer->operator_->name);
        o.height = 5, o.width = 3;
        cr_assert_eq(rt_resize(graph, x, &o), x);
        rt_graph_free(graph);
    }
    check(&(rt_resize_options){15, 9, RT_RESIZE_NEAREST, RT_RESIZE_HALF_PIXEL,
                               RT_RESIZE_ROUND_HALF_DOWN},
          (rt_shape){2, 5, 3, 5});
}

Test(ops_resize, refuses_sizes_that_no_image_has)
{
    const rt_resize_options wrong[] = {{.height = 4}, {.height = 65536, .width = 2}};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 6});
        cr_assert_null(rt_resize(graph, x, &wrong[i]));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
