#include "common/nn/onnx/import_private.h"

#include <string.h>

/* Fixed tensors one behind the other along an axis. */
static rt_status concat_fixed(rt_importer *im, uint32_t axis, uint32_t rank, const int64_t *dims)
{
    const bool whole = rt_import_input(im, 0)->constant->whole;
    rt_import_fixed result;
    RT_TRY(rt_import_new_constant(im, whole, rank, dims, &result));
    uint64_t outer = 1, behind = 1, done = 0;
    for (uint32_t a = 0; a < axis; a++) outer *= (uint64_t)dims[a];
    for (uint32_t a = axis + 1; a < rank; a++) behind *= (uint64_t)dims[a];
    const uint64_t row = (uint64_t)dims[axis] * behind;
    for (uint32_t i = 0; i < im->node->input_count; i++) {
        const rt_onnx_tensor *t = rt_import_input(im, i)->constant;
        const uint64_t piece = (uint64_t)t->dims[axis] * behind;
        if (t->whole != whole) return rt_fail(RT_ERROR_INPUT, "its inputs are of two types");
        for (uint64_t o = 0; o < outer; o++)
            for (uint64_t k = 0; k < piece; k++)
                if (whole)
                    result.wholes[o * row + done + k] = t->wholes[o * piece + k];
                else
                    result.floats[o * row + done + k] = t->floats[o * piece + k];
        done += piece;
    }
    rt_import_output_constant(im, 0, result.tensor);
    return RT_OK;
}

/* Channels of images: a layer. `layers` are the inputs', in any order of theirs. */
static rt_status add_concat(rt_importer *im, const uint32_t *layers, rt_import_shape shape,
                            uint32_t *value)
{
    const rt_blueprint_layer made = {
        .kind = RT_LAYER_CONCAT, .inputs = layers, .input_count = im->node->input_count};
    return rt_import_add(im, &made, NULL, shape, value);
}

/* Along any other axis: all numbers of each in a row, joined, and a table for where they are. */
static rt_status concat_flat(rt_importer *im, uint32_t axis, uint32_t rank, const int64_t *dims,
                             uint32_t *layers)
{
    uint64_t outer = 1, behind = 1, total = 0, first = 0, done = 0;
    for (uint32_t a = 1; a < axis; a++) outer *= (uint64_t)dims[a];
    for (uint32_t a = axis + 1; a < rank; a++) behind *= (uint64_t)dims[a];
    const uint64_t row = (uint64_t)dims[axis] * behind;
    int32_t *table;
    RT_TRY(rt_import_table(im, outer * row, &table));
    for (uint32_t i = 0; i < im->node->input_count; i++) {
        const rt_import_value *x = rt_import_input(im, i);
        const int32_t *places;
        const uint64_t numbers = rt_import_numbers(x);
        const uint64_t piece = (uint64_t)x->dims[axis] * behind;
        RT_TRY(rt_import_table_of(im, x, &places));
        RT_TRY(rt_import_arrange(im, x->layer, places, (rt_import_shape){1, 1, (uint32_t)numbers},
                                 &layers[i]));
        for (uint64_t k = 0; k < numbers; k++)
            table[k / piece * row + done + k % piece] = (int32_t)(first + k);
        first += numbers;
        done += piece;
        total += numbers;
    }
    rt_import_value joined = {.rank = rank, .table = table};
    memcpy(joined.dims, dims, rank * sizeof *dims);
    RT_TRY(add_concat(im, layers, (rt_import_shape){1, 1, (uint32_t)total}, &joined.layer));
    rt_import_output(im, 0, &joined);
    return RT_OK;
}

static rt_status concat_channels(rt_importer *im, uint32_t rank, const int64_t *dims,
                                 uint32_t *layers)
{
    uint32_t layer;
    for (uint32_t i = 0; i < im->node->input_count; i++)
        RT_TRY(rt_import_layer_of(im, rt_import_input(im, i), &layers[i]));
    RT_TRY(add_concat(im, layers, rt_import_canonical(rank, dims), &layer));
    rt_import_output_layer(im, layer, rank, dims);
    return RT_OK;
}

rt_status rt_import_concat(rt_importer *im)
{
    const uint32_t count = im->node->input_count;
    uint32_t fixed = 0, axis, layers[RT_BLUEPRINT_MAXIMUM_INPUTS];
    int64_t dims[RT_IMPORT_RANK] = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (!rt_import_has(im, i)) return rt_fail(RT_ERROR_INPUT, "an input is left out");
        fixed += rt_import_input(im, i)->constant != NULL;
    }
    const rt_import_value *first = rt_import_input(im, 0);
    const uint32_t rank = first->rank;
    RT_TRY(rt_import_axis(rt_import_int(im, "axis", 1), rank, &axis));
    memcpy(dims, first->dims, sizeof dims);
    dims[axis] = 0;
    for (uint32_t i = 0; i < count; i++) {
        const rt_import_value *x = rt_import_input(im, i);
        for (uint32_t a = 0; a < rank; a++)
            if (x->rank != rank || (a != axis && x->dims[a] != first->dims[a]))
                return rt_fail(RT_ERROR_INPUT, "its inputs differ in more than axis %u", axis);
        if (__builtin_add_overflow(dims[axis], x->dims[axis], &dims[axis]) ||
            dims[axis] > INT32_MAX)
            return rt_fail(RT_ERROR_INPUT, "its output is too large");
    }
    if (fixed == count) return concat_fixed(im, axis, rank, dims);
    if (fixed > 0)
        return rt_fail(RT_ERROR_INPUT,
                       "it joins what depends on the image with fixed numbers; Retort cannot");
    if (axis == 0) return rt_fail(RT_ERROR_INPUT, "it joins images to a larger batch");
    return axis == 1 ? concat_channels(im, rank, dims, layers)
                     : concat_flat(im, axis, rank, dims, layers);
}
