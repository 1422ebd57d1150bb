#include "datasets/store.h"

#include "common/base/io.h"
#include "common/base/log.h"
#include "datasets/index.h"
#include "datasets/shard_layout.h"

#include <math.h>
#include <string.h>

enum { USUAL_SHARD_BYTES = 16 << 20, LARGEST_SHARD_BYTES = 256 << 20, MAX_SHARDS = 1000000 };

struct rt_store {
    rt_arena arena; ///< path, description
    const char *path;
    rt_store_description description;
    rt_lock lock;
    rt_index_shard *shards; ///< the complete ones
    char (*hashes)[RT_SHA256_TEXT];
    uint32_t shard_count, shard_capacity;
    uint64_t sample_count;              ///< in complete shards
    uint8_t *waiting[RT_DATASET_COUNT]; ///< samples that wait to become a shard, an array a dataset
    size_t sample_bytes[RT_DATASET_COUNT];
    size_t waiting_count;
    char (
        *expected)[RT_SHA256_TEXT]; ///< of shards that a resume removed: number expected_first + i
    uint32_t expected_first, expected_count;
};

uint32_t rt_store_shard_count(const rt_store *store) { return store->shard_count; }
uint64_t rt_store_sample_count(const rt_store *store) { return store->sample_count; }

const char (*rt_store_shard_hashes(const rt_store *store))[RT_SHA256_TEXT]
{
    return (const char(*)[RT_SHA256_TEXT])store->hashes;
}

void rt_store_abandon(rt_store *store)
{
    if (store == NULL) return;
    for (int i = 0; i < RT_DATASET_COUNT; i++) rt_free(store->waiting[i]);
    rt_free(store->shards);
    rt_free(store->hashes);
    rt_lock_release(&store->lock);
    rt_arena_clear(&store->arena);
    rt_free(store);
}

/* How many samples a shard gets. */
static rt_status choose_shard_samples(rt_store_description *description)
{
    const size_t sample_size = rt_sample_size(description);
    const size_t most = LARGEST_SHARD_BYTES / sample_size;
    if (description->shard_samples == 0)
        description->shard_samples =
            sample_size > USUAL_SHARD_BYTES ? 1 : (uint32_t)(USUAL_SHARD_BYTES / sample_size);
    if (description->shard_samples > most)
        return rt_fail(RT_ERROR_INPUT, "%u samples a shard make more than 256 MiB; at most %zu fit",
                       description->shard_samples, most);
    return RT_OK;
}

/* A store in memory, and the lock on its folder. */
static rt_status begin(rt_store **store, const char *path, const rt_store_description *description)
{
    rt_status status = RT_OK;
    rt_store *s = NULL;
    rt_dataset table[RT_DATASET_COUNT];
    RT_TRY(rt_store_description_check(description));
    RT_TRY(RT_ALLOC(s, 1));
    RT_TRY_DONE(rt_store_description_copy(&s->description, description, &s->arena));
    RT_TRY_DONE(choose_shard_samples(&s->description));
    rt_hdf5_begin();
    rt_dataset_table(table, &s->description);
    for (int i = 0; i < RT_DATASET_COUNT; i++) {
        if (!table[i].present) continue;
        s->sample_bytes[i] = rt_dataset_sample_bytes(&table[i]);
        s->waiting[i] = rt_alloc(s->description.shard_samples, s->sample_bytes[i]);
        if (s->waiting[i] == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    }
    s->path = rt_arena_strdup(&s->arena, path);
    const char *lock_path = rt_path_join(&s->arena, path, "lock");
    if (s->path == NULL || lock_path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_directory_create(path));
    const char *what = rt_arena_printf(&s->arena, "store '%s'", path);
    if (what == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_lock_take(&s->lock, lock_path, what));
    *store = s;
    return RT_OK;
done:
    rt_store_abandon(s);
    return status;
}

/* Enters a complete shard into the list. */
static rt_status add_shard(rt_store *store, const char *sha256, uint32_t count)
{
    if (store->shard_count == store->shard_capacity) {
        const uint32_t capacity = store->shard_capacity == 0 ? 64 : 2 * store->shard_capacity;
        rt_index_shard *shards = rt_realloc(store->shards, capacity, sizeof *shards);
        if (shards == NULL) return RT_ERROR_MEMORY;
        store->shards = shards;
        char(*hashes)[RT_SHA256_TEXT] = rt_realloc(store->hashes, capacity, sizeof *hashes);
        if (hashes == NULL) return RT_ERROR_MEMORY;
        store->hashes = hashes;
        store->shard_capacity = capacity;
    }
    rt_index_shard *shard = &store->shards[store->shard_count];
    shard->count = count;
    memcpy(shard->sha256, sha256, RT_SHA256_TEXT);
    memcpy(store->hashes[store->shard_count], sha256, RT_SHA256_TEXT);
    store->shard_count++;
    store->sample_count += count;
    return RT_OK;
}

static const char *shard_path(const rt_store *store, rt_arena *arena, uint32_t number)
{
    char name[RT_SHARD_NAME_SIZE];
    rt_shard_name(name, number);
    return rt_path_join(arena, store->path, name);
}

/* A shard that the resumed run keeps. `hash` is the checkpoint's, or NULL. */
static rt_status keep_shard(rt_store *store, uint32_t number, const char *hash,
                            const char *description_sha256)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    rt_shard_head head;
    char sha256[RT_SHA256_TEXT];
    const char *path = shard_path(store, &arena, number);
    if (path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_shard_file_read(&bytes, path));
    rt_sha256(bytes.data, bytes.size, sha256);
    if (hash != NULL && strcmp(hash, sha256) != 0)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT,
                            "'%s' is not the shard that the checkpoint knows (its sha256 differs); "
                            "restore it or start a new run",
                            path));
    RT_TRY_DONE(rt_shard_decode(path, &bytes, &arena, &head, NULL));
    if (strcmp(head.description_sha256, description_sha256) != 0)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT,
                            "'%s' was made by another configuration, teacher or version (%s); "
                            "resume with those or start a new run",
                            path, head.description.program_version));
    if (head.number != number || head.first_sample != store->sample_count)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "'%s' is not shard %u of this store", path, number));
    RT_TRY_DONE(add_shard(store, sha256, head.count));
done:
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
    return status;
}

/* Removes a shard beyond the checkpoint, remembering what it was. Unreadable ones are simply gone.
 */
static rt_status remove_shard(rt_store *store, const char *path, uint32_t number)
{
    rt_buffer bytes = {0};
    if (number >= store->expected_first && number - store->expected_first < store->expected_count &&
        rt_shard_file_read(&bytes, path) == RT_OK)
        rt_sha256(bytes.data, bytes.size, store->expected[number - store->expected_first]);
    rt_buffer_clear(&bytes);
    return rt_file_remove(path);
}

/* A temporary file of rt_file_replace, left by a writer that was killed. Only with the lock held.
 */
static bool is_leftover(const char *name)
{
    static const char ending[] = ".tmp";
    const size_t length = strlen(name);
    return (strncmp(name, "shard-", 6) == 0 || strncmp(name, "index.h5.", 9) == 0) &&
           length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

/* Clears away what does not belong to the first `shard_count` shards, the index included: it would
 * list shards that are gone. The index goes first: a crash in between leaves none, not a wrong one.
 */
static rt_status clear_beyond(rt_store *store, uint32_t shard_count)
{
    rt_status status = RT_OK;
    rt_arena scratch = {0};
    char **names;
    size_t name_count;
    const char *index = rt_path_join(&scratch, store->path, "index.h5");
    if (index == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_file_remove(index));
    RT_TRY_DONE(rt_directory_list(&scratch, store->path, &names, &name_count));
    store->expected_first = shard_count;
    store->expected_count = (uint32_t)(name_count < MAX_SHARDS ? name_count : MAX_SHARDS);
    store->expected = rt_arena_alloc(&store->arena, store->expected_count, sizeof *store->expected);
    if (store->expected == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    for (size_t i = name_count; i-- > 0;) { /* the last first, so that never a gap is left */
        uint32_t number;
        const char *path = rt_path_join(&scratch, store->path, names[i]);
        if (path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
        if (is_leftover(names[i]))
            RT_TRY_DONE(rt_file_remove(path));
        else if (rt_shard_number(names[i], &number) && number >= shard_count)
            RT_TRY_DONE(remove_shard(store, path, number));
    }
done:
    rt_arena_clear(&scratch);
    return status;
}

rt_status rt_store_create(rt_store **store, const char *path,
                          const rt_store_description *description)
{
    rt_status status = RT_OK;
    rt_store *s = NULL;
    rt_arena arena = {0};
    char **names;
    size_t name_count;
    uint32_t number;
    *store = NULL;
    RT_TRY_DONE(begin(&s, path, description));
    RT_TRY_DONE(rt_directory_list(&arena, path, &names, &name_count));
    for (size_t i = 0; i < name_count; i++)
        if (rt_shard_number(names[i], &number))
            RT_TRY_DONE(rt_fail(RT_ERROR_INPUT,
                                "store '%s' has shards already; choose another folder, remove it, "
                                "or resume the run that made it",
                                path));
    RT_TRY_DONE(clear_beyond(s, 0));
    *store = s;
done:
    rt_arena_clear(&arena);
    if (status != RT_OK) rt_store_abandon(s);
    return status;
}

rt_status rt_store_resume(rt_store **store, const char *path,
                          const rt_store_description *description, uint32_t shard_count,
                          const char (*hashes)[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_store *s = NULL;
    char description_sha256[RT_SHA256_TEXT];
    *store = NULL;
    RT_TRY_DONE(begin(&s, path, description));
    RT_TRY_DONE(rt_store_description_hash(&s->description, description_sha256));
    for (uint32_t i = 0; i < shard_count; i++)
        RT_TRY_DONE(keep_shard(s, i, hashes != NULL ? hashes[i] : NULL, description_sha256));
    RT_TRY_DONE(clear_beyond(s, shard_count));
    *store = s;
done:
    if (status != RT_OK) rt_store_abandon(s);
    return status;
}

/* A shard that is made again must come out as it was. */
static void compare_with_removed(const rt_store *store, const char *sha256)
{
    const uint32_t number = store->shard_count;
    if (number < store->expected_first || number - store->expected_first >= store->expected_count)
        return;
    const char *expected = store->expected[number - store->expected_first];
    if (expected[0] != 0 && strcmp(expected, sha256) != 0)
        rt_log_warning("shard %u of store '%s' came out different from the one that the "
                       "interrupted run had written (another device or driver?)",
                       number, store->path);
}

rt_status rt_store_flush_shard(rt_store *store)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    char sha256[RT_SHA256_TEXT];
    if (store->waiting_count == 0) return RT_OK;
    if (store->shard_count >= MAX_SHARDS)
        return rt_fail(RT_ERROR_INPUT, "store '%s' is full: it has %d shards", store->path,
                       MAX_SHARDS);
    const rt_samples samples = {
        .count = store->waiting_count,
        .images = store->waiting[0],
        .labels = (const int32_t *)(void *)store->waiting[1],
        .teacher_logits = (const float *)(void *)store->waiting[2],
        .round = (const uint32_t *)(void *)store->waiting[3],
        .domain = (const uint16_t *)(void *)store->waiting[4],
    };
    const rt_shard_head head = {.description = store->description,
                                .number = store->shard_count,
                                .first_sample = store->sample_count,
                                .count = (uint32_t)store->waiting_count};
    const char *path = shard_path(store, &arena, store->shard_count);
    if (path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_shard_encode(&bytes, &head, &samples));
    rt_sha256(bytes.data, bytes.size, sha256);
    compare_with_removed(store, sha256);
    RT_TRY_DONE(rt_file_replace(path, bytes.data, bytes.size));
    RT_TRY_DONE(add_shard(store, sha256, head.count));
    store->waiting_count = 0;
done:
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
    return status;
}

/* Whether an array of a call is there exactly if the store has it. */
static rt_status check_columns(const rt_store *store, const rt_samples *samples)
{
    static const char *const names[RT_DATASET_COUNT] = {"images", "labels", "teacher_logits",
                                                        "round", "domain"};
    for (int i = 0; i < RT_DATASET_COUNT; i++)
        if ((rt_dataset_array(samples, i) != NULL) != (store->waiting[i] != NULL))
            return rt_fail(RT_ERROR_INPUT, "samples for store '%s' %s '%s'", store->path,
                           store->waiting[i] != NULL ? "lack" : "have unannounced", names[i]);
    return RT_OK;
}

static rt_status check_samples(const rt_store *store, const rt_samples *samples)
{
    const rt_store_description *d = &store->description;
    RT_TRY(check_columns(store, samples));
    for (size_t i = 0; i < samples->count; i++) {
        if (samples->labels[i] < 0 || (uint32_t)samples->labels[i] >= d->classes)
            return rt_fail(RT_ERROR_INPUT, "label %d for store '%s' is not below %u",
                           samples->labels[i], store->path, d->classes);
        if (samples->domain != NULL && samples->domain[i] >= d->domains)
            return rt_fail(RT_ERROR_INPUT, "domain %u for store '%s' is not below %u",
                           samples->domain[i], store->path, d->domains);
        for (uint32_t k = 0; samples->teacher_logits != NULL && k < d->classes; k++)
            if (!isfinite(samples->teacher_logits[i * d->classes + k]))
                return rt_fail(RT_ERROR_NUMERIC,
                               "the teacher's logits for sample %zu are not finite; store '%s' "
                               "does not take them",
                               i, store->path);
    }
    return RT_OK;
}

rt_status rt_store_append(rt_store *store, const rt_samples *samples)
{
    RT_TRY(check_samples(store, samples));
    for (size_t done = 0; done < samples->count;) {
        if (store->waiting_count == store->description.shard_samples)
            RT_TRY(rt_store_flush_shard(store));
        size_t count = store->description.shard_samples - store->waiting_count;
        if (count > samples->count - done) count = samples->count - done;
        for (int i = 0; i < RT_DATASET_COUNT; i++)
            if (store->waiting[i] != NULL)
                memcpy(store->waiting[i] + store->waiting_count * store->sample_bytes[i],
                       (const uint8_t *)rt_dataset_array(samples, i) +
                           done * store->sample_bytes[i],
                       count * store->sample_bytes[i]);
        store->waiting_count += count;
        done += count;
    }
    return RT_OK;
}

static rt_status write_index(const rt_store *store)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    const char *path = rt_path_join(&arena, store->path, "index.h5");
    if (path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_index_encode(&bytes, &store->description, store->shards, store->shard_count));
    RT_TRY_DONE(rt_file_replace(path, bytes.data, bytes.size));
done:
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_store_finish(rt_store *store)
{
    RT_TRY(rt_store_flush_shard(store));
    return store->shard_count > 0 ? write_index(store) : RT_OK;
}

rt_status rt_store_close(rt_store *store)
{
    if (store == NULL) return RT_OK;
    const rt_status status = rt_store_finish(store);
    rt_store_abandon(store);
    return status;
}
