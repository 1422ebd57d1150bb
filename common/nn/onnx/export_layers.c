/* Operators with parameters. */

#include "common/nn/onnx/export_private.h"

#include "common/ops/batch_norm.h"
#include "common/ops/conv2d.h"
#include "common/ops/conv_transpose2d.h"
#include "common/ops/instance_norm.h"

rt_status rt_export_normalise(rt_exporter *ex)
{
    const rt_network_description *d = ex->description;
    const int64_t dims[] = {1, d->channels, 1, 1};
    const char *x, *mean, *std, *centred, *y;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
    RT_TRY(rt_export_floats(ex, "mean", 4, dims, d->mean, &mean));
    RT_TRY(rt_export_floats(ex, "std", 4, dims, d->std, &std));
    RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Sub", .inputs = {x, mean}}, &centred));
    RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Div", .inputs = {centred, std}}, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

/* A linear layer for each pixel. */
static rt_status linear_of_pixels(rt_exporter *ex)
{
    const rt_node *node = ex->node;
    const rt_parameter *p = rt_export_parameter(node->inputs[1]);
    const int64_t dims[] = {p->dims[0], p->dims[1], 1, 1};
    const char *x, *weight, *bias, *y;
    RT_TRY(rt_export_image(ex, node->inputs[0], &x));
    RT_TRY(rt_export_weight_as(ex, node->inputs[1], RT_COUNT(dims), dims, &weight));
    RT_TRY(rt_export_weight(ex, node->inputs[2], &bias));
    /* The weights say it too; converters (ncnn's) that do not look there need it. */
    const rt_export_call call = {.op = "Conv",
                                 .inputs = {x, weight, bias},
                                 .attributes = {RT_EXPORT_INTS("kernel_shape", 1, 1)}};
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

/* Flattening in ONNX goes channel by channel, as the weights of a linear layer behind an image do.
 */
static rt_status linear(rt_exporter *ex)
{
    const rt_node *node = ex->node;
    const rt_shape to = node->outputs[0]->shape;
    const char *x, *weight, *bias, *y;
    if (to.h * to.w > 1) return linear_of_pixels(ex);
    RT_TRY(rt_export_flat(ex, rt_export_read(node, 0), &x));
    RT_TRY(rt_export_weight(ex, node->inputs[1], &weight));
    RT_TRY(rt_export_weight(ex, node->inputs[2], &bias));
    RT_TRY(rt_export_emit(ex,
                          &(rt_export_call){.op = "Gemm",
                                            .inputs = {x, weight, bias},
                                            .attributes = {RT_EXPORT_INT("transB", 1)}},
                          &y));
    return rt_export_made(ex, y, RT_EXPORT_FLAT);
}

/* A convolution or a transposed one: ONNX counts pads as both do, on single sides. */
static rt_status convolve(rt_exporter *ex, const char *op, uint32_t padding, rt_sides more,
                          const rt_onnx_attribute *attributes, uint32_t attribute_count)
{
    const rt_node *node = ex->node;
    const rt_parameter *p = rt_export_parameter(node->inputs[1]);
    const char *y;
    rt_export_call call = {
        .op = op,
        .attributes = {RT_EXPORT_INTS("kernel_shape", p->dims[2], p->dims[3]),
                       RT_EXPORT_INTS("pads", padding + more.top, padding + more.left,
                                      padding + more.bottom, padding + more.right)}};
    for (uint32_t i = 0; i < attribute_count; i++) call.attributes[2 + i] = attributes[i];
    RT_TRY(rt_export_image(ex, node->inputs[0], &call.inputs[0]));
    RT_TRY(rt_export_weight(ex, node->inputs[1], &call.inputs[1]));
    if (node->inputs[2] != NULL) RT_TRY(rt_export_weight(ex, node->inputs[2], &call.inputs[2]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

rt_status rt_export_conv2d(rt_exporter *ex)
{
    const rt_conv2d_options *o = ex->node->attributes;
    const rt_onnx_attribute attributes[] = {RT_EXPORT_INTS("dilations", o->dilation, o->dilation),
                                            RT_EXPORT_INT("group", o->groups),
                                            RT_EXPORT_INTS("strides", o->stride, o->stride)};
    if (rt_export_parameter(ex->node->inputs[1])->layout != RT_LAYOUT_CONVOLUTION)
        return linear(ex);
    return convolve(ex, "Conv", o->padding, o->more, attributes, RT_COUNT(attributes));
}

rt_status rt_export_conv_transpose2d(rt_exporter *ex)
{
    const rt_conv_transpose2d_options *o = ex->node->attributes;
    const rt_onnx_attribute attributes[] = {
        RT_EXPORT_INTS("dilations", o->dilation, o->dilation), RT_EXPORT_INT("group", o->groups),
        RT_EXPORT_INTS("output_padding", o->output_padding, o->output_padding),
        RT_EXPORT_INTS("strides", o->stride, o->stride)};
    return convolve(ex, "ConvTranspose", o->padding, o->more, attributes, RT_COUNT(attributes));
}

/* y = relu(x), relu6(x), leaky relu(x) or x. */
static rt_status activate(rt_exporter *ex, float slope, float ceiling, const char *x,
                          const char **y)
{
    *y = x;
    if (ceiling < RT_NO_CEILING) {
        rt_export_call clip = {.op = "Clip", .inputs = {x}};
        RT_TRY(rt_export_number(ex, "min", 0, &clip.inputs[1]));
        RT_TRY(rt_export_number(ex, "max", ceiling, &clip.inputs[2]));
        return rt_export_emit(ex, &clip, y);
    }
    if (slope == 1) return RT_OK;
    if (slope == 0) return rt_export_emit(ex, &(rt_export_call){.op = "Relu", .inputs = {x}}, y);
    return rt_export_emit(ex,
                          &(rt_export_call){.op = "LeakyRelu",
                                            .inputs = {x},
                                            .attributes = {RT_EXPORT_FLOAT("alpha", slope)}},
                          y);
}

rt_status rt_export_batch_norm(rt_exporter *ex)
{
    const rt_node *node = ex->node;
    const rt_batch_norm_fixed fixed = rt_batch_norm_fixed_of(node);
    const rt_tensor *residual = node->inputs[RT_BATCH_NORM_RESIDUAL];
    rt_export_form form;
    rt_export_call call = {.op = "BatchNormalization",
                           .attributes = {RT_EXPORT_FLOAT("epsilon", fixed.epsilon)}};
    const char *y, *other;
    RT_TRY(rt_export_any(ex, node->inputs[0], &call.inputs[0], &form));
    for (uint32_t i = 1; i < RT_BATCH_NORM_RESIDUAL; i++) /* weight, bias, mean, variance */
        RT_TRY(rt_export_weight(ex, node->inputs[i], &call.inputs[i]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    if (residual != NULL) {
        RT_TRY(rt_export_as(ex, residual, form, &other));
        RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Add", .inputs = {y, other}}, &y));
    }
    RT_TRY(activate(ex, fixed.negative_slope, fixed.ceiling, y, &y));
    return rt_export_made(ex, y, form);
}

rt_status rt_export_instance_norm(rt_exporter *ex)
{
    const rt_instance_norm_attributes *a = ex->node->attributes;
    const char *x, *weight, *bias, *y;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
    RT_TRY(rt_export_weight(ex, ex->node->inputs[1], &weight));
    RT_TRY(rt_export_weight(ex, ex->node->inputs[2], &bias));
    RT_TRY(rt_export_emit(ex,
                          &(rt_export_call){.op = "InstanceNormalization",
                                            .inputs = {x, weight, bias},
                                            .attributes = {RT_EXPORT_FLOAT("epsilon", a->epsilon)}},
                          &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

/* ONNX repeats the slope as it repeats operands: [C,1,1] goes over the pixels. */
rt_status rt_export_prelu(rt_exporter *ex)
{
    const rt_tensor *from = ex->node->inputs[1];
    const char *x, *slope, *y;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
    RT_TRY(rt_export_weight_as(ex, from, 3, (int64_t[]){from->shape.c, 1, 1}, &slope));
    RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "PRelu", .inputs = {x, slope}}, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}
