#include "common/ops/conv_transpose2d.h"

#include "common/ops/conv2d_layer.h"
#include "common/ops/elementwise.h"

enum { X, WEIGHT, BIAS };

/* The convolution whose gradient this is takes y to x. */
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
        .top = o->padding + o->more.top,
        .left = o->padding + o->more.left,
        .dilation = o->dilation,
        .out_height = x.h,
        .out_width = x.w,
    };
}

static uint32_t groups_of(const rt_node *node)
{
    return ((const rt_conv_transpose2d_options *)node->attributes)->groups;
}

/* Lines of y: from `size` lines of x through so many taps; 0 or less: none are left. */
static int64_t lines(uint32_t size, uint32_t taps, const rt_conv_transpose2d_options *o,
                     uint32_t before, uint32_t behind)
{
    return ((int64_t)size - 1) * o->stride + ((int64_t)taps - 1) * o->dilation + 1 +
           o->output_padding - 2 * (int64_t)o->padding - before - behind;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    enum { MOST = 1 << 15 }; /* of every number: as for convolutions */
    const rt_conv_transpose2d_options *o = node->attributes;
    const rt_tensor *weight = node->inputs[WEIGHT], *bias = node->inputs[BIAS];
    if (node->inputs[X] == NULL || weight == NULL || weight->kind != RT_TENSOR_PARAMETER)
        return rt_fail(RT_ERROR_INTERNAL,
                       "a transposed convolution needs its input and a parameter as its weights");
    const rt_parameter *row = rt_parameters_row(weight->parameters, weight->parameter);
    const rt_shape x = node->inputs[X]->shape, w = weight->shape;
    const uint32_t channels = row->dims[1] * o->groups;
    if (o->stride < 1 || o->stride > MOST || o->dilation > MOST || o->padding > MOST ||
        (o->output_padding >= o->stride && o->output_padding >= o->dilation))
        return rt_fail(RT_ERROR_INPUT,
                       "no transposed convolution of stride %u, dilation %u, padding %u and output "
                       "padding %u: the latter is less than stride or dilation, all at most %d",
                       o->stride, o->dilation, o->padding, o->output_padding, MOST);
    if (w.c != x.c || x.c % o->groups != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "the weights are for %u input channels in %u groups, the input has %u", w.c,
                       o->groups, x.c);
    if (bias != NULL && !rt_shape_equal(bias->shape, (rt_shape){1, 1, 1, channels}))
        return rt_fail(RT_ERROR_INPUT, "the bias has %u numbers, the output %u channels",
                       bias->shape.c, channels);
    const int64_t height = lines(x.h, w.n, o, o->more.top, o->more.bottom);
    const int64_t width = lines(x.w, w.h, o, o->more.left, o->more.right);
    if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX)
        return rt_fail(RT_ERROR_INPUT,
                       "a transposed %ux%u convolution makes no image of %ux%u with padding %u",
                       w.n, w.h, x.h, x.w, o->padding);
    return rt_node_output(graph, node, "y",
                          (rt_shape){x.n, (uint32_t)height, (uint32_t)width, channels});
}

static const rt_conv2d_role role = {.shape = shape_of,
                                    .groups = groups_of,
                                    .forward = RT_CONV2D_INPUT_GRADIENT,
                                    .input_gradient = RT_CONV2D_FORWARD};

static rt_status prepare(rt_device *device, const rt_work *work, uint32_t count)
{
    return rt_conv2d_role_prepare(&role, device, work, count);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    return rt_conv2d_role_scratch(&role, node, pass);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_conv2d_role_cost(&role, node, pass);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_tensor *y = node->outputs[0];
    const rt_conv2d_call call = {
        .shape = shape_of(node),
        .weight = rt_bind(node->inputs[WEIGHT]),
        .transposed = node->inputs[WEIGHT]->transposed,
        .y_gradient = rt_bind(node->inputs[X]),
        .x_gradient = rt_bind(y),
        .label = node->label,
    };
    RT_TRY(rt_conv2d_record_pass(program, RT_CONV2D_INPUT_GRADIENT, &call, groups_of(node)));
    if (node->inputs[BIAS] == NULL) return RT_OK;
    return rt_dispatch_items(
        program, rt_shape_vec4_count(y->shape),
        &(rt_dispatch){.shader = "conv_transpose2d_bias",
                       .push = {RT_CONSTANT("C4", rt_vec4s(y->shape.c))},
                       .bindings = {rt_bind(y), rt_bind(node->inputs[BIAS]), rt_bind(y)},
                       .label = node->label});
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
        RT_TRY(rt_conv2d_record_pass(program, RT_CONV2D_FORWARD, &call, groups_of(node)));
    }
    if (node->input_gradients[WEIGHT] != NULL) {
        call.weight_gradient = rt_bind(node->input_gradients[WEIGHT]);
        RT_TRY(rt_conv2d_record_pass(program, RT_CONV2D_WEIGHT_GRADIENT, &call, groups_of(node)));
    }
    return rt_conv2d_role_bias_gradient(&role, program, node);
}

const rt_operator rt_conv_transpose2d_operator = {
    .name = "conv_transpose2d",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(X) | RT_READS_INPUT(WEIGHT),
    .forward_transposes = RT_READS_INPUT(WEIGHT),
    .prepare = prepare,
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_conv_transpose2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                               const rt_conv_transpose2d_options *options)
{
    rt_conv_transpose2d_options all = *options;
    if (all.dilation == 0) all.dilation = 1;
    if (all.groups == 0) all.groups = 1;
    return rt_graph_apply(graph, &rt_conv_transpose2d_operator, (rt_tensor *[]){x, weight, bias}, 3,
                          &all, sizeof all);
}
