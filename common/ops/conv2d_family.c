#include "common/ops/conv2d_family.h"

#include <string.h>

const rt_conv2d_family *const rt_conv2d_families[] = {
    &rt_conv2d_shuffle_family,
    &rt_conv2d_shared_family,
    &rt_conv2d_plain_family,
};
const uint32_t rt_conv2d_family_count = RT_COUNT(rt_conv2d_families);

const rt_conv2d_family *rt_conv2d_family_find(const char *name)
{
    for (uint32_t i = 0; i < rt_conv2d_family_count; i++)
        if (strcmp(rt_conv2d_families[i]->name, name) == 0) return rt_conv2d_families[i];
    if (strcmp(rt_conv2d_cooperative_family.name, name) == 0) return &rt_conv2d_cooperative_family;
    return NULL;
}

rt_status rt_conv2d_dispatch(rt_program *program, const rt_conv2d_choice *choice,
                             rt_conv2d_pass pass, const rt_conv2d_call *call)
{
    const rt_conv2d_family *family = choice->family;
    rt_conv2d_call chosen = *call;
    chosen.candidate = choice->candidate;
    switch (pass) {
    case RT_CONV2D_FORWARD:
        return family->forward(program, &chosen);
    case RT_CONV2D_INPUT_GRADIENT:
        return family->input_gradient(program, &chosen);
    default:
        return family->weight_gradient(program, &chosen);
    }
}

const char *rt_conv2d_pass_name(rt_conv2d_pass pass)
{
    static const char *const names[] = {"forward", "input gradient", "weight gradient"};
    return names[pass];
}

bool rt_conv2d_is_usual(const rt_conv2d_shape *shape)
{
    return shape->skipped == 0 && shape->stride <= RT_CONV2D_FAST_STRIDE &&
           shape->kernel_h <= RT_CONV2D_FAST_KERNEL && shape->kernel_w <= RT_CONV2D_FAST_KERNEL &&
           shape->padding <= RT_CONV2D_FAST_PADDING;
}

/* Results along a side of `size` pixels; 0: the image is smaller than the kernel. */
static uint32_t results(const rt_conv2d_shape *shape, uint32_t size, uint32_t kernel)
{
    const uint32_t span = (kernel - 1) * (1 + shape->skipped) + 1;
    const uint32_t padded = size + 2 * shape->padding;
    return padded < span ? 0 : (padded - span) / shape->stride + 1;
}

bool rt_conv2d_complete(rt_conv2d_shape *shape)
{
    shape->out_height = results(shape, shape->height, shape->kernel_h);
    shape->out_width = results(shape, shape->width, shape->kernel_w);
    return shape->out_height > 0 && shape->out_width > 0;
}

static uint64_t weight_bytes(const rt_conv2d_shape *shape)
{
    return (uint64_t)shape->kernel_h * shape->kernel_w * 4 * rt_vec4s(shape->in_channels) *
           rt_vec4s(shape->out_channels) * 16;
}

uint64_t rt_conv2d_partial_bytes(const rt_conv2d_shape *shape)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < rt_conv2d_family_count; i++) {
        const uint32_t parts = rt_conv2d_families[i]->splits(shape);
        if (parts > most) most = parts;
    }
    return most > 1 ? most * weight_bytes(shape) : 0;
}

void rt_conv2d_constants(const rt_conv2d_shape *shape, rt_constant constants[8])
{
    constants[0] = RT_CONSTANT("HEIGHT", shape->height);
    constants[1] = RT_CONSTANT("WIDTH", shape->width);
    constants[2] = RT_CONSTANT("CI", shape->in_channels);
    constants[3] = RT_CONSTANT("CO", shape->out_channels);
    constants[4] = RT_CONSTANT("KERNEL_H", shape->kernel_h);
    constants[5] = RT_CONSTANT("KERNEL_W", shape->kernel_w);
    constants[6] = RT_CONSTANT("STRIDE", shape->stride);
    constants[7] = RT_CONSTANT("PADDING", shape->padding);
}
