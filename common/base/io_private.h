#ifndef RT_BASE_IO_PRIVATE_H
#define RT_BASE_IO_PRIVATE_H

/**
 * The system calls of `rt_io` with what every caller needs: a call that a signal interrupted goes
 * on, a short write goes on. They return 0 (or a descriptor) or -1 with `errno`, like their
 * namesakes. fsync is not here: after a failure the kernel may have dropped the data and would
 * report success the next time, so it is called once and never again.
 */

#include "common/base/io.h"

int rt_io_open(const char *path, int flags);
/** Writes all; `errno` is EIO if the system writes nothing without saying why. */
int rt_io_write_all(int file, const void *data, size_t size);
/** Reads until `size` bytes or the end; the bytes read, or -1. */
ssize_t rt_io_read_all(int file, void *data, size_t size);
int rt_io_truncate(int file, uint64_t size);
/** An interrupted close has closed (Linux): no error, and no second call. */
int rt_io_close(int file);

/** Words the failure `error` (an errno) of writing `needed` bytes to `path`. */
rt_status rt_fail_write(const char *path, int error, uint64_t needed);

#endif
