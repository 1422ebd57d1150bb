#include "common/ops/conv2d_gpu.h"

#include <assert.h>

uint32_t rt_conv2d_result_vectors(const rt_conv2d_shape *s, rt_conv2d_pass pass)
{
    return rt_vec4s(pass == RT_CONV2D_INPUT_GRADIENT ? s->in_channels : s->out_channels);
}

uint64_t rt_conv2d_result_rows(const rt_conv2d_shape *s, rt_conv2d_pass pass)
{
    switch (pass) {
    case RT_CONV2D_FORWARD:
        return (uint64_t)s->images * s->out_height * s->out_width;
    case RT_CONV2D_INPUT_GRADIENT:
        return (uint64_t)s->images * rt_groups(s->height, s->stride) *
               rt_groups(s->width, s->stride);
    default:
        return (uint64_t)s->kernel_h * s->kernel_w * 4 * rt_vec4s(s->in_channels);
    }
}

static bool has_few_pixels(rt_conv2d_shape shape, rt_conv2d_pass pass)
{
    shape.images = 1;
    const uint64_t pixels = rt_conv2d_result_rows(&shape, pass);
    const uint32_t vectors = rt_conv2d_result_vectors(&shape, pass);
    return pixels * vectors * vectors <= 256 * 16 * 16;
}

static const void *const *list_of(const rt_conv2d_tile_class *class, const rt_conv2d_shape *shape,
                                  rt_conv2d_pass pass)
{
    const uint32_t vectors = rt_conv2d_result_vectors(shape, pass);
    while (class->vectors < vectors) class ++;
    if (pass == RT_CONV2D_WEIGHT_GRADIENT) return class->weights;
    return has_few_pixels(*shape, pass) ? class->few_pixels : class->pixels;
}

uint32_t rt_conv2d_count_tiles(const rt_conv2d_tiles *tiles, const rt_device_info *device,
                               const rt_conv2d_shape *shape, rt_conv2d_pass pass)
{
    const void *const *list = list_of(tiles->classes, shape, pass);
    uint32_t count = 0;
    if (!rt_conv2d_is_usual(shape)) return 0;
    for (size_t i = 0; i < RT_CONV2D_MOST_TILES && list[i] != NULL; i++)
        if (tiles->fits(device, list[i])) count++;
    return count;
}

const void *rt_conv2d_find_tile(const rt_conv2d_tiles *tiles, rt_program *program,
                                const rt_conv2d_call *call, rt_conv2d_pass pass)
{
    const rt_device_info *device = rt_device_describe(rt_program_device(program));
    const void *const *list = list_of(tiles->classes, &call->shape, pass);
    uint32_t skipped = 0;
    for (size_t i = 0; i < RT_CONV2D_MOST_TILES && list[i] != NULL; i++)
        if (tiles->fits(device, list[i]) && skipped++ == call->candidate) return list[i];
    assert(!"a candidate that there is");
    return NULL;
}

enum { CORES = 132 }; /* of an H100 or H200, by which the rest was measured */

/* Workgroups of the best known tile for one part. */
static uint32_t pieces_of(const rt_conv2d_shape *s)
{
    const uint32_t vectors = rt_conv2d_result_vectors(s, RT_CONV2D_WEIGHT_GRADIENT);
    const uint64_t rows = rt_conv2d_result_rows(s, RT_CONV2D_WEIGHT_GRADIENT);
    if (vectors > 16) return rt_groups(rows, 128) * rt_groups(vectors, 32);
    return vectors > 8 ? rt_groups(rows, 192) : rt_groups(rows, 128);
}

/* Of large tiles two fit a core, because of their registers; with few channels many. */
static uint32_t workgroups_at_once(const rt_conv2d_shape *s)
{
    const uint32_t vectors = rt_conv2d_result_vectors(s, RT_CONV2D_WEIGHT_GRADIENT);
    if (vectors > 8) return 2 * CORES;
    return (vectors > 4 ? 8 : 4) * CORES;
}

/* What fills the cores once, and a little less rather than more: 9 x 29 workgroups ran a third
 * faster than 9 x 32. Where that is one part or none, up to three if fewer cores wait at the end.
 */
uint32_t rt_conv2d_gpu_splits(const rt_conv2d_shape *s)
{
    enum { PIXELS_A_SPLIT = 256, MOST_ROUNDED = 3 };
    const uint32_t pieces = pieces_of(s), at_once = workgroups_at_once(s);
    const uint64_t pixels = (uint64_t)s->images * s->out_height * s->out_width;
    const uint32_t possible = rt_groups(pixels, PIXELS_A_SPLIT);
    uint32_t splits = at_once / pieces;
    if (splits < 2) {
        double busiest = 0;
        for (uint32_t parts = 1; parts <= MOST_ROUNDED; parts++) {
            const double busy =
                (double)(parts * pieces) / (rt_groups(parts * pieces, at_once) * at_once);
            if (busy > busiest + 0.05) {
                busiest = busy;
                splits = parts;
            }
        }
    }
    return splits < possible ? splits : possible;
}

void rt_conv2d_gpu_constant(rt_dispatch *dispatch, const char *name, double value)
{
    uint32_t place = 0;
    while (dispatch->constants[place].name != NULL) place++;
    assert(place < RT_MAXIMUM_CONSTANTS);
    dispatch->constants[place] = (rt_constant){.name = name, .value = value};
}

/* `other`: what is bound in place of a range that the kernel does not read. */
static rt_gpu_range range_or(rt_gpu_range range, rt_gpu_range other)
{
    return range.buffer != NULL ? range : other;
}

void rt_conv2d_gpu_bind(rt_dispatch *dispatch, const rt_conv2d_call *call, rt_conv2d_pass pass,
                        uint32_t rows, uint32_t vectors)
{
    const rt_conv2d_shape *s = &call->shape;
    rt_gpu_range *bind = dispatch->bindings;
    uint32_t layers = 1;
    rt_conv2d_constants(s, dispatch->constants);
    switch (pass) {
    case RT_CONV2D_FORWARD:
        bind[0] = call->x;
        bind[1] = call->weight;
        bind[2] = range_or(call->bias, call->weight);
        bind[3] = call->y;
        rt_conv2d_gpu_constant(dispatch, "BIAS", call->bias.buffer != NULL);
        break;
    case RT_CONV2D_INPUT_GRADIENT:
        bind[0] = call->y_gradient;
        bind[1] = call->transposed;
        bind[2] = range_or(call->addend, call->y_gradient);
        bind[3] = call->x_gradient;
        rt_conv2d_gpu_constant(dispatch, "ADD", call->addend.buffer != NULL);
        layers = s->stride * s->stride;
        break;
    default:
        layers = rt_conv2d_gpu_splits(s);
        bind[0] = call->x;
        bind[1] = call->y_gradient;
        bind[2] = layers > 1 ? call->partial : call->weight_gradient;
    }
    dispatch->push[0] = RT_CONSTANT("images", s->images);
    dispatch->groups[0] = rt_groups(rt_conv2d_result_rows(s, pass), rows);
    dispatch->groups[1] = rt_groups(rt_conv2d_result_vectors(s, pass), vectors);
    dispatch->groups[2] = layers;
    dispatch->label = call->label;
}

static rt_status sum_parts(rt_program *program, const rt_conv2d_call *call, uint32_t parts)
{
    enum { VECTORS_A_GROUP = 32 };
    const uint64_t count = call->weight_gradient.size / 16;
    const rt_dispatch dispatch = {
        .shader = "conv2d_sum_parts",
        .push = {RT_CONSTANT("parts", parts), RT_CONSTANT("count", count)},
        .bindings = {call->partial, call->weight_gradient},
        .groups = {rt_groups(count, VECTORS_A_GROUP), 1, 1},
        .label = call->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

rt_status rt_conv2d_gpu_record(rt_program *program, const rt_conv2d_call *call, rt_conv2d_pass pass,
                               const rt_dispatch *dispatch)
{
    const uint32_t parts = rt_conv2d_gpu_splits(&call->shape);
    RT_TRY(rt_program_dispatch(program, dispatch));
    return pass == RT_CONV2D_WEIGHT_GRADIENT && parts > 1 ? sum_parts(program, call, parts) : RT_OK;
}
