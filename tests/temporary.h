#ifndef RT_TESTS_TEMPORARY_H
#define RT_TESTS_TEMPORARY_H

/** A folder for a test's files, and faults in what writes them. */

#include <stdbool.h>
#include <stddef.h>

/** A fresh folder below $TMPDIR (or /tmp); removed when the test's process ends. */
const char *rt_test_folder(void);

/** "FOLDER/name", valid until the process ends. */
const char *rt_test_path(const char *name);

/** Writes a file without any of Retort's code. */
void rt_test_write(const char *path, const void *data, size_t size);

/** Reads a file without any of Retort's code; release with free. */
void *rt_test_read(const char *path, size_t *size);

/** Whether two files, or two folders with all their files (but `except`, unless NULL), are equal.
 */
bool rt_test_same(const char *left, const char *right, const char *except);

/** The `nth` call from now on of any entry of rt_io fails with `error` (an errno), and with
 *  `for_ever` all later ones too; 0 turns it off. Failing writes write half first. RT_TEST_KILL as
 *  the error kills the process there, as kill -9 would. */
enum { RT_TEST_KILL = -9 };
void rt_test_fail_io(unsigned nth, int error, bool for_ever);

/** Whether the fault was reached since it was set. */
bool rt_test_io_failed(void);

/** Runs a Python script with one argument; its exit code, or -1 if `module` cannot be imported. */
int rt_test_python(const char *module, const char *script, const char *argument);

#endif
