#include "common/ops/conv2d_epilogue.h"

static void add_activation(rt_dispatch *dispatch, float epsilon, float negative_slope,
                           float ceiling)
{
    dispatch->push[1] = RT_CONSTANT("epsilon", epsilon);
    dispatch->push[2] = RT_CONSTANT("negative_slope", negative_slope);
    dispatch->push[3] = RT_CONSTANT("ceiling", ceiling);
}

/* Some range stands in every binding, also where the kernel does not read it. */
static rt_gpu_range range_or(rt_gpu_range range, rt_gpu_range other)
{
    return range.buffer != NULL ? range : other;
}

void rt_conv2d_add_forward_epilogue(rt_dispatch *dispatch, uint32_t constants,
                                    const rt_conv2d_call *call)
{
    const rt_conv2d_activation *a = call->activation;
    const rt_batch_norm_fixed none = {.mean = call->weight,
                                      .variance = call->weight,
                                      .weight = call->weight,
                                      .bias = call->weight,
                                      .negative_slope = a != NULL ? a->negative_slope : 1,
                                      .ceiling = a != NULL ? a->ceiling : RT_NO_CEILING};
    const rt_batch_norm_fixed *norm = call->batch_norm != NULL ? call->batch_norm : &none;
    const rt_gpu_range addend = call->batch_norm != NULL ? norm->residual : call->addend;
    const rt_gpu_range bindings[] = {call->x,
                                     call->weight,
                                     range_or(call->bias, call->weight),
                                     norm->mean,
                                     norm->variance,
                                     norm->weight,
                                     norm->bias,
                                     range_or(addend, call->weight),
                                     call->y,
                                     range_or(call->raw, call->y)};
    for (size_t i = 0; i < RT_COUNT(bindings); i++) dispatch->bindings[i] = bindings[i];
    rt_constant *to = dispatch->constants + constants;
    to[0] = RT_CONSTANT("BIAS", call->bias.buffer != NULL);
    to[1] = RT_CONSTANT("NORMALISE", call->batch_norm != NULL);
    to[2] = RT_CONSTANT("ADD", addend.buffer != NULL);
    to[3] = RT_CONSTANT("ACTIVATE", call->batch_norm != NULL || a != NULL);
    to[4] = RT_CONSTANT("KEEP", call->raw.buffer != NULL);
    add_activation(dispatch, norm->epsilon, norm->negative_slope, norm->ceiling);
}

void rt_conv2d_add_gradient_epilogue(rt_dispatch *dispatch, uint32_t constants,
                                     const rt_conv2d_call *call, rt_gpu_range weights)
{
    const rt_conv2d_gradient_epilogue none = {
        .negative_slope = 1, .ceiling = RT_NO_CEILING, .epsilon = 1};
    const rt_conv2d_gradient_epilogue *e =
        call->gradient_epilogue != NULL ? call->gradient_epilogue : &none;
    const bool activation = e->negative_slope != 1 || e->ceiling < RT_NO_CEILING;
    const rt_gpu_range bindings[] = {call->y_gradient,
                                     weights,
                                     range_or(call->addend, call->y_gradient),
                                     activation ? e->x : call->y_gradient,
                                     e->scales ? e->variance : weights,
                                     e->scales ? e->weight : weights,
                                     range_or(e->addend, call->y_gradient),
                                     call->x_gradient};
    for (size_t i = 0; i < RT_COUNT(bindings); i++) dispatch->bindings[i] = bindings[i];
    rt_constant *to = dispatch->constants + constants;
    to[0] = RT_CONSTANT("ADD", call->addend.buffer != NULL);
    to[1] = RT_CONSTANT("ACTIVATION", activation);
    to[2] = RT_CONSTANT("SCALE", e->scales);
    to[3] = RT_CONSTANT("ADD_BEHIND", e->addend.buffer != NULL);
    add_activation(dispatch, e->epsilon, e->negative_slope, e->ceiling);
}
