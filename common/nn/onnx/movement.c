/* Operators that move numbers: each becomes the place that every number comes from. */

#include "common/nn/onnx/import_private.h"

#include <limits.h>
#include <string.h>

rt_status rt_import_transpose(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const rt_onnx_attribute *given = rt_import_attribute(im, "perm");
    int64_t dims[RT_IMPORT_RANK] = {0};
    uint64_t strides[RT_IMPORT_RANK], stride = 1, moved[RT_IMPORT_RANK];
    bool taken[RT_IMPORT_RANK] = {false};
    if (given != NULL && given->count != source.rank)
        return rt_fail(RT_ERROR_INPUT, "its perm has %u axes, its input %u", given->count,
                       source.rank);
    for (uint32_t a = source.rank; a > 0; a--) {
        strides[a - 1] = stride;
        stride *= (uint64_t)source.dims[a - 1];
    }
    for (uint32_t a = 0; a < source.rank; a++) {
        uint32_t axis;
        RT_TRY(rt_import_axis(given != NULL ? given->ints[a] : source.rank - 1 - a, source.rank,
                              &axis));
        if (taken[axis]) return rt_fail(RT_ERROR_INPUT, "its perm names axis %u twice", axis);
        taken[axis] = true;
        if (a == 0 && axis != 0 && source.value->constant == NULL)
            return rt_fail(RT_ERROR_INPUT, "it moves the batch, which must stay first");
        dims[a] = source.dims[axis];
        moved[a] = strides[axis];
    }
    int32_t *order;
    RT_TRY(rt_import_table(im, source.count, &order));
    uint64_t position[RT_IMPORT_RANK] = {0}, at = 0;
    for (uint64_t k = 0; k < source.count; k++) {
        order[k] = (int32_t)at;
        for (uint32_t a = source.rank; a > 0; a--) {
            at += moved[a - 1];
            if (++position[a - 1] < (uint64_t)dims[a - 1]) break;
            at -= moved[a - 1] * (uint64_t)dims[a - 1];
            position[a - 1] = 0;
        }
    }
    return rt_import_output_moved(im, 0, &source, source.rank, dims, order);
}

static rt_status not_the_batch(const rt_import_source *source, uint32_t axis)
{
    if (axis != 0 || source->value->constant != NULL) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "it cuts the batch; each image must stay by itself");
}

/* `count` positions from `first` on, `step` apart. */
static rt_status make_range(rt_importer *im, int64_t first, int64_t step, int64_t count,
                            const int32_t **range)
{
    int32_t *made;
    RT_TRY(rt_import_table(im, (uint64_t)count, &made));
    for (int64_t i = 0; i < count; i++) made[i] = (int32_t)(first + i * step);
    *range = made;
    return RT_OK;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* One axis of a Slice: counted from the end where negative, cut to what is there. */
static rt_status slice_axis(rt_importer *im, int64_t start, int64_t end, int64_t step, int64_t *dim,
                            const int32_t **picks)
{
    const int64_t size = *dim;
    if (step == 0 || step <= -INT32_MAX || step >= INT32_MAX)
        return rt_fail(RT_ERROR_INPUT, "its step is %lld", (long long)step);
    if (start < 0) start = start < -size ? -1 : start + size;
    if (end < 0) end = end < -size ? -1 : end + size;
    if (step > 0) {
        start = clamp(start, 0, size);
        end = clamp(end, 0, size);
        *dim = end > start ? (end - start + step - 1) / step : 0;
    } else {
        start = clamp(start, -1, size - 1);
        end = clamp(end, -1, size - 1);
        *dim = start > end ? (start - end - step - 1) / -step : 0;
    }
    return make_range(im, start, step, *dim, picks);
}

rt_status rt_import_slice(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const int64_t *lists[4]; /* starts, ends, axes, steps */
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    uint32_t counts[4];
    const int32_t *picks[RT_IMPORT_RANK] = {NULL};
    int64_t dims[RT_IMPORT_RANK] = {0};
    memcpy(dims, source.dims, sizeof dims);
    for (uint32_t i = 0; i < RT_COUNT(lists); i++)
        RT_TRY(rt_import_list(im, names[i], i + 1, &lists[i], &counts[i]));
    if (lists[0] == NULL || lists[1] == NULL || counts[0] != counts[1] ||
        (lists[2] != NULL && counts[2] != counts[0]) ||
        (lists[3] != NULL && counts[3] != counts[0]))
        return rt_fail(RT_ERROR_INPUT, "its starts, ends, axes and steps do not fit each other");
    for (uint32_t i = 0; i < counts[0]; i++) {
        uint32_t axis;
        RT_TRY(rt_import_axis(lists[2] != NULL ? lists[2][i] : i, source.rank, &axis));
        RT_TRY(not_the_batch(&source, axis));
        if (picks[axis] != NULL) return rt_fail(RT_ERROR_INPUT, "it cuts axis %u twice", axis);
        RT_TRY(slice_axis(im, lists[0][i], lists[1][i], lists[3] != NULL ? lists[3][i] : 1,
                          &dims[axis], &picks[axis]));
    }
    return rt_import_output_picked(im, 0, &source, dims, picks);
}

rt_status rt_import_split(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const uint32_t outputs = im->node->output_count;
    const int64_t *sizes;
    uint32_t count, axis;
    int64_t first = 0;
    RT_TRY(rt_import_axis(rt_import_int(im, "axis", 0), source.rank, &axis));
    RT_TRY(not_the_batch(&source, axis));
    RT_TRY(rt_import_list(im, "split", 1, &sizes, &count));
    if (sizes != NULL && count != outputs)
        return rt_fail(RT_ERROR_INPUT, "it has %u outputs and %u sizes", outputs, count);
    const int64_t size = source.dims[axis], each = (size + outputs - 1) / outputs;
    for (uint32_t i = 0; i < outputs; i++) {
        const int32_t *picks[RT_IMPORT_RANK] = {NULL};
        int64_t dims[RT_IMPORT_RANK] = {0};
        memcpy(dims, source.dims, sizeof dims);
        dims[axis] = sizes != NULL ? sizes[i] : first + each <= size ? each : size - first;
        if (dims[axis] < 1 || dims[axis] > size - first)
            return rt_fail(RT_ERROR_INPUT, "its sizes do not fit the %lld entries of axis %u",
                           (long long)size, axis);
        RT_TRY(make_range(im, first, 1, dims[axis], &picks[axis]));
        first += dims[axis];
        RT_TRY(rt_import_output_picked(im, i, &source, dims, picks));
    }
    if (first != size) return rt_fail(RT_ERROR_INPUT, "its sizes leave entries of axis %u", axis);
    return RT_OK;
}

rt_status rt_import_gather(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const rt_onnx_tensor *indices;
    uint32_t axis;
    RT_TRY(rt_import_wholes(im, 1, "indices", &indices));
    RT_TRY(rt_import_axis(rt_import_int(im, "axis", 0), source.rank, &axis));
    RT_TRY(not_the_batch(&source, axis));
    const uint32_t rank = source.rank - 1 + indices->rank;
    if (rank > RT_IMPORT_RANK)
        return rt_fail(RT_ERROR_INPUT, "its output would have %u dimensions", rank);
    /* before, picked, behind */
    uint64_t before = 1, behind = 1;
    int64_t dims[RT_IMPORT_RANK] = {0};
    for (uint32_t a = 0; a < axis; a++) before *= (uint64_t)(dims[a] = source.dims[a]);
    for (uint32_t a = 0; a < indices->rank; a++) dims[axis + a] = indices->dims[a];
    for (uint32_t a = axis + 1; a < source.rank; a++)
        behind *= (uint64_t)(dims[a - 1 + indices->rank] = source.dims[a]);
    const int64_t size = source.dims[axis];
    int32_t *order;
    uint64_t numbers;
    if (__builtin_mul_overflow(before * behind, indices->count, &numbers))
        return rt_fail(RT_ERROR_INPUT, "its output is too large");
    RT_TRY(rt_import_table(im, numbers, &order));
    for (uint64_t k = 0; k < numbers; k++) {
        int64_t pick = indices->wholes[k / behind % indices->count];
        if (pick < -size || pick >= size)
            return rt_fail(RT_ERROR_INPUT, "there is no entry %lld of %lld", (long long)pick,
                           (long long)size);
        if (pick < 0) pick += size;
        const uint64_t outer = k / behind / indices->count;
        order[k] = (int32_t)((outer * (uint64_t)size + (uint64_t)pick) * behind + k % behind);
    }
    return rt_import_output_moved(im, 0, &source, rank, dims, order);
}

rt_status rt_import_expand(rt_importer *im)
{
    rt_import_source source = rt_import_source_of(im, 0);
    const rt_onnx_tensor *shape;
    RT_TRY(rt_import_wholes(im, 1, "shape", &shape));
    const bool fixed = source.value->constant != NULL;
    const uint32_t wanted = (uint32_t)shape->count;
    if (shape->count > RT_IMPORT_RANK || (!fixed && wanted > source.rank))
        return rt_fail(RT_ERROR_INPUT, "it adds dimensions before the batch");
    const uint32_t rank = wanted > source.rank ? wanted : source.rank;
    int64_t dims[RT_IMPORT_RANK] = {0};
    const int32_t *picks[RT_IMPORT_RANK] = {NULL};
    for (uint32_t a = rank; a > 0; a--) { /* dimensions are matched from the last on */
        const uint32_t from_end = rank - a;
        const int64_t have = from_end < source.rank ? source.dims[source.rank - 1 - from_end] : 1;
        int64_t want = from_end < wanted ? shape->wholes[wanted - 1 - from_end] : 1;
        if (!fixed && a == 1 && want == im->batch) want = 1;
        if (want != 1 && have != 1 && want != have)
            return rt_fail(RT_ERROR_INPUT, "%lld entries cannot be repeated to %lld",
                           (long long)have, (long long)want);
        dims[a - 1] = have != 1 ? have : want;
        if (have == 1 && want != 1)
            RT_TRY(make_range(im, 0, 0, want > 0 ? want : 0, &picks[a - 1]));
    }
    for (uint32_t a = rank; a > 0; a--) /* the source with as many dimensions */
        source.dims[a - 1] = rank - a < source.rank ? source.dims[source.rank - 1 - (rank - a)] : 1;
    source.rank = rank;
    return rt_import_output_picked(im, 0, &source, dims, picks);
}

/* Position p of a padded axis that has `size` entries: which entry, or -1. */
static int32_t padded(const char *mode, int64_t p, int64_t size)
{
    if (p >= 0 && p < size) return (int32_t)p;
    if (strcmp(mode, "edge") == 0) return (int32_t)clamp(p, 0, size - 1);
    if (strcmp(mode, "reflect") == 0) return (int32_t)(p < 0 ? -p : 2 * (size - 1) - p);
    return -1;
}

/* The border of an image, which has a kernel of its own. */
static rt_status pad_image(rt_importer *im, const int64_t *pads, float value)
{
    rt_import_value *x = rt_import_input(im, 0);
    uint32_t from, layer;
    RT_TRY(rt_import_layer_of(im, x, &from));
    const int64_t dims[] = {x->dims[0], x->dims[1], x->dims[2] + pads[2] + pads[6],
                            x->dims[3] + pads[3] + pads[7]};
    const rt_blueprint_layer made = {
        .kind = RT_LAYER_PAD,
        .more = {(uint32_t)pads[2], (uint32_t)pads[3], (uint32_t)pads[6], (uint32_t)pads[7]},
        .value = value};
    RT_TRY(rt_import_add_one(im, from, made, NULL, rt_import_canonical(4, dims), &layer));
    rt_import_output_layer(im, layer, 4, dims);
    return RT_OK;
}

static rt_status read_pads(const rt_importer *im, const rt_import_source *source, int64_t *pads,
                           float *value)
{
    const int64_t *list;
    uint32_t count;
    RT_TRY(rt_import_list(im, "pads", 1, &list, &count));
    if (list == NULL || count != 2 * source->rank || rt_import_has(im, 3))
        return rt_fail(RT_ERROR_INPUT, "its pads must be two numbers a dimension, for all");
    *value = rt_import_float(im, "value", 0);
    if (rt_import_has(im, 2)) {
        const rt_onnx_tensor *tensor;
        RT_TRY(rt_import_floats(im, 2, "constant_value", &tensor));
        if (tensor->count != 1) return rt_fail(RT_ERROR_INPUT, "its value is no single number");
        *value = tensor->floats[0];
    }
    for (uint32_t i = 0; i < count; i++) {
        pads[i] = list[i];
        if (list[i] < -(1 << 14) || list[i] > 1 << 14)
            return rt_fail(RT_ERROR_INPUT, "it pads by %lld", (long long)list[i]);
    }
    return RT_OK;
}

rt_status rt_import_pad(rt_importer *im)
{
    const rt_import_source source = rt_import_source_of(im, 0);
    const char *mode = rt_import_string(im, "mode", "constant");
    int64_t pads[2 * RT_IMPORT_RANK], dims[RT_IMPORT_RANK];
    const int32_t *picks[RT_IMPORT_RANK] = {NULL};
    float value;
    const bool constant = strcmp(mode, "constant") == 0;
    if (!constant && strcmp(mode, "edge") != 0 && strcmp(mode, "reflect") != 0)
        return rt_fail(RT_ERROR_INPUT, "its mode is '%s'; constant, reflect and edge are possible",
                       mode);
    RT_TRY(read_pads(im, &source, pads, &value));
    bool any = false;
    for (uint32_t i = 0; i < 2 * source.rank; i++) any |= pads[i] != 0;
    if (!any) return rt_import_identity(im); /* as PyTorch writes before its pools */
    bool border = source.rank == 4 && constant && source.value->constant == NULL;
    for (uint32_t i = 0; i < 2 * source.rank; i++)
        border &= i % source.rank >= 2 ? pads[i] >= 0 : pads[i] == 0;
    if (border) return pad_image(im, pads, value);
    if (value != 0 && constant)
        return rt_fail(RT_ERROR_INPUT,
                       "it pads with %g; only an image's border can be other than 0",
                       (double)value);
    for (uint32_t a = 0; a < source.rank; a++) {
        const int64_t before = pads[a], behind = pads[a + source.rank], size = source.dims[a];
        dims[a] = size + before + behind;
        if (before == 0 && behind == 0) continue;
        RT_TRY(not_the_batch(&source, a));
        if (dims[a] < 1 || (strcmp(mode, "reflect") == 0 && (before >= size || behind >= size)))
            return rt_fail(RT_ERROR_INPUT, "it pads %lld entries by %lld and %lld", (long long)size,
                           (long long)before, (long long)behind);
        int32_t *made;
        RT_TRY(rt_import_table(im, (uint64_t)dims[a], &made));
        for (int64_t p = 0; p < dims[a]; p++) made[p] = padded(mode, p - before, size);
        picks[a] = made;
    }
    return rt_import_output_picked(im, 0, &source, dims, picks);
}
