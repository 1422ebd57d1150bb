#ifndef RT_TESTS_BASE_SUPPORT_H
#define RT_TESTS_BASE_SUPPORT_H

/** What a test sees of the disk and of its own process, without any of Retort's code. */

#include "tests/temporary.h"

/** Whether the file holds exactly these bytes. */
bool rt_test_holds(const char *path, const void *data, size_t size);
/** How many files and folders lie in rt_test_folder(). */
size_t rt_test_folder_count(void);
/** Open descriptors of this process. */
size_t rt_test_descriptor_count(void);

#endif
