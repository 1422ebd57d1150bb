/* torch.save since 1.6: FOLDER/data.pkl, FOLDER/data/KEY, FOLDER/byteorder, FOLDER/version. */
#include "common/formats/pytorch_checkpoint.h"
#include "common/formats/pytorch_storage.h"
#include "common/formats/zip_archive.h"

#include <string.h>

typedef struct archive {
    rt_zip zip;
    const char *folder; ///< with its slash
    rt_arena *arena;
} archive;

/* FOLDER/name, or NULL (also for want of memory, then *status says so). */
static const rt_zip_entry *find(archive *a, const char *name, rt_status *status)
{
    const char *path = rt_arena_printf(a->arena, "%s%s", a->folder, name);
    if (path == NULL) *status = RT_ERROR_MEMORY;
    return path != NULL ? rt_zip_find(&a->zip, path) : NULL;
}

/* The one folder that all entries lie in is named after the file that was saved. */
static rt_status find_folder(archive *a)
{
    const char *first = a->zip.count > 0 ? a->zip.entries[0].name : "";
    const size_t length = strcspn(first, "/") + 1;
    for (size_t i = 0; i < a->zip.count; i++)
        if (first[length - 1] != '/' || strncmp(a->zip.entries[i].name, first, length) != 0)
            return rt_fail(RT_ERROR_INPUT,
                           "entry '%s' does not lie in the one folder that torch.save makes: this "
                           "is no checkpoint of PyTorch",
                           a->zip.entries[i].name);
    a->folder = rt_arena_printf(a->arena, "%.*s", (int)length, first);
    return a->folder != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status read_small(archive *a, const rt_zip_entry *entry, const char **text)
{
    const uint8_t *bytes;
    if (entry->size > 16) return rt_fail(RT_ERROR_INPUT, "entry '%s' is too long", entry->name);
    RT_TRY(rt_zip_read(&a->zip, entry, a->arena, &bytes));
    *text = (const char *)bytes; /* the arena is zeroed, and a byte longer than the entry */
    return RT_OK;
}

static rt_status check_form(archive *a)
{
    rt_status status = RT_OK;
    const rt_zip_entry *order = find(a, "byteorder", &status);
    const rt_zip_entry *version = find(a, "version", &status);
    const rt_zip_entry *script = find(a, "constants.pkl", &status);
    const char *text;
    RT_TRY(status);
    if (script != NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "this is a TorchScript program; in PyTorch save its weights: "
                       "torch.save(model.state_dict(), 'weights.pth')");
    if (order != NULL) {
        RT_TRY(read_small(a, order, &text));
        if (strcmp(text, "little") != 0)
            return rt_fail(RT_ERROR_INPUT,
                           "its numbers are stored as '%s' endian; save it on a "
                           "little-endian machine",
                           text);
    }
    if (version != NULL) {
        RT_TRY(read_small(a, version, &text));
        const size_t digits = strspn(text, "0123456789");
        const bool known = digits == 1 || (digits == 2 && strncmp(text, "10", 2) == 0);
        if (!known || text[0] == '0' || strcmp(text + digits, "\n") != 0)
            return rt_fail(RT_ERROR_INPUT, "version '%s' of the checkpoint is not known", text);
    }
    return RT_OK;
}

static rt_status load(void *context, rt_pytorch_storage *storage)
{
    archive *a = context;
    rt_status status = RT_OK;
    const char *name = rt_arena_printf(a->arena, "data/%s", storage->key);
    if (name == NULL) return RT_ERROR_MEMORY;
    const rt_zip_entry *entry = find(a, name, &status);
    RT_TRY(status);
    if (entry == NULL) return rt_fail(RT_ERROR_INPUT, "entry '%s%s' is missing", a->folder, name);
    uint64_t size;
    if (__builtin_mul_overflow(storage->count, rt_safetensors_type_size(storage->type), &size) ||
        size != entry->size)
        return rt_fail(RT_ERROR_INPUT, "entry '%s' has %llu bytes, not those of %llu numbers",
                       entry->name, (unsigned long long)entry->size,
                       (unsigned long long)storage->count);
    return rt_zip_read(&a->zip, entry, a->arena, &storage->data);
}

static rt_status read_archive(rt_weights *weights, archive *a)
{
    rt_status status = RT_OK;
    rt_pickle pickle;
    rt_pytorch_storages storages;
    const rt_pickle_value *tensors;
    const uint8_t *bytes;
    RT_TRY(rt_zip_open(&a->zip, weights->bytes.data, weights->bytes.size));
    RT_TRY(find_folder(a));
    RT_TRY(check_form(a));
    const rt_zip_entry *entry = find(a, "data.pkl", &status);
    RT_TRY(status);
    if (entry == NULL)
        return rt_fail(RT_ERROR_INPUT, "there is no '%sdata.pkl': this is no checkpoint of PyTorch",
                       a->folder);
    if (entry->size > RT_PICKLE_MAX_SIZE)
        return rt_fail(RT_ERROR_INPUT, "the pickle has %llu bytes, allowed are %d",
                       (unsigned long long)entry->size, RT_PICKLE_MAX_SIZE);
    RT_TRY(rt_zip_read(&a->zip, entry, a->arena, &bytes));
    RT_TRY(rt_pytorch_unpickle(&pickle, a->arena, bytes, entry->size));
    if (pickle.size != entry->size)
        return rt_fail(RT_ERROR_INPUT, "%llu bytes follow the pickle",
                       (unsigned long long)(entry->size - pickle.size));
    RT_TRY(rt_pytorch_find_tensors(pickle.root, &tensors));
    RT_TRY(rt_pytorch_storages_collect(&storages, a->arena, &pickle));
    return rt_pytorch_add_tensors(weights, tensors, &storages, load, a);
}

rt_status rt_pytorch_read_zip(rt_weights *weights)
{
    archive a = {.arena = &weights->arena};
    const rt_status status = read_archive(weights, &a);
    rt_zip_close(&a.zip);
    return status;
}
