/* Reading a shard that anyone may have written: every rule is checked before the library is asked
 * for the data (docs/reliability.md has the list and the reasons). */
#include "datasets/shard_layout.h"

#include "common/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINKS = 64, MAX_ATTRIBUTES = 64, MAX_CHUNK_BYTES = 64 << 20, DEFLATE_LIMIT = 1032 };
static const uint64_t LARGEST_FILE = 1ull << 30;

rt_status rt_shard_file_read(rt_buffer *bytes, const char *path)
{
    struct stat information;
    if (lstat(path, &information) == 0 && S_ISLNK(information.st_mode))
        return rt_fail(RT_ERROR_INPUT, "'%s' is a symbolic link; a store holds plain files only",
                       path);
    return rt_file_read(bytes, path, LARGEST_FILE);
}

static rt_status refuse(const rt_hdf5_file *file, const rt_dataset *dataset, const char *what)
{
    return rt_fail(RT_ERROR_INPUT,
                   "dataset '%s' of '%s' %s; restore the file from a copy or make the store again",
                   dataset->name, file->name, what);
}

/* Whether a known name is in the root group, as a plain link. */
static rt_status find_link(const rt_hdf5_file *file, const rt_dataset *dataset, bool *found)
{
    H5L_info_t information;
    const htri_t exists = H5Lexists(file->id, dataset->name, H5P_DEFAULT);
    *found = exists > 0;
    if (exists == 0) return RT_OK;
    if (exists < 0 || H5Lget_info(file->id, dataset->name, &information, H5P_DEFAULT) < 0)
        return refuse(file, dataset, "is damaged");
    if (information.type != H5L_TYPE_HARD)
        return refuse(file, dataset, "is a link to somewhere else, which is not followed");
    return RT_OK;
}

/* Filters: shuffle, deflate, fletcher32, in this order, the last one always. */
static bool filters_allowed(hid_t list)
{
    static const H5Z_filter_t order[] = {H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE,
                                         H5Z_FILTER_FLETCHER32};
    const int count = H5Pget_nfilters(list);
    size_t next = 0;
    if (count < 1 || count > (int)RT_COUNT(order)) return false;
    for (int i = 0; i < count; i++) {
        unsigned flags, values[8];
        size_t value_count = RT_COUNT(values);
        const H5Z_filter_t filter =
            H5Pget_filter2(list, (unsigned)i, &flags, &value_count, values, 0, NULL, NULL);
        while (next < RT_COUNT(order) && order[next] != filter) next++;
        if (next == RT_COUNT(order)) return false;
        next++;
    }
    return next == RT_COUNT(order);
}

/* How the data is laid out, before any of it is read. */
static rt_status check_creation_list(const rt_hdf5_file *file, const rt_dataset *dataset,
                                     hid_t list, const hsize_t *dimensions)
{
    hsize_t chunk[RT_DATASET_MAX_RANK];
    if (H5Pget_external_count(list) != 0)
        return refuse(file, dataset, "lies in another file, which is not read");
    if (H5Pget_layout(list) != H5D_CHUNKED) return refuse(file, dataset, "is not chunked");
    if (!filters_allowed(list))
        return refuse(file, dataset,
                      "has filters other than shuffle, deflate and fletcher32 (which is required)");
    if (H5Pget_chunk(list, dataset->rank, chunk) != dataset->rank)
        return refuse(file, dataset, "has chunks of another rank");
    uint64_t bytes = dataset->item_size;
    for (int i = 0; i < dataset->rank; i++)
        if (chunk[i] > dimensions[i] || __builtin_mul_overflow(bytes, chunk[i], &bytes) ||
            bytes > MAX_CHUNK_BYTES)
            return refuse(file, dataset, "has chunks that are too large");
    return RT_OK;
}

static rt_status check_type(const rt_hdf5_file *file, const rt_dataset *dataset, hid_t id)
{
    const hid_t type = H5Dget_type(id);
    const bool good =
        type >= 0 && H5Tcommitted(type) == 0 && H5Tequal(type, dataset->file_type) > 0;
    H5Tclose(type);
    return good ? RT_OK : refuse(file, dataset, "is of the wrong type");
}

/* Rank and dimensions; a 0 in dataset->item is "not known yet" and is filled in. */
static rt_status check_space(const rt_hdf5_file *file, rt_dataset *dataset, hid_t id,
                             hsize_t *dimensions)
{
    hsize_t largest[RT_DATASET_MAX_RANK];
    const hid_t space = H5Dget_space(id);
    const bool simple = space >= 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE &&
                        H5Sget_simple_extent_ndims(space) == dataset->rank &&
                        H5Sget_simple_extent_dims(space, dimensions, largest) == dataset->rank;
    H5Sclose(space);
    if (!simple) return refuse(file, dataset, "is of the wrong rank");
    if (dimensions[0] < 1 || dimensions[0] > RT_SHARD_MAX_SAMPLES)
        return refuse(file, dataset, "has no samples, or too many");
    for (int i = 0; i < dataset->rank; i++) {
        if (largest[i] != dimensions[i]) return refuse(file, dataset, "can grow; it must not");
        if (i == 0) continue;
        const hsize_t limit = i == 3               ? RT_STORE_MAX_CHANNELS
                              : dataset->rank == 2 ? RT_STORE_MAX_CLASSES
                                                   : RT_STORE_MAX_SIDE;
        if (dimensions[i] < 1 || dimensions[i] > limit ||
            (dataset->item[i] != 0 && dataset->item[i] != dimensions[i]))
            return refuse(file, dataset, "has dimensions that do not fit");
        dataset->item[i] = dimensions[i];
    }
    return RT_OK;
}

/* Opens a dataset and checks all but its values; `*id` is to be closed whatever comes back. */
static rt_status open_dataset(const rt_hdf5_file *file, rt_dataset *dataset, hid_t *id,
                              uint64_t *samples)
{
    hsize_t dimensions[RT_DATASET_MAX_RANK];
    *id = H5Dopen2(file->id, dataset->name, H5P_DEFAULT);
    if (*id < 0) return refuse(file, dataset, "is damaged or no dataset");
    RT_TRY(check_type(file, dataset, *id));
    RT_TRY(check_space(file, dataset, *id, dimensions));
    const hid_t list = H5Dget_create_plist(*id);
    const rt_status status = list < 0 ? refuse(file, dataset, "is damaged")
                                      : check_creation_list(file, dataset, list, dimensions);
    H5Pclose(list);
    RT_TRY(status);
    if (*samples != 0 && dimensions[0] != *samples)
        return refuse(file, dataset, "has another number of samples than 'images'");
    *samples = dimensions[0];
    uint64_t raw;
    if (__builtin_mul_overflow(rt_dataset_sample_bytes(dataset), dimensions[0], &raw) ||
        raw > RT_SHARD_MAX_BYTES)
        return refuse(file, dataset, "is larger than 512 MiB");
    if (H5Dget_storage_size(*id) * DEFLATE_LIMIT < raw)
        return refuse(file, dataset, "has fewer bytes than its size needs");
    return RT_OK;
}

/* An open shard. */
typedef struct shard_file {
    rt_hdf5_file file;
    rt_dataset table[RT_DATASET_COUNT];
    hid_t ids[RT_DATASET_COUNT];
} shard_file;

static void close_shard_file(shard_file *shard)
{
    for (int i = 0; i < RT_DATASET_COUNT; i++)
        if (shard->ids[i] > 0) H5Dclose(shard->ids[i]);
    rt_hdf5_close(&shard->file);
}

static rt_status check_root(const rt_hdf5_file *file)
{
    H5G_info_t group;
    H5O_info_t object;
    if (H5Gget_info(file->id, &group) < 0 ||
        H5Oget_info2(file->id, &object, H5O_INFO_NUM_ATTRS) < 0)
        return rt_fail(RT_ERROR_INPUT, "'%s' is a damaged HDF5 file", file->name);
    if (group.nlinks > MAX_LINKS || object.num_attrs > MAX_ATTRIBUTES)
        return rt_fail(RT_ERROR_INPUT, "'%s' has more than %d datasets or attributes", file->name,
                       MAX_LINKS);
    return RT_OK;
}

/* Opens everything and fills the head. */
static rt_status open_shard_file(shard_file *shard, const char *name, rt_buffer *bytes,
                                 rt_arena *arena, rt_shard_head *head)
{
    const rt_store_description nothing = {0};
    rt_store_description *d = &head->description;
    uint64_t samples = 0, number;
    rt_hdf5_begin();
    *head = (rt_shard_head){0};
    RT_TRY(rt_hdf5_open(&shard->file, name, bytes));
    RT_TRY(check_root(&shard->file));
    rt_dataset_table(shard->table, &nothing);
    for (int i = 0; i < RT_DATASET_COUNT; i++) {
        rt_dataset *dataset = &shard->table[i];
        const bool required = dataset->present;
        RT_TRY(find_link(&shard->file, dataset, &dataset->present));
        if (required && !dataset->present) return refuse(&shard->file, dataset, "is missing");
        if (dataset->present) RT_TRY(open_dataset(&shard->file, dataset, &shard->ids[i], &samples));
    }
    d->height = (uint32_t)shard->table[0].item[1];
    d->width = (uint32_t)shard->table[0].item[2];
    d->channels = (uint32_t)shard->table[0].item[3];
    d->columns = (shard->table[2].present ? RT_COLUMN_TEACHER_LOGITS : 0u) |
                 (shard->table[3].present ? RT_COLUMN_ROUND : 0u) |
                 (shard->table[4].present ? RT_COLUMN_DOMAIN : 0u);
    RT_TRY(rt_description_read(&shard->file, arena, d, head->description_sha256));
    if (shard->table[2].present && shard->table[2].item[1] != d->classes)
        return refuse(&shard->file, &shard->table[2], "has another number of classes");
    RT_TRY(rt_hdf5_read_uint64(&shard->file, "shard", &number));
    RT_TRY(rt_hdf5_read_uint64(&shard->file, "first_sample", &head->first_sample));
    if (number > 999999 || head->first_sample > 1ull << 53)
        return rt_fail(RT_ERROR_INPUT, "'%s' says that it is shard %llu", name,
                       (unsigned long long)number);
    head->number = (uint32_t)number;
    head->count = (uint32_t)samples;
    return RT_OK;
}

/* What a value must be. */
static rt_status check_values(const char *name, const rt_store_description *d,
                              const rt_samples *samples)
{
    for (size_t i = 0; i < samples->count; i++) {
        if (samples->labels[i] < 0 || (uint32_t)samples->labels[i] >= d->classes)
            return rt_fail(RT_ERROR_INPUT, "label %d of sample %zu of '%s' is not below %u",
                           samples->labels[i], i, name, d->classes);
        if (samples->domain != NULL && samples->domain[i] >= d->domains)
            return rt_fail(RT_ERROR_INPUT, "domain %u of sample %zu of '%s' is not below %u",
                           samples->domain[i], i, name, d->domains);
    }
    for (size_t i = 0; samples->teacher_logits != NULL && i < samples->count * d->classes; i++)
        if (!isfinite(samples->teacher_logits[i]))
            return rt_fail(RT_ERROR_INPUT, "teacher logits of sample %zu of '%s' are not finite",
                           i / d->classes, name);
    return RT_OK;
}

static rt_status read_samples(const shard_file *file, const rt_shard_head *head, rt_shard *shard)
{
    enum { ALIGNMENT = 64 };
    size_t offsets[RT_DATASET_COUNT], total = 0;
    for (int i = 0; i < RT_DATASET_COUNT; i++) {
        offsets[i] = total;
        if (!file->table[i].present) continue;
        total += rt_dataset_sample_bytes(&file->table[i]) * head->count;
        total = (total + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    if (total > (size_t)RT_SHARD_MAX_BYTES + RT_DATASET_COUNT * ALIGNMENT)
        return rt_fail(RT_ERROR_INPUT, "'%s' unpacks to more than 512 MiB", file->file.name);
    RT_TRY(RT_ALLOC(shard->memory, total));
    void *arrays[RT_DATASET_COUNT] = {0};
    for (int i = 0; i < RT_DATASET_COUNT; i++) {
        if (!file->table[i].present) continue;
        arrays[i] = shard->memory + offsets[i];
        if (H5Dread(file->ids[i], file->table[i].memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                    arrays[i]) < 0)
            return refuse(&file->file, &file->table[i],
                          "is damaged (its checksum does not fit); restore it from a copy");
    }
    shard->samples = (rt_samples){.count = head->count,
                                  .images = arrays[0],
                                  .labels = arrays[1],
                                  .teacher_logits = arrays[2],
                                  .round = arrays[3],
                                  .domain = arrays[4]};
    return check_values(file->file.name, &head->description, &shard->samples);
}

rt_status rt_shard_decode(const char *name, rt_buffer *bytes, rt_arena *arena, rt_shard_head *head,
                          rt_shard *shard)
{
    rt_status status = RT_OK;
    shard_file file = {0};
    RT_TRY_DONE(open_shard_file(&file, name, bytes, arena, head));
    if (shard != NULL) RT_TRY_DONE(read_samples(&file, head, shard));
done:
    close_shard_file(&file);
    if (status != RT_OK && shard != NULL) rt_shard_clear(shard);
    return status;
}
