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

/* So that the workgroups of the best known tiles just fill 132 cores (H100, H200) once: two of
 * those that keep half of the registers busy, eight of the small ones. */
uint32_t rt_conv2d_gpu_splits(const rt_conv2d_shape *s)
{
    enum { CORES = 132, PIXELS_A_SPLIT = 256 };
    const uint32_t vectors = rt_conv2d_result_vectors(s, RT_CONV2D_WEIGHT_GRADIENT);
    const uint64_t rows = rt_conv2d_result_rows(s, RT_CONV2D_WEIGHT_GRADIENT);
    const uint32_t pieces =
        vectors > 8 ? rt_groups(rows, 192) * rt_groups(vectors, 16) : rt_groups(rows, 128);
    const uint32_t workgroups = (vectors > 8 ? 2 : 8) * CORES;
    const uint64_t pixels = (uint64_t)s->images * s->out_height * s->out_width;
    const uint32_t wanted = workgroups > pieces ? workgroups / pieces : 1;
    const uint32_t possible = rt_groups(pixels, PIXELS_A_SPLIT);
    return wanted < possible ? wanted : possible;
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
