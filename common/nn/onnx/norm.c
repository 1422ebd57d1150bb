/* Normalisations: batch, instance, softmax. */

#include "common/nn/onnx/import_private.h"

#include <string.h>

/* Input `i` as the layer's parameter: a number a channel. */
static rt_status add_vector(rt_importer *im, uint32_t layer, uint32_t i, const char *field,
                            int64_t channels)
{
    const rt_onnx_tensor *vector;
    RT_TRY(rt_import_floats(im, i, field, &vector));
    if (vector->count != (uint64_t)channels)
        return rt_fail(RT_ERROR_INPUT, "its %s has %llu numbers for %lld channels", field,
                       (unsigned long long)vector->count, (long long)channels);
    return rt_import_parameter(im, layer, field, vector->floats, vector->count);
}

static rt_status add_norm(rt_importer *im, rt_layer_kind kind, rt_import_value *x, uint32_t *layer)
{
    uint32_t from;
    if (x->rank < 2) return rt_fail(RT_ERROR_INPUT, "its input has no channels");
    RT_TRY(rt_import_layer_of(im, x, &from));
    const rt_blueprint_layer made = {.kind = kind,
                                     .epsilon = rt_import_float(im, "epsilon", 1e-5f)};
    return rt_import_add_one(im, from, made, rt_import_wish(im, 1),
                             rt_import_canonical(x->rank, x->dims), layer);
}

rt_status rt_import_batch_norm(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    uint32_t layer;
    bool training = rt_import_int(im, "training_mode", 0) != 0;
    for (uint32_t i = 1; i < im->node->output_count; i++) /* the batch's statistics */
        training |= im->node->outputs[i] != RT_ONNX_NO_VALUE;
    if (training)
        return rt_fail(RT_ERROR_INPUT, "it is in training mode; call model.eval() before the "
                                       "export");
    RT_TRY(add_norm(im, RT_LAYER_BATCH_NORM, x, &layer));
    RT_TRY(add_vector(im, layer, 1, "weight", x->dims[1]));
    RT_TRY(add_vector(im, layer, 2, "bias", x->dims[1]));
    RT_TRY(add_vector(im, layer, 3, "running_mean", x->dims[1]));
    RT_TRY(add_vector(im, layer, 4, "running_var", x->dims[1]));
    rt_import_output_layer(im, layer, x->rank, x->dims);
    return RT_OK;
}

rt_status rt_import_instance_norm(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    uint32_t layer;
    RT_TRY(add_norm(im, RT_LAYER_INSTANCE_NORM, x, &layer));
    RT_TRY(add_vector(im, layer, 1, "weight", x->dims[1]));
    RT_TRY(add_vector(im, layer, 2, "bias", x->dims[1]));
    rt_import_output_layer(im, layer, x->rank, x->dims);
    return RT_OK;
}

/* Over `entries` numbers that lie `behind` numbers apart: they become the channels. */
static rt_status softmax_over(rt_importer *im, rt_import_value *x, rt_layer_kind kind,
                              uint64_t entries, uint64_t behind)
{
    const uint64_t count = rt_import_numbers(x), rows = count / entries;
    const int32_t *table;
    int32_t *places, *back;
    RT_TRY(rt_import_table_of(im, x, &table));
    RT_TRY(rt_import_table(im, count, &places));
    RT_TRY(rt_import_table(im, count, &back));
    for (uint64_t i = 0; i < count; i++) { /* i = (outer, entry, inner) */
        const uint64_t inner = i % behind, entry = i / behind % entries;
        const uint64_t row = i / behind / entries * behind + inner;
        places[row * entries + entry] = table[i];
        back[i] = (int32_t)(row * entries + entry);
    }
    const rt_import_shape shape = {1, (uint32_t)rows, (uint32_t)entries};
    rt_import_value y = *x;
    uint32_t from;
    RT_TRY(rt_import_arrange(im, x->layer, places, shape, &from));
    RT_TRY(rt_import_add_one(im, from, (rt_blueprint_layer){.kind = kind}, NULL, shape, &y.layer));
    y.table = back;
    rt_import_output(im, 0, &y);
    return RT_OK;
}

rt_status rt_import_softmax(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    const rt_layer_kind kind =
        strcmp(im->node->op, "Softmax") == 0 ? RT_LAYER_SOFTMAX : RT_LAYER_LOG_SOFTMAX;
    /* Before opset 13 all axes from `axis` on are one. */
    const bool from_there_on = im->model->opset < 13;
    uint32_t axis, from, layer;
    RT_TRY(rt_import_axis(rt_import_int(im, "axis", from_there_on ? 1 : -1), x->rank, &axis));
    if (axis == 0) return rt_fail(RT_ERROR_INPUT, "it goes over the batch");
    uint64_t behind = 1;
    for (uint32_t a = axis + 1; a < x->rank; a++) behind *= (uint64_t)x->dims[a];
    const uint64_t entries = (uint64_t)x->dims[axis] * (from_there_on ? behind : 1);
    if (axis > 1 || (from_there_on && behind > 1))
        return softmax_over(im, x, kind, entries, from_there_on ? 1 : behind);
    RT_TRY(rt_import_layer_of(im, x, &from));
    RT_TRY(rt_import_add_one(im, from, (rt_blueprint_layer){.kind = kind}, NULL,
                             rt_import_canonical(x->rank, x->dims), &layer));
    rt_import_output_layer(im, layer, x->rank, x->dims);
    return RT_OK;
}
