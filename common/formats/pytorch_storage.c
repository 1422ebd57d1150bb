#include "common/formats/pytorch_storage.h"

#include <stdlib.h>
#include <string.h>

/* The types of storages, by the names of their classes. */
static const struct {
    const char *name;
    rt_safetensors_type type;
} types[] = {
    {"torch.DoubleStorage", RT_SAFETENSORS_F64}, {"torch.FloatStorage", RT_SAFETENSORS_F32},
    {"torch.HalfStorage", RT_SAFETENSORS_F16},   {"torch.BFloat16Storage", RT_SAFETENSORS_BF16},
    {"torch.LongStorage", RT_SAFETENSORS_I64},   {"torch.IntStorage", RT_SAFETENSORS_I32},
    {"torch.ShortStorage", RT_SAFETENSORS_I16},  {"torch.CharStorage", RT_SAFETENSORS_I8},
    {"torch.ByteStorage", RT_SAFETENSORS_U8},    {"torch.BoolStorage", RT_SAFETENSORS_BOOL},
};

/* All that may be named in a pickle. */
static const rt_pickle_class classes[] = {
    {"collections.OrderedDict", true},
    {"torch._utils._rebuild_tensor_v2", false},
    {"torch._utils._rebuild_tensor", false},
    {"torch._utils._rebuild_parameter", false},
    {"torch.Size", false},
    {"torch.DoubleStorage", false},
    {"torch.FloatStorage", false},
    {"torch.HalfStorage", false},
    {"torch.BFloat16Storage", false},
    {"torch.LongStorage", false},
    {"torch.IntStorage", false},
    {"torch.ShortStorage", false},
    {"torch.CharStorage", false},
    {"torch.ByteStorage", false},
    {"torch.BoolStorage", false},
};

rt_status rt_pytorch_unpickle(rt_pickle *pickle, rt_arena *arena, const uint8_t *bytes, size_t size)
{
    return rt_pickle_read(pickle, arena, bytes, size, classes, RT_COUNT(classes));
}

static int compare_key(const void *left, const void *right)
{
    return strcmp(((const rt_pytorch_storage *)left)->key,
                  ((const rt_pytorch_storage *)right)->key);
}

/* ('storage', class, key, location, elements), in the older form with a sixth item that says of
 * which part of another storage this one is a view. */
static rt_status read_storage(const rt_pickle_value *outside, rt_pytorch_storage *storage)
{
    const rt_pickle_value *id = outside->items[0];
    if (id->kind != RT_PICKLE_TUPLE || id->length < 5 || id->length > 6 ||
        id->items[0]->kind != RT_PICKLE_TEXT || strcmp(id->items[0]->text, "storage") != 0)
        return rt_fail(RT_ERROR_INPUT, "the pickle speaks of something outside that is no storage; "
                                       "in PyTorch save only the weights: "
                                       "torch.save(model.state_dict(), 'weights.pth')");
    const rt_pickle_value *class_ = id->items[1], *key = id->items[2], *count = id->items[4];
    if (class_->kind != RT_PICKLE_CLASS || key->kind != RT_PICKLE_TEXT ||
        count->kind != RT_PICKLE_INTEGER || count->integer < 0)
        return rt_fail(RT_ERROR_INPUT, "a storage is not described by class, key and size");
    if (id->length == 6 && id->items[5]->kind != RT_PICKLE_NONE)
        return rt_fail(RT_ERROR_INPUT,
                       "storage '%s' is a view of another one, as PyTorch before "
                       "0.4 wrote it; load and save it with a newer one",
                       key->text);
    *storage = (rt_pytorch_storage){.key = key->text, .count = (uint64_t)count->integer};
    for (size_t i = 0; i < RT_COUNT(types); i++) {
        if (strcmp(types[i].name, class_->text) != 0) continue;
        storage->type = types[i].type;
        return RT_OK;
    }
    return rt_fail(RT_ERROR_INPUT, "storage '%s' is of class '%s', which is no type of numbers",
                   key->text, class_->text);
}

rt_status rt_pytorch_storages_collect(rt_pytorch_storages *storages, rt_arena *arena,
                                      const rt_pickle *pickle)
{
    const size_t count = pickle->outside_count;
    rt_pytorch_storage *items = rt_arena_alloc(arena, count, sizeof *items);
    if (items == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) RT_TRY(read_storage(pickle->outside[i], &items[i]));
    if (count > 0) qsort(items, count, sizeof *items, compare_key);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const rt_pytorch_storage *last = kept > 0 ? &items[kept - 1] : NULL;
        if (last == NULL || compare_key(last, &items[i]) != 0)
            items[kept++] = items[i];
        else if (last->type != items[i].type || last->count != items[i].count)
            return rt_fail(RT_ERROR_INPUT, "storage '%s' is described in two ways", items[i].key);
    }
    *storages = (rt_pytorch_storages){items, kept};
    return RT_OK;
}

rt_pytorch_storage *rt_pytorch_storages_find(const rt_pytorch_storages *storages, const char *key)
{
    const rt_pytorch_storage wanted = {.key = key};
    if (storages->count == 0) return NULL;
    return bsearch(&wanted, storages->items, storages->count, sizeof wanted, compare_key);
}
