#ifndef RT_TESTS_CHILD_H
#define RT_TESTS_CHILD_H

/** The built program, run as a child process. */

#include <stddef.h>
#include <sys/types.h>

typedef struct rt_child {
    int code;             ///< exit code; 128 + signal if one ended it
    char output[1 << 16]; ///< stdout, ended by 0
    char errors[1 << 16]; ///< stderr, ended by 0
} rt_child;

/** Runs build/retort with the given words (ended by NULL) and waits for its end, in a working
 *  directory of the test's own. The result lives until the next call. */
const rt_child *rt_test_retort(const char *first, ...) __attribute__((sentinel));

/** The same in two halves: what happens between them happens while the program runs. */
pid_t rt_test_retort_start(const char *first, ...) __attribute__((sentinel));
const rt_child *rt_test_retort_wait(pid_t process);

/** rt_test_retort; asserts that it ends with `code`. */
#define rt_test_retort_ends(expected, ...)                                                         \
    ({                                                                                             \
        const rt_child *ended_child = rt_test_retort(__VA_ARGS__, (char *)NULL);                   \
        cr_assert_eq(ended_child->code, (expected), "exit code %d instead of %d\n%s%s",            \
                     ended_child->code, (expected), ended_child->output, ended_child->errors);     \
        ended_child;                                                                               \
    })

#endif
