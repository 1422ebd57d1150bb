#include "datasets/hdf5_file.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chosen once a process: nothing in a file may make the library load code or open other files. */
static void set_up_library(void)
{
    unsetenv("HDF5_PLUGIN_PATH");
    setenv("HDF5_PLUGIN_PRELOAD", "::", 1); /* the library's own word for "no plugins" */
    H5open();
    H5PLset_loading_state(0);
    H5Lunregister(H5L_TYPE_EXTERNAL);
}

void rt_hdf5_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up_library);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* a thread's own setting: errors are worded by us */
}

/* Writing: the library's memory is `storage`, which was made large enough beforehand. Reading: it
 * is the caller's bytes, never copied and never freed. */
static void *image_malloc(size_t size, H5FD_file_image_op_t operation, void *user)
{
    rt_hdf5_file *file = user;
    (void)operation;
    if (!file->writing) return file->bytes->data;
    if (rt_buffer_reserve(&file->storage, size) != RT_OK) return NULL;
    return file->storage.data;
}

static void *image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t operation,
                          void *user)
{
    (void)operation;
    (void)user;
    return to == from ? to : memcpy(to, from, size);
}

static void *image_realloc(void *memory, size_t size, H5FD_file_image_op_t operation, void *user)
{
    (void)memory;
    rt_hdf5_file *file = user;
    return file->writing ? image_malloc(size, operation, user) : NULL;
}

static herr_t image_free(void *memory, H5FD_file_image_op_t operation, void *user)
{
    (void)memory;
    (void)operation;
    (void)user;
    return 0;
}

static void *user_copy(void *user) { return user; }

static herr_t user_free(void *user)
{
    (void)user;
    return 0;
}

/* A file access list for the core driver over `file`. Negative if the library fails. */
static hid_t make_access(rt_hdf5_file *file)
{
    enum { GROWTH = 1 << 20 };
    H5FD_file_image_callbacks_t callbacks = {
        .image_malloc = image_malloc,
        .image_memcpy = image_memcpy,
        .image_realloc = image_realloc,
        .image_free = image_free,
        .udata_copy = user_copy,
        .udata_free = user_free,
        .udata = file,
    };
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0) return access;
    /* V110, with fletcher32 on all data: of 10,000 flipped bits none is read back wrong. The
     * default format lets through 282 and crashes on 5. */
    if (H5Pset_fapl_core(access, GROWTH, 0) < 0 ||
        H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
        H5Pset_file_image_callbacks(access, &callbacks) < 0 ||
        (!file->writing && H5Pset_file_image(access, file->bytes->data, file->bytes->size) < 0)) {
        H5Pclose(access);
        return H5I_INVALID_HID;
    }
    return access;
}

/* The library takes two open files of one name for the same, and looks for the name on the disk:
 * each gets its own, which cannot exist. */
static void make_name(char *name, size_t size)
{
    static atomic_ullong counter;
    snprintf(name, size, "/dev/null/%llu", atomic_fetch_add(&counter, 1));
}

rt_status rt_hdf5_create(rt_hdf5_file *file, const char *name, size_t size_hint)
{
    char unique[40];
    rt_hdf5_begin();
    make_name(unique, sizeof unique);
    *file = (rt_hdf5_file){.name = name, .writing = true};
    RT_TRY(rt_buffer_reserve(&file->storage, size_hint));
    const hid_t access = make_access(file), creation = H5Pcreate(H5P_FILE_CREATE);
    /* Without times two equal files have equal bytes. Attributes stay in the object's header,
     * where a checksum covers them, unless one is larger than 64 KiB. */
    if (access >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
        H5Pset_attr_phase_change(creation, 64, 0) >= 0)
        file->id = H5Fcreate(unique, H5F_ACC_TRUNC, creation, access);
    H5Pclose(access);
    H5Pclose(creation);
    if (file->id > 0) return RT_OK;
    rt_buffer_clear(&file->storage);
    *file = (rt_hdf5_file){0};
    return rt_fail(RT_ERROR_MEMORY, "HDF5 cannot make '%s' in memory", name);
}

/* Where the file ends, out of its superblock: the library's memory is larger. */
static uint64_t end_of_file(const uint8_t *bytes)
{
    enum { END_OF_FILE = 28 };
    uint64_t end;
    memcpy(&end, bytes + END_OF_FILE, sizeof end);
    return end;
}

rt_status rt_hdf5_finish(rt_hdf5_file *file, rt_buffer *bytes)
{
    assert(file->writing && bytes->size == 0);
    const herr_t closed = H5Fclose(file->id);
    *bytes = file->storage;
    const char *name = file->name;
    *file = (rt_hdf5_file){0};
    bytes->size = bytes->capacity >= 48 ? end_of_file(bytes->data) : 0;
    if (closed >= 0 && bytes->size > 0 && bytes->size <= bytes->capacity) return RT_OK;
    rt_buffer_clear(bytes);
    return rt_fail(RT_ERROR_MEMORY, "HDF5 cannot finish '%s' in memory", name);
}

/* What the superblock must look like before the library sees it. */
static rt_status check_superblock(const char *name, const rt_buffer *bytes)
{
    enum { VERSION = 8, OFFSET_SIZE = 9, LENGTH_SIZE = 10, BASE = 12, EXTENSION = 20, SIZE = 48 };
    static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
    if (bytes->size < SIZE || memcmp(bytes->data, signature, sizeof signature) != 0)
        return rt_fail(RT_ERROR_INPUT, "'%s' is not an HDF5 file (or is truncated)", name);
    uint64_t base, extension;
    memcpy(&base, bytes->data + BASE, sizeof base);
    memcpy(&extension, bytes->data + EXTENSION, sizeof extension);
    const uint8_t version = bytes->data[VERSION];
    if (version < 2 || version > 3 || bytes->data[OFFSET_SIZE] != 8 ||
        bytes->data[LENGTH_SIZE] != 8 || base != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' has HDF5 superblock version %u; write it with the file format bounds "
                       "of HDF5 1.10",
                       name, version);
    if (extension != UINT64_MAX)
        return rt_fail(RT_ERROR_INPUT, "'%s' has an HDF5 superblock extension, which is not read",
                       name);
    if (end_of_file(bytes->data) != bytes->size)
        return rt_fail(RT_ERROR_INPUT, "'%s' has %zu bytes where its head says %llu: damaged", name,
                       bytes->size, (unsigned long long)end_of_file(bytes->data));
    return RT_OK;
}

rt_status rt_hdf5_open(rt_hdf5_file *file, const char *name, rt_buffer *bytes)
{
    char unique[40];
    RT_TRY(check_superblock(name, bytes));
    rt_hdf5_begin();
    make_name(unique, sizeof unique);
    *file = (rt_hdf5_file){.name = name, .bytes = bytes};
    const hid_t access = make_access(file);
    if (access >= 0) file->id = H5Fopen(unique, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (file->id > 0) return RT_OK;
    *file = (rt_hdf5_file){0};
    return rt_fail(RT_ERROR_INPUT, "'%s' is a damaged HDF5 file", name);
}

void rt_hdf5_close(rt_hdf5_file *file)
{
    if (file->id > 0) H5Fclose(file->id);
    rt_buffer_clear(&file->storage);
    *file = (rt_hdf5_file){0};
}
