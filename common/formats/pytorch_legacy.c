/* torch.save before 1.6: pickles of a magic number, a version, what machine it was, the object and
 * the keys of its storages; then for each key the number of its elements in 8 bytes, and they. */
#include "common/formats/pytorch_checkpoint.h"
#include "common/formats/pytorch_storage.h"

#include <string.h>

typedef struct legacy {
    const uint8_t *bytes;
    size_t size, at;
    rt_arena *arena;
} legacy;

static rt_status next_pickle(legacy *l, rt_pickle *pickle)
{
    RT_TRY(rt_pytorch_unpickle(pickle, l->arena, l->bytes + l->at, l->size - l->at));
    l->at += pickle->size;
    return RT_OK;
}

static rt_status check_magic(legacy *l)
{
    /* 0x1950a86a20f9469cfc6c */
    static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    rt_pickle pickle;
    const rt_status status = next_pickle(l, &pickle);
    if (status == RT_ERROR_INPUT)
        rt_error_prefix("this is no checkpoint of torch.save, which begins with a magic number: ");
    RT_TRY(status);
    const rt_pickle_value *number = pickle.root;
    if (number->kind != RT_PICKLE_LONG || number->length != sizeof magic ||
        memcmp(number->text, magic, sizeof magic) != 0)
        return rt_fail(RT_ERROR_INPUT, "this pickle is no checkpoint of torch.save: its magic "
                                       "number is missing");
    RT_TRY(next_pickle(l, &pickle));
    if (pickle.root->kind != RT_PICKLE_INTEGER || pickle.root->integer != 1001)
        return rt_fail(RT_ERROR_INPUT, "the checkpoint is not of the version 1001 that is known");
    RT_TRY(next_pickle(l, &pickle));
    const rt_pickle_value *little = rt_pickle_get(pickle.root, "little_endian");
    if (little == NULL || little->kind != RT_PICKLE_BOOL || little->integer != 1)
        return rt_fail(RT_ERROR_INPUT,
                       "its numbers are not little-endian; save it on a little-endian machine");
    return RT_OK;
}

/* Elements of one storage; their number stands before them. */
static rt_status read_data(legacy *l, rt_pytorch_storage *storage)
{
    uint64_t count, size;
    if (l->size - l->at < sizeof count)
        return rt_fail(RT_ERROR_INPUT, "the file ends before storage '%s'", storage->key);
    memcpy(&count, l->bytes + l->at, sizeof count);
    l->at += sizeof count;
    if (count != storage->count)
        return rt_fail(RT_ERROR_INPUT, "storage '%s' has %llu elements, the pickle says %llu",
                       storage->key, (unsigned long long)count, (unsigned long long)storage->count);
    if (__builtin_mul_overflow(count, rt_safetensors_type_size(storage->type), &size) ||
        size > l->size - l->at)
        return rt_fail(RT_ERROR_INPUT, "the file ends within storage '%s'", storage->key);
    storage->data = l->bytes + l->at;
    l->at += size;
    return RT_OK;
}

static rt_status read_storages(legacy *l, const rt_pytorch_storages *storages)
{
    rt_pickle keys;
    RT_TRY(next_pickle(l, &keys));
    if (keys.root->kind != RT_PICKLE_LIST)
        return rt_fail(RT_ERROR_INPUT, "the list of storages is %s",
                       rt_pickle_kind_name(keys.root->kind));
    for (uint32_t i = 0; i < keys.root->length; i++) {
        const rt_pickle_value *key = keys.root->items[i];
        rt_pytorch_storage *storage =
            key->kind == RT_PICKLE_TEXT ? rt_pytorch_storages_find(storages, key->text) : NULL;
        if (storage == NULL || storage->data != NULL)
            return rt_fail(RT_ERROR_INPUT, "storage '%s' is listed twice, or belongs to nothing",
                           key->kind == RT_PICKLE_TEXT ? key->text : "");
        RT_TRY(read_data(l, storage));
    }
    if (l->at != l->size)
        return rt_fail(RT_ERROR_INPUT, "%zu bytes follow the last storage", l->size - l->at);
    return RT_OK;
}

/* All that are listed have been read: one that is needed now is missing. */
static rt_status missing(void *context, rt_pytorch_storage *storage)
{
    (void)context;
    return rt_fail(RT_ERROR_INPUT, "storage '%s' is missing", storage->key);
}

rt_status rt_pytorch_read_legacy(rt_weights *weights)
{
    legacy l = {
        .bytes = weights->bytes.data, .size = weights->bytes.size, .arena = &weights->arena};
    rt_pickle pickle;
    rt_pytorch_storages storages;
    const rt_pickle_value *tensors;
    RT_TRY(check_magic(&l));
    RT_TRY(next_pickle(&l, &pickle));
    RT_TRY(rt_pytorch_find_tensors(pickle.root, &tensors));
    RT_TRY(rt_pytorch_storages_collect(&storages, l.arena, &pickle));
    RT_TRY(read_storages(&l, &storages));
    return rt_pytorch_add_tensors(weights, tensors, &storages, missing, NULL);
}
