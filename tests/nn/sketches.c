/* Values: 1 the convolution, 2 in rt_sketch_activations a softplus of it, which is above 0. */

#include "tests/nn/sketches.h"

#include "common/nn/blueprint.h"
#include "tests/golden/formula.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { CONVOLVED = 1, POSITIVE, CHANNELS = 8, MANY = 40 };

typedef struct sketch {
    rt_blueprint_layer layers[MANY];
    uint32_t inputs[MANY][MANY];
    char names[MANY][8];
    uint32_t count;
} sketch;

/* Adds a layer that reads `from`; its number. */
static uint32_t draw(sketch *s, rt_blueprint_layer layer, uint32_t from)
{
    cr_assert_lt(s->count, MANY);
    snprintf(s->names[s->count], sizeof s->names[0], "l%u", s->count);
    s->inputs[s->count][0] = from;
    layer.name = s->names[s->count];
    layer.inputs = s->inputs[s->count];
    if (layer.input_count == 0) layer.input_count = 1;
    s->layers[s->count++] = layer;
    return s->count;
}

static void draw_convolution(sketch *s, uint32_t from)
{
    draw(s,
         (rt_blueprint_layer){.kind = RT_LAYER_CONV2D,
                              .channels = CHANNELS,
                              .kernel_h = 3,
                              .kernel_w = 2,
                              .stride = 1,
                              .dilation = 2,
                              .groups = 1,
                              .more = {1, 2, 3, 0},
                              .bias = true},
         from);
}

/* Everything between is joined channel by channel, averaged, and becomes logits. */
static rt_network *finish(sketch *s, uint32_t first)
{
    rt_network *network;
    rt_blueprint_layer join = {.kind = RT_LAYER_CONCAT, .input_count = s->count - first + 1};
    const uint32_t joined = draw(s, join, first);
    for (uint32_t i = 0; i < join.input_count; i++) s->inputs[joined - 1][i] = first + i;
    draw(s, (rt_blueprint_layer){.kind = RT_LAYER_GLOBAL_AVERAGE_POOL}, joined);
    draw(s, (rt_blueprint_layer){.kind = RT_LAYER_LINEAR, .channels = 9}, joined + 1);
    const rt_blueprint blueprint = {s->layers, s->count};
    const rt_network_description description = {.arch = "graph",
                                                .blueprint = &blueprint,
                                                .height = 6,
                                                .width = 9,
                                                .channels = 3,
                                                .classes = 9,
                                                .std = {1, 0.5f, 2, 1}};
    rt_test_ok(rt_network_create(&network, &description));
    rt_test_ok(rt_network_allocate(network, rt_test_device()));
    rt_golden_fill(rt_network_parameters(network), "sketch");
    return network;
}

rt_network *rt_sketch_activations(void)
{
    static const bool needs_positive[RT_ACTIVATE_COUNT] = {[RT_ACTIVATE_LOG] = true,
                                                           [RT_ACTIVATE_SQRT] = true,
                                                           [RT_ACTIVATE_POWER] = true,
                                                           [RT_ACTIVATE_RECIPROCAL] = true};
    sketch s = {0};
    draw_convolution(&s, 0);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_ACTIVATION, .function = RT_ACTIVATE_SOFTPLUS},
         CONVOLVED);
    for (uint32_t f = 0; f < RT_ACTIVATE_COUNT; f++) {
        rt_blueprint_layer layer = {.kind = RT_LAYER_ACTIVATION, .function = f};
        if (f == RT_ACTIVATE_CLIP) layer.a = -0.2f, layer.b = 0.3f;
        if (f == RT_ACTIVATE_HARD_SIGMOID) layer.a = 0.3f, layer.b = 0.4f;
        if (f == RT_ACTIVATE_ELU || f == RT_ACTIVATE_POWER) layer.a = 1.7f;
        draw(&s, layer, needs_positive[f] ? POSITIVE : CONVOLVED);
    }
    return finish(&s, POSITIVE);
}

rt_network *rt_sketch_movements(void)
{
    int32_t indices[6 * 9 * 4];
    sketch s = {0};
    draw_convolution(&s, 0);
    for (int32_t i = 0; i < (int32_t)RT_COUNT(indices); i++)
        indices[i] = i % 5 == 0 ? -1 : i * 7 % (6 * 9 * CHANNELS);
    draw(&s,
         (rt_blueprint_layer){.kind = RT_LAYER_GATHER,
                              .height = 6,
                              .width = 9,
                              .channels = 4,
                              .indices = indices,
                              .index_count = RT_COUNT(indices)},
         CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_SOFTMAX}, CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_LOG_SOFTMAX}, CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_SCALE, .factor = -0.7f}, CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_SHIFT, .offset = 0.3f}, CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_LEAKY_RELU, .slope = 0.2f}, CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_SLICE_CHANNELS, .first = 3, .channels = 4},
         CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_CHANNEL_SHUFFLE, .groups = 4}, CONVOLVED);
    return finish(&s, CONVOLVED);
}

/* To another size and back by other ways: all that is joined has the same pixels. */
rt_network *rt_sketch_sizes(void)
{
    sketch s = {0};
    draw_convolution(&s, 0);
    for (uint32_t coordinates = 0; coordinates < 3; coordinates++)
        for (uint32_t rounding = 0; rounding < 4; rounding++)
            draw(&s,
                 (rt_blueprint_layer){.kind = RT_LAYER_RESIZE,
                                      .height = 9,
                                      .width = 12,
                                      .mode = RT_RESIZE_NEAREST,
                                      .coordinates = coordinates,
                                      .rounding = rounding},
                 CONVOLVED);
    for (uint32_t coordinates = 0; coordinates < 3; coordinates++)
        draw(&s,
             (rt_blueprint_layer){.kind = RT_LAYER_RESIZE,
                                  .height = 9,
                                  .width = 12,
                                  .mode = RT_RESIZE_BILINEAR,
                                  .coordinates = coordinates},
             CONVOLVED);
    draw(&s, (rt_blueprint_layer){.kind = RT_LAYER_PAD, .more = {1, 0, 2, 3}, .value = 0.5f},
         CONVOLVED);
    return finish(&s, CONVOLVED + 1);
}
