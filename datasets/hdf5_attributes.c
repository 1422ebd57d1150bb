#include "datasets/hdf5_file.h"

#include <string.h>

/* Attributes from outside may be this large. */
enum { MAX_BYTES = 1 << 20, MAX_LIST_BYTES = 64 << 20 };

/* A string type of fixed length, padded with zeros. */
static hid_t make_string_type(size_t length)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && H5Tset_size(type, length) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 &&
        H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

/* `count` of 0 is a scalar. */
static rt_status write_attribute(rt_hdf5_file *file, const char *key, hid_t type, size_t count,
                                 const void *values)
{
    const hsize_t dimensions[1] = {count};
    const hid_t space = count == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, dimensions, NULL);
    const hid_t attribute = H5Acreate2(file->id, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool written = attribute >= 0 && H5Awrite(attribute, type, values) >= 0;
    H5Aclose(attribute);
    H5Sclose(space);
    if (written) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL, "HDF5 cannot write attribute '%s' of '%s'", key, file->name);
}

rt_status rt_hdf5_write_string(rt_hdf5_file *file, const char *key, const char *value)
{
    const size_t length = strlen(value);
    const hid_t type = make_string_type(length > 0 ? length : 1);
    const rt_status status = write_attribute(file, key, type, 0, value);
    H5Tclose(type);
    return status;
}

rt_status rt_hdf5_write_strings(rt_hdf5_file *file, const char *key, const char *const *values,
                                size_t count)
{
    size_t longest = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(values[i]) > longest) longest = strlen(values[i]);
    char *table = rt_alloc(count, longest);
    if (table == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) memcpy(table + i * longest, values[i], strlen(values[i]));
    const hid_t type = make_string_type(longest);
    const rt_status status = write_attribute(file, key, type, count, table);
    H5Tclose(type);
    rt_free(table);
    return status;
}

rt_status rt_hdf5_write_floats(rt_hdf5_file *file, const char *key, const float *values,
                               size_t count)
{
    return write_attribute(file, key, H5T_IEEE_F32LE, count, values);
}

rt_status rt_hdf5_write_uint64(rt_hdf5_file *file, const char *key, const uint64_t *values,
                               size_t count)
{
    return write_attribute(file, key, H5T_STD_U64LE, count, values);
}

/* An attribute that was opened: its type, and number of values (1 for a scalar). */
typedef struct open_attribute {
    hid_t id, type;
    size_t count;
    size_t size; ///< bytes a value
    bool scalar;
} open_attribute;

static void close_attribute(open_attribute *attribute)
{
    if (attribute->type > 0) H5Tclose(attribute->type);
    if (attribute->id > 0) H5Aclose(attribute->id);
}

static rt_status open_at(const rt_hdf5_file *file, const char *key, open_attribute *attribute)
{
    *attribute = (open_attribute){0};
    const htri_t exists = H5Aexists(file->id, key);
    if (exists == 0)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' lacks attribute '%s'; it is no shard of a store, or damaged",
                       file->name, key);
    if (exists > 0) attribute->id = H5Aopen(file->id, key, H5P_DEFAULT);
    const hid_t space = attribute->id > 0 ? H5Aget_space(attribute->id) : H5I_INVALID_HID;
    if (space > 0) attribute->type = H5Aget_type(attribute->id);
    const int rank = space > 0 ? H5Sget_simple_extent_ndims(space) : -1;
    const H5S_class_t class = space > 0 ? H5Sget_simple_extent_type(space) : H5S_NO_CLASS;
    hsize_t dimension = 1;
    if (rank == 1) H5Sget_simple_extent_dims(space, &dimension, NULL);
    if (space > 0) H5Sclose(space);
    attribute->scalar = rank == 0;
    attribute->count = dimension;
    attribute->size = attribute->type > 0 ? H5Tget_size(attribute->type) : 0;
    if (attribute->size > 0 && rank >= 0 && rank <= 1 && class != H5S_NULL && dimension >= 1 &&
        dimension <= MAX_LIST_BYTES && attribute->size <= MAX_BYTES &&
        attribute->size * dimension <= MAX_LIST_BYTES && H5Tcommitted(attribute->type) == 0)
        return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "attribute '%s' of '%s' is damaged or too large; restore the file", key,
                   file->name);
}

static rt_status wrong_type(const rt_hdf5_file *file, const char *key)
{
    return rt_fail(RT_ERROR_INPUT, "attribute '%s' of '%s' is of the wrong type; restore the file",
                   key, file->name);
}

static rt_status damaged(const rt_hdf5_file *file, const char *key)
{
    return rt_fail(RT_ERROR_INPUT, "attribute '%s' of '%s' is damaged; restore the file", key,
                   file->name);
}

static rt_status read_strings(const rt_hdf5_file *file, const char *key, rt_arena *arena,
                              bool scalar, const char *const **values, size_t *count)
{
    rt_status status = RT_OK;
    open_attribute attribute;
    char *table = NULL;
    RT_TRY_DONE(open_at(file, key, &attribute));
    if (H5Tget_class(attribute.type) != H5T_STRING || H5Tis_variable_str(attribute.type) != 0 ||
        attribute.scalar != scalar)
        RT_TRY_DONE(wrong_type(file, key));
    if (scalar ? attribute.size > MAX_BYTES : attribute.count * attribute.size > MAX_LIST_BYTES)
        RT_TRY_DONE(wrong_type(file, key));
    *count = attribute.count;
    const char **strings = rt_arena_alloc(arena, attribute.count, sizeof *strings);
    table = rt_arena_alloc(arena, attribute.count, attribute.size + 1);
    if (strings == NULL || table == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    char *raw = rt_arena_alloc(arena, attribute.count, attribute.size);
    if (raw == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    if (H5Aread(attribute.id, attribute.type, raw) < 0) RT_TRY_DONE(damaged(file, key));
    for (size_t i = 0; i < attribute.count; i++) {
        strings[i] = table + i * (attribute.size + 1);
        memcpy(table + i * (attribute.size + 1), raw + i * attribute.size, attribute.size);
    }
    *values = strings;
done:
    close_attribute(&attribute);
    return status;
}

rt_status rt_hdf5_read_string(const rt_hdf5_file *file, const char *key, rt_arena *arena,
                              const char **value)
{
    const char *const *values;
    size_t count;
    RT_TRY(read_strings(file, key, arena, true, &values, &count));
    *value = values[0];
    return RT_OK;
}

rt_status rt_hdf5_read_strings(const rt_hdf5_file *file, const char *key, rt_arena *arena,
                               const char *const **values, size_t *count)
{
    return read_strings(file, key, arena, false, values, count);
}

rt_status rt_hdf5_read_floats(const rt_hdf5_file *file, const char *key, float *values,
                              size_t count)
{
    rt_status status = RT_OK;
    open_attribute attribute;
    RT_TRY_DONE(open_at(file, key, &attribute));
    if (H5Tequal(attribute.type, H5T_IEEE_F32LE) <= 0 || attribute.scalar ||
        attribute.count != count)
        RT_TRY_DONE(wrong_type(file, key));
    if (H5Aread(attribute.id, H5T_NATIVE_FLOAT, values) < 0) RT_TRY_DONE(damaged(file, key));
done:
    close_attribute(&attribute);
    return status;
}

rt_status rt_hdf5_read_uint64(const rt_hdf5_file *file, const char *key, uint64_t *value)
{
    rt_status status = RT_OK;
    open_attribute attribute;
    RT_TRY_DONE(open_at(file, key, &attribute));
    if (H5Tequal(attribute.type, H5T_STD_U64LE) <= 0 || !attribute.scalar)
        RT_TRY_DONE(wrong_type(file, key));
    if (H5Aread(attribute.id, H5T_NATIVE_UINT64, value) < 0) RT_TRY_DONE(damaged(file, key));
done:
    close_attribute(&attribute);
    return status;
}

rt_status rt_hdf5_read_uint64s(const rt_hdf5_file *file, const char *key, rt_arena *arena,
                               const uint64_t **values, size_t *count)
{
    rt_status status = RT_OK;
    open_attribute attribute;
    RT_TRY_DONE(open_at(file, key, &attribute));
    if (H5Tequal(attribute.type, H5T_STD_U64LE) <= 0 || attribute.scalar)
        RT_TRY_DONE(wrong_type(file, key));
    uint64_t *list = rt_arena_alloc(arena, attribute.count, sizeof *list);
    if (list == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    if (H5Aread(attribute.id, H5T_NATIVE_UINT64, list) < 0) RT_TRY_DONE(damaged(file, key));
    *values = list;
    *count = attribute.count;
done:
    close_attribute(&attribute);
    return status;
}
