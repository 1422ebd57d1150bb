/* The table of operators: attributes, inputs, and who makes layers of them. */

#include "common/nn/onnx/import_private.h"

#include <string.h>

#define WINDOW "auto_pad=s dilations=I kernel_shape=I pads=I strides=I "
enum { MANY = RT_BLUEPRINT_MAXIMUM_INPUTS };

/* Sorted by name. */
static const rt_import_row rows[] = {
    {"Abs", "", 1, 1, rt_import_activation, false},
    {"Add", "", 2, 2, rt_import_binary, false},
    {"AveragePool", WINDOW "ceil_mode=i count_include_pad=i", 1, 1, rt_import_pool, false},
    {"BatchNormalization", "epsilon=f momentum=f training_mode=i", 5, 5, rt_import_batch_norm,
     false},
    {"Cast", "to=i saturate=i", 1, 1, rt_import_cast, false},
    {"Ceil", "", 1, 1, NULL, false},
    {"Clip", "max=f min=f", 1, 3, rt_import_clip, false},
    {"Concat", "axis=i", 1, MANY, rt_import_concat, true},
    {"Constant", "value=t value_float=f value_floats=F value_int=i value_ints=I", 0, 0, NULL,
     false},
    {"ConstantOfShape", "value=t", 1, 1, NULL, false},
    {"Conv", WINDOW "group=i", 2, 3, rt_import_conv, false},
    {"ConvTranspose", WINDOW "group=i output_padding=I", 2, 3, rt_import_conv_transpose, false},
    {"Div", "", 2, 2, rt_import_binary, false},
    {"Dropout", "ratio=f seed=i", 1, 3, rt_import_dropout, false},
    {"Elu", "alpha=f", 1, 1, rt_import_activation, false},
    {"Equal", "", 2, 2, NULL, false},
    {"Erf", "", 1, 1, rt_import_activation, false},
    {"Exp", "", 1, 1, rt_import_activation, false},
    {"Expand", "", 2, 2, rt_import_expand, true},
    {"Flatten", "axis=i", 1, 1, rt_import_flatten, true},
    {"Floor", "", 1, 1, NULL, false},
    {"Gather", "axis=i", 2, 2, rt_import_gather, true},
    {"Gelu", "approximate=s", 1, 1, rt_import_activation, false},
    {"Gemm", "alpha=f beta=f transA=i transB=i", 2, 3, rt_import_gemm, false},
    {"GlobalAveragePool", "", 1, 1, rt_import_global_pool, false},
    {"GlobalMaxPool", "", 1, 1, rt_import_global_pool, false},
    {"HardSigmoid", "alpha=f beta=f", 1, 1, rt_import_activation, false},
    {"HardSwish", "", 1, 1, rt_import_activation, false},
    {"Identity", "", 1, 1, rt_import_identity, false},
    {"InstanceNormalization", "epsilon=f", 3, 3, rt_import_instance_norm, false},
    {"LeakyRelu", "alpha=f", 1, 1, rt_import_activation, false},
    {"Log", "", 1, 1, rt_import_activation, false},
    {"LogSoftmax", "axis=i", 1, 1, rt_import_softmax, false},
    {"MatMul", "", 2, 2, rt_import_matmul, false},
    {"Max", "", 2, 2, NULL, false},
    {"MaxPool", WINDOW "ceil_mode=i storage_order=i", 1, 1, rt_import_pool, false},
    {"Min", "", 2, 2, NULL, false},
    {"Mod", "fmod=i", 2, 2, NULL, false},
    {"Mul", "", 2, 2, rt_import_binary, false},
    {"Neg", "", 1, 1, rt_import_activation, false},
    {"PRelu", "", 2, 2, rt_import_prelu, false},
    {"Pad", "mode=s pads=I value=f", 1, 4, rt_import_pad, true},
    {"Pow", "", 2, 2, rt_import_power, false},
    {"Range", "", 3, 3, NULL, false},
    {"Reciprocal", "", 1, 1, rt_import_activation, false},
    {"ReduceMean", "axes=I keepdims=i noop_with_empty_axes=i", 1, 2, rt_import_reduce, false},
    {"ReduceProd", "axes=I keepdims=i noop_with_empty_axes=i", 1, 2, NULL, false},
    {"ReduceSum", "axes=I keepdims=i noop_with_empty_axes=i", 1, 2, rt_import_reduce, false},
    {"Relu", "", 1, 1, rt_import_activation, false},
    {"Reshape", "allowzero=i", 2, 2, rt_import_reshape_node, true},
    {"Resize",
     "antialias=i axes=I coordinate_transformation_mode=s cubic_coeff_a=f exclude_outside=i "
     "extrapolation_value=f keep_aspect_ratio_policy=s mode=s nearest_mode=s",
     1, 4, rt_import_resize, false},
    {"Shape", "end=i start=i", 1, 1, rt_import_shape_node, true},
    {"Sigmoid", "", 1, 1, rt_import_activation, false},
    {"Slice", "axes=I ends=I starts=I", 1, 5, rt_import_slice, true},
    {"Softmax", "axis=i", 1, 1, rt_import_softmax, false},
    {"Softplus", "", 1, 1, rt_import_activation, false},
    {"Split", "axis=i num_outputs=i split=I", 1, 2, rt_import_split, true},
    {"Sqrt", "", 1, 1, rt_import_activation, false},
    {"Squeeze", "axes=I", 1, 2, rt_import_squeeze, true},
    {"Sub", "", 2, 2, rt_import_binary, false},
    {"Tanh", "", 1, 1, rt_import_activation, false},
    {"Transpose", "perm=I", 1, 1, rt_import_transpose, true},
    {"Unsqueeze", "axes=I", 1, 2, rt_import_unsqueeze, true},
    {"Upsample", "mode=s", 2, 2, rt_import_resize, false},
    {"Where", "", 3, 3, NULL, false},
};

const rt_import_row *rt_import_find(const char *op)
{
    for (size_t i = 0; i < RT_COUNT(rows); i++)
        if (strcmp(rows[i].op, op) == 0) return &rows[i];
    return NULL;
}
