/* Layers, where they do more than call an operator. */

#include "common/nn/layers.h"
#include "common/ops/gather.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 2, H = 3, W = 2, C = 8, INPUTS = H * W * C, OUTPUTS = 5 };

/* As PyTorch's x.flatten(1) of [N,C,H,W]. */
static rt_tensor *flatten_by_channel(rt_graph *graph, rt_tensor *x)
{
    int32_t indices[INPUTS];
    for (int c = 0; c < C; c++)
        for (int p = 0; p < H * W; p++) indices[c * H * W + p] = p * C + c;
    return rt_gather(graph, x, (rt_shape){N, 1, 1, INPUTS}, indices);
}

static void write_parameters(rt_parameters *set)
{
    float values[OUTPUTS * INPUTS];
    for (uint32_t row = 0; row < rt_parameters_count(set); row++) {
        const uint64_t count = rt_parameter_numbers(rt_parameters_row(set, row));
        for (uint64_t i = 0; i < count; i++) values[i] = (float)(2 * rt_test_uniform(5, i) - 1);
        rt_test_ok(rt_parameters_write(set, RT_PIECE_VALUES, row, values));
    }
}

Test(nn_layers, linear_from_image_takes_the_file_of_a_flattened_one)
{
    float x[N * INPUTS], direct[N * OUTPUTS], by_gather[N * OUTPUTS];
    for (uint32_t i = 0; i < N * INPUTS; i++) x[i] = (float)(2 * rt_test_uniform(6, i) - 1);
    rt_parameters *set;
    rt_test_ok(rt_parameters_create(&set));
    rt_graph *graph = rt_test_graph();
    rt_layers layers = {.graph = graph, .parameters = set, .scope = "network", .declare = true};
    rt_tensor *image = rt_graph_constant(graph, "x", (rt_shape){N, H, W, C}, x);
    rt_tensor *y = rt_layer_linear_from_image(&layers, "direct", image, OUTPUTS);
    rt_tensor *z = rt_layer_linear(&layers, "gathered", flatten_by_channel(graph, image), OUTPUTS);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    write_parameters(set); /* both layers' alike */
    rt_test_evaluate(graph, 1, (rt_tensor *[]){y, z}, (float *[]){direct, by_gather}, 2);
    rt_parameters_free(set);
    for (int i = 0; i < N * OUTPUTS; i++)
        cr_assert_float_eq(direct[i], by_gather[i], 1e-5, "number %d: %g, %g", i, direct[i],
                           by_gather[i]);
    cr_assert(fabsf(direct[0]) > 1e-3f, "nothing was computed");
}

Test(nn_layers, linear_from_image_needs_whole_vec4s)
{
    rt_parameters *set;
    rt_test_ok(rt_parameters_create(&set));
    rt_graph *graph = rt_test_graph();
    rt_layers layers = {.graph = graph, .parameters = set, .scope = "network", .declare = true};
    rt_tensor *image = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 3});
    cr_assert_null(rt_layer_linear_from_image(&layers, "fc", image, OUTPUTS));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
    rt_parameters_free(set);
}

/* Each of a network's dropouts draws by itself; in evaluation there is none. */
Test(nn_layers, dropout_is_there_in_training_only)
{
    enum { COUNT = 32 };
    float ones[COUNT], first[COUNT], second[COUNT];
    for (int i = 0; i < COUNT; i++) ones[i] = 1;
    rt_graph *graph = rt_test_graph();
    rt_layers layers = {.graph = graph, .scope = "network"};
    rt_tensor *x = rt_graph_constant(graph, "x", (rt_shape){1, 1, 1, COUNT}, ones);
    cr_assert_eq(rt_layer_dropout(&layers, x, 0.5f), x);
    layers.training = true;
    cr_assert_eq(rt_layer_dropout(&layers, x, 0), x);
    rt_tensor *a = rt_layer_dropout(&layers, x, 0.5f), *b = rt_layer_dropout(&layers, x, 0.5f);
    rt_test_evaluate(graph, 1, (rt_tensor *[]){a, b}, (float *[]){first, second}, 2);
    int zeros = 0;
    for (int i = 0; i < COUNT; i++) zeros += first[i] == 0;
    cr_assert(zeros > 4 && zeros < 28, "%d of %d are dropped", zeros, COUNT);
    cr_assert_neq(memcmp(first, second, sizeof first), 0, "both dropouts drew the same");
}

static void check_row(const rt_parameters *set, const char *name, rt_shape dims, uint32_t fan)
{
    const int64_t row = rt_parameters_find(set, name);
    cr_assert_geq(row, 0, "no parameter '%s'", name);
    const rt_parameter *p = rt_parameters_row(set, (uint32_t)row);
    cr_assert(rt_shape_equal((rt_shape){p->dims[0], p->dims[1], p->dims[2], p->dims[3]}, dims),
              "'%s'", name);
    cr_assert_float_eq(p->initial.b * p->initial.b, 2 / (float)fan, 1e-6, "'%s'", name);
}

/* Files and initial values as PyTorch has them: fan-in is dims[1], fan-out dims[0], by the taps. */
Test(nn_layers, convolutions_declare_the_weights_of_a_group)
{
    rt_parameters *set;
    rt_test_ok(rt_parameters_create(&set));
    rt_graph *graph = rt_test_graph();
    rt_layers layers = {.graph = graph,
                        .parameters = set,
                        .scope = "network",
                        .declare = true,
                        .rule = RT_RULE_HE_FAN_IN};
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 6, 5, 8});
    x = rt_layer_conv2d(&layers, "depthwise", x,
                        &(rt_conv2d_layer){.channels = 8,
                                           .kernel = 3,
                                           .stride = 1,
                                           .padding = 2,
                                           .dilation = 2,
                                           .groups = 8,
                                           .more = {.bottom = 1}});
    rt_test_ok(rt_graph_status(graph));
    cr_assert(rt_shape_equal(x->shape, (rt_shape){1, 7, 5, 8}));
    layers.rule = RT_RULE_HE_FAN_OUT;
    x = rt_layer_conv_transpose2d(
        &layers, "up", x,
        &(rt_conv_transpose2d_layer){.channels = 12,
                                     .kernel = 4,
                                     .options = {.stride = 2, .padding = 1, .groups = 4},
                                     .bias = true});
    rt_test_ok(rt_graph_status(graph));
    cr_assert(rt_shape_equal(x->shape, (rt_shape){1, 14, 10, 12}));
    check_row(set, "depthwise.weight", (rt_shape){8, 1, 3, 3}, 9);
    check_row(set, "up.weight", (rt_shape){8, 3, 4, 4}, 8 * 16);
    cr_assert_lt(rt_parameters_find(set, "depthwise.bias"), 0);
    cr_assert_eq(rt_parameters_row(set, (uint32_t)rt_parameters_find(set, "up.bias"))->dims[0], 12);
    rt_graph_free(graph);
    rt_parameters_free(set);
}
