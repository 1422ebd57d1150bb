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

double rt_conv2d_flops(const rt_conv2d_shape *s)
{
    return 2.0 * s->images * s->out_height * s->out_width * s->out_channels * s->in_channels *
           s->kernel_h * s->kernel_w;
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

bool rt_conv2d_is_usual(const rt_conv2d_shape *shape)
{
    enum { LARGEST_STRIDE = 4, LARGEST_KERNEL = 7, LARGEST_PADDING = 7 };
    return shape->dilation == 1 && shape->stride <= LARGEST_STRIDE &&
           shape->kernel_h <= LARGEST_KERNEL && shape->kernel_w <= LARGEST_KERNEL &&
           shape->top <= LARGEST_PADDING && shape->left <= LARGEST_PADDING;
}

void rt_conv2d_constants(const rt_conv2d_shape *shape, rt_constant constants[RT_CONV2D_CONSTANTS])
{
    constants[0] = RT_CONSTANT("HEIGHT", shape->height);
    constants[1] = RT_CONSTANT("WIDTH", shape->width);
    constants[2] = RT_CONSTANT("CI", shape->in_channels);
    constants[3] = RT_CONSTANT("CO", shape->out_channels);
    constants[4] = RT_CONSTANT("KERNEL_H", shape->kernel_h);
    constants[5] = RT_CONSTANT("KERNEL_W", shape->kernel_w);
    constants[6] = RT_CONSTANT("STRIDE", shape->stride);
    constants[7] = RT_CONSTANT("TOP", shape->top);
    constants[8] = RT_CONSTANT("LEFT", shape->left);
    constants[9] = RT_CONSTANT("OUT_HEIGHT", shape->out_height);
    constants[10] = RT_CONSTANT("OUT_WIDTH", shape->out_width);
}
