#include "datasets/index.h"

#include "common/base/io.h"
#include "datasets/shard_layout.h"
#include "datasets/store_reader.h"

#include <string.h>

/* Maps a shard's dataset into its place in the virtual one. */
static bool map_shard(hid_t list, const rt_dataset *dataset, hid_t whole, uint64_t first,
                      uint32_t count, uint32_t number)
{
    char name[RT_SHARD_NAME_SIZE];
    hsize_t start[RT_DATASET_MAX_RANK] = {first}, block[RT_DATASET_MAX_RANK];
    memcpy(block, dataset->item, sizeof block);
    block[0] = count;
    rt_shard_name(name, number);
    const hid_t source = H5Screate_simple(dataset->rank, block, NULL);
    const bool mapped = source >= 0 &&
                        H5Sselect_hyperslab(whole, H5S_SELECT_SET, start, NULL, block, NULL) >= 0 &&
                        H5Pset_virtual(list, whole, name, dataset->name, source) >= 0;
    H5Sclose(source);
    return mapped;
}

static rt_status write_virtual(const rt_hdf5_file *file, const rt_dataset *dataset,
                               const rt_index_shard *shards, uint32_t shard_count)
{
    hsize_t dimensions[RT_DATASET_MAX_RANK];
    memcpy(dimensions, dataset->item, sizeof dimensions);
    dimensions[0] = 0;
    for (uint32_t i = 0; i < shard_count; i++) dimensions[0] += shards[i].count;
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t whole = H5Screate_simple(dataset->rank, dimensions, NULL);
    bool good = list >= 0 && whole >= 0 && H5Pset_obj_track_times(list, 0) >= 0;
    uint64_t first = 0;
    for (uint32_t i = 0; good && i < shard_count; first += shards[i++].count)
        good = map_shard(list, dataset, whole, first, shards[i].count, i);
    if (good) {
        const hid_t id = H5Dcreate2(file->id, dataset->name, dataset->file_type, whole, H5P_DEFAULT,
                                    list, H5P_DEFAULT);
        good = id >= 0 && H5Dclose(id) >= 0;
    }
    H5Sclose(whole);
    H5Pclose(list);
    if (good) return RT_OK;
    return rt_fail(RT_ERROR_MEMORY, "HDF5 cannot make virtual dataset '%s' in memory",
                   dataset->name);
}

/* The list of shards as attributes. */
static rt_status write_list(rt_hdf5_file *file, const rt_index_shard *shards, uint32_t shard_count)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    const char **names = rt_arena_alloc(&arena, shard_count, sizeof *names);
    const char **hashes = rt_arena_alloc(&arena, shard_count, sizeof *hashes);
    uint64_t *counts = rt_arena_alloc(&arena, shard_count, sizeof *counts);
    if (names == NULL || hashes == NULL || counts == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    for (uint32_t i = 0; i < shard_count; i++) {
        char *name = rt_arena_alloc(&arena, RT_SHARD_NAME_SIZE, 1);
        if (name == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
        rt_shard_name(name, i);
        names[i] = name;
        hashes[i] = shards[i].sha256;
        counts[i] = shards[i].count;
    }
    RT_TRY_DONE(rt_hdf5_write_strings(file, "shards", names, shard_count));
    RT_TRY_DONE(rt_hdf5_write_uint64(file, "shard_samples", counts, shard_count));
    RT_TRY_DONE(rt_hdf5_write_strings(file, "shard_sha256", hashes, shard_count));
done:
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_index_encode(rt_buffer *bytes, const rt_store_description *description,
                          const rt_index_shard *shards, uint32_t shard_count)
{
    enum { BYTES_A_SHARD = 1024 };
    rt_status status = RT_OK;
    rt_hdf5_file file = {0};
    rt_dataset table[RT_DATASET_COUNT];
    rt_hdf5_begin();
    rt_dataset_table(table, description);
    const size_t size_hint = (4u << 20) + 2 * rt_description_size(description) +
                             (size_t)shard_count * BYTES_A_SHARD * RT_DATASET_COUNT;
    RT_TRY_DONE(rt_hdf5_create(&file, "index.h5", size_hint));
    RT_TRY_DONE(rt_description_write(&file, description));
    RT_TRY_DONE(write_list(&file, shards, shard_count));
    for (int i = 0; i < RT_DATASET_COUNT; i++)
        if (table[i].present) RT_TRY_DONE(write_virtual(&file, &table[i], shards, shard_count));
    RT_TRY_DONE(rt_hdf5_finish(&file, bytes));
done:
    rt_hdf5_close(&file);
    return status;
}

rt_status rt_index_decode(const char *name, rt_buffer *bytes, rt_arena *arena,
                          rt_index_shard **shards, uint32_t *shard_count)
{
    rt_status status = RT_OK;
    rt_hdf5_file file = {0};
    const char *const *names, *const *hashes;
    const uint64_t *counts;
    size_t name_count, hash_count, count_count;
    RT_TRY_DONE(rt_hdf5_open(&file, name, bytes));
    RT_TRY_DONE(rt_hdf5_read_strings(&file, "shards", arena, &names, &name_count));
    RT_TRY_DONE(rt_hdf5_read_strings(&file, "shard_sha256", arena, &hashes, &hash_count));
    RT_TRY_DONE(rt_hdf5_read_uint64s(&file, "shard_samples", arena, &counts, &count_count));
    if (name_count != hash_count || name_count != count_count || name_count > 1000000)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "the lists of shards in '%s' differ in length", name));
    rt_index_shard *list = rt_arena_alloc(arena, name_count, sizeof *list);
    if (list == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    for (uint32_t i = 0; i < name_count; i++) {
        uint32_t number;
        if (!rt_shard_number(names[i], &number) || number != i ||
            strlen(hashes[i]) != RT_SHA256_TEXT - 1 || counts[i] > RT_SHARD_MAX_SAMPLES)
            RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "entry %u of the list of shards in '%s' is wrong",
                                i, name));
        memcpy(list[i].sha256, hashes[i], RT_SHA256_TEXT);
        list[i].count = (uint32_t)counts[i];
    }
    *shards = list;
    *shard_count = (uint32_t)name_count;
done:
    rt_hdf5_close(&file);
    return status;
}

/* The index entry of shard `number`. */
static rt_status hash_shard(rt_arena *arena, const rt_store_reader *reader, uint32_t number,
                            rt_index_shard *shard)
{
    char name[RT_SHARD_NAME_SIZE];
    rt_buffer bytes = {0};
    rt_shard_name(name, number);
    const char *path = rt_path_join(arena, rt_store_reader_path(reader), name);
    if (path == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_shard_file_read(&bytes, path));
    rt_sha256(bytes.data, bytes.size, shard->sha256);
    shard->count = rt_store_reader_shard(reader, number)->count;
    rt_buffer_clear(&bytes);
    return RT_OK;
}

rt_status rt_index_rebuild(const char *store_path)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    rt_store_reader *reader = NULL;
    rt_lock lock = {0};
    RT_TRY_DONE(rt_store_open(&reader, store_path));
    const char *lock_path = rt_path_join(&arena, store_path, "lock");
    const char *what = rt_arena_printf(&arena, "store '%s'", store_path);
    if (lock_path == NULL || what == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    RT_TRY_DONE(rt_lock_take(&lock, lock_path, what));
    RT_TRY_DONE(rt_store_refresh(reader)); /* with what a writer finished in between */
    const uint32_t count = rt_store_reader_shard_count(reader);
    rt_index_shard *shards = rt_arena_alloc(&arena, count, sizeof *shards);
    const char *path = rt_path_join(&arena, store_path, "index.h5");
    if (shards == NULL || path == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    for (uint32_t i = 0; i < count; i++) RT_TRY_DONE(hash_shard(&arena, reader, i, &shards[i]));
    RT_TRY_DONE(rt_index_encode(&bytes, rt_store_reader_description(reader), shards, count));
    RT_TRY_DONE(rt_file_replace(path, bytes.data, bytes.size));
done:
    rt_lock_release(&lock);
    rt_store_reader_close(reader);
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
    return status;
}
