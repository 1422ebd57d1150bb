#include "tests/ops/operator_test.h"

#include "common/base/random.h"
#include "common/ops/advance.h"
#include "common/ops/crop_flip.h"

#include <criterion/criterion.h>
#include <string.h>

static void build_given(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                        rt_tensor **outputs)
{
    outputs[0] = rt_crop_flip(graph, inputs[0], inputs[1], parameters);
}

/* Pads with zeros, crops, then mirrors: three steps, where the shader has one. */
static void crop_flip(const rt_shape s, uint32_t padding, const double *image, const double *draw,
                      double *y)
{
    const uint32_t dx = (uint32_t)draw[0], dy = (uint32_t)draw[1];
    const bool flip = draw[2] != 0;
    for (uint32_t h = 0; h < s.h; h++) {
        for (uint32_t w = 0; w < s.w; w++) {
            const uint32_t padded_h = h + dy, padded_w = w + dx;
            const bool inside = padded_h >= padding && padded_h < padding + s.h &&
                                padded_w >= padding && padded_w < padding + s.w;
            const uint32_t from = (padded_h - padding) * s.w + padded_w - padding;
            const uint32_t to = h * s.w + (flip ? s.w - 1 - w : w);
            for (uint32_t c = 0; c < s.c; c++) y[to * s.c + c] = inside ? image[from * s.c + c] : 0;
        }
    }
}

static void reference_given(const rt_reference_call *call, double *y)
{
    const rt_crop_flip_options *o = call->parameters;
    const rt_shape s = call->input_shapes[0];
    const uint64_t image = (uint64_t)s.h * s.w * s.c;
    for (uint32_t row = 0; row < call->output_shapes[0].n; row++)
        crop_flip(s, o->padding, call->inputs[0] + row % s.n * image, call->inputs[1] + 3 * row,
                  y + row * image);
}

static void generate_draws(const rt_test_draw *draw, float *values)
{
    const rt_crop_flip_options *o = draw->parameters;
    for (uint64_t i = 0; i < draw->count; i++) {
        const double below = i % 3 == 2 ? 2 : 2 * o->padding + 1;
        values[i] = (float)(uint32_t)(rt_test_uniform(draw->seed, i) * below);
    }
}

Test(ops_crop_flip, given_draws_match_reference_and_differences)
{
    const rt_crop_flip_options all[] = {{.padding = 2, .views = 1},
                                        {.padding = 4, .flip = true, .views = 2},
                                        {.padding = 0, .views = 3}};
    for (size_t i = 0; i < RT_COUNT(all); i++) {
        const uint32_t views = all[i].views;
        const rt_shape shapes[] = {{1, 1, 1, 1},         {views, 1, 1, 3}, {5, 6, 7, 3},
                                   {5 * views, 1, 1, 3}, {3, 4, 9, 6},     {3 * views, 1, 1, 3}};
        const rt_operator_test test = {
            .build = build_given,
            .reference = reference_given,
            .parameters = &all[i],
            .input_count = 2,
            .inputs = {{0}, {.no_gradient = true, .generate = generate_draws}},
            .forward_tolerance = 2e-7,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

/* What a step has drawn for an image, from an image that holds its pixels' own numbers. */
enum { IMAGES = 40, VIEWS = 3, SIZE = 9, PADDING = 3, STEPS = 2 };
static const uint64_t SEED = 0x123456789abcdef0;

static void expect_image(const float *y, uint32_t step, uint32_t row)
{
    uint32_t draws[4];
    rt_philox(SEED, RT_STREAM_AUGMENT, step, row, draws);
    const double draw[3] = {rt_random_below(draws[0], 2 * PADDING + 1),
                            rt_random_below(draws[1], 2 * PADDING + 1), draws[2] >> 31};
    const rt_shape shape = {1, SIZE, SIZE, 1};
    double image[SIZE * SIZE], wanted[SIZE * SIZE];
    for (int i = 0; i < SIZE * SIZE; i++) image[i] = 1000 * (row % IMAGES) + i + 1;
    crop_flip(shape, PADDING, image, draw, wanted);
    for (int i = 0; i < SIZE * SIZE; i++)
        cr_assert_eq(y[4 * (row * SIZE * SIZE + i)], wanted[i], "step %u, row %u, pixel %d: %g, %g",
                     step, row, i, y[4 * (row * SIZE * SIZE + i)], wanted[i]);
}

/* The draws are those of the host's generator, for every view by itself, and new in every step. */
Test(ops_crop_flip, draws_by_seed_stream_step_and_image)
{
    float values[IMAGES * SIZE * SIZE];
    for (int i = 0; i < IMAGES * SIZE * SIZE; i++)
        values[i] = (float)(1000 * (i / (SIZE * SIZE)) + i % (SIZE * SIZE) + 1);
    rt_graph *graph;
    rt_phase *phase;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_constant(graph, "x", (rt_shape){IMAGES, SIZE, SIZE, 1}, values);
    rt_tensor *y = rt_crop_flip(graph, x, NULL,
                                &(rt_crop_flip_options){.padding = PADDING,
                                                        .flip = true,
                                                        .views = VIEWS,
                                                        .seed = SEED,
                                                        .stream = RT_STREAM_AUGMENT});
    rt_graph_output(graph, y);
    rt_advance(graph);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    for (uint32_t step = 0; step < STEPS; step++) {
        rt_test_ok(rt_phase_submit(phase));
        rt_test_ok(rt_phase_wait(phase));
        for (uint32_t row = 0; row < IMAGES * VIEWS; row++)
            expect_image(rt_phase_output(phase, y), step, row);
    }
    rt_phase_free(phase);
    rt_graph_free(graph);
}

/* Without `flip` nothing is mirrored: a padding of 0 leaves the images as they are. */
Test(ops_crop_flip, no_flip_and_no_padding_change_nothing)
{
    float values[IMAGES * 5];
    for (int i = 0; i < IMAGES * 5; i++) values[i] = (float)i;
    rt_graph *graph;
    rt_phase *phase;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_constant(graph, "x", (rt_shape){IMAGES, 1, 5, 1}, values);
    rt_tensor *y = rt_crop_flip(graph, x, NULL, &(rt_crop_flip_options){.seed = SEED});
    rt_graph_output(graph, y);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    for (int i = 0; i < IMAGES * 5; i++) cr_assert_eq(rt_phase_output(phase, y)[4 * i], values[i]);
    rt_phase_free(phase);
    rt_graph_free(graph);
}

Test(ops_crop_flip, refuses_draws_of_another_shape)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){4, 2, 2, 1});
    rt_tensor *draws = rt_graph_state(graph, "draws", (rt_shape){4, 1, 1, 3});
    cr_assert_null(rt_crop_flip(graph, x, draws, &(rt_crop_flip_options){.views = 2}));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
