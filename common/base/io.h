#ifndef RT_BASE_IO_H
#define RT_BASE_IO_H

/**
 * Every file that Retort writes goes through here, and so do its whole-file reads.
 *
 * What always holds: a file under its final name is complete. `rt_file_replace` writes a temporary
 * name beside it, syncs, renames and syncs the folder, so that a crash, a kill or a full disk
 * leaves the old file or the new one. The system calls stand in a table that a test can swap.
 */

#include "common/base/memory.h"

#include <sys/types.h>

/** The system calls in use, each as its namesake; tests replace entries to inject faults. */
typedef struct rt_io_calls {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*write)(int file, const void *data, size_t size);
    ssize_t (*read)(int file, void *data, size_t size);
    int (*fsync)(int file);
    int (*close)(int file);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*ftruncate)(int file, off_t size);
} rt_io_calls;
extern rt_io_calls rt_io;

/**
 * Reads a whole regular file (never a FIFO or device; does not hang).
 * Errors: RT_ERROR_INPUT if it does not exist, is not a regular file, or is larger than `limit`
 * bytes; RT_ERROR_IO if reading fails.
 * Ownership: the caller clears `*bytes`. A final 0 byte lies behind the data (not counted).
 */
RT_CHECKED rt_status rt_file_read(rt_buffer *bytes, const char *path, uint64_t limit);

/**
 * Reads `size` bytes from byte `offset` of a file that somebody else names (a model, say), in
 * `folder` or below and nowhere else: the name is relative and has no "..", neither the file nor a
 * folder on the way is a symbolic link, and the file is a regular one without a second (hard) link.
 * The path of `folder` itself is the caller's own, and may lead over links.
 * Errors: RT_ERROR_INPUT naming the file and the rule, also if it ends before; RT_ERROR_IO.
 * Ownership: the caller clears `*bytes`, which has a final 0 byte as above.
 */
RT_CHECKED rt_status rt_file_read_within(rt_buffer *bytes, const char *folder, const char *name,
                                         uint64_t offset, uint64_t size);

/**
 * Replaces `path` (absent or a regular file) by `size` bytes as described above. The temporary name
 * is "PATH.PID.tmp": only kill -9 or a power cut leaves it behind.
 * Errors: RT_ERROR_IO, with the path, what to do, and for a full disk how much was needed; the old
 * file stays and the temporary one is gone. Only when the last step fails, syncing the folder, is
 * the new file in place already (whole, but a power cut could bring the old one back).
 */
RT_CHECKED rt_status rt_file_replace(const char *path, const void *data, size_t size);

/** Appends to a file (made if missing), without a sync: for logs such as metrics.csv. On failure
 *  the file is cut back to what it was. */
RT_CHECKED rt_status rt_file_append(const char *path, const void *data, size_t size);
/** Cuts a file to `size` bytes (and syncs it). Errors: RT_ERROR_INPUT if it has fewer bytes. */
RT_CHECKED rt_status rt_file_truncate(const char *path, uint64_t size);
/** Removes a file; a missing one is fine. */
RT_CHECKED rt_status rt_file_remove(const char *path);
RT_CHECKED rt_status rt_file_rename(const char *from, const char *to);

/** Makes a folder and its parents (like mkdir -p). */
RT_CHECKED rt_status rt_directory_create(const char *path);
RT_CHECKED rt_status rt_directory_sync(const char *path);
/** Names in a folder (without . and ..), sorted by strcmp; the strings and array lie in `arena`. */
RT_CHECKED rt_status rt_directory_list(rt_arena *arena, const char *path, char ***names,
                                       size_t *count);

bool rt_file_exists(const char *path);
bool rt_directory_exists(const char *path);
/** "folder/name" in the arena. */
char *rt_path_join(rt_arena *arena, const char *folder, const char *name);

/** A lock that the kernel releases even on kill -9 (flock on a file that is never deleted). */
typedef struct rt_lock {
    int file; ///< descriptor + 1, so that {0} is "not held"
} rt_lock;
/** Takes the lock without waiting; `path` is made if missing. `what` ("store 'syn'") begins the
 *  message. Errors: RT_ERROR_INPUT naming `what` and the pid of the holder. */
RT_CHECKED rt_status rt_lock_take(rt_lock *lock, const char *path, const char *what);
void rt_lock_release(rt_lock *lock);

#endif
