/* Gemm and MatMul with fixed weights: linear layers. */

#include "common/nn/onnx/import_private.h"

/* Y = alpha A B + beta C as a linear layer's weight [O,I] and bias [O]. */
typedef struct linear {
    const rt_onnx_tensor *weight;
    bool transposed;            ///< the weight is [O,I] already, else [I,O]
    const rt_onnx_tensor *bias; ///< NULL: none
    float alpha, beta;
    uint32_t inputs, outputs;
} linear;

static float weight_at(const linear *l, uint32_t o, uint32_t i)
{
    const uint64_t at = l->transposed ? (uint64_t)o * l->inputs + i : (uint64_t)i * l->outputs + o;
    return l->alpha * l->weight->floats[at];
}

/* `places`: input i of the layer that is read is number j of A where places[j] = i; NULL: j = i. */
static rt_status add_linear(rt_importer *im, const linear *l, uint32_t from, rt_import_shape shape,
                            const int32_t *places, uint32_t *layer)
{
    float *const weight = rt_arena_alloc(im->arena, l->weight->count, sizeof *weight);
    float *const bias = rt_arena_alloc(im->arena, l->outputs, sizeof *bias);
    if (weight == NULL || bias == NULL) return RT_ERROR_MEMORY;
    for (uint32_t o = 0; o < l->outputs; o++)
        for (uint32_t i = 0; i < l->inputs; i++)
            weight[(uint64_t)o * l->inputs + (places != NULL ? (uint32_t)places[i] : i)] =
                weight_at(l, o, i);
    for (uint32_t o = 0; o < l->outputs && l->bias != NULL; o++)
        bias[o] = l->beta * l->bias->floats[l->bias->count > 1 ? o : 0];
    const rt_blueprint_layer made = {.kind = RT_LAYER_LINEAR, .channels = l->outputs};
    shape.c = l->outputs;
    RT_TRY(rt_import_add_one(im, from, made, rt_import_wish(im, 1), shape, layer));
    RT_TRY(rt_import_parameter(im, *layer, "weight", weight, l->weight->count));
    return rt_import_parameter(im, *layer, "bias", bias, l->outputs);
}

/* Whether a value is all of its layer's numbers, each once, in another order. */
static rt_status is_permutation(const rt_import_value *x, uint64_t numbers, bool *is)
{
    bool *seen;
    RT_TRY(RT_ALLOC(seen, numbers));
    *is = rt_import_numbers(x) == numbers;
    for (uint64_t i = 0; i < numbers && *is; i++) {
        *is = x->table[i] >= 0 && !seen[x->table[i]];
        if (*is) seen[x->table[i]] = true;
    }
    rt_free(seen);
    return RT_OK;
}

/* What a linear layer reads. A flattened image need not be brought into ONNX's order: the weights
 * are, once, and the image is seen as a vector. */
static rt_status flat_input(rt_importer *im, rt_import_value *x, uint32_t *from,
                            const int32_t **places)
{
    const rt_import_shape shape = im->shapes[x->layer];
    const uint64_t numbers = (uint64_t)shape.h * shape.w * shape.c;
    bool permuted = false;
    *places = NULL;
    if (x->table != NULL && shape.c % 4 == 0) RT_TRY(is_permutation(x, numbers, &permuted));
    if (!permuted) return rt_import_layer_of(im, x, from);
    *places = x->table;
    *from = x->layer;
    if (shape.h * shape.w == 1) return RT_OK;
    const rt_blueprint_layer made = {
        .kind = RT_LAYER_RESHAPE, .height = 1, .width = 1, .channels = (uint32_t)numbers};
    return rt_import_add_one(im, *from, made, NULL, (rt_import_shape){1, 1, (uint32_t)numbers},
                             from);
}

static rt_status check_weight(const rt_import_value *x, linear *l)
{
    const rt_onnx_tensor *w = l->weight;
    if (w->rank != 2 || x->rank < 2)
        return rt_fail(RT_ERROR_INPUT,
                       "it multiplies tensors of %u and %u dimensions; fixed "
                       "weights of two are possible",
                       x->rank, w->rank);
    const int64_t inputs = w->dims[l->transposed ? 1 : 0];
    const int64_t outputs = w->dims[l->transposed ? 0 : 1];
    if (inputs != x->dims[x->rank - 1] || outputs < 1 || outputs > INT32_MAX)
        return rt_fail(RT_ERROR_INPUT, "its weights are for %lld inputs, there are %lld",
                       (long long)inputs, (long long)x->dims[x->rank - 1]);
    l->inputs = (uint32_t)inputs;
    l->outputs = (uint32_t)outputs;
    return RT_OK;
}

rt_status rt_import_gemm(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    linear l = {.transposed = rt_import_int(im, "transB", 0) != 0,
                .alpha = rt_import_float(im, "alpha", 1),
                .beta = rt_import_float(im, "beta", 1)};
    uint32_t from, layer;
    const int32_t *places;
    RT_TRY(rt_import_floats(im, 1, "weights", &l.weight));
    if (rt_import_int(im, "transA", 0) != 0 || x->rank != 2)
        return rt_fail(RT_ERROR_INPUT, "its first input must be [N,K]");
    RT_TRY(check_weight(x, &l));
    if (rt_import_has(im, 2)) {
        RT_TRY(rt_import_floats(im, 2, "bias", &l.bias));
        const bool row = l.bias->rank < 1 || l.bias->dims[l.bias->rank - 1] == l.outputs;
        if (l.bias->count != 1 && (l.bias->count != l.outputs || !row))
            return rt_fail(RT_ERROR_INPUT, "its bias has %llu numbers for %u outputs",
                           (unsigned long long)l.bias->count, l.outputs);
    }
    RT_TRY(flat_input(im, x, &from, &places));
    RT_TRY(add_linear(im, &l, from, (rt_import_shape){1, 1, 0}, places, &layer));
    rt_import_output_layer(im, layer, 2, (int64_t[]){x->dims[0], l.outputs});
    return RT_OK;
}

/* [N,..,K] times [K,O]: the same linear layer everywhere. The last axis becomes the channels, all
 * others the pixels. */
static rt_status matmul_rows(rt_importer *im, const rt_import_value *x, const linear *l)
{
    const int32_t *table;
    int32_t *identity;
    const uint64_t rows = rt_import_numbers(x) / l->inputs;
    rt_import_shape shape = {1, (uint32_t)rows, l->inputs};
    rt_import_value y = *x;
    uint32_t from;
    RT_TRY(rt_import_table_of(im, x, &table));
    RT_TRY(rt_import_arrange(im, x->layer, table, shape, &from));
    RT_TRY(add_linear(im, l, from, shape, NULL, &y.layer));
    y.dims[y.rank - 1] = l->outputs;
    RT_TRY(rt_import_table(im, rows * l->outputs, &identity));
    for (uint64_t i = 0; i < rows * l->outputs; i++) identity[i] = (int32_t)i;
    y.table = identity;
    rt_import_output(im, 0, &y);
    return RT_OK;
}

rt_status rt_import_matmul(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    linear l = {.alpha = 1};
    uint32_t from, layer;
    const int32_t *places;
    if (x->constant == NULL && rt_import_input(im, 1)->constant == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "it multiplies two tensors that depend on the image (attention); Retort has "
                       "no operator for that");
    RT_TRY(rt_import_floats(im, 1, "second input", &l.weight));
    RT_TRY(check_weight(x, &l));
    if (x->rank > 2) return matmul_rows(im, x, &l);
    RT_TRY(flat_input(im, x, &from, &places));
    RT_TRY(add_linear(im, &l, from, (rt_import_shape){1, 1, 0}, places, &layer));
    rt_import_output_layer(im, layer, 2, (int64_t[]){x->dims[0], l.outputs});
    return RT_OK;
}
