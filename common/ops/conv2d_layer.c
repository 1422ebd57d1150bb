#include "common/ops/conv2d_layer.h"

#include "common/ops/channels.h"
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

rt_status rt_conv2d_role_prepare(const rt_conv2d_role *role, rt_device *device, const rt_work *work,
                                 uint32_t count)
{
    uint32_t passes = 0;
    rt_conv2d_work *all;
    RT_TRY(RT_ALLOC(all, 2 * (size_t)count));
    for (uint32_t i = 0; i < count; i++) {
        const rt_node *node = work[i].node;
        const rt_conv2d_shape shape = role->shape(node);
        if (role->groups(node) > 1) continue; /* nothing to choose */
        if (work[i].pass == RT_PASS_FORWARD) {
            all[passes++] = (rt_conv2d_work){shape, role->forward};
            continue;
        }
        if (node->input_gradients[X] != NULL)
            all[passes++] = (rt_conv2d_work){shape, role->input_gradient};
        if (node->input_gradients[WEIGHT] != NULL)
            all[passes++] = (rt_conv2d_work){shape, RT_CONV2D_WEIGHT_GRADIENT};
    }
    const rt_status status = passes > 0 ? rt_conv2d_prepare(device, all, passes) : RT_OK;
    rt_free(all);
    return status;
}

/* Of the weights' gradient, where it is wanted; a place behind it may be bound. */
static uint64_t weight_scratch(const rt_conv2d_role *role, const rt_node *node)
{
    enum { ALIGNMENT = 256 };
    if (node->input_gradients[WEIGHT] == NULL) return 0;
    const rt_conv2d_shape shape = role->shape(node);
    const uint32_t groups = role->groups(node);
    const uint64_t bytes = groups > 1 ? rt_conv2d_grouped_partial_bytes(&shape, groups)
                                      : rt_conv2d_partial_bytes(&shape);
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

uint64_t rt_conv2d_role_scratch(const rt_conv2d_role *role, const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_FORWARD) return 0;
    const uint64_t bias = node->input_gradients[BIAS] != NULL
                              ? rt_column_sum_bytes(rt_vec4s(node->outputs[0]->shape.c))
                              : 0;
    return weight_scratch(role, node) + bias;
}

rt_status rt_conv2d_role_bias_gradient(const rt_conv2d_role *role, rt_program *program,
                                       const rt_node *node)
{
    const rt_shape y = node->outputs[0]->shape;
    const uint64_t used = weight_scratch(role, node);
    if (node->input_gradients[BIAS] == NULL) return RT_OK;
    return rt_column_sum(program, rt_bind(node->output_gradients[0]), rt_shape_pixels(y),
                         rt_vec4s(y.c), rt_bind(node->input_gradients[BIAS]),
                         rt_subrange(node->scratch, used, node->scratch.size - used));
}

rt_cost rt_conv2d_role_cost(const rt_conv2d_role *role, const rt_node *node, rt_pass pass)
{
    const rt_conv2d_shape shape = role->shape(node);
    const double flops = rt_conv2d_flops(&shape) / role->groups(node);
    const double bytes = (double)rt_shape_bytes(node->inputs[X]->shape) +
                         (double)rt_shape_bytes(node->inputs[WEIGHT]->shape) +
                         (double)rt_shape_bytes(node->outputs[0]->shape);
    const int passes = pass == RT_PASS_FORWARD ? 1
                                               : (node->input_gradients[X] != NULL) +
                                                     (node->input_gradients[WEIGHT] != NULL);
    return (rt_cost){.flops = passes * flops, .bytes = passes * bytes};
}
