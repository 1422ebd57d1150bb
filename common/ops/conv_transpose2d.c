/* Forward it is the input gradient of a convolution that leads from y to x, and so on: the
 * families' kernels change their roles. */
#include "common/ops/conv_transpose2d.h"

#include "common/ops/binary.h"
#include "common/ops/conv2d_choice.h"

enum { X, WEIGHT };
enum { LARGEST_SIDE = 64 };

static uint32_t step(const rt_conv_transpose2d_options *o)
{
    return o->dilation > 1 ? o->dilation : 1;
}

/* Results along a side of `size` pixels; below 1 there are none. */
static int64_t results(const rt_conv_transpose2d_options *o, uint32_t size, uint32_t kernel)
{
    return ((int64_t)size - 1) * o->stride - 2 * (int64_t)o->padding +
           (int64_t)step(o) * (kernel - 1) + o->output_padding + 1;
}

/* The convolution that this is the gradient of. */
static rt_conv2d_shape shape_of(const rt_node *node)
{
    const rt_conv_transpose2d_options *o = node->attributes;
    const rt_shape x = node->inputs[X]->shape, w = node->inputs[WEIGHT]->shape;
    const rt_shape y = node->outputs[0]->shape;
    return (rt_conv2d_shape){
        .images = x.n,
        .height = y.h,
        .width = y.w,
        .in_channels = y.c,
        .out_channels = x.c,
        .kernel_h = w.n,
        .kernel_w = w.h,
        .stride = o->stride,
        .padding = o->padding,
        .skipped = step(o) - 1,
        .out_height = x.h,
        .out_width = x.w,
    };
}

/* The file's [I,O,kh,kw] tells O; on the device it is rounded up to 4. */
static uint32_t result_channels(const rt_tensor *weight)
{
    return rt_parameters_row(weight->parameters, weight->parameter)->dims[1];
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_conv_transpose2d_options *o = node->attributes;
    const rt_tensor *weight = node->inputs[WEIGHT];
    if (node->inputs[X] == NULL || weight == NULL || weight->kind != RT_TENSOR_PARAMETER)
        return rt_fail(RT_ERROR_INTERNAL,
                       "a transposed convolution needs its input and weights of a parameter set");
    const rt_shape x = node->inputs[X]->shape, w = weight->shape;
    if (o->stride < 1 || o->stride > LARGEST_SIDE || o->padding > LARGEST_SIDE ||
        step(o) > LARGEST_SIDE || w.n > LARGEST_SIDE || w.h > LARGEST_SIDE ||
        o->output_padding >= o->stride)
        return rt_fail(RT_ERROR_INPUT,
                       "a %ux%u transposed convolution of stride %u, padding %u, output padding %u "
                       "and dilation %u is not supported: sides go up to %d, and the output "
                       "padding is less than the stride",
                       w.n, w.h, o->stride, o->padding, o->output_padding, step(o), LARGEST_SIDE);
    if (w.c != x.c)
        return rt_fail(RT_ERROR_INPUT, "the weights are for %u input channels, the input has %u",
                       w.c, x.c);
    const int64_t height = results(o, x.h, w.n), width = results(o, x.w, w.h);
    if (height < 1 || width < 1)
        return rt_fail(RT_ERROR_INPUT, "padding of %u leaves nothing of an image of %ux%u",
                       o->padding, x.h, x.w);
    const rt_shape y = {x.n, (uint32_t)height, (uint32_t)width, result_channels(weight)};
    return rt_node_output(graph, node, "y", y);
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
            all[passes++] = (rt_conv2d_work){shape, RT_CONV2D_INPUT_GRADIENT};
            continue;
        }
        if (node->input_gradients[X] != NULL)
            all[passes++] = (rt_conv2d_work){shape, RT_CONV2D_FORWARD};
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

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_conv2d_call call = {
        .shape = shape_of(node),
        .y_gradient = rt_bind(node->inputs[X]),
        .transposed = node->inputs[WEIGHT]->transposed,
        .x_gradient = rt_bind(node->outputs[0]),
        .label = node->label,
    };
    return dispatch(program, RT_CONV2D_INPUT_GRADIENT, &call);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    rt_conv2d_call call = {
        .shape = shape_of(node),
        .x = rt_bind(node->output_gradients[0]),
        .weight = rt_bind(node->inputs[WEIGHT]),
        .y_gradient = rt_bind(node->inputs[X]),
        .partial = node->scratch,
        .label = node->label,
    };
    if (node->input_gradients[X] != NULL) {
        call.y = rt_bind(node->input_gradients[X]);
        RT_TRY(dispatch(program, RT_CONV2D_FORWARD, &call));
    }
    if (node->input_gradients[WEIGHT] == NULL) return RT_OK;
    call.weight_gradient = rt_bind(node->input_gradients[WEIGHT]);
    return dispatch(program, RT_CONV2D_WEIGHT_GRADIENT, &call);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_FORWARD || node->input_gradients[WEIGHT] == NULL) return 0;
    const rt_conv2d_shape shape = shape_of(node);
    return rt_conv2d_partial_bytes(&shape);
}

/* A multiplication and an addition for each weight and pixel of x; each tensor once. */
static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_conv2d_shape s = shape_of(node);
    const double pixels = (double)s.images * s.out_height * s.out_width;
    const double flops = 2 * pixels * s.out_channels * s.kernel_h * s.kernel_w * s.in_channels;
    const double bytes = (double)rt_shape_bytes(node->inputs[X]->shape) +
                         (double)rt_shape_bytes(node->inputs[WEIGHT]->shape) +
                         (double)rt_shape_bytes(node->outputs[0]->shape);
    const int passes = pass == RT_PASS_FORWARD ? 1
                                               : (node->input_gradients[X] != NULL) +
                                                     (node->input_gradients[WEIGHT] != NULL);
    return (rt_cost){.flops = passes * flops, .bytes = passes * bytes};
}

const rt_operator rt_conv_transpose2d_operator = {
    .name = "conv_transpose2d",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(X) | RT_READS_INPUT(WEIGHT),
    .forward_transposed = RT_READS_INPUT(WEIGHT),
    .prepare = prepare,
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_conv_transpose2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                               const rt_conv_transpose2d_options *options)
{
    rt_tensor *y = rt_graph_apply(graph, &rt_conv_transpose2d_operator, (rt_tensor *[]){x, weight},
                                  2, options, sizeof *options);
    return bias != NULL ? rt_add_broadcast(graph, y, bias) : y;
}
