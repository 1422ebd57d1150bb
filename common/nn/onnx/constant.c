/* Nodes whose inputs are fixed numbers are computed here; what moves numbers is in movement.c. */

#include "common/nn/onnx/import_private.h"

#include <math.h>
#include <string.h>

enum { LARGEST_FIXED = 1 << 24 };

rt_status rt_import_new_constant(rt_importer *im, bool whole, uint32_t rank, const int64_t *dims,
                                 rt_import_fixed *made)
{
    rt_onnx_tensor *tensor = rt_arena_alloc(im->arena, 1, sizeof *tensor);
    if (tensor == NULL) return RT_ERROR_MEMORY;
    *tensor = (rt_onnx_tensor){.name = "", .whole = whole, .rank = rank, .count = 1};
    for (uint32_t i = 0; i < rank; i++) {
        tensor->dims[i] = dims[i];
        if (dims[i] < 0 ||
            __builtin_mul_overflow(tensor->count, (uint64_t)dims[i], &tensor->count) ||
            tensor->count > LARGEST_FIXED)
            return rt_fail(RT_ERROR_INPUT, "it makes too many fixed numbers");
    }
    *made = (rt_import_fixed){.tensor = tensor};
    RT_TRY(rt_import_take(im, whole ? 2 * tensor->count : tensor->count));
    if (whole)
        tensor->wholes = made->wholes =
            rt_arena_alloc(im->arena, tensor->count, sizeof *made->wholes);
    else
        tensor->floats = made->floats =
            rt_arena_alloc(im->arena, tensor->count, sizeof *made->floats);
    return made->wholes != NULL || made->floats != NULL ? RT_OK : RT_ERROR_MEMORY;
}

/* Constant, in the forms that opset 12 added too. */
static rt_status fold_constant(rt_importer *im)
{
    const rt_onnx_attribute *a = im->node->attribute_count == 1 ? im->node->attributes : NULL;
    if (a == NULL) return rt_fail(RT_ERROR_INPUT, "it must have one value");
    if (a->type == RT_ONNX_TENSOR) {
        rt_import_output_constant(im, 0, a->tensor);
        return RT_OK;
    }
    const bool whole = a->type == RT_ONNX_INT || a->type == RT_ONNX_INTS;
    const bool list = a->type == RT_ONNX_INTS || a->type == RT_ONNX_FLOATS;
    const int64_t count = list ? a->count : 1;
    rt_import_fixed made;
    RT_TRY(rt_import_new_constant(im, whole, list ? 1 : 0, &count, &made));
    for (int64_t i = 0; i < count; i++)
        if (whole)
            made.wholes[i] = list ? a->ints[i] : a->whole;
        else
            made.floats[i] = list ? a->floats[i] : a->number;
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

static rt_status fold_constant_of_shape(rt_importer *im)
{
    const rt_onnx_attribute *a = rt_import_attribute(im, "value");
    const rt_onnx_tensor *shape, *value = a != NULL ? a->tensor : NULL;
    rt_import_fixed made;
    RT_TRY(rt_import_wholes(im, 0, "shape", &shape));
    if (shape->count > RT_IMPORT_RANK || (value != NULL && value->count != 1))
        return rt_fail(RT_ERROR_INPUT, "its shape or its value is not possible");
    const bool whole = value != NULL && value->whole;
    RT_TRY(rt_import_new_constant(im, whole, (uint32_t)shape->count, shape->wholes, &made));
    for (uint64_t i = 0; i < made.tensor->count && value != NULL; i++)
        if (whole)
            made.wholes[i] = value->wholes[0];
        else
            made.floats[i] = value->floats[0];
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

static rt_status fold_range(rt_importer *im)
{
    const rt_onnx_tensor *ends[3]; /* start, limit, step */
    for (uint32_t i = 0; i < 3; i++) {
        RT_TRY(rt_import_wholes(im, i, "range", &ends[i]));
        if (ends[i]->count != 1 || ends[i]->wholes[0] < -LARGEST_FIXED ||
            ends[i]->wholes[0] > LARGEST_FIXED)
            return rt_fail(RT_ERROR_INPUT, "its range is too large");
    }
    const int64_t start = ends[0]->wholes[0], limit = ends[1]->wholes[0];
    const int64_t step = ends[2]->wholes[0];
    if (step == 0) return rt_fail(RT_ERROR_INPUT, "its step is 0");
    int64_t count =
        step > 0 ? (limit - start + step - 1) / step : (start - limit - step - 1) / -step;
    if ((step > 0) != (limit > start)) count = 0;
    rt_import_fixed made;
    RT_TRY(rt_import_new_constant(im, true, 1, &count, &made));
    for (int64_t i = 0; i < count; i++) made.wholes[i] = start + i * step;
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

static int64_t to_whole(float number)
{
    const double cut = trunc((double)number);
    return cut > -9e18 && cut < 9e18 ? (int64_t)cut : 0;
}

static rt_status fold_cast(rt_importer *im)
{
    const rt_onnx_tensor *from = rt_import_input(im, 0)->constant;
    const int64_t to = rt_import_int(im, "to", 0);
    const bool whole = !(to == 1 || to == 10 || to == 11 || to == 16), boolean = to == 9;
    if (to < 1 || to > 16 || to == 8 || to == 14 || to == 15)
        return rt_fail(RT_ERROR_INPUT, "it makes numbers of the type %lld", (long long)to);
    rt_import_fixed made;
    RT_TRY(rt_import_new_constant(im, whole, from->rank, from->dims, &made));
    for (uint64_t i = 0; i < from->count; i++) {
        if (!whole)
            made.floats[i] = from->whole ? (float)from->wholes[i] : from->floats[i];
        else if (boolean)
            made.wholes[i] = from->whole ? from->wholes[i] != 0 : from->floats[i] != 0;
        else
            made.wholes[i] = from->whole ? from->wholes[i] : to_whole(from->floats[i]);
    }
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

/* All numbers multiplied. */
static rt_status fold_product(rt_importer *im)
{
    const rt_onnx_tensor *from;
    rt_import_fixed made;
    const bool keep = rt_import_int(im, "keepdims", 1) != 0;
    RT_TRY(rt_import_wholes(im, 0, "numbers", &from));
    if (from->rank != 1) return rt_fail(RT_ERROR_INPUT, "it multiplies what is no list");
    RT_TRY(rt_import_new_constant(im, true, keep ? 1 : 0, (int64_t[]){1}, &made));
    made.wholes[0] = 1;
    for (uint64_t i = 0; i < from->count; i++)
        if (__builtin_mul_overflow(made.wholes[0], from->wholes[i], &made.wholes[0]))
            return rt_fail(RT_ERROR_INPUT, "its product is too large");
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

rt_status rt_import_fold(rt_importer *im, bool *done)
{
    static const struct {
        const char *op;
        rt_status (*fold)(rt_importer *im);
    } folds[] = {
        {"Constant", fold_constant},     {"ConstantOfShape", fold_constant_of_shape},
        {"Range", fold_range},           {"Cast", fold_cast},
        {"ReduceProd", fold_product},    {"Identity", rt_import_identity},
        {"Dropout", rt_import_identity},
    };
    *done = true;
    for (size_t i = 0; i < RT_COUNT(folds); i++)
        if (strcmp(im->node->op, folds[i].op) == 0) return folds[i].fold(im);
    return rt_import_fold_arithmetic(im, done);
}
