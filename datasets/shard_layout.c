#include "datasets/shard_layout.h"

#include <string.h>

void rt_dataset_table(rt_dataset table[RT_DATASET_COUNT], const rt_store_description *description)
{
    const rt_store_description *d = description;
    table[0] = (rt_dataset){
        "images", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, 4, {1, d->height, d->width, d->channels},
        true};
    table[1] = (rt_dataset){"labels", H5T_STD_I32LE, H5T_NATIVE_INT32, 4, 1, {1}, true};
    table[2] = (rt_dataset){"teacher_logits",
                            H5T_IEEE_F32LE,
                            H5T_NATIVE_FLOAT,
                            4,
                            2,
                            {1, d->classes},
                            (d->columns & RT_COLUMN_TEACHER_LOGITS) != 0};
    table[3] = (rt_dataset){
        "round", H5T_STD_U32LE, H5T_NATIVE_UINT32, 4, 1, {1}, (d->columns & RT_COLUMN_ROUND) != 0};
    table[4] = (rt_dataset){"domain",
                            H5T_STD_U16LE,
                            H5T_NATIVE_UINT16,
                            2,
                            1,
                            {1},
                            (d->columns & RT_COLUMN_DOMAIN) != 0};
}

size_t rt_dataset_sample_bytes(const rt_dataset *dataset)
{
    size_t bytes = dataset->item_size;
    for (int i = 1; i < dataset->rank; i++) bytes *= dataset->item[i];
    return bytes;
}

const void *rt_dataset_array(const rt_samples *samples, int row)
{
    const void *const arrays[RT_DATASET_COUNT] = {
        samples->images, samples->labels, samples->teacher_logits, samples->round, samples->domain};
    return arrays[row];
}

rt_status rt_description_write(rt_hdf5_file *file, const rt_store_description *description)
{
    const rt_store_description *d = description;
    const uint64_t format_version = RT_STORE_FORMAT_VERSION;
    char sha256[RT_SHA256_TEXT];
    RT_TRY(rt_store_description_hash(d, sha256));
    RT_TRY(rt_hdf5_write_uint64(file, "format_version", &format_version, 0));
    RT_TRY(rt_hdf5_write_strings(file, "class_names", d->class_names, d->classes));
    if (d->domains > 0)
        RT_TRY(rt_hdf5_write_strings(file, "domain_names", d->domain_names, d->domains));
    RT_TRY(rt_hdf5_write_floats(file, "mean", d->mean, d->channels));
    RT_TRY(rt_hdf5_write_floats(file, "std", d->std, d->channels));
    RT_TRY(rt_hdf5_write_string(file, "teacher_sha256", d->teacher_sha256));
    RT_TRY(rt_hdf5_write_string(file, "teacher_arch", d->teacher_arch));
    RT_TRY(rt_hdf5_write_string(file, "method", d->method));
    RT_TRY(rt_hdf5_write_string(file, "config", d->config));
    RT_TRY(rt_hdf5_write_uint64(file, "seed", &d->seed, 0));
    RT_TRY(rt_hdf5_write_string(file, "program_version", d->program_version));
    return rt_hdf5_write_string(file, "description_sha256", sha256);
}

static rt_status check_version(const rt_hdf5_file *file, rt_arena *arena)
{
    uint64_t version;
    RT_TRY(rt_hdf5_read_uint64(file, "format_version", &version));
    if (version == RT_STORE_FORMAT_VERSION) return RT_OK;
    const char *program_version = "unknown";
    (void)!rt_hdf5_read_string(file, "program_version", arena, &program_version);
    return rt_fail(RT_ERROR_INPUT,
                   "'%s' has store format %llu (written by version %s); this program reads format "
                   "%d: use a newer one",
                   file->name, (unsigned long long)version, program_version,
                   RT_STORE_FORMAT_VERSION);
}

rt_status rt_description_read(const rt_hdf5_file *file, rt_arena *arena,
                              rt_store_description *description, char sha256[RT_SHA256_TEXT])
{
    rt_store_description *d = description;
    const char *stated;
    size_t classes, domains = 0;
    RT_TRY(check_version(file, arena));
    RT_TRY(rt_hdf5_read_strings(file, "class_names", arena, &d->class_names, &classes));
    if (d->columns & RT_COLUMN_DOMAIN)
        RT_TRY(rt_hdf5_read_strings(file, "domain_names", arena, &d->domain_names, &domains));
    if (classes > RT_STORE_MAX_CLASSES || domains > UINT16_MAX)
        return rt_fail(RT_ERROR_INPUT, "'%s' has too many classes or domains", file->name);
    d->classes = (uint32_t)classes;
    d->domains = (uint32_t)domains;
    RT_TRY(rt_hdf5_read_floats(file, "mean", d->mean, d->channels));
    RT_TRY(rt_hdf5_read_floats(file, "std", d->std, d->channels));
    RT_TRY(rt_hdf5_read_string(file, "teacher_sha256", arena, &d->teacher_sha256));
    RT_TRY(rt_hdf5_read_string(file, "teacher_arch", arena, &d->teacher_arch));
    RT_TRY(rt_hdf5_read_string(file, "method", arena, &d->method));
    RT_TRY(rt_hdf5_read_string(file, "config", arena, &d->config));
    RT_TRY(rt_hdf5_read_uint64(file, "seed", &d->seed));
    RT_TRY(rt_hdf5_read_string(file, "program_version", arena, &d->program_version));
    RT_TRY(rt_hdf5_read_string(file, "description_sha256", arena, &stated));
    const rt_status status = rt_store_description_check(d);
    if (status != RT_OK) {
        rt_error_prefix("in '%s': ", file->name);
        return status;
    }
    RT_TRY(rt_store_description_hash(d, sha256));
    if (strcmp(stated, sha256) != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "attributes of '%s' do not have the hash that description_sha256 states: "
                       "the file is damaged",
                       file->name);
    return RT_OK;
}

size_t rt_description_size(const rt_store_description *description)
{
    enum { OVERHEAD = 64 << 10 };
    const rt_store_description *d = description;
    size_t longest_class = 1, longest_domain = 1;
    for (uint32_t i = 0; i < d->classes; i++)
        if (strlen(d->class_names[i]) > longest_class) longest_class = strlen(d->class_names[i]);
    for (uint32_t i = 0; i < d->domains; i++)
        if (strlen(d->domain_names[i]) > longest_domain)
            longest_domain = strlen(d->domain_names[i]);
    return OVERHEAD + longest_class * d->classes + longest_domain * d->domains +
           strlen(d->teacher_arch) + strlen(d->method) + strlen(d->config) +
           strlen(d->program_version);
}
