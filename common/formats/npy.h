#ifndef RT_FORMATS_NPY_H
#define RT_FORMATS_NPY_H

/**
 * NumPy's .npy file, written piece by piece, so that an array need not fit into memory.
 *     rt_npy_writer writer = {0};
 *     RT_TRY(rt_npy_begin(&writer, "labels.npy", "<i4", shape, 1));
 *     RT_TRY(rt_npy_append(&writer, labels, size_bytes)); // as often as needed
 *     RT_TRY(rt_npy_end(&writer)); // the file is there only now
 * Format: numpy.lib.format, version 1.0.
 */

#include "common/base/memory.h"

/** `= {0}` is a valid empty one. */
typedef struct rt_npy_writer {
    rt_arena arena;
    const char *path;
    const char *temporary; ///< NULL: nothing begun
    uint64_t size;         ///< bytes written so far, head included
    uint64_t expected;     ///< bytes of the whole file
} rt_npy_writer;

/** Begins a file. `type` is NumPy's: "|u1", "<u2", "<i4", "<u4", "<f4"; `shape` has `rank` sizes.
 */
RT_CHECKED rt_status rt_npy_begin(rt_npy_writer *writer, const char *path, const char *type,
                                  const uint64_t *shape, uint32_t rank);
/** Appends elements in C order. */
RT_CHECKED rt_status rt_npy_append(rt_npy_writer *writer, const void *data, size_t size_bytes);
/** Gives the file its name. Errors: RT_ERROR_INTERNAL if too few or too many bytes came. */
RT_CHECKED rt_status rt_npy_end(rt_npy_writer *writer);
/** Releases; an unfinished file is removed. */
void rt_npy_clear(rt_npy_writer *writer);

#endif
