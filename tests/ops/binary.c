#include "tests/ops/operator_test.h"

#include "common/ops/binary.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>

typedef rt_tensor *(*function)(rt_graph *graph, rt_tensor *a, rt_tensor *b);

typedef struct binary {
    function function;
    char sign;
} binary;

static const binary binaries[] = {
    {rt_add_broadcast, '+'}, {rt_subtract, '-'}, {rt_multiply, '*'}, {rt_divide, '/'}};

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = ((const binary *)parameters)->function(graph, inputs[0], inputs[1]);
}

/* The number of a tensor that belongs to one of the output. */
static double number(const rt_reference_call *call, uint32_t input, const uint32_t at[4])
{
    const rt_shape s = call->input_shapes[input];
    return call->inputs[input][((at[0] % s.n * s.h + at[1] % s.h) * s.w + at[2] % s.w) * s.c +
                               at[3] % s.c];
}

static void reference(const rt_reference_call *call, double *y)
{
    const char sign = ((const binary *)call->parameters)->sign;
    const rt_shape s = call->output_shapes[0];
    uint32_t at[4];
    for (at[0] = 0; at[0] < s.n; at[0]++)
        for (at[1] = 0; at[1] < s.h; at[1]++)
            for (at[2] = 0; at[2] < s.w; at[2]++)
                for (at[3] = 0; at[3] < s.c; at[3]++) {
                    const double a = number(call, 0, at), b = number(call, 1, at);
                    *y++ = sign == '+' ? a + b : sign == '-' ? a - b : sign == '*' ? a * b : a / b;
                }
}

static void check(const binary *which, const rt_shape *shapes, size_t count)
{
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = which,
        .input_count = 2,
        .keep_away_from_zero = 0.3, /* divisors */
        .forward_tolerance = 1e-6,
        .gradient_tolerance = 1e-5,
        .differences = 12,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, count);
}

/* One shape; the same for all pixels; for all of an image's; for all channels; one number. */
Test(ops_binary, repeats_the_second)
{
    const rt_shape shapes[] = {{2, 5, 3, 7}, {2, 5, 3, 7}, {2, 5, 3, 5}, {1, 1, 1, 5},
                               {3, 5, 3, 7}, {3, 1, 1, 7}, {2, 5, 3, 5}, {2, 5, 3, 1},
                               {2, 5, 3, 3}, {1, 1, 1, 1}};
    for (size_t i = 0; i < RT_COUNT(binaries); i++) check(&binaries[i], shapes, RT_COUNT(shapes));
}

/* Rows, columns, images, every other dimension: all ways of the walk over sums. */
Test(ops_binary, repeats_any_dimensions)
{
    const rt_shape shapes[] = {{3, 4, 5, 6}, {3, 1, 5, 1}, {3, 4, 5, 6}, {1, 4, 1, 6},
                               {3, 4, 5, 9}, {1, 4, 5, 1}, {3, 4, 5, 8}, {3, 1, 1, 1}};
    check(&binaries[2], shapes, RT_COUNT(shapes));
}

/* A small minuend, a small dividend, two that are both repeated. */
Test(ops_binary, repeats_the_first)
{
    const rt_shape shapes[] = {{2, 1, 1, 5}, {2, 5, 3, 5}, {2, 1, 1, 3}, {1, 5, 3, 1}};
    for (size_t i = 0; i < RT_COUNT(binaries); i++) check(&binaries[i], shapes, RT_COUNT(shapes));
}

/* Enough terms that their sum is cut into parts, in both ways of cutting. */
Test(ops_binary, sums_many)
{
    const rt_shape shapes[] = {{7, 33, 31, 3}, {1, 1, 1, 3}, {2, 40, 40, 7}, {1, 1, 1, 1}};
    check(&binaries[2], shapes, RT_COUNT(shapes));
}

static void build_square(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                         rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_multiply(graph, inputs[0], inputs[0]);
}

static void reference_square(const rt_reference_call *call, double *y)
{
    for (int64_t i = 0; i < call->output_count; i++) y[i] = call->inputs[0][i] * call->inputs[0][i];
}

Test(ops_binary, a_tensor_times_itself)
{
    const rt_shape shape = {2, 5, 3, 7};
    const rt_operator_test test = {.build = build_square,
                                   .reference = reference_square,
                                   .forward_tolerance = 1e-6,
                                   .gradient_tolerance = 1e-5,
                                   .seed = 1};
    rt_test_operator(&test, &shape, 1);
}

Test(ops_binary, refuses_what_does_not_fit)
{
    for (size_t i = 0; i < RT_COUNT(binaries); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *a = rt_graph_state(graph, "a", (rt_shape){2, 4, 4, 6});
        rt_tensor *b = rt_graph_state(graph, "b", (rt_shape){1, 1, 2, 6});
        cr_assert_null(binaries[i].function(graph, a, b));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
