#ifndef RT_DATASETS_HDF5_FILE_H
#define RT_DATASETS_HDF5_FILE_H

/**
 * HDF5 files as bytes in memory, and their attributes. Used by shard*.c and index.c alone.
 *
 * The library never touches the disk: after a failed write it crashes, and on a full disk it
 * reports success. It is given memory through its file-image callbacks instead; disk is the
 * business of common/base/io.h. (Not H5Fget_file_image: its superblock has a wrong checksum.)
 */

#include "common/base/memory.h"

#include <hdf5.h>

/** A file in memory. `= {0}` is a valid closed one. Not to be moved while it is open. */
typedef struct rt_hdf5_file {
    const char *name;  ///< for messages
    hid_t id;          ///< 0: closed
    rt_buffer *bytes;  ///< what is read, or where the file goes
    rt_buffer storage; ///< private: the memory that is written to
    bool writing;
} rt_hdf5_file;

/** Starts a file; `size_hint` bytes are set aside, so that growing cannot fail half-way. */
RT_CHECKED rt_status rt_hdf5_create(rt_hdf5_file *file, const char *name, size_t size_hint);
/** Ends a file and hands its bytes over; the caller clears `*bytes`. */
RT_CHECKED rt_status rt_hdf5_finish(rt_hdf5_file *file, rt_buffer *bytes);
/** Opens bytes for reading; they must stay. Only superblock 2 or 3 at offset 0, without extension,
 *  is let in. Errors: RT_ERROR_INPUT. */
RT_CHECKED rt_status rt_hdf5_open(rt_hdf5_file *file, const char *name, rt_buffer *bytes);
/** Closes; an unfinished file's bytes are dropped. A closed one is fine. */
void rt_hdf5_close(rt_hdf5_file *file);

/** Settings of the library for this thread; every function above and below sees to it. */
void rt_hdf5_begin(void);

/** Attributes of the root group. Lists have `count` items; strings are stored with a fixed length.
 */
RT_CHECKED rt_status rt_hdf5_write_string(rt_hdf5_file *file, const char *key, const char *value);
RT_CHECKED rt_status rt_hdf5_write_strings(rt_hdf5_file *file, const char *key,
                                           const char *const *values, size_t count);
RT_CHECKED rt_status rt_hdf5_write_floats(rt_hdf5_file *file, const char *key, const float *values,
                                          size_t count);
/** `count` of 0 writes a scalar. */
RT_CHECKED rt_status rt_hdf5_write_uint64(rt_hdf5_file *file, const char *key,
                                          const uint64_t *values, size_t count);

/** Errors of the readers: RT_ERROR_INPUT naming file and attribute if it is missing, of another
 *  type or shape, or too large. Results lie in the arena; `*count` is what the file has. */
RT_CHECKED rt_status rt_hdf5_read_string(const rt_hdf5_file *file, const char *key, rt_arena *arena,
                                         const char **value);
RT_CHECKED rt_status rt_hdf5_read_strings(const rt_hdf5_file *file, const char *key,
                                          rt_arena *arena, const char *const **values,
                                          size_t *count);
RT_CHECKED rt_status rt_hdf5_read_floats(const rt_hdf5_file *file, const char *key, float *values,
                                         size_t count);
RT_CHECKED rt_status rt_hdf5_read_uint64(const rt_hdf5_file *file, const char *key,
                                         uint64_t *value);
RT_CHECKED rt_status rt_hdf5_read_uint64s(const rt_hdf5_file *file, const char *key,
                                          rt_arena *arena, const uint64_t **values, size_t *count);

#endif
