#include "common/nn/onnx/import_private.h"

#include <string.h>

enum { LARGEST_KERNEL = 64 };

/* A window that moves over an image, as Conv, ConvTranspose and the pools describe it; pads are
 * top, left, bottom, right. */
static rt_status pair(const rt_importer *im, const char *name, int64_t fallback, int64_t least,
                      int64_t most, uint32_t *numbers)
{
    const rt_onnx_attribute *given = rt_import_attribute(im, name);
    if (given != NULL && given->count != 2)
        return rt_fail(RT_ERROR_INPUT, "its %s are %u numbers; only images, of two, are possible",
                       name, given->count);
    for (uint32_t i = 0; i < 2; i++) {
        const int64_t number = given != NULL ? given->ints[i] : fallback;
        if (number < least || number > most)
            return rt_fail(RT_ERROR_INPUT, "its %s have a %lld, not %lld to %lld", name,
                           (long long)number, (long long)least, (long long)most);
        numbers[i] = (uint32_t)number;
    }
    return RT_OK;
}

static rt_status read_pads(const rt_importer *im, rt_import_window *w)
{
    const rt_onnx_attribute *given = rt_import_attribute(im, "pads");
    if (given == NULL) return RT_OK;
    if (given->count != 4) return rt_fail(RT_ERROR_INPUT, "its pads are not four numbers");
    for (uint32_t i = 0; i < 4; i++) {
        if (given->ints[i] < 0 || given->ints[i] > LARGEST_KERNEL)
            return rt_fail(RT_ERROR_INPUT, "its pads have a %lld, not 0 to %d",
                           (long long)given->ints[i], LARGEST_KERNEL);
        w->pads[i] = (uint32_t)given->ints[i];
    }
    return RT_OK;
}

/* Padding such that the output has ceil(size / stride) pixels; the odd one goes to one side. */
static void pad_same(rt_import_window *w, const uint32_t *size, bool upper)
{
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t out = (size[i] + w->strides[i] - 1) / w->strides[i];
        const uint32_t reach = w->dilations[i] * (w->kernel[i] - 1) + 1;
        const uint32_t need = (out - 1) * w->strides[i] + reach;
        const uint32_t pads = need > size[i] ? need - size[i] : 0;
        w->pads[i] = upper ? pads / 2 : pads - pads / 2;
        w->pads[i + 2] = pads - w->pads[i];
    }
}

rt_status rt_import_read_window(const rt_importer *im, const rt_import_value *x,
                                const int64_t *kernel, int64_t largest, rt_import_window *w)
{
    *w = (rt_import_window){.pads = {0}};
    if (x->rank != 4)
        return rt_fail(RT_ERROR_INPUT,
                       "its input has %u dimensions; only images [N,C,H,W] are "
                       "possible",
                       x->rank);
    RT_TRY(pair(im, "kernel_shape", kernel != NULL ? 1 : 0, 1, largest, w->kernel));
    for (uint32_t i = 0; kernel != NULL && i < 2; i++) {
        if (kernel[i] < 1 || kernel[i] > largest ||
            (rt_import_attribute(im, "kernel_shape") != NULL && w->kernel[i] != kernel[i]))
            return rt_fail(RT_ERROR_INPUT,
                           "its weights are for a kernel of %lld, not of 1 to %lld "
                           "or not what kernel_shape says",
                           (long long)kernel[i], (long long)largest);
        w->kernel[i] = (uint32_t)kernel[i];
    }
    RT_TRY(pair(im, "strides", 1, 1, largest, w->strides));
    RT_TRY(pair(im, "dilations", 1, 1, LARGEST_KERNEL, w->dilations));
    RT_TRY(read_pads(im, w));
    const char *automatic = rt_import_string(im, "auto_pad", "NOTSET");
    const uint32_t size[] = {(uint32_t)x->dims[2], (uint32_t)x->dims[3]};
    if (strcmp(automatic, "VALID") == 0)
        memset(w->pads, 0, sizeof w->pads);
    else if (strcmp(automatic, "SAME_UPPER") == 0 || strcmp(automatic, "SAME_LOWER") == 0)
        pad_same(w, size, strcmp(automatic, "SAME_UPPER") == 0);
    else if (strcmp(automatic, "NOTSET") != 0 && *automatic != 0)
        return rt_fail(RT_ERROR_INPUT, "its auto_pad is '%s'", automatic);
    return RT_OK;
}

/* The padding that all sides have, and what single sides have more. */
uint32_t rt_import_common_padding(const rt_import_window *w, rt_sides *more)
{
    uint32_t least = w->pads[0];
    for (uint32_t i = 1; i < 4; i++) least = w->pads[i] < least ? w->pads[i] : least;
    *more =
        (rt_sides){w->pads[0] - least, w->pads[1] - least, w->pads[2] - least, w->pads[3] - least};
    return least;
}

static rt_status equal_sides(const rt_import_window *w)
{
    const bool dilations_matter = w->kernel[0] > 1 && w->kernel[1] > 1;
    if (w->strides[0] != w->strides[1] || (dilations_matter && w->dilations[0] != w->dilations[1]))
        return rt_fail(RT_ERROR_INPUT,
                       "its strides %ux%u and dilations %ux%u differ along height "
                       "and width; Retort has one for both",
                       w->strides[0], w->strides[1], w->dilations[0], w->dilations[1]);
    return RT_OK;
}

/* The bias, input 2: as many numbers as channels. */
static rt_status add_bias(rt_importer *im, uint32_t layer, uint32_t channels)
{
    const rt_onnx_tensor *bias;
    if (!rt_import_has(im, 2)) return RT_OK;
    RT_TRY(rt_import_floats(im, 2, "bias", &bias));
    if (bias->count != channels)
        return rt_fail(RT_ERROR_INPUT, "its bias has %llu numbers for %u channels",
                       (unsigned long long)bias->count, channels);
    return rt_import_parameter(im, layer, "bias", bias->floats, channels);
}

static rt_status read_weight(rt_importer *im, const rt_import_value *x,
                             const rt_onnx_tensor **weight, int64_t *groups)
{
    RT_TRY(rt_import_floats(im, 1, "weights", weight));
    *groups = rt_import_int(im, "group", 1);
    if ((*weight)->rank != 4 || x->rank != 4)
        return rt_fail(RT_ERROR_INPUT, "its weights have %u dimensions; only images are possible",
                       (*weight)->rank);
    if (*groups < 1 || *groups > x->dims[1] || x->dims[1] % *groups != 0)
        return rt_fail(RT_ERROR_INPUT, "%lld groups do not divide %lld channels",
                       (long long)*groups, (long long)x->dims[1]);
    return RT_OK;
}

rt_status rt_import_conv(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    const rt_onnx_tensor *weight;
    rt_import_window w;
    int64_t groups;
    uint32_t from, layer;
    RT_TRY(read_weight(im, x, &weight, &groups));
    RT_TRY(rt_import_read_window(im, x, weight->dims + 2, LARGEST_KERNEL, &w));
    RT_TRY(equal_sides(&w));
    const int64_t channels = weight->dims[0];
    if (channels < 1 || channels % groups != 0 || weight->dims[1] != x->dims[1] / groups)
        return rt_fail(
            RT_ERROR_INPUT,
            "its weights, %lld to %lld channels, do not fit %lld channels in %lld groups",
            (long long)weight->dims[1], (long long)channels, (long long)x->dims[1],
            (long long)groups);
    rt_blueprint_layer made = {.kind = RT_LAYER_CONV2D,
                               .channels = (uint32_t)channels,
                               .kernel_h = w.kernel[0],
                               .kernel_w = w.kernel[1],
                               .stride = w.strides[0],
                               .dilation = w.dilations[w.kernel[0] > 1 ? 0 : 1],
                               .groups = (uint32_t)groups,
                               .bias = rt_import_has(im, 2)};
    if (w.kernel[0] * w.kernel[1] == 1) made.dilation = 1;
    made.padding = rt_import_common_padding(&w, &made.more);
    int64_t dims[4] = {x->dims[0], channels};
    for (uint32_t i = 0; i < 2; i++) {
        const int64_t reach = (int64_t)w.dilations[i] * (w.kernel[i] - 1) + 1;
        const int64_t room = x->dims[2 + i] + w.pads[i] + w.pads[i + 2] - reach;
        if (room < 0) return rt_fail(RT_ERROR_INPUT, "its kernel is larger than the image");
        dims[2 + i] = room / w.strides[i] + 1;
    }
    RT_TRY(rt_import_layer_of(im, x, &from));
    RT_TRY(rt_import_add_one(im, from, made, rt_import_wish(im, 1), rt_import_canonical(4, dims),
                             &layer));
    RT_TRY(rt_import_parameter(im, layer, "weight", weight->floats, weight->count));
    RT_TRY(add_bias(im, layer, made.channels));
    rt_import_output_layer(im, layer, 4, dims);
    return RT_OK;
}

rt_status rt_import_conv_transpose(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    const rt_onnx_tensor *weight;
    rt_import_window w;
    int64_t groups;
    uint32_t from, layer, output_padding[2];
    RT_TRY(read_weight(im, x, &weight, &groups));
    RT_TRY(rt_import_read_window(im, x, weight->dims + 2, LARGEST_KERNEL, &w));
    RT_TRY(pair(im, "output_padding", 0, 0, LARGEST_KERNEL, output_padding));
    RT_TRY(equal_sides(&w));
    const char *automatic = rt_import_string(im, "auto_pad", "NOTSET");
    if (output_padding[0] != output_padding[1] ||
        (strcmp(automatic, "NOTSET") != 0 && strcmp(automatic, "VALID") != 0) ||
        memcmp(w.pads, (uint32_t[]){w.pads[0], w.pads[0], w.pads[0], w.pads[0]}, sizeof w.pads))
        return rt_fail(RT_ERROR_INPUT,
                       "a transposed convolution has one padding for all sides here, "
                       "and no output_shape or auto_pad");
    if (weight->dims[0] != x->dims[1] || weight->dims[1] < 1 ||
        weight->dims[1] > INT32_MAX / groups)
        return rt_fail(RT_ERROR_INPUT, "its weights are for %lld channels, its input has %lld",
                       (long long)weight->dims[0], (long long)x->dims[1]);
    int64_t dims[4] = {x->dims[0], weight->dims[1] * groups};
    const rt_blueprint_layer made = {.kind = RT_LAYER_CONV_TRANSPOSE2D,
                                     .channels = (uint32_t)dims[1],
                                     .kernel_h = w.kernel[0],
                                     .kernel_w = w.kernel[1],
                                     .stride = w.strides[0],
                                     .padding = w.pads[0],
                                     .output_padding = output_padding[0],
                                     .dilation = w.dilations[w.kernel[0] > 1 ? 0 : 1],
                                     .groups = (uint32_t)groups,
                                     .bias = rt_import_has(im, 2)};
    for (uint32_t i = 0; i < 2; i++) {
        const int64_t reach = (int64_t)w.dilations[i] * (w.kernel[i] - 1) + 1;
        dims[2 + i] = (x->dims[2 + i] - 1) * w.strides[i] + reach + output_padding[i] -
                      2 * (int64_t)w.pads[i];
        if (dims[2 + i] < 1) return rt_fail(RT_ERROR_INPUT, "its output would be empty");
    }
    RT_TRY(rt_import_layer_of(im, x, &from));
    RT_TRY(rt_import_add_one(im, from, made, rt_import_wish(im, 1), rt_import_canonical(4, dims),
                             &layer));
    RT_TRY(rt_import_parameter(im, layer, "weight", weight->floats, weight->count));
    RT_TRY(add_bias(im, layer, made.channels));
    rt_import_output_layer(im, layer, 4, dims);
    return RT_OK;
}
