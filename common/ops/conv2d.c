#include "common/ops/conv2d.h"

#include "common/ops/add.h"
#include "common/ops/conv2d_choice.h"
#include "common/ops/conv2d_grouped.h"
#include "common/ops/conv2d_layer.h"

enum { X, WEIGHT, BIAS };

static rt_conv2d_shape shape_of(const rt_node *node)
{
    return rt_conv2d_shape_of(node->inputs[X]->shape, node->inputs[WEIGHT]->shape,
                              node->attributes);
}

static uint32_t groups_of(const rt_node *node)
{
    return ((const rt_conv2d_options *)node->attributes)->groups;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    RT_TRY(rt_conv2d_check(node));
    const rt_conv2d_shape s = shape_of(node);
    return rt_node_output(graph, node, "y",
                          (rt_shape){s.images, s.out_height, s.out_width, s.out_channels});
}

static const rt_conv2d_role role = {.shape = shape_of,
                                    .groups = groups_of,
                                    .forward = RT_CONV2D_FORWARD,
                                    .input_gradient = RT_CONV2D_INPUT_GRADIENT};

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
    return rt_conv2d_record_pass(program, RT_CONV2D_FORWARD, &call, groups_of(node));
}

static bool has_residual(const rt_node *next)
{
    return rt_batch_norm_is_fixed(next) && next->inputs[RT_BATCH_NORM_RESIDUAL] != NULL;
}

/* Whether `next` is an activation that a convolution can do in passing. */
static bool is_activation(const rt_node *next)
{
    return next->operator_ == &rt_leaky_relu_operator;
}

static rt_conv2d_activation activation_of(const rt_node *next)
{
    const rt_leaky_relu_attributes *a = next->attributes;
    return (rt_conv2d_activation){a->negative_slope, RT_NO_CEILING};
}

/* The backward pass of `next` as far as a convolution can do it in passing: behind a residual, what
 * passes the activation is stored, because it is the residual's gradient too. */
static rt_conv2d_gradient_epilogue epilogue_of(const rt_node *next)
{
    if (is_activation(next)) {
        const rt_conv2d_activation a = activation_of(next);
        return (rt_conv2d_gradient_epilogue){.x = rt_bind(next->outputs[0]),
                                             .negative_slope = a.negative_slope,
                                             .ceiling = a.ceiling,
                                             .epsilon = 1};
    }
    const rt_batch_norm_fixed b = rt_batch_norm_fixed_of(next);
    const bool residual = b.residual.buffer != NULL;
    rt_conv2d_gradient_epilogue epilogue = {.x = rt_bind(next->outputs[0]),
                                            .negative_slope = b.negative_slope,
                                            .ceiling = b.ceiling,
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
    return rt_bind(next->input_gradients[has_residual(next) ? RT_BATCH_NORM_RESIDUAL : 0]);
}

/* All gradients; that of x goes through the backward pass of `next` too where there is one. */
static rt_status record_backward(rt_program *program, const rt_node *node, const rt_node *next)
{
    rt_conv2d_gradient_epilogue epilogue;
    rt_conv2d_call call = {
        .shape = shape_of(node),
        .x = rt_bind(node->inputs[X]),
        .weight = rt_bind(node->inputs[WEIGHT]),
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
        RT_TRY(rt_conv2d_record_pass(program, RT_CONV2D_INPUT_GRADIENT, &call, groups_of(node)));
        if (next != NULL && !epilogue.scales && rt_batch_norm_is_fixed(next))
            RT_TRY(rt_batch_norm_fixed_backward(program, next, call.x_gradient));
    }
    if (node->input_gradients[WEIGHT] != NULL) {
        call.weight_gradient = rt_bind(node->input_gradients[WEIGHT]);
        RT_TRY(rt_conv2d_record_pass(program, RT_CONV2D_WEIGHT_GRADIENT, &call, groups_of(node)));
    }
    return rt_conv2d_role_bias_gradient(&role, program, node);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return record_backward(program, node, NULL);
}

/* Whether `next` wants all gradients that it has inputs for, so that each has its memory. */
static bool takes_whole_gradient(const rt_node *next)
{
    return next->input_gradients[0] != NULL &&
           (!has_residual(next) || next->input_gradients[RT_BATCH_NORM_RESIDUAL] != NULL);
}

/* A batch norm with fixed statistics, an activation, or a sum with another tensor, is done to the
 * results on their way to memory; the backward pass of the first two to the gradient of x. (A sum
 * has none.) */
static bool joins(rt_device *device, const rt_node *node, const rt_node *next, rt_pass pass,
                  bool keeps)
{
    const rt_conv2d_shape shape = shape_of(node);
    rt_conv2d_choice choice;
    const bool sum = next->operator_ == &rt_add_operator && pass == RT_PASS_FORWARD &&
                     next->inputs[1] != node->outputs[0] && !keeps;
    if (!sum && !is_activation(next) && !rt_batch_norm_is_fixed(next)) return false;
    if (pass == RT_PASS_BACKWARD && !takes_whole_gradient(next)) return false;
    if (groups_of(node) > 1) return rt_conv2d_grouped_joins(&shape, groups_of(node));
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
    rt_conv2d_activation activation;
    call.y = rt_bind(next->outputs[0]);
    if (keeps) call.raw = rt_bind(node->outputs[0]);
    if (next->operator_ == &rt_add_operator) {
        call.addend = rt_bind(next->inputs[1]);
        return rt_conv2d_record_pass(program, RT_CONV2D_FORWARD, &call, groups_of(node));
    }
    if (is_activation(next)) {
        activation = activation_of(next);
        call.activation = &activation;
    } else {
        batch_norm = rt_batch_norm_fixed_of(next);
        call.batch_norm = &batch_norm;
    }
    return rt_conv2d_record_pass(program, RT_CONV2D_FORWARD, &call, groups_of(node));
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
    rt_conv2d_options all = *options;
    if (all.dilation == 0) all.dilation = 1;
    if (all.groups == 0) all.groups = 1;
    return rt_graph_apply(graph, &rt_conv2d_operator, (rt_tensor *[]){x, weight, bias}, 3, &all,
                          sizeof all);
}

rt_tensor *rt_linear(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias)
{
    return rt_conv2d(graph, x, weight, bias, &(rt_conv2d_options){.stride = 1});
}
