/* Functions of single numbers. */

#include "common/nn/onnx/import_private.h"

#include <math.h>
#include <string.h>

/* Output 0: input 0 through a layer that changes no shape. */
static rt_status apply(rt_importer *im, rt_blueprint_layer made)
{
    rt_import_value *x = rt_import_input(im, 0);
    uint32_t from, layer;
    RT_TRY(rt_import_layer_of(im, x, &from));
    RT_TRY(rt_import_add_one(im, from, made, NULL, rt_import_canonical(x->rank, x->dims), &layer));
    rt_import_output_layer(im, layer, x->rank, x->dims);
    return RT_OK;
}

static rt_status apply_function(rt_importer *im, rt_activation_kind function, float a, float b)
{
    return apply(im, (rt_blueprint_layer){
                         .kind = RT_LAYER_ACTIVATION, .function = function, .a = a, .b = b});
}

/* Operators that are one function, with their attributes and defaults. */
static const struct {
    const char *op;
    rt_activation_kind function;
    const char *a_name, *b_name;
    float a, b;
} functions[] = {
    {"HardSigmoid", RT_ACTIVATE_HARD_SIGMOID, "alpha", "beta", 0.2f, 0.5f},
    {"HardSwish", RT_ACTIVATE_HARD_SWISH, NULL, NULL, 0, 0},
    {"Tanh", RT_ACTIVATE_TANH, NULL, NULL, 0, 0},
    {"Elu", RT_ACTIVATE_ELU, "alpha", NULL, 1, 0},
    {"Erf", RT_ACTIVATE_ERF, NULL, NULL, 0, 0},
    {"Softplus", RT_ACTIVATE_SOFTPLUS, NULL, NULL, 0, 0},
    {"Exp", RT_ACTIVATE_EXP, NULL, NULL, 0, 0},
    {"Log", RT_ACTIVATE_LOG, NULL, NULL, 0, 0},
    {"Sqrt", RT_ACTIVATE_SQRT, NULL, NULL, 0, 0},
    {"Neg", RT_ACTIVATE_NEGATE, NULL, NULL, 0, 0},
    {"Abs", RT_ACTIVATE_ABS, NULL, NULL, 0, 0},
    {"Reciprocal", RT_ACTIVATE_RECIPROCAL, NULL, NULL, 0, 0},
};

rt_status rt_import_activation(rt_importer *im)
{
    const char *op = im->node->op;
    if (strcmp(op, "Relu") == 0) return apply(im, (rt_blueprint_layer){.kind = RT_LAYER_RELU});
    if (strcmp(op, "Sigmoid") == 0)
        return apply(im, (rt_blueprint_layer){.kind = RT_LAYER_SIGMOID});
    if (strcmp(op, "LeakyRelu") == 0)
        return apply(im, (rt_blueprint_layer){.kind = RT_LAYER_LEAKY_RELU,
                                              .slope = rt_import_float(im, "alpha", 0.01f)});
    if (strcmp(op, "Gelu") == 0) {
        const bool tanh = strcmp(rt_import_string(im, "approximate", "none"), "tanh") == 0;
        return apply_function(im, tanh ? RT_ACTIVATE_GELU_TANH : RT_ACTIVATE_GELU, 0, 0);
    }
    for (size_t i = 0; i < RT_COUNT(functions); i++) {
        if (strcmp(functions[i].op, op) != 0) continue;
        const float a = functions[i].a_name != NULL
                            ? rt_import_float(im, functions[i].a_name, functions[i].a)
                            : 0;
        const float b = functions[i].b_name != NULL
                            ? rt_import_float(im, functions[i].b_name, functions[i].b)
                            : 0;
        return apply_function(im, functions[i].function, a, b);
    }
    return rt_fail(RT_ERROR_INTERNAL, "no function for the operator '%s'", op);
}

/* The bounds stand in attributes until opset 10, in inputs from 11 on. */
static rt_status bound(const rt_importer *im, const char *name, uint32_t input, float fallback,
                       float *value)
{
    const rt_onnx_tensor *tensor;
    *value = rt_import_float(im, name, fallback);
    if (!rt_import_has(im, input)) return RT_OK;
    RT_TRY(rt_import_floats(im, input, name, &tensor));
    if (tensor->count != 1) return rt_fail(RT_ERROR_INPUT, "its %s is no single number", name);
    *value = tensor->floats[0];
    return RT_OK;
}

rt_status rt_import_clip(rt_importer *im)
{
    const float largest = 3.40282347e38f;
    float least, most;
    RT_TRY(bound(im, "min", 1, -largest, &least));
    RT_TRY(bound(im, "max", 2, largest, &most));
    if (!(least <= most))
        return rt_fail(RT_ERROR_INPUT, "its bounds are %g and %g", (double)least, (double)most);
    if (least == 0 && most >= largest)
        return apply(im, (rt_blueprint_layer){.kind = RT_LAYER_RELU});
    return apply_function(im, RT_ACTIVATE_CLIP, fmaxf(least, -largest), fminf(most, largest));
}

rt_status rt_import_prelu(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    const rt_onnx_tensor *slope;
    uint32_t from, layer;
    RT_TRY(rt_import_floats(im, 1, "slope", &slope));
    const bool shared = slope->count == 1;
    /* [C,1,1] against [N,C,H,W]: the channels' place is counted from the end. */
    const bool channels = x->rank >= 2 && slope->count == (uint64_t)x->dims[1] &&
                          slope->rank >= x->rank - 1 && slope->rank <= x->rank &&
                          slope->dims[slope->rank - (x->rank - 1)] == x->dims[1];
    if (!shared && !channels)
        return rt_fail(RT_ERROR_INPUT, "its slope of %llu numbers is neither one nor one a channel",
                       (unsigned long long)slope->count);
    RT_TRY(rt_import_layer_of(im, x, &from));
    const rt_blueprint_layer made = {.kind = RT_LAYER_PRELU, .shared = shared};
    RT_TRY(rt_import_add_one(im, from, made, rt_import_wish(im, 1),
                             rt_import_canonical(x->rank, x->dims), &layer));
    RT_TRY(rt_import_parameter(im, layer, "weight", slope->floats, slope->count));
    rt_import_output_layer(im, layer, x->rank, x->dims);
    return RT_OK;
}

rt_status rt_import_power(rt_importer *im)
{
    const rt_onnx_tensor *exponent = rt_import_input(im, 1)->constant;
    if (exponent == NULL || exponent->count != 1)
        return rt_fail(RT_ERROR_INPUT, "its exponent must be one fixed number");
    const float a = exponent->whole ? (float)exponent->wholes[0] : exponent->floats[0];
    if (a == 1) return rt_import_identity(im);
    if (a == 0.5f) return apply_function(im, RT_ACTIVATE_SQRT, 0, 0);
    return apply_function(im, RT_ACTIVATE_POWER, a, 0);
}

rt_status rt_import_identity(rt_importer *im)
{
    rt_import_output(im, 0, rt_import_input(im, 0));
    return RT_OK;
}

/* Evaluation leaves it out. Inputs since opset 12: x, ratio, training_mode. */
rt_status rt_import_dropout(rt_importer *im)
{
    const rt_onnx_tensor *ratio = rt_import_has(im, 1) ? rt_import_input(im, 1)->constant : NULL;
    const rt_onnx_tensor *mode = rt_import_has(im, 2) ? rt_import_input(im, 2)->constant : NULL;
    const bool known = mode != NULL && mode->whole && mode->count == 1;
    const bool drops = ratio == NULL || ratio->whole || ratio->count != 1 || ratio->floats[0] != 0;
    if (rt_import_has(im, 2) && drops && (!known || mode->wholes[0] != 0))
        return rt_fail(RT_ERROR_INPUT, "it is in training mode; call model.eval() before the "
                                       "export");
    return rt_import_identity(im);
}

/* Activations are floats and stay so. */
rt_status rt_import_cast(rt_importer *im)
{
    const int64_t to = rt_import_int(im, "to", 0);
    if (to != 1 && to != 10 && to != 11 && to != 16) /* FLOAT, FLOAT16, DOUBLE, BFLOAT16 */
        return rt_fail(RT_ERROR_INPUT,
                       "it makes numbers that depend on the image whole; no gradient passes that");
    return rt_import_identity(im);
}
