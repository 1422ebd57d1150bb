/* The plain family: the definition of the three passes, one vec4 of results an invocation. */
#include "common/ops/conv2d_family.h"

enum { WORKGROUP = 64 };

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    (void)device;
    (void)shape;
    (void)pass;
    return 1;
}

static uint32_t one_part(const rt_conv2d_shape *shape)
{
    (void)shape;
    return 1;
}

static rt_status run(rt_program *program, const rt_conv2d_call *call, rt_dispatch *dispatch,
                     uint64_t count)
{
    rt_conv2d_constants(&call->shape, dispatch->constants);
    dispatch->constants[RT_CONV2D_CONSTANTS] = RT_CONSTANT("DILATION", call->shape.dilation);
    dispatch->push[0] = RT_CONSTANT("images", call->shape.images);
    dispatch->groups[0] = rt_groups(count, WORKGROUP);
    dispatch->label = call->label;
    return rt_program_dispatch(program, dispatch);
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool bias = call->bias.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_forward_plain",
        .bindings = {call->x, call->weight, bias ? call->bias : call->weight, call->y},
    };
    dispatch.constants[RT_CONV2D_CONSTANTS + 1] = RT_CONSTANT("BIAS", bias);
    return run(program, call, &dispatch,
               (uint64_t)s->images * s->out_height * s->out_width * rt_vec4s(s->out_channels));
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool add = call->addend.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_input_gradient_plain",
        .bindings = {call->y_gradient, call->transposed, add ? call->addend : call->y_gradient,
                     call->x_gradient},
    };
    dispatch.constants[RT_CONV2D_CONSTANTS + 1] = RT_CONSTANT("ADD", add);
    return run(program, call, &dispatch,
               (uint64_t)s->images * s->height * s->width * rt_vec4s(s->in_channels));
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    rt_dispatch dispatch = {
        .shader = "conv2d_weight_gradient_plain",
        .bindings = {call->x, call->y_gradient, call->weight_gradient},
    };
    return run(program, call, &dispatch,
               (uint64_t)s->kernel_h * s->kernel_w * 4 * rt_vec4s(s->in_channels) *
                   rt_vec4s(s->out_channels));
}

const rt_conv2d_family rt_conv2d_plain_family = {
    .name = "plain",
    .candidates = candidates,
    .splits = one_part,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
