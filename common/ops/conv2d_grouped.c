#include "common/ops/conv2d_grouped.h"

#include "common/ops/conv2d_depthwise.h"

enum { WORKGROUP = 64 };

static uint64_t weight_vectors(const rt_conv2d_shape *s, uint32_t groups)
{
    return (uint64_t)s->kernel_h * s->kernel_w * 4 * rt_vec4s(s->in_channels / groups) *
           rt_vec4s(s->out_channels);
}

static bool is_depthwise(const rt_conv2d_shape *s, uint32_t groups)
{
    return groups == s->in_channels && rt_conv2d_depthwise_does(s);
}

/* Parts of a weight gradient: for a few thousand invocations, by whole lines of pixels; of the
 * shape alone, because the order of sums decides the bits. */
static uint32_t parts_of(const rt_conv2d_shape *s, uint32_t groups)
{
    enum { INVOCATIONS = 8192, LINES_A_PART = 16 };
    if (is_depthwise(s, groups)) return rt_conv2d_depthwise_parts(s);
    const uint32_t wanted = rt_groups(INVOCATIONS, weight_vectors(s, groups));
    const uint32_t possible = rt_groups((uint64_t)s->images * s->out_height, LINES_A_PART);
    return wanted < possible ? wanted : possible;
}

uint64_t rt_conv2d_grouped_partial_bytes(const rt_conv2d_shape *s, uint32_t groups)
{
    const uint32_t parts = parts_of(s, groups);
    return parts > 1 ? 16 * parts * weight_vectors(s, groups) : 0;
}

static rt_status run(rt_program *program, const rt_conv2d_call *call, uint32_t groups,
                     rt_dispatch *dispatch, uint64_t count)
{
    rt_conv2d_constants(&call->shape, dispatch->constants);
    dispatch->constants[RT_CONV2D_CONSTANTS] = RT_CONSTANT("GROUPS", groups);
    dispatch->constants[RT_CONV2D_CONSTANTS + 1] = RT_CONSTANT("DILATION", call->shape.dilation);
    dispatch->push[0] = RT_CONSTANT("images", call->shape.images);
    dispatch->groups[0] = rt_groups(count, WORKGROUP);
    dispatch->label = call->label;
    return rt_program_dispatch(program, dispatch);
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call, uint32_t groups)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool bias = call->bias.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_forward_grouped_plain",
        .bindings = {call->x, call->weight, bias ? call->bias : call->weight, call->y},
    };
    dispatch.constants[RT_CONV2D_CONSTANTS + 2] = RT_CONSTANT("BIAS", bias);
    return run(program, call, groups, &dispatch,
               (uint64_t)s->images * s->out_height * s->out_width * rt_vec4s(s->out_channels));
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call, uint32_t groups)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool add = call->addend.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_input_gradient_grouped_plain",
        .bindings = {call->y_gradient, call->weight, add ? call->addend : call->y_gradient,
                     call->x_gradient},
    };
    dispatch.constants[RT_CONV2D_CONSTANTS + 2] = RT_CONSTANT("ADD", add);
    return run(program, call, groups, &dispatch,
               (uint64_t)s->images * s->height * s->width * rt_vec4s(s->in_channels));
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call, uint32_t groups)
{
    const uint32_t parts = parts_of(&call->shape, groups);
    rt_dispatch dispatch = {
        .shader = "conv2d_weight_gradient_grouped_plain",
        .bindings = {call->x, call->y_gradient, parts > 1 ? call->partial : call->weight_gradient},
        .groups = {0, 1, parts},
    };
    RT_TRY(run(program, call, groups, &dispatch, weight_vectors(&call->shape, groups)));
    return rt_conv2d_reduce(program, call, parts);
}

rt_status rt_conv2d_grouped_record(rt_program *program, rt_conv2d_pass pass,
                                   const rt_conv2d_call *call, uint32_t groups)
{
    if (is_depthwise(&call->shape, groups)) return rt_conv2d_depthwise_record(program, pass, call);
    switch (pass) {
    case RT_CONV2D_FORWARD:
        return forward(program, call, groups);
    case RT_CONV2D_INPUT_GRADIENT:
        return input_gradient(program, call, groups);
    default:
        return weight_gradient(program, call, groups);
    }
}
