#ifndef RT_BASE_STATUS_H
#define RT_BASE_STATUS_H

/**
 * How a function says that it failed.
 *
 * A function that can fail returns `rt_status`. The place that first knows of the failure words the
 * message once with `rt_fail`; callers only pass the status up, and the program's top prints it:
 *     if (size < 8) return rt_fail(RT_ERROR_INPUT, "'%s' has only %zu bytes; ...", path, size);
 *     RT_TRY(rt_file_read(&bytes, path, limit));   // holds nothing: return at once
 *     RT_TRY_DONE(rt_file_sync(path));             // holds something: go to `done:` and release
 * The message is thread-local: `rt_error_take` and `rt_error_give` carry it between threads.
 * A message: error first, lower case, subject in single quotes, then what to do, no full stop.
 * Control characters and broken UTF-8 in it (a hostile file name) are shown as \xNN.
 */

#include <stdbool.h>
#include <stddef.h>

typedef enum rt_status {
    RT_OK = 0,
    RT_ERROR_INPUT,      ///< usage, config, model, store or image that is wrong or does not fit
    RT_ERROR_IO,         ///< a file that cannot be read or written, a full disk
    RT_ERROR_MEMORY,     ///< out of host memory
    RT_ERROR_DEVICE,     ///< no device, device lost, out of device memory
    RT_ERROR_NUMERIC,    ///< NaN or Inf, collapse
    RT_ERROR_INTERNAL,   ///< our own bug
    RT_ERROR_INTERRUPTED ///< SIGINT or SIGTERM: the step was finished and the checkpoint written
} rt_status;

#define RT_CHECKED __attribute__((warn_unused_result))

/**
 * One place that makes an error; the linker gathers all of them, so that tests can list them.
 * They must lie behind each other as in an array: hence the alignment in `rt_fail`, without which
 * gcc aligns each to 16 bytes and leaves gaps of 8. The section must not bear a function's name:
 * the assembler would take calls of the function for the section.
 */
typedef struct rt_fail_site {
    const char *file;
    const char *format;
    int line;
    int reached; ///< how often this process came by (a test's witness)
} rt_fail_site;

/**
 * Sets this thread's error message and returns `status`. Used as `return rt_fail(...)`.
 * The message replaces an earlier one: word it where most is known.
 */
#define rt_fail(status, ...)                                                                       \
    ({                                                                                             \
        static rt_fail_site rt_site_                                                               \
            __attribute__((section("rt_fail_section"), used, aligned(_Alignof(rt_fail_site)))) = { \
                __FILE__, RT_FIRST_ARGUMENT_(__VA_ARGS__, ""), __LINE__, 0};                       \
        const rt_status rt_status_ = (status);                                                     \
        rt_fail_at(&rt_site_, rt_status_, __VA_ARGS__);                                            \
        rt_status_; /* so that the compiler sees that it is no RT_OK */                            \
    })
#define RT_FIRST_ARGUMENT_(first, ...) first

rt_status rt_fail_at(rt_fail_site *site, rt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Returns the failure of `expression` to the caller; for functions that hold nothing. */
#define RT_TRY(expression)                                                                         \
    do {                                                                                           \
        const rt_status rt_try_status_ = (expression);                                             \
        if (rt_try_status_ != RT_OK) return rt_try_status_;                                        \
    } while (0)

/** Keeps the failure of `expression` in the local `status` and goes to the single exit `done:`. */
#define RT_TRY_DONE(expression)                                                                    \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status != RT_OK) goto done;                                                            \
    } while (0)

#define RT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** This thread's last message, "" if none; valid until the next rt_fail of this thread. */
const char *rt_error_message(void);

/** Puts text before this thread's message (a file, a stage): "in 'a.yaml': <message>". */
void rt_error_prefix(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Copies this thread's message out, for another thread to give; at most `size` bytes with the 0.
 */
void rt_error_take(char *message, size_t size);
/** Makes `message` this thread's message. */
void rt_error_give(const char *message);

/** The program's exit code for a status (docs/user-guide.md): 0, 2, 3, 4, 70; 130 or 143 by signal.
 */
int rt_status_exit_code(rt_status status);

/** All registered error sites: `*count` of them, in no particular order. */
rt_fail_site *rt_fail_sites(size_t *count);

#endif
