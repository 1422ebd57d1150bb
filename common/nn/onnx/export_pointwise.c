/* Operators that go number by number, and the softmaxes. */

#include "common/nn/onnx/export_private.h"

#include "common/ops/activation.h"
#include "common/ops/add.h"
#include "common/ops/binary.h"
#include "common/ops/leaky_relu.h"
#include "common/ops/log_softmax.h"
#include "common/ops/reshape.h"
#include "common/ops/scale.h"
#include "common/ops/softmax.h"

/* A node of one input, whatever its form. */
static rt_status unary(rt_exporter *ex, rt_export_call *call)
{
    rt_export_form form;
    const char *y;
    RT_TRY(rt_export_any(ex, ex->node->inputs[0], &call->inputs[0], &form));
    RT_TRY(rt_export_emit(ex, call, &y));
    return rt_export_made(ex, y, form);
}

rt_status rt_export_leaky_relu(rt_exporter *ex)
{
    const rt_leaky_relu_attributes *a = ex->node->attributes;
    if (a->negative_slope == 0) return unary(ex, &(rt_export_call){.op = "Relu"});
    return unary(ex,
                 &(rt_export_call){.op = "LeakyRelu",
                                   .attributes = {RT_EXPORT_FLOAT("alpha", a->negative_slope)}});
}

rt_status rt_export_sigmoid(rt_exporter *ex)
{
    return unary(ex, &(rt_export_call){.op = "Sigmoid"});
}

/* With a number of the layer as the second input. */
static rt_status with_number(rt_exporter *ex, const char *op, const char *field, float number)
{
    rt_export_call call = {.op = op};
    RT_TRY(rt_export_number(ex, field, number, &call.inputs[1]));
    return unary(ex, &call);
}

rt_status rt_export_scale(rt_exporter *ex)
{
    const rt_scale_attributes *a = ex->node->attributes;
    return with_number(ex, "Mul", "factor", a->factor);
}

static rt_status clip(rt_exporter *ex, const rt_activation_options *o)
{
    rt_export_call call = {.op = "Clip"};
    RT_TRY(rt_export_number(ex, "min", o->a, &call.inputs[1]));
    RT_TRY(rt_export_number(ex, "max", o->b, &call.inputs[2]));
    return unary(ex, &call);
}

/* What ONNX writes in several operators: value = x op number, x op value, or op of x. */
static rt_status apply_number(rt_exporter *ex, const char *op, float number, const char **value)
{
    const char *constant;
    RT_TRY(rt_export_number(ex, "number", number, &constant));
    return rt_export_emit(ex, &(rt_export_call){.op = op, .inputs = {*value, constant}}, value);
}

static rt_status apply_value(rt_exporter *ex, const char *op, const char *other, const char **value)
{
    return rt_export_emit(ex, &(rt_export_call){.op = op, .inputs = {*value, other}}, value);
}

static rt_status apply(rt_exporter *ex, const char *op, const char **value)
{
    return rt_export_emit(ex, &(rt_export_call){.op = op, .inputs = {*value}}, value);
}

/* x gate(x); x comes first, as converters look for it. */
static rt_status gated(rt_exporter *ex, const rt_export_call *gate, const char *x, const char **y)
{
    const char *open;
    RT_TRY(rt_export_emit(ex, gate, &open));
    return rt_export_emit(ex, &(rt_export_call){.op = "Mul", .inputs = {x, open}}, y);
}

/* x / (1 + exp(-x)) */
static rt_status silu(rt_exporter *ex, const char *x, const char **y)
{
    return gated(ex, &(rt_export_call){.op = "Sigmoid", .inputs = {x}}, x, y);
}

/* As ONNX defines it: ncnn's converter takes the operator itself for one with another slope. */
static rt_status hard_swish(rt_exporter *ex, const char *x, const char **y)
{
    const rt_export_call gate = {
        .op = "HardSigmoid",
        .inputs = {x},
        .attributes = {RT_EXPORT_FLOAT("alpha", 1 / 6.0f), RT_EXPORT_FLOAT("beta", 0.5f)}};
    return gated(ex, &gate, x, y);
}

/* (x / 2) (1 + erf(x / sqrt(2))), or with the tanh of an odd polynomial in its place; opset 20 is
 * the first to have it as one operator. */
static rt_status gelu(rt_exporter *ex, bool tanh, const char *x, const char **y)
{
    const char *half = x;
    *y = x;
    if (tanh) {
        RT_TRY(apply_value(ex, "Mul", x, y));
        RT_TRY(apply_value(ex, "Mul", x, y));
        RT_TRY(apply_number(ex, "Mul", 0.044715f, y));
        RT_TRY(apply_value(ex, "Add", x, y));
        RT_TRY(apply_number(ex, "Mul", 0.79788456f, y)); /* sqrt(2 / pi) */
        RT_TRY(apply(ex, "Tanh", y));
    } else {
        RT_TRY(apply_number(ex, "Mul", 0.70710678f, y)); /* 1 / sqrt(2) */
        RT_TRY(apply(ex, "Erf", y));
    }
    RT_TRY(apply_number(ex, "Add", 1, y));
    RT_TRY(apply_number(ex, "Mul", 0.5f, &half));
    return apply_value(ex, "Mul", half, y);
}

static rt_status composed(rt_exporter *ex, rt_activation_kind kind)
{
    rt_export_form form;
    const char *x, *y;
    RT_TRY(rt_export_any(ex, ex->node->inputs[0], &x, &form));
    if (kind == RT_ACTIVATE_SILU)
        RT_TRY(silu(ex, x, &y));
    else if (kind == RT_ACTIVATE_HARD_SWISH)
        RT_TRY(hard_swish(ex, x, &y));
    else
        RT_TRY(gelu(ex, kind == RT_ACTIVATE_GELU_TANH, x, &y));
    return rt_export_made(ex, y, form);
}

/* Squares and cubes as products: some runtimes take powers by logarithms. */
static rt_status power(rt_exporter *ex, float exponent)
{
    rt_export_form form;
    const char *x, *y;
    if (exponent != 2 && exponent != 3) return with_number(ex, "Pow", "exponent", exponent);
    RT_TRY(rt_export_any(ex, ex->node->inputs[0], &x, &form));
    y = x;
    for (float k = 1; k < exponent; k++) RT_TRY(apply_value(ex, "Mul", x, &y));
    return rt_export_made(ex, y, form);
}

rt_status rt_export_activation(rt_exporter *ex)
{
    static const char *const plain[RT_ACTIVATE_COUNT] = {
        [RT_ACTIVATE_TANH] = "Tanh",
        [RT_ACTIVATE_SOFTPLUS] = "Softplus",
        [RT_ACTIVATE_EXP] = "Exp",
        [RT_ACTIVATE_LOG] = "Log",
        [RT_ACTIVATE_SQRT] = "Sqrt",
        [RT_ACTIVATE_NEGATE] = "Neg",
        [RT_ACTIVATE_ABS] = "Abs",
        [RT_ACTIVATE_ERF] = "Erf",
        [RT_ACTIVATE_RECIPROCAL] = "Reciprocal",
    };
    const rt_activation_options *o = ex->node->attributes;
    if (plain[o->kind] != NULL) return unary(ex, &(rt_export_call){.op = plain[o->kind]});
    switch (o->kind) {
    case RT_ACTIVATE_CLIP:
        return clip(ex, o);
    case RT_ACTIVATE_HARD_SIGMOID:
        return unary(ex, &(rt_export_call){.op = "HardSigmoid",
                                           .attributes = {RT_EXPORT_FLOAT("alpha", o->a),
                                                          RT_EXPORT_FLOAT("beta", o->b)}});
    case RT_ACTIVATE_ELU:
        return unary(
            ex, &(rt_export_call){.op = "Elu", .attributes = {RT_EXPORT_FLOAT("alpha", o->a)}});
    case RT_ACTIVATE_POWER:
        return power(ex, o->a);
    default:
        break;
    }
    return composed(ex, o->kind);
}

static const char *binary_name(const rt_operator *operator_)
{
    if (operator_ == &rt_subtract_operator) return "Sub";
    if (operator_ == &rt_multiply_operator) return "Mul";
    return operator_ == &rt_divide_operator ? "Div" : "Add";
}

/* A fixed number, of the graph and not of a file. */
static bool is_number(const rt_tensor *tensor)
{
    return tensor->kind == RT_TENSOR_STATE && tensor->initial != NULL &&
           rt_shape_equal(tensor->shape, (rt_shape){1, 1, 1, 1});
}

/* One operand is a number: a scalar of ONNX, which fits the other in whatever form. */
static rt_status binary_of_number(rt_exporter *ex, rt_export_call *call, uint32_t number)
{
    const rt_node *node = ex->node;
    rt_export_form form;
    const char *y;
    RT_TRY(rt_export_number(ex, "number", node->inputs[number]->initial[0], &call->inputs[number]));
    RT_TRY(rt_export_any(ex, node->inputs[1 - number], &call->inputs[1 - number], &form));
    RT_TRY(rt_export_emit(ex, call, &y));
    return rt_export_made(ex, y, form);
}

/* Both repeat what has 1 where the other has more; the operands need the same rank for that. */
rt_status rt_export_binary(rt_exporter *ex)
{
    const rt_node *node = ex->node;
    rt_export_call call = {.op = binary_name(node->operator_)};
    for (uint32_t i = 0; i < 2; i++)
        if (is_number(node->inputs[i])) return binary_of_number(ex, &call, i);
    const bool flat =
        rt_export_is_flat(ex, node->inputs[0]) && rt_export_is_flat(ex, node->inputs[1]);
    const rt_export_form form = flat ? RT_EXPORT_FLAT : RT_EXPORT_IMAGE;
    const char *y;
    for (uint32_t i = 0; i < 2; i++)
        RT_TRY(rt_export_as(ex, node->inputs[i], form, &call.inputs[i]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, form);
}

static rt_status softmax(rt_exporter *ex, const rt_operator *operator_, const char *x,
                         rt_export_form form)
{
    const char *y;
    const rt_export_call call = {.op = operator_ == &rt_log_softmax_operator ? "LogSoftmax"
                                                                             : "Softmax",
                                 .inputs = {x},
                                 .attributes = {RT_EXPORT_INT("axis", 1)}};
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, form);
}

rt_status rt_export_softmax(rt_exporter *ex)
{
    const char *x;
    RT_TRY(rt_export_flat(ex, ex->node->inputs[0], &x));
    return softmax(ex, ex->node->operator_, x, RT_EXPORT_FLAT);
}

static const rt_node *maker(const rt_node *node)
{
    return node != NULL && node->inputs[0] != NULL ? node->inputs[0]->producer : NULL;
}

const rt_tensor *rt_export_softmax_image(const rt_node *back)
{
    if (back->operator_ != &rt_reshape_operator) return NULL;
    const rt_node *middle = maker(back), *there = maker(middle);
    if (there == NULL || there->operator_ != &rt_reshape_operator) return NULL;
    if (middle->operator_ != &rt_softmax_operator && middle->operator_ != &rt_log_softmax_operator)
        return NULL;
    const rt_tensor *image = there->inputs[0];
    return rt_shape_equal(image->shape, back->outputs[0]->shape) ? image : NULL;
}

rt_status rt_export_softmax_of_image(rt_exporter *ex)
{
    const char *x;
    RT_TRY(rt_export_image(ex, rt_export_softmax_image(ex->node), &x));
    return softmax(ex, maker(ex->node)->operator_, x, RT_EXPORT_IMAGE);
}
