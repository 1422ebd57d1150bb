#include "common/ops/conv2d_layer.h"

#include "common/ops/conv2d_choice.h"
#include "common/ops/conv2d_grouped.h"

enum { X, WEIGHT, BIAS };

/* Lines of an image with its zeros, and from a kernel's first tap to its last. 64 bits: both come
 * from files. */
static uint64_t padded(uint32_t size, uint32_t padding, uint32_t before, uint32_t behind)
{
    return (uint64_t)size + 2 * (uint64_t)padding + before + behind;
}

static uint64_t reach(uint32_t taps, uint32_t dilation)
{
    return (uint64_t)(taps - 1) * dilation + 1;
}

rt_status rt_conv2d_check(const rt_node *node)
{
    enum { MOST = 1 << 15 }; /* so that the kernels' sums stay far from 2^31 */
    const rt_conv2d_options *o = node->attributes;
    if (node->inputs[X] == NULL || node->inputs[WEIGHT] == NULL)
        return rt_fail(RT_ERROR_INTERNAL, "a convolution needs its input and its weights");
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    const rt_tensor *bias = node->inputs[BIAS];
    const uint64_t height = padded(x.h, o->padding, o->more.top, o->more.bottom);
    const uint64_t width = padded(x.w, o->padding, o->more.left, o->more.right);
    if (o->stride < 1 || o->stride > MOST || height - x.h > MOST || width - x.w > MOST ||
        reach(w.n, o->dilation) > MOST || reach(w.h, o->dilation) > MOST)
        return rt_fail(RT_ERROR_INPUT,
                       "no %ux%u convolution of stride %u, padding %u and dilation %u: the stride "
                       "is from 1 to %d, and so far reach padding and kernel at most",
                       w.n, w.h, o->stride, o->padding, o->dilation, MOST);
    if (x.c % o->groups != 0 || w.c % o->groups != 0)
        return rt_fail(RT_ERROR_INPUT, "%u input and %u output channels do not make %u groups", x.c,
                       w.c, o->groups);
    if (w.w != 4 * rt_vec4s(x.c / o->groups))
        return rt_fail(RT_ERROR_INPUT, "the weights are for %u input channels, the input has %u",
                       w.w, x.c / o->groups);
    if (bias != NULL && !rt_shape_equal(bias->shape, (rt_shape){1, 1, 1, w.c}))
        return rt_fail(RT_ERROR_INPUT, "the bias has %u numbers, the output %u channels",
                       bias->shape.c, w.c);
    if (height < reach(w.n, o->dilation) || width < reach(w.h, o->dilation))
        return rt_fail(RT_ERROR_INPUT, "an image of %ux%u is smaller than the %ux%u kernel", x.h,
                       x.w, w.n, w.h);
    return RT_OK;
}

static uint32_t steps(uint64_t size, uint64_t reached, uint32_t stride)
{
    return (uint32_t)((size - reached) / stride + 1);
}

rt_conv2d_shape rt_conv2d_shape_of(rt_shape x, rt_shape w, const rt_conv2d_options *o)
{
    return (rt_conv2d_shape){
        .images = x.n,
        .height = x.h,
        .width = x.w,
        .in_channels = x.c,
        .out_channels = w.c,
        .kernel_h = w.n,
        .kernel_w = w.h,
        .stride = o->stride,
        .top = o->padding + o->more.top,
        .left = o->padding + o->more.left,
        .dilation = o->dilation,
        .out_height = steps(padded(x.h, o->padding, o->more.top, o->more.bottom),
                            reach(w.n, o->dilation), o->stride),
        .out_width = steps(padded(x.w, o->padding, o->more.left, o->more.right),
                           reach(w.h, o->dilation), o->stride),
    };
}

rt_status rt_conv2d_record_pass(rt_program *program, rt_conv2d_pass pass,
                                const rt_conv2d_call *call, uint32_t groups)
{
    rt_conv2d_choice choice;
    if (groups > 1) return rt_conv2d_grouped_record(program, pass, call, groups);
    RT_TRY(rt_conv2d_choose(rt_program_device(program), &call->shape, pass, &choice));
    return rt_conv2d_dispatch(program, &choice, pass, call);
}

uint64_t rt_conv2d_scratch(const rt_conv2d_shape *shape, uint32_t groups)
{
    return groups > 1 ? rt_conv2d_grouped_partial_bytes(shape, groups)
                      : rt_conv2d_partial_bytes(shape);
}

/* Each tensor once. */
rt_cost rt_conv2d_cost(const rt_node *node, rt_pass pass, uint32_t in_channels)
{
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    const rt_shape y = node->outputs[0]->shape;
    const double results = (double)rt_shape_pixels(y) * y.c;
    const double flops = 2 * results * w.n * w.h * in_channels;
    const double bytes =
        (double)rt_shape_bytes(x) + (double)rt_shape_bytes(w) + (double)rt_shape_bytes(y);
    const int passes = pass == RT_PASS_FORWARD ? 1
                                               : (node->input_gradients[X] != NULL) +
                                                     (node->input_gradients[WEIGHT] != NULL);
    return (rt_cost){.flops = passes * flops, .bytes = passes * bytes};
}
