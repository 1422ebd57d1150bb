#include "tests/ops/operator_test.h"

#include "common/ops/gather.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>

/* An order, as a function of the output's h, w, c: which number of the sample, or -1. */
typedef struct order {
    rt_shape shape; /* of the output; n is not read */
    int32_t (*index)(rt_shape x, uint32_t h, uint32_t w, uint32_t c);
    bool whole_vec4s; /* what the table should be found to be */
} order;

static int32_t at(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    return (int32_t)((h * x.w + w) * x.c + c);
}

static int32_t flatten_channels_first(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    const uint32_t pixels = x.h * x.w;
    (void)h, (void)w;
    return at(x, c % pixels / x.w, c % x.w, c / pixels);
}

static int32_t transpose_pixels(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    return at(x, w, h, c);
}

static int32_t channels_to_rows(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    return at(x, c, w, h);
}

/* A border of 1 above and to the left, and every second column left out. */
static int32_t pad_and_stride(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    return h == 0 || w == 0 ? -1 : at(x, h - 1, 2 * (w - 1), c);
}

/* The first channel for all, backwards. */
static int32_t repeat_first(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    (void)c;
    return at(x, x.h - 1 - h, w, 0);
}

/* Some of them often, some never, some 0. */
static int32_t uneven(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    const uint32_t i = (h * 3 + w) * 7 + c;
    return i % 5 == 0 ? -1 : (int32_t)(i * i % (x.h * x.w * x.c));
}

static int32_t nothing(rt_shape x, uint32_t h, uint32_t w, uint32_t c)
{
    (void)x, (void)h, (void)w, (void)c;
    return -1;
}

static int32_t *make_indices(const order *o, rt_shape x)
{
    int32_t *indices;
    rt_test_ok(RT_ALLOC(indices, (size_t)o->shape.h * o->shape.w * o->shape.c));
    size_t i = 0;
    for (uint32_t h = 0; h < o->shape.h; h++)
        for (uint32_t w = 0; w < o->shape.w; w++)
            for (uint32_t c = 0; c < o->shape.c; c++) indices[i++] = o->index(x, h, w, c);
    return indices;
}

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const order *o = parameters;
    int32_t *indices = make_indices(o, inputs[0]->shape);
    outputs[0] = rt_gather(graph, inputs[0], o->shape, indices);
    rt_free(indices);
    const rt_gather_attributes *a = outputs[0]->producer->attributes;
    cr_assert_eq(a->whole_vec4s, o->whole_vec4s, "the wrong kernel for %ux%ux%u", o->shape.h,
                 o->shape.w, o->shape.c);
}

static void reference(const rt_reference_call *call, double *y)
{
    const order *o = call->parameters;
    const rt_shape x = call->input_shapes[0], s = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++) {
        const uint32_t n = (uint32_t)(i / (s.h * s.w * s.c));
        const int32_t from = o->index(x, (uint32_t)(i / (s.w * s.c) % s.h),
                                      (uint32_t)(i / s.c % s.w), (uint32_t)(i % s.c));
        y[i] = from < 0 ? 0 : call->inputs[0][n * x.h * x.w * x.c + (uint32_t)from];
    }
}

Test(ops_gather, matches_reference_and_differences)
{
    const struct {
        rt_shape x;
        order order;
    } cases[] = {
        {{2, 5, 3, 7}, {{0, 1, 1, 105}, flatten_channels_first, false}},
        {{3, 1, 1, 33}, {{0, 1, 1, 33}, flatten_channels_first, true}},
        {{2, 5, 3, 6}, {{0, 3, 5, 6}, transpose_pixels, true}},
        {{2, 3, 5, 7}, {{0, 7, 5, 3}, channels_to_rows, false}},
        {{2, 4, 5, 5}, {{0, 5, 4, 5}, pad_and_stride, true}},
        {{2, 5, 3, 5}, {{0, 5, 3, 9}, repeat_first, false}},
        {{3, 2, 3, 5}, {{0, 4, 3, 7}, uneven, false}},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &cases[i].order,
            .forward_tolerance = 1e-7,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, &cases[i].x, 1);
    }
}

/* Channels that lie beside padding: not a whole vec4 unless the padding on both sides agrees. */
Test(ops_gather, padding_is_not_taken_for_channels)
{
    const order first_three = {
        {0, 2, 2, 3}, transpose_pixels, false}; /* of 4: the fourth is real */
    const order none = {{0, 1, 2, 3}, nothing, true};
    const rt_shape x = {2, 2, 2, 4};
    rt_operator_test test = {.build = build,
                             .reference = reference,
                             .parameters = &first_three,
                             .forward_tolerance = 1e-7,
                             .gradient_tolerance = 1e-6,
                             .seed = 1};
    rt_test_operator(&test, &x, 1);
    test.parameters = &none;
    rt_test_operator(&test, &x, 1);
}

Test(ops_gather, refuses_indices_out_of_range)
{
    const int32_t wrong[][2] = {{0, 12}, {-2, 0}};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 3});
        cr_assert_null(rt_gather(graph, x, (rt_shape){1, 1, 1, 2}, wrong[i]));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
