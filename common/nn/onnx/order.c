/* What the operators share that move numbers, of activations and of fixed tensors alike. */

#include "common/nn/onnx/import_private.h"

#include <string.h>

rt_import_source rt_import_source_of(const rt_importer *im, uint32_t input)
{
    rt_import_value *value = rt_import_input(im, input);
    rt_import_source source = {.value = value, .rank = value->rank, .count = 1};
    memcpy(source.dims, value->dims, sizeof source.dims);
    if (value->constant == NULL) source.dims[0] = 1;
    for (uint32_t i = 0; i < source.rank; i++) source.count *= (uint64_t)source.dims[i];
    return source;
}

/* The source's fixed numbers at `order`; NULL: as they stand. */
static rt_status move_constant(rt_importer *im, uint32_t i, const rt_onnx_tensor *from,
                               uint32_t rank, const int64_t *dims, const int32_t *order)
{
    rt_import_fixed to;
    RT_TRY(rt_import_new_constant(im, from->whole, rank, dims, &to));
    for (uint64_t k = 0; k < to.tensor->count; k++) {
        const int64_t at = order != NULL ? order[k] : (int64_t)k;
        if (from->whole)
            to.wholes[k] = at >= 0 ? from->wholes[at] : 0;
        else
            to.floats[k] = at >= 0 ? from->floats[at] : 0;
    }
    rt_import_output_constant(im, i, to.tensor);
    return RT_OK;
}

rt_status rt_import_output_moved(rt_importer *im, uint32_t i, const rt_import_source *source,
                                 uint32_t rank, const int64_t *dims, const int32_t *order)
{
    if (source->value->constant != NULL)
        return move_constant(im, i, source->value->constant, rank, dims, order);
    int64_t true_dims[RT_IMPORT_RANK] = {0};
    memcpy(true_dims, dims, rank * sizeof *dims);
    if (rank > 0 && true_dims[0] == 1) true_dims[0] = im->batch;
    rt_import_value moved;
    RT_TRY(rt_import_move(im, source->value, rank, true_dims, order, &moved));
    rt_import_output(im, i, &moved);
    return RT_OK;
}

rt_status rt_import_output_reshaped(rt_importer *im, const rt_import_source *source, uint32_t rank,
                                    const int64_t *dims)
{
    if (source->value->constant != NULL)
        return move_constant(im, 0, source->value->constant, rank, dims, NULL);
    rt_import_value reshaped;
    RT_TRY(rt_import_reshape(im, source->value, rank, dims, &reshaped));
    rt_import_output(im, 0, &reshaped);
    return RT_OK;
}

rt_status rt_import_output_picked(rt_importer *im, uint32_t i, const rt_import_source *source,
                                  const int64_t *dims, const int32_t *const *picks)
{
    const uint32_t rank = source->rank;
    uint64_t count = 1, strides[RT_IMPORT_RANK], stride = 1;
    for (uint32_t a = rank; a > 0; a--) {
        strides[a - 1] = stride;
        stride *= (uint64_t)source->dims[a - 1];
        if (dims[a - 1] < 0 || __builtin_mul_overflow(count, (uint64_t)dims[a - 1], &count))
            return rt_fail(RT_ERROR_INPUT, "its output is too large");
    }
    int32_t *order;
    RT_TRY(rt_import_table(im, count, &order));
    uint64_t position[RT_IMPORT_RANK] = {0};
    for (uint64_t k = 0; k < count; k++) {
        int64_t at = 0;
        for (uint32_t a = 0; a < rank && at >= 0; a++) {
            const int64_t pick = picks[a] != NULL ? picks[a][position[a]] : (int64_t)position[a];
            at = pick < 0 ? -1 : at + pick * (int64_t)strides[a];
        }
        order[k] = (int32_t)at;
        for (uint32_t a = rank; a > 0; a--) { /* counts up, last axis first */
            if (++position[a - 1] < (uint64_t)dims[a - 1]) break;
            position[a - 1] = 0;
        }
    }
    return rt_import_output_moved(im, i, source, rank, dims, order);
}
