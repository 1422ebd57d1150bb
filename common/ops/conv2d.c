#include "common/ops/conv2d.h"

#include "common/ops/conv2d_choice.h"

typedef struct attributes {
    uint32_t stride, padding;
} attributes;

enum { X, WEIGHT, BIAS };

/* The largest kernel and padding whose unrolled bodies have been tried. */
enum { LARGEST_KERNEL = 7, LARGEST_PADDING = 7 };

static rt_conv2d_shape shape_of(const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    return (rt_conv2d_shape){
        .images = x.n,
        .height = x.h,
        .width = x.w,
        .in_channels = x.c,
        .out_channels = w.c,
        .kernel_h = w.n,
        .kernel_w = w.h,
        .stride = a->stride,
        .padding = a->padding,
        .out_height = (x.h + 2 * a->padding - w.n) / a->stride + 1,
        .out_width = (x.w + 2 * a->padding - w.h) / a->stride + 1,
    };
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    if (node->inputs[X] == NULL || node->inputs[WEIGHT] == NULL)
        return rt_fail(RT_ERROR_INTERNAL, "a convolution needs its input and its weights");
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    const rt_tensor *bias = node->inputs[BIAS];
    if (a->stride < 1 || a->stride > 2 || a->padding > LARGEST_PADDING || w.n > LARGEST_KERNEL ||
        w.h > LARGEST_KERNEL)
        return rt_fail(RT_ERROR_INPUT,
                       "a %ux%u convolution of stride %u and padding %u is not supported: kernels "
                       "up to %d, strides 1 and 2, padding up to %d",
                       w.n, w.h, a->stride, a->padding, LARGEST_KERNEL, LARGEST_PADDING);
    if (w.w != 4 * rt_vec4s(x.c))
        return rt_fail(RT_ERROR_INPUT, "the weights are for %u input channels, the input has %u",
                       w.w, x.c);
    if (bias != NULL && !rt_shape_equal(bias->shape, (rt_shape){1, 1, 1, w.c}))
        return rt_fail(RT_ERROR_INPUT, "the bias has %u numbers, the output %u channels",
                       bias->shape.c, w.c);
    if (x.h + 2 * a->padding < w.n || x.w + 2 * a->padding < w.h)
        return rt_fail(RT_ERROR_INPUT, "an image of %ux%u is smaller than the %ux%u kernel", x.h,
                       x.w, w.n, w.h);
    const rt_conv2d_shape s = shape_of(node);
    return rt_node_output(graph, node, "y", (rt_shape){x.n, s.out_height, s.out_width, w.c});
}

static rt_status dispatch(rt_program *program, rt_conv2d_pass pass, const rt_conv2d_call *call)
{
    rt_conv2d_choice choice;
    RT_TRY(rt_conv2d_choose(rt_program_device(program), &call->shape, pass, &choice));
    return rt_conv2d_dispatch(program, &choice, pass, call);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_conv2d_call call = {
        .shape = shape_of(node),
        .x = rt_bind(node->inputs[X]),
        .weight = rt_bind(node->inputs[WEIGHT]),
        .bias = node->inputs[BIAS] != NULL ? rt_bind(node->inputs[BIAS]) : (rt_gpu_range){0},
        .y = rt_bind(node->outputs[0]),
        .label = node->label,
    };
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

static rt_status backward(rt_program *program, const rt_node *node)
{
    rt_conv2d_call call = {
        .shape = shape_of(node),
        .x = rt_bind(node->inputs[X]),
        .transposed = node->inputs[WEIGHT]->transposed,
        .y_gradient = rt_bind(node->output_gradients[0]),
        .partial = node->scratch,
        .label = node->label,
    };
    if (node->input_gradients[X] != NULL) {
        call.x_gradient = rt_bind(node->input_gradients[X]);
        if (node->addends[X] != NULL) call.addend = rt_bind(node->addends[X]);
        RT_TRY(dispatch(program, RT_CONV2D_INPUT_GRADIENT, &call));
    }
    if (node->input_gradients[WEIGHT] != NULL) {
        call.weight_gradient = rt_bind(node->input_gradients[WEIGHT]);
        RT_TRY(dispatch(program, RT_CONV2D_WEIGHT_GRADIENT, &call));
    }
    if (node->input_gradients[BIAS] != NULL) RT_TRY(bias_gradient(program, node, &call.shape));
    return RT_OK;
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
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_conv2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                     const rt_conv2d_options *options)
{
    const attributes a = {.stride = options->stride, .padding = options->padding};
    return rt_graph_apply(graph, &rt_conv2d_operator, (rt_tensor *[]){x, weight, bias}, 3, &a,
                          sizeof a);
}

rt_tensor *rt_linear(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias)
{
    return rt_conv2d(graph, x, weight, bias, &(rt_conv2d_options){.stride = 1});
}
