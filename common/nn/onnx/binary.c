/* Add, Sub, Mul and Div, of two activations or of one and fixed numbers. */

#include "common/nn/onnx/import_private.h"

#include <math.h>
#include <string.h>

typedef enum operation { ADD, SUBTRACT, MULTIPLY, DIVIDE } operation;

static operation operation_of(const char *op)
{
    static const char *const names[] = {"Add", "Sub", "Mul", "Div"};
    operation o = ADD;
    while (strcmp(names[o], op) != 0) o++;
    return o;
}

static const rt_layer_kind kinds[] = {RT_LAYER_ADD, RT_LAYER_SUBTRACT, RT_LAYER_MULTIPLY,
                                      RT_LAYER_DIVIDE};

/* A layer of one input that changes no shape; output 0 is it. */
static rt_status apply(rt_importer *im, rt_import_value *x, rt_blueprint_layer made)
{
    uint32_t from, layer;
    RT_TRY(rt_import_layer_of(im, x, &from));
    RT_TRY(rt_import_add_one(im, from, made, NULL, im->shapes[from], &layer));
    rt_import_output_layer(im, layer, x->rank, x->dims);
    return RT_OK;
}

static rt_status add_layer(rt_importer *im, uint32_t from, rt_blueprint_layer made, uint32_t *layer)
{
    return rt_import_add_one(im, from, made, NULL, im->shapes[from], layer);
}

/* The dims of both, broadcast; of the same rank. Errors where they do not fit. */
static rt_status broadcast(uint32_t rank, const int64_t *a, const int64_t *b, int64_t *dims)
{
    for (uint32_t i = 0; i < rank; i++) {
        if (a[i] != b[i] && a[i] != 1 && b[i] != 1)
            return rt_fail(RT_ERROR_INPUT, "dimensions %lld and %lld do not fit each other",
                           (long long)a[i], (long long)b[i]);
        dims[i] = a[i] != 1 ? a[i] : b[i];
    }
    return RT_OK;
}

/* Whether the canonical layer of `dims` can be repeated to that of `whole` by the operators: along
 * h, w or c alone. */
static bool repeats(uint32_t rank, const int64_t *dims, const int64_t *whole)
{
    bool same = true, ones = true;
    if (rank == 4) return true;
    for (uint32_t i = 2; i < rank; i++) {
        same &= dims[i] == whole[i];
        ones &= dims[i] == 1;
    }
    return same || ones;
}

/* Writes an activation out to `dims` where the operators cannot repeat it. */
static rt_status write_out(rt_importer *im, rt_import_value *x, const int64_t *dims)
{
    if (repeats(x->rank, x->dims, dims)) return RT_OK;
    int64_t count = 1;
    for (uint32_t a = 1; a < x->rank; a++) count *= dims[a];
    int32_t *order;
    RT_TRY(rt_import_table(im, (uint64_t)count, &order));
    for (int64_t i = 0; i < count; i++) {
        int64_t left = i, at = 0, stride = 1;
        for (uint32_t a = x->rank - 1; a > 0; a--) {
            if (x->dims[a] != 1) at += left % dims[a] * stride;
            left /= dims[a];
            stride *= x->dims[a];
        }
        order[i] = (int32_t)at;
    }
    rt_import_value moved;
    RT_TRY(rt_import_move(im, x, x->rank, dims, order, &moved));
    *x = moved;
    return RT_OK;
}

static rt_status two_activations(rt_importer *im, operation o)
{
    rt_import_value a = *rt_import_input(im, 0), b = *rt_import_input(im, 1);
    int64_t dims[RT_IMPORT_RANK] = {0};
    uint32_t inputs[2], layer;
    if (a.rank != b.rank)
        return rt_fail(RT_ERROR_INPUT,
                       "its inputs have %u and %u dimensions, both of which depend on the image; "
                       "their batches do not match",
                       a.rank, b.rank);
    RT_TRY(broadcast(a.rank, a.dims, b.dims, dims));
    RT_TRY(write_out(im, &a, dims));
    RT_TRY(write_out(im, &b, dims));
    RT_TRY(rt_import_layer_of(im, &a, &inputs[0]));
    RT_TRY(rt_import_layer_of(im, &b, &inputs[1]));
    const rt_blueprint_layer made = {.kind = kinds[o], .inputs = inputs, .input_count = 2};
    RT_TRY(rt_import_add(im, &made, NULL, rt_import_canonical(a.rank, dims), &layer));
    rt_import_output_layer(im, layer, a.rank, dims);
    return RT_OK;
}

static bool is_single(const rt_onnx_tensor *t)
{
    for (uint64_t i = 1; i < t->count; i++)
        if (t->floats[i] != t->floats[0]) return false;
    return t->count > 0;
}

/* x op number, or number op x where it is `first`. */
static rt_status with_number(rt_importer *im, operation o, rt_import_value *x, float number,
                             bool first)
{
    uint32_t layer;
    rt_blueprint_layer made = {.kind = RT_LAYER_SHIFT, .offset = number};
    switch (o) {
    case ADD:
        break;
    case SUBTRACT:
        if (!first) {
            made.offset = -number;
            break;
        }
        RT_TRY(rt_import_layer_of(im, x, &layer));
        RT_TRY(add_layer(
            im, layer,
            (rt_blueprint_layer){.kind = RT_LAYER_ACTIVATION, .function = RT_ACTIVATE_NEGATE},
            &layer));
        RT_TRY(add_layer(im, layer, made, &layer));
        rt_import_output_layer(im, layer, x->rank, x->dims);
        return RT_OK;
    case MULTIPLY:
        made = (rt_blueprint_layer){.kind = RT_LAYER_SCALE, .factor = number};
        break;
    case DIVIDE:
        made = (rt_blueprint_layer){.kind = RT_LAYER_SCALE, .factor = first ? number : 1 / number};
        if (!first) break;
        RT_TRY(rt_import_layer_of(im, x, &layer));
        RT_TRY(add_layer(
            im, layer,
            (rt_blueprint_layer){.kind = RT_LAYER_ACTIVATION, .function = RT_ACTIVATE_RECIPROCAL},
            &layer));
        RT_TRY(add_layer(im, layer, made, &layer));
        rt_import_output_layer(im, layer, x->rank, x->dims);
        return RT_OK;
    }
    return apply(im, x, made);
}

/* The fixed tensor as a layer of shape {h,w,c}, each 1 where it is repeated. `dims`: the tensor's,
 * with as many dimensions as x. */
static rt_status constant_layer(rt_importer *im, const rt_onnx_tensor *t, const rt_import_value *x,
                                const int64_t *dims, uint32_t input, uint32_t *layer)
{
    const uint32_t rank = x->rank;
    int64_t kept[RT_IMPORT_RANK];
    const bool fits = repeats(rank, dims, x->dims);
    for (uint32_t a = 0; a < rank; a++) kept[a] = fits || a < 2 ? dims[a] : x->dims[a];
    const rt_import_shape shape = rt_import_canonical(rank, kept);
    const uint64_t pixels = (uint64_t)shape.h * shape.w, count = pixels * shape.c;
    RT_TRY(rt_import_take(im, count));
    float *values = rt_arena_alloc(im->arena, count, sizeof *values);
    if (values == NULL) return RT_ERROR_MEMORY;
    for (uint64_t i = 0; i < count; i++) { /* i counts over kept[1], kept[2], ... */
        uint64_t left = i, at = 0, stride = 1;
        for (uint32_t a = rank - 1; a > 0; a--) {
            if (dims[a] != 1) at += left % (uint64_t)kept[a] * stride;
            left /= (uint64_t)kept[a];
            stride *= (uint64_t)dims[a];
        }
        values[i % pixels * shape.c + i / pixels] = t->floats[at];
    }
    const rt_blueprint_layer made = {
        .kind = RT_LAYER_CONSTANT, .height = shape.h, .width = shape.w, .channels = shape.c};
    RT_TRY(rt_import_add(im, &made, rt_import_wish(im, input), shape, layer));
    return rt_import_parameter(im, *layer, "value", values, count);
}

/* Fixed numbers a channel (or one) that are applied to the image itself are its normalisation. */
static bool absorb(rt_importer *im, operation o, const rt_import_value *x, const rt_onnx_tensor *t,
                   const int64_t *dims, bool first)
{
    if (x->layer != 0 || x->table != NULL || x->rank != 4 || dims[2] != 1 || dims[3] != 1 ||
        (first && (o == SUBTRACT || o == DIVIDE)))
        return false;
    const uint32_t channels = im->shapes[0].c;
    double scale[4], shift[4];
    for (uint32_t c = 0; c < channels; c++) {
        const double number = (double)t->floats[dims[1] == 1 ? 0 : c];
        const double factor = o == MULTIPLY ? number : o == DIVIDE ? 1 / number : 1;
        const double added = o == ADD ? number : o == SUBTRACT ? -number : 0;
        scale[c] = im->image_scale[c] * factor;
        shift[c] = im->image_shift[c] * factor + added;
        if (!(scale[c] > 1e-6) || !(scale[c] < 1e6) || !(fabs(shift[c]) < 1e6)) return false;
    }
    memcpy(im->image_scale, scale, channels * sizeof *scale);
    memcpy(im->image_shift, shift, channels * sizeof *shift);
    im->image_normalised = true;
    rt_import_output(im, 0, x);
    return true;
}

/* Whether the image is read here and nowhere else, so that it may change for all. */
static bool read_once(const rt_importer *im, uint32_t input)
{
    return im->uses[im->node->inputs[input]] == 1;
}

static rt_status with_constant(rt_importer *im, operation o, uint32_t x_input)
{
    rt_import_value *x = rt_import_input(im, x_input);
    const bool first = x_input == 1;
    const rt_onnx_tensor *t;
    int64_t dims[RT_IMPORT_RANK] = {0}, all[RT_IMPORT_RANK] = {0};
    RT_TRY(rt_import_floats(im, 1 - x_input, "numbers", &t));
    if (t->rank > x->rank || t->count == 0)
        return rt_fail(RT_ERROR_INPUT, "%u fixed dimensions do not fit %u of the image", t->rank,
                       x->rank);
    for (uint32_t a = 0; a < x->rank; a++) { /* matched from the last dimension on */
        const uint32_t missing = x->rank - t->rank;
        dims[a] = a < missing ? 1 : t->dims[a - missing];
    }
    if (dims[0] != 1)
        return rt_fail(RT_ERROR_INPUT, "its fixed numbers differ from image to image");
    RT_TRY(broadcast(x->rank, x->dims, dims, all));
    if (read_once(im, x_input) && absorb(im, o, x, t, dims, first)) return RT_OK;
    bool larger = false;
    for (uint32_t a = 0; a < x->rank; a++) larger |= all[a] != x->dims[a];
    if (!larger && is_single(t)) return with_number(im, o, x, t->floats[0], first);
    uint32_t inputs[2], layer;
    rt_import_value written = *x, target = *x;
    memcpy(target.dims, all, sizeof all);
    RT_TRY(write_out(im, &written, all));
    RT_TRY(rt_import_layer_of(im, &written, &inputs[x_input]));
    RT_TRY(constant_layer(im, t, &target, dims, 1 - x_input, &inputs[1 - x_input]));
    const rt_blueprint_layer made = {.kind = kinds[o], .inputs = inputs, .input_count = 2};
    RT_TRY(rt_import_add(im, &made, NULL, rt_import_canonical(x->rank, all), &layer));
    rt_import_output_layer(im, layer, x->rank, all);
    return RT_OK;
}

rt_status rt_import_binary(rt_importer *im)
{
    const operation o = operation_of(im->node->op);
    if (rt_import_input(im, 0)->constant != NULL) return with_constant(im, o, 1);
    if (rt_import_input(im, 1)->constant != NULL) return with_constant(im, o, 0);
    return two_activations(im, o);
}
