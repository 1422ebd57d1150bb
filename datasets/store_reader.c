#include "datasets/store_reader.h"

#include "common/base/io.h"
#include "datasets/index.h"

#include <string.h>

enum { MAX_SHARDS = 1000000, MAX_INDEX_BYTES = 256 << 20 };

struct rt_store_reader {
    rt_arena arena; ///< path, description, shard names while listing
    const char *path;
    rt_store_description description;
    char description_sha256[RT_SHA256_TEXT];
    rt_shard_summary *shards;
    uint32_t shard_count, shard_capacity;
    uint64_t sample_count;
};

/* Loads a shard's file and decodes its head, and its samples unless `shard` is NULL. */
static rt_status load(const rt_store_reader *reader, uint32_t number, rt_arena *arena,
                      rt_shard_head *head, rt_shard *shard)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    char name[RT_SHARD_NAME_SIZE];
    rt_shard_name(name, number);
    const char *path = rt_path_join(arena, reader->path, name);
    if (path == NULL) return RT_ERROR_MEMORY;
    RT_TRY_DONE(rt_shard_file_read(&bytes, path));
    RT_TRY_DONE(rt_shard_decode(path, &bytes, arena, head, shard));
    if (head->number != number)
        status = rt_fail(RT_ERROR_INPUT, "'%s' says that it is shard %u: it was renamed", path,
                         head->number);
    else if (reader->description_sha256[0] != 0 &&
             strcmp(reader->description_sha256, head->description_sha256) != 0)
        status =
            rt_fail(RT_ERROR_INPUT, "'%s' belongs to another store than 'shard-000000.h5'", path);
done:
    rt_buffer_clear(&bytes);
    if (status != RT_OK && shard != NULL) rt_shard_clear(shard);
    return status;
}

/* Appends shard `number` to the reader's list. */
static rt_status add_shard(rt_store_reader *reader, uint32_t number)
{
    rt_status status = RT_OK;
    rt_arena scratch = {0};
    rt_shard_head head;
    RT_TRY_DONE(load(reader, number, &scratch, &head, NULL));
    if (head.first_sample != reader->sample_count)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT,
                            "shard %u of store '%s' begins at sample %llu, but the shards before "
                            "it hold %llu",
                            number, reader->path, (unsigned long long)head.first_sample,
                            (unsigned long long)reader->sample_count));
    if (number == 0) {
        RT_TRY_DONE(
            rt_store_description_copy(&reader->description, &head.description, &reader->arena));
        memcpy(reader->description_sha256, head.description_sha256, RT_SHA256_TEXT);
    }
    if (reader->shard_count == reader->shard_capacity) {
        const uint32_t capacity = reader->shard_capacity == 0 ? 16 : 2 * reader->shard_capacity;
        rt_shard_summary *shards = rt_realloc(reader->shards, capacity, sizeof *shards);
        if (shards == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
        reader->shards = shards;
        reader->shard_capacity = capacity;
    }
    reader->shards[reader->shard_count++] =
        (rt_shard_summary){head.first_sample, head.count, number};
    reader->sample_count += head.count;
done:
    rt_arena_clear(&scratch);
    return status;
}

/* How many shards the folder holds, from 0 on without a gap. */
static rt_status count_shards(const char *path, uint32_t *count)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    char **names;
    size_t name_count;
    *count = 0;
    RT_TRY_DONE(rt_directory_list(&arena, path, &names, &name_count));
    for (size_t i = 0; i < name_count; i++) { /* sorted, so the numbers come in order */
        uint32_t number;
        if (!rt_shard_number(names[i], &number)) continue;
        if (number != *count)
            RT_TRY_DONE(
                rt_fail(RT_ERROR_INPUT,
                        "store '%s' lacks 'shard-%06u.h5' (it has '%s'); restore it or make "
                        "the store again",
                        path, *count, names[i]));
        if (++*count > MAX_SHARDS)
            RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "store '%s' has too many shards", path));
    }
done:
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_store_refresh(rt_store_reader *reader)
{
    uint32_t count;
    RT_TRY(count_shards(reader->path, &count));
    for (uint32_t i = reader->shard_count; i < count; i++) RT_TRY(add_shard(reader, i));
    return RT_OK;
}

rt_status rt_store_open(rt_store_reader **reader, const char *path)
{
    rt_status status = RT_OK;
    *reader = NULL;
    rt_store_reader *r;
    RT_TRY(RT_ALLOC(r, 1));
    r->path = rt_arena_strdup(&r->arena, path);
    if (r->path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    if (!rt_directory_exists(path))
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "store '%s' does not exist; check the path", path));
    RT_TRY_DONE(rt_store_refresh(r));
    if (r->shard_count == 0)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT,
                            "'%s' is not a store: it holds no 'shard-000000.h5'; check the path",
                            path));
    *reader = r;
    return RT_OK;
done:
    rt_store_reader_close(r);
    return status;
}

void rt_store_reader_close(rt_store_reader *reader)
{
    if (reader == NULL) return;
    rt_free(reader->shards);
    rt_arena_clear(&reader->arena);
    rt_free(reader);
}

const char *rt_store_reader_path(const rt_store_reader *reader) { return reader->path; }

const rt_store_description *rt_store_reader_description(const rt_store_reader *reader)
{
    return &reader->description;
}

uint64_t rt_store_reader_sample_count(const rt_store_reader *reader)
{
    return reader->sample_count;
}

uint32_t rt_store_reader_shard_count(const rt_store_reader *reader) { return reader->shard_count; }

const rt_shard_summary *rt_store_reader_shard(const rt_store_reader *reader, uint32_t shard)
{
    return &reader->shards[shard];
}

rt_status rt_store_read_shard(const rt_store_reader *reader, uint32_t shard, rt_shard *out)
{
    rt_status status = RT_OK;
    rt_arena scratch = {0};
    rt_shard_head head;
    RT_TRY_DONE(load(reader, shard, &scratch, &head, out));
    if (head.count != reader->shards[shard].count ||
        head.first_sample != reader->shards[shard].first_sample) {
        rt_shard_clear(out);
        status = rt_fail(RT_ERROR_INPUT, "shard %u of store '%s' was changed since it was opened",
                         shard, reader->path);
    }
done:
    rt_arena_clear(&scratch);
    return status;
}

/* Compares the index with the shards. */
static rt_status verify_index(const rt_store_reader *reader, const rt_index_shard *found,
                              const char *path, rt_arena *arena)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    rt_index_shard *listed;
    uint32_t listed_count;
    RT_TRY_DONE(rt_file_read(&bytes, path, MAX_INDEX_BYTES));
    RT_TRY_DONE(rt_index_decode(path, &bytes, arena, &listed, &listed_count));
    if (listed_count != reader->shard_count)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "'%s' lists %u shards, the store has %u", path,
                            listed_count, reader->shard_count));
    for (uint32_t i = 0; i < listed_count; i++)
        if (listed[i].count != found[i].count || strcmp(listed[i].sha256, found[i].sha256) != 0)
            RT_TRY_DONE(rt_fail(RT_ERROR_INPUT,
                                "'shard-%06u.h5' is not the file that '%s' lists (count or sha256)",
                                i, path));
done:
    rt_buffer_clear(&bytes);
    return status;
}

/* Reads a shard wholly and hashes its file. */
static rt_status verify_shard(const rt_store_reader *reader, uint32_t number, rt_index_shard *found)
{
    rt_status status = RT_OK;
    rt_arena scratch = {0};
    rt_buffer bytes = {0};
    rt_shard shard = {0};
    char name[RT_SHARD_NAME_SIZE];
    rt_shard_name(name, number);
    RT_TRY(rt_store_read_shard(reader, number, &shard));
    found->count = (uint32_t)shard.samples.count;
    rt_shard_clear(&shard);
    const char *path = rt_path_join(&scratch, reader->path, name);
    if (path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_shard_file_read(&bytes, path));
    rt_sha256(bytes.data, bytes.size, found->sha256);
done:
    rt_buffer_clear(&bytes);
    rt_arena_clear(&scratch);
    return status;
}

rt_status rt_store_verify(const char *path, rt_store_verification *verification)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_store_reader *reader = NULL;
    RT_TRY_DONE(rt_store_open(&reader, path));
    rt_index_shard *found = rt_arena_alloc(&arena, reader->shard_count, sizeof *found);
    const char *index = rt_path_join(&arena, path, "index.h5");
    if (found == NULL || index == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    for (uint32_t i = 0; i < reader->shard_count; i++)
        RT_TRY_DONE(verify_shard(reader, i, &found[i]));
    *verification = (rt_store_verification){.shards = reader->shard_count,
                                            .samples = reader->sample_count,
                                            .has_index = rt_file_exists(index)};
    if (verification->has_index) RT_TRY_DONE(verify_index(reader, found, index, &arena));
done:
    rt_store_reader_close(reader);
    rt_arena_clear(&arena);
    return status;
}
