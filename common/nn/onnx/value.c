#include "common/nn/onnx/import_private.h"

#include <assert.h>
#include <string.h>

enum { LARGEST_TABLE = 1 << 24 };

uint64_t rt_import_numbers(const rt_import_value *value)
{
    uint64_t numbers = 1;
    for (uint32_t i = 1; i < value->rank; i++) numbers *= (uint64_t)value->dims[i];
    return numbers;
}

rt_import_shape rt_import_canonical(uint32_t rank, const int64_t *dims)
{
    if (rank == 4)
        return (rt_import_shape){(uint32_t)dims[2], (uint32_t)dims[3], (uint32_t)dims[1]};
    uint64_t pixels = 1;
    for (uint32_t i = 2; i < rank; i++) pixels *= (uint64_t)dims[i];
    return (rt_import_shape){1, (uint32_t)pixels, rank > 1 ? (uint32_t)dims[1] : 1};
}

static uint64_t numbers_of(rt_import_shape shape) { return (uint64_t)shape.h * shape.w * shape.c; }

static bool shapes_equal(rt_import_shape a, rt_import_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c;
}

rt_status rt_import_take(rt_importer *im, uint64_t numbers)
{
    if (numbers > RT_IMPORT_MAXIMUM_NUMBERS ||
        (im->taken_numbers += numbers) > RT_IMPORT_MAXIMUM_NUMBERS)
        return rt_fail(RT_ERROR_INPUT,
                       "the graph moves or makes more than %d fixed numbers until here",
                       RT_IMPORT_MAXIMUM_NUMBERS);
    return RT_OK;
}

rt_status rt_import_table(rt_importer *im, uint64_t count, int32_t **table)
{
    if (count > LARGEST_TABLE)
        return rt_fail(RT_ERROR_INPUT, "it moves %llu numbers an image, which is too many",
                       (unsigned long long)count);
    RT_TRY(rt_import_take(im, count));
    *table = rt_arena_alloc(im->arena, count, sizeof **table);
    return *table != NULL ? RT_OK : RT_ERROR_MEMORY;
}

/* Where number i of a value lies in its canonical layer. */
static int32_t canonical_place(rt_import_shape shape, uint64_t i)
{
    const uint64_t pixels = (uint64_t)shape.h * shape.w;
    return (int32_t)(i % pixels * shape.c + i / pixels);
}

rt_status rt_import_table_of(rt_importer *im, const rt_import_value *value, const int32_t **table)
{
    *table = value->table;
    if (*table != NULL) return RT_OK;
    const rt_import_shape shape = rt_import_canonical(value->rank, value->dims);
    const uint64_t count = numbers_of(shape);
    int32_t *made;
    RT_TRY(rt_import_table(im, count, &made));
    for (uint64_t i = 0; i < count; i++) made[i] = canonical_place(shape, i);
    *table = made;
    return RT_OK;
}

/* Forgets a table that says what is canonical anyway. */
static void simplify(const rt_importer *im, rt_import_value *value)
{
    const rt_import_shape shape = rt_import_canonical(value->rank, value->dims);
    if (!shapes_equal(shape, im->shapes[value->layer])) return;
    const uint64_t count = numbers_of(shape);
    for (uint64_t i = 0; i < count; i++)
        if (value->table[i] != canonical_place(shape, i)) return;
    value->table = NULL;
}

static rt_status check_dims(const rt_importer *im, uint32_t rank, const int64_t *dims)
{
    uint64_t numbers = 1;
    if (rank < 1 || rank > RT_IMPORT_RANK || dims[0] != im->batch)
        return rt_fail(RT_ERROR_INPUT,
                       "its output does not begin with the batch: each image must stay by itself "
                       "(was the model exported for one fixed batch size?)");
    for (uint32_t i = 1; i < rank; i++) {
        if (dims[i] < 1 || __builtin_mul_overflow(numbers, (uint64_t)dims[i], &numbers) ||
            numbers > INT32_MAX)
            return rt_fail(RT_ERROR_INPUT, "its output is empty or too large");
    }
    return RT_OK;
}

rt_status rt_import_move(rt_importer *im, const rt_import_value *from, uint32_t rank,
                         const int64_t *dims, const int32_t *order, rt_import_value *to)
{
    const int32_t *before;
    int32_t *after;
    RT_TRY(check_dims(im, rank, dims));
    *to = (rt_import_value){.known = true, .rank = rank, .layer = from->layer};
    memcpy(to->dims, dims, rank * sizeof *dims);
    const uint64_t count = rt_import_numbers(to);
    RT_TRY(rt_import_table_of(im, from, &before));
    RT_TRY(rt_import_table(im, count, &after));
    for (uint64_t i = 0; i < count; i++) after[i] = order[i] < 0 ? -1 : before[order[i]];
    to->table = after;
    simplify(im, to);
    return RT_OK;
}

rt_status rt_import_reshape(rt_importer *im, const rt_import_value *from, uint32_t rank,
                            const int64_t *dims, rt_import_value *to)
{
    RT_TRY(check_dims(im, rank, dims));
    *to = (rt_import_value){.known = true, .rank = rank, .layer = from->layer};
    memcpy(to->dims, dims, rank * sizeof *dims);
    assert(rt_import_numbers(to) == rt_import_numbers(from));
    RT_TRY(rt_import_table_of(im, from, &to->table));
    simplify(im, to);
    return RT_OK;
}

rt_status rt_import_layer_of(rt_importer *im, rt_import_value *value, uint32_t *layer)
{
    if (value->constant != NULL)
        return rt_fail(RT_ERROR_INPUT, "an input is fixed numbers where an image's are needed");
    if (value->table != NULL) {
        const rt_import_shape shape = rt_import_canonical(value->rank, value->dims);
        const uint64_t count = numbers_of(shape);
        int32_t *places;
        RT_TRY(rt_import_table(im, count, &places));
        for (uint64_t i = 0; i < count; i++) places[canonical_place(shape, i)] = value->table[i];
        RT_TRY(rt_import_arrange(im, value->layer, places, shape, &value->layer));
        value->table = NULL;
    }
    *layer = value->layer;
    return RT_OK;
}

/* Whether every pixel takes the same channels of the same pixel: table[p C' + k] = p C + table[k].
 */
static bool selects_channels(const int32_t *table, rt_import_shape from, rt_import_shape to)
{
    if (from.h != to.h || from.w != to.w) return false;
    for (uint32_t k = 0; k < to.c; k++)
        if (table[k] < 0 || table[k] >= (int32_t)from.c) return false;
    for (uint32_t p = 1; p < to.h * to.w; p++)
        for (uint32_t k = 0; k < to.c; k++)
            if (table[(uint64_t)p * to.c + k] != (int32_t)(p * from.c) + table[k]) return false;
    return true;
}

static bool is_slice(const int32_t *table, uint32_t channels)
{
    for (uint32_t k = 1; k < channels; k++)
        if (table[k] != table[0] + (int32_t)k) return false;
    return true;
}

/* The groups of the channel shuffle that this is, or 0: table[j groups + i] = i C / groups + j. */
static uint32_t shuffle_groups(const int32_t *table, uint32_t channels)
{
    if (channels < 4 || table[0] != 0 || table[1] < 2 || channels % (uint32_t)table[1] != 0)
        return 0;
    const uint32_t each = (uint32_t)table[1], groups = channels / each;
    for (uint32_t k = 0; k < channels; k++)
        if (table[k] != (int32_t)(k % groups * each + k / groups)) return 0;
    return groups;
}

static bool is_identity(const int32_t *table, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (table[i] != (int32_t)i) return false;
    return true;
}

rt_status rt_import_arrange(rt_importer *im, uint32_t from, const int32_t *table,
                            rt_import_shape shape, uint32_t *layer)
{
    const rt_import_shape x = im->shapes[from];
    const uint64_t count = numbers_of(shape);
    rt_blueprint_layer made = {
        .kind = RT_LAYER_GATHER, .height = shape.h, .width = shape.w, .channels = shape.c};
    if (count == numbers_of(x) && is_identity(table, count)) {
        if (shapes_equal(x, shape)) {
            *layer = from;
            return RT_OK;
        }
        if (x.c == shape.c || (x.c % 4 == 0 && shape.c % 4 == 0)) made.kind = RT_LAYER_RESHAPE;
    } else if (selects_channels(table, x, shape)) {
        const uint32_t groups = shape.c == x.c ? shuffle_groups(table, shape.c) : 0;
        if (is_slice(table, shape.c))
            made = (rt_blueprint_layer){
                .kind = RT_LAYER_SLICE_CHANNELS, .first = (uint32_t)table[0], .channels = shape.c};
        else if (groups > 0)
            made = (rt_blueprint_layer){.kind = RT_LAYER_CHANNEL_SHUFFLE, .groups = groups};
    }
    if (made.kind == RT_LAYER_GATHER) {
        made.indices = table;
        made.index_count = (uint32_t)count;
    }
    return rt_import_add_one(im, from, made, NULL, shape, layer);
}
