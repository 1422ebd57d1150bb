#include "datasets/shard.h"

#include "datasets/shard_layout.h"

#include <stdio.h>
#include <string.h>

void rt_shard_name(char name[RT_SHARD_NAME_SIZE], uint32_t number)
{
    snprintf(name, RT_SHARD_NAME_SIZE, "shard-%06u.h5", number);
}

bool rt_shard_number(const char *name, uint32_t *number)
{
    char spelt[RT_SHARD_NAME_SIZE];
    unsigned found;
    if (strlen(name) != strlen("shard-000000.h5") || sscanf(name, "shard-%6u.h5", &found) != 1)
        return false;
    rt_shard_name(spelt, found);
    *number = found;
    return strcmp(spelt, name) == 0;
}

void rt_shard_clear(rt_shard *shard)
{
    rt_free(shard->memory);
    *shard = (rt_shard){0};
}

/* Samples a chunk: about 128 KiB, small enough to read a few samples, large enough to compress. */
static hsize_t chunk_samples(const rt_dataset *dataset, size_t count)
{
    enum { CHUNK_BYTES = 128 << 10 };
    const hsize_t samples = CHUNK_BYTES / rt_dataset_sample_bytes(dataset);
    return samples < 1 ? 1 : samples > count ? count : samples;
}

/* The creation list of a dataset; negative if the library fails. */
static hid_t make_creation_list(const rt_dataset *dataset, size_t count)
{
    /* 4: on synthetic images level 6 gains 1 % of size and takes twice the time. */
    enum { DEFLATE_LEVEL = 4 };
    hsize_t chunk[RT_DATASET_MAX_RANK];
    memcpy(chunk, dataset->item, sizeof chunk);
    chunk[0] = chunk_samples(dataset, count);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (list >= 0 && H5Pset_chunk(list, dataset->rank, chunk) >= 0 && H5Pset_shuffle(list) >= 0 &&
        H5Pset_deflate(list, DEFLATE_LEVEL) >= 0 && H5Pset_fletcher32(list) >= 0 &&
        H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) >= 0 && H5Pset_obj_track_times(list, 0) >= 0)
        return list;
    H5Pclose(list);
    return H5I_INVALID_HID;
}

static rt_status write_dataset(const rt_hdf5_file *file, const rt_dataset *dataset, size_t count,
                               const void *values)
{
    hsize_t dimensions[RT_DATASET_MAX_RANK];
    memcpy(dimensions, dataset->item, sizeof dimensions);
    dimensions[0] = count;
    const hid_t list = make_creation_list(dataset, count);
    const hid_t space = H5Screate_simple(dataset->rank, dimensions, NULL);
    const hid_t id = H5Dcreate2(file->id, dataset->name, dataset->file_type, space, H5P_DEFAULT,
                                list, H5P_DEFAULT);
    const bool written =
        id >= 0 && H5Dwrite(id, dataset->memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(list);
    if (written) return RT_OK;
    return rt_fail(RT_ERROR_MEMORY, "HDF5 cannot write dataset '%s' of '%s' in memory",
                   dataset->name, file->name);
}

rt_status rt_shard_encode(rt_buffer *bytes, const rt_shard_head *head, const rt_samples *samples)
{
    rt_status status = RT_OK;
    rt_hdf5_file file = {0};
    char name[RT_SHARD_NAME_SIZE];
    const uint64_t number = head->number;
    rt_dataset table[RT_DATASET_COUNT];
    rt_shard_name(name, head->number);
    rt_hdf5_begin(); /* the table's types are the library's */
    rt_dataset_table(table, &head->description);
    /* A chunk that deflate would enlarge is stored as it is, so this is never too small. */
    const size_t raw = rt_sample_size(&head->description) * samples->count;
    const size_t size_hint = raw + raw / 16 + 2 * rt_description_size(&head->description) +
                             (size_t)(1 << 20) * RT_DATASET_COUNT;
    RT_TRY_DONE(rt_hdf5_create(&file, name, size_hint));
    RT_TRY_DONE(rt_description_write(&file, &head->description));
    RT_TRY_DONE(rt_hdf5_write_uint64(&file, "shard", &number, 0));
    RT_TRY_DONE(rt_hdf5_write_uint64(&file, "first_sample", &head->first_sample, 0));
    for (int i = 0; i < RT_DATASET_COUNT; i++)
        if (table[i].present)
            RT_TRY_DONE(
                write_dataset(&file, &table[i], samples->count, rt_dataset_array(samples, i)));
    RT_TRY_DONE(rt_hdf5_finish(&file, bytes));
done:
    rt_hdf5_close(&file);
    return status;
}
