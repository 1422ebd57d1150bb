/* Operators that give the same numbers in the same order under another shape; and Shape. */

#include "common/nn/onnx/import_private.h"

#include <string.h>

static rt_status too_many_dims(uint32_t rank)
{
    return rt_fail(RT_ERROR_INPUT, "a shape of %u dimensions; at most %d are possible", rank,
                   RT_IMPORT_RANK);
}

/* Numbers of a value with its true batch. */
static int64_t true_count(const rt_import_value *value)
{
    int64_t count = 1; /* below 2^31 by check_dims, times the batch */
    for (uint32_t i = 0; i < value->rank; i++) count *= value->dims[i];
    return count;
}

rt_status rt_import_flatten(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    int64_t dims[2] = {1, 1};
    int64_t axis = rt_import_int(im, "axis", 1);
    if (axis < 0) axis += source.rank;
    if (axis < 0 || axis > source.rank)
        return rt_fail(RT_ERROR_INPUT, "there is no axis %lld", (long long)axis);
    for (uint32_t i = 0; i < source.rank; i++) dims[i >= axis] *= source.value->dims[i];
    return rt_import_output_reshaped(im, &source, 2, dims);
}

/* Fills in the 0 (as before) and the -1 (what is left) of a Reshape. */
static rt_status complete(const rt_importer *im, const rt_import_value *from, uint32_t rank,
                          int64_t *dims)
{
    const bool zero_is_zero = rt_import_int(im, "allowzero", 0) != 0;
    int64_t known = 1, *open = NULL;
    const int64_t count = true_count(from);
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] == 0 && !zero_is_zero) {
            if (i >= from->rank) return rt_fail(RT_ERROR_INPUT, "there is no dimension %u", i);
            dims[i] = from->dims[i];
        }
        if (dims[i] == -1 && open == NULL) {
            open = &dims[i];
            continue;
        }
        if (dims[i] < 0 || __builtin_mul_overflow(known, dims[i], &known))
            return rt_fail(RT_ERROR_INPUT, "its shape is not valid");
    }
    if (open != NULL) *open = known > 0 ? count / known : 0;
    if (open != NULL && __builtin_mul_overflow(known, *open, &known)) known = -1;
    if (known != count)
        return rt_fail(RT_ERROR_INPUT, "the shape has not as many numbers as its input (was the "
                                       "model exported for one fixed batch size?)");
    return RT_OK;
}

rt_status rt_import_reshape_node(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const rt_onnx_tensor *shape;
    int64_t dims[RT_IMPORT_RANK] = {0};
    RT_TRY(rt_import_wholes(im, 1, "shape", &shape));
    if (shape->count > RT_IMPORT_RANK) return too_many_dims((uint32_t)shape->count);
    memcpy(dims, shape->wholes, shape->count * sizeof *dims);
    const uint32_t rank = (uint32_t)shape->count;
    RT_TRY(complete(im, source.value, rank, dims));
    return rt_import_output_reshaped(im, &source, rank, dims);
}

/* Marks the axes of a list. */
static rt_status mark(const int64_t *axes, uint32_t count, uint32_t rank, bool *marked)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t axis;
        RT_TRY(rt_import_axis(axes[i], rank, &axis));
        marked[axis] = true;
    }
    return RT_OK;
}

rt_status rt_import_squeeze(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const rt_import_value *from = source.value;
    bool gone[RT_IMPORT_RANK] = {false};
    int64_t dims[RT_IMPORT_RANK] = {0};
    const int64_t *axes;
    uint32_t count, rank = 0;
    RT_TRY(rt_import_list(im, "axes", 1, &axes, &count));
    for (uint32_t i = 0; axes == NULL && i < from->rank; i++) gone[i] = from->dims[i] == 1;
    RT_TRY(mark(axes, count, from->rank, gone));
    for (uint32_t i = 0; i < from->rank; i++) {
        if (gone[i] && from->dims[i] != 1)
            return rt_fail(RT_ERROR_INPUT, "axis %u has %lld entries, not 1", i,
                           (long long)from->dims[i]);
        if (!gone[i]) dims[rank++] = from->dims[i];
    }
    return rt_import_output_reshaped(im, &source, rank, dims);
}

rt_status rt_import_unsqueeze(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    bool added[RT_IMPORT_RANK] = {false};
    int64_t dims[RT_IMPORT_RANK] = {0};
    const int64_t *axes;
    uint32_t count, at = 0;
    RT_TRY(rt_import_list(im, "axes", 1, &axes, &count));
    const uint64_t rank = (uint64_t)source.rank + count;
    if (rank > RT_IMPORT_RANK) return too_many_dims((uint32_t)rank);
    RT_TRY(mark(axes, count, (uint32_t)rank, added));
    for (uint32_t i = 0; i < rank; i++) {
        if (!added[i] && at == source.rank)
            return rt_fail(RT_ERROR_INPUT, "an axis is named twice");
        dims[i] = added[i] ? 1 : source.value->dims[at++];
    }
    return rt_import_output_reshaped(im, &source, (uint32_t)rank, dims);
}

/* The dims, from `start` to before `end`, as fixed numbers. */
rt_status rt_import_shape_node(rt_importer *im)
{
    const rt_import_value *from = rt_import_input(im, 0);
    const int64_t rank = from->rank;
    int64_t start = rt_import_int(im, "start", 0), end = rt_import_int(im, "end", rank);
    if (start < 0) start += rank;
    if (end < 0) end += rank;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end > rank ? rank : end < start ? start : end;
    rt_import_fixed shape;
    RT_TRY(rt_import_new_constant(im, true, 1, (int64_t[]){end - start}, &shape));
    memcpy(shape.wholes, from->dims + start, (size_t)(end - start) * sizeof(int64_t));
    rt_import_output_constant(im, 0, shape.tensor);
    return RT_OK;
}
