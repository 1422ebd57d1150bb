#include "common/ops/conv2d.h"

#include "common/ops/add.h"
#include "common/ops/conv2d_choice.h"
#include "common/ops/pad.h"

typedef struct attributes {
    uint32_t stride, padding, dilation;
} attributes;

enum { X, WEIGHT, BIAS };

/* Far beyond any network's; a product of sizes stays within 32 bits. */
enum { LARGEST_KERNEL = 64, LARGEST_PADDING = 64, LARGEST_STEP = 64 };

rt_conv2d_options rt_conv2d_options_of(const rt_node *node)
{
    const attributes *a = node->attributes;
    return (rt_conv2d_options){.stride = a->stride, .padding = a->padding, .dilation = a->dilation};
}

static rt_conv2d_shape shape_of(const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    rt_conv2d_shape shape = {
        .images = x.n,
        .height = x.h,
        .width = x.w,
        .in_channels = x.c,
        .out_channels = w.c,
        .kernel_h = w.n,
        .kernel_w = w.h,
        .stride = a->stride,
        .padding = a->padding,
        .skipped = a->dilation - 1,
    };
    rt_conv2d_complete(&shape); /* without results: 0, which infer_shape refuses */
    return shape;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    if (node->inputs[X] == NULL || node->inputs[WEIGHT] == NULL)
        return rt_fail(RT_ERROR_INTERNAL, "a convolution needs its input and its weights");
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    const rt_tensor *bias = node->inputs[BIAS];
    if (a->stride < 1 || a->stride > LARGEST_STEP || a->dilation > LARGEST_STEP ||
        a->padding > LARGEST_PADDING || w.n > LARGEST_KERNEL || w.h > LARGEST_KERNEL)
        return rt_fail(RT_ERROR_INPUT,
                       "a %ux%u convolution of stride %u, padding %u and dilation %u is not "
                       "supported: kernels, strides, paddings and dilations go up to %d",
                       w.n, w.h, a->stride, a->padding, a->dilation, LARGEST_STEP);
    if (w.w != 4 * rt_vec4s(x.c))
        return rt_fail(RT_ERROR_INPUT, "the weights are for %u input channels, the input has %u",
                       w.w, x.c);
    if (bias != NULL && !rt_shape_equal(bias->shape, (rt_shape){1, 1, 1, w.c}))
        return rt_fail(RT_ERROR_INPUT, "the bias has %u numbers, the output %u channels",
                       bias->shape.c, w.c);
    const rt_conv2d_shape s = shape_of(node);
    if (s.out_height == 0 || s.out_width == 0)
        return rt_fail(RT_ERROR_INPUT, "an image of %ux%u is smaller than the %ux%u kernel", x.h,
                       x.w, w.n, w.h);
    return rt_node_output(graph, node, "y", (rt_shape){x.n, s.out_height, s.out_width, w.c});
}

static rt_status prepare(rt_device *device, const rt_work *work, uint32_t count)
{
    uint32_t passes = 0;
    rt_conv2d_work *all;
    RT_TRY(RT_ALLOC(all, 2 * (size_t)count));
    for (uint32_t i = 0; i < count; i++) {
        const rt_node *node = work[i].node;
        const rt_conv2d_shape shape = shape_of(node);
        if (work[i].pass == RT_PASS_FORWARD) {
            all[passes++] = (rt_conv2d_work){shape, RT_CONV2D_FORWARD};
            continue;
        }
        if (node->input_gradients[X] != NULL)
            all[passes++] = (rt_conv2d_work){shape, RT_CONV2D_INPUT_GRADIENT};
        if (node->input_gradients[WEIGHT] != NULL)
            all[passes++] = (rt_conv2d_work){shape, RT_CONV2D_WEIGHT_GRADIENT};
    }
    const rt_status status = rt_conv2d_prepare(device, all, passes);
    rt_free(all);
    return status;
}

static rt_status dispatch(rt_program *program, rt_conv2d_pass pass, const rt_conv2d_call *call)
{
    rt_conv2d_choice choice;
    RT_TRY(rt_conv2d_choose(rt_program_device(program), &call->shape, pass, &choice));
    return rt_conv2d_dispatch(program, &choice, pass, call);
}

static rt_conv2d_call forward_call(const rt_node *node)
{
    return (rt_conv2d_call){
        .shape = shape_of(node),
        .x = rt_bind(node->inputs[X]),
        .weight = rt_bind(node->inputs[WEIGHT]),
        .bias = node->inputs[BIAS] != NULL ? rt_bind(node->inputs[BIAS]) : (rt_gpu_range){0},
        .y = rt_bind(node->outputs[0]),
        .label = node->label,
    };
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_conv2d_call call = forward_call(node);
    return dispatch(program, RT_CONV2D_FORWARD, &call);
}

static uint64_t aligned(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_FORWARD) return 0;
    const rt_conv2d_shape shape = shape_of(node);
    uint64_t bytes = 0;
    if (node->input_gradients[WEIGHT] != NULL) bytes += aligned(rt_conv2d_partial_bytes(&shape));
    if (node->input_gradients[BIAS] != NULL)
        bytes += rt_column_sum_bytes(rt_vec4s(shape.out_channels));
    return bytes;
}

static rt_status bias_gradient(rt_program *program, const rt_node *node,
                               const rt_conv2d_shape *shape)
{
    rt_gpu_range part = node->scratch;
    const uint64_t used = aligned(rt_conv2d_partial_bytes(shape));
    if (node->input_gradients[WEIGHT] != NULL) {
        part.offset += used;
        part.size -= used;
    }
    return rt_column_sum(program, rt_bind(node->output_gradients[0]),
                         rt_shape_pixels(node->outputs[0]->shape), rt_vec4s(shape->out_channels),
                         rt_bind(node->input_gradients[BIAS]), part);
}

/* The backward pass of `next` as far as a convolution can do it in passing: behind a residual, what
 * passes the activation is stored, because it is the residual's gradient too. */
static rt_conv2d_gradient_epilogue epilogue_of(const rt_node *next)
{
    const rt_batch_norm_fixed b = rt_batch_norm_fixed_of(next);
    const bool residual = b.residual.buffer != NULL;
    rt_conv2d_gradient_epilogue epilogue = {.x = rt_bind(next->outputs[0]),
                                            .negative_slope = b.negative_slope,
                                            .scales = !residual,
                                            .variance = b.variance,
                                            .weight = b.weight,
                                            .epsilon = b.epsilon};
    if (!residual && next->addends[0] != NULL) epilogue.addend = rt_bind(next->addends[0]);
    return epilogue;
}

/* Where the gradient goes that a convolution has taken through `next`'s epilogue. */
static rt_gpu_range epilogue_target(const rt_node *next)
{
    const bool residual = next->inputs[RT_BATCH_NORM_RESIDUAL] != NULL;
    return rt_bind(next->input_gradients[residual ? RT_BATCH_NORM_RESIDUAL : 0]);
}

/* All gradients; that of x goes through the backward pass of `next` too where there is one. */
static rt_status record_backward(rt_program *program, const rt_node *node, const rt_node *next)
{
    rt_conv2d_gradient_epilogue epilogue;
    rt_conv2d_call call = {
        .shape = shape_of(node),
        .x = rt_bind(node->inputs[X]),
        .transposed = node->inputs[WEIGHT]->transposed,
        .y_gradient = rt_bind(node->output_gradients[0]),
        .partial = node->scratch,
        .label = node->label,
    };
    if (node->input_gradients[X] != NULL) {
        call.x_gradient = next != NULL ? epilogue_target(next) : rt_bind(node->input_gradients[X]);
        if (node->addends[X] != NULL) call.addend = rt_bind(node->addends[X]);
        if (next != NULL) {
            epilogue = epilogue_of(next);
            call.gradient_epilogue = &epilogue;
        }
        RT_TRY(dispatch(program, RT_CONV2D_INPUT_GRADIENT, &call));
        if (next != NULL && !epilogue.scales)
            RT_TRY(rt_batch_norm_fixed_backward(program, next, call.x_gradient));
    }
    if (node->input_gradients[WEIGHT] != NULL) {
        call.weight_gradient = rt_bind(node->input_gradients[WEIGHT]);
        RT_TRY(dispatch(program, RT_CONV2D_WEIGHT_GRADIENT, &call));
    }
    if (node->input_gradients[BIAS] != NULL) RT_TRY(bias_gradient(program, node, &call.shape));
    return RT_OK;
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return record_backward(program, node, NULL);
}

/* Whether a batch norm wants all gradients that it has inputs for, so that each has its memory. */
static bool takes_whole_gradient(const rt_node *batch_norm)
{
    const bool residual = batch_norm->inputs[RT_BATCH_NORM_RESIDUAL] != NULL;
    return batch_norm->input_gradients[0] != NULL &&
           (!residual || batch_norm->input_gradients[RT_BATCH_NORM_RESIDUAL] != NULL);
}

/* A batch norm with fixed statistics, or a sum with another tensor, is done to the results on their
 * way to memory; the batch norm's backward pass to the gradient of x. (A sum has none.) */
static bool joins(rt_device *device, const rt_node *node, const rt_node *next, rt_pass pass,
                  bool keeps)
{
    const rt_conv2d_shape shape = shape_of(node);
    rt_conv2d_choice choice;
    const bool sum = next->operator_ == &rt_add_operator && pass == RT_PASS_FORWARD &&
                     next->inputs[1] != node->outputs[0] && !keeps;
    if (!sum && !rt_batch_norm_is_fixed(next)) return false;
    if (pass == RT_PASS_FORWARD ? node->inputs[BIAS] != NULL : !takes_whole_gradient(next))
        return false;
    const rt_conv2d_pass which =
        pass == RT_PASS_FORWARD ? RT_CONV2D_FORWARD : RT_CONV2D_INPUT_GRADIENT;
    /* `prepare` has made the choice, so this cannot fail; if it did, recording would say so. */
    return rt_conv2d_choose(device, &shape, which, &choice) == RT_OK && choice.family->epilogues;
}

static rt_status record_joined(rt_program *program, const rt_node *node, const rt_node *next,
                               rt_pass pass, bool keeps)
{
    if (pass == RT_PASS_BACKWARD) return record_backward(program, node, next);
    rt_conv2d_call call = forward_call(node);
    rt_batch_norm_fixed batch_norm;
    call.y = rt_bind(next->outputs[0]);
    if (next->operator_ == &rt_add_operator) {
        call.addend = rt_bind(next->inputs[1]);
        return dispatch(program, RT_CONV2D_FORWARD, &call);
    }
    batch_norm = rt_batch_norm_fixed_of(next);
    call.batch_norm = &batch_norm;
    if (keeps) call.raw = rt_bind(node->outputs[0]);
    return dispatch(program, RT_CONV2D_FORWARD, &call);
}

/* A multiplication and an addition for each weight and result; each tensor once. */
static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_conv2d_shape s = shape_of(node);
    const double results = (double)s.images * s.out_height * s.out_width * s.out_channels;
    const double flops = 2 * results * s.kernel_h * s.kernel_w * s.in_channels;
    const double bytes = (double)rt_shape_bytes(node->inputs[X]->shape) +
                         (double)rt_shape_bytes(node->inputs[WEIGHT]->shape) +
                         (double)rt_shape_bytes(node->outputs[0]->shape);
    const int passes = pass == RT_PASS_FORWARD ? 1
                                               : (node->input_gradients[X] != NULL) +
                                                     (node->input_gradients[WEIGHT] != NULL);
    return (rt_cost){.flops = passes * flops, .bytes = passes * bytes};
}

const rt_operator rt_conv2d_operator = {
    .name = "conv2d",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(X) | RT_READS_INPUT(WEIGHT),
    .adds = RT_READS_INPUT(X),
    .prepare = prepare,
    .joins = joins,
    .record_joined = record_joined,
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_conv2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                     const rt_conv2d_options *options)
{
    const rt_sides more = options->more;
    const attributes a = {.stride = options->stride,
                          .padding = options->padding,
                          .dilation = options->dilation > 1 ? options->dilation : 1};
    if (more.top + more.left + more.bottom + more.right > 0) x = rt_pad(graph, x, more, 0);
    return rt_graph_apply(graph, &rt_conv2d_operator, (rt_tensor *[]){x, weight, bias}, 3, &a,
                          sizeof a);
}

rt_tensor *rt_linear(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias)
{
    return rt_conv2d(graph, x, weight, bias, &(rt_conv2d_options){.stride = 1});
}
