#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rt_test_holds(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    char *found = malloc(size + 1); /* one more, to see a longer file */
    const bool same = fread(found, 1, size + 1, file) == size && memcmp(found, data, size) == 0;
    free(found);
    fclose(file);
    return same;
}

static size_t count_names(const char *path)
{
    DIR *names = opendir(path);
    cr_assert_not_null(names);
    size_t count = 0;
    while (readdir(names) != NULL) count++;
    closedir(names);
    return count - 2; /* . and .. */
}

size_t rt_test_folder_count(void) { return count_names(rt_test_folder()); }

size_t rt_test_descriptor_count(void) { return count_names("/proc/self/fd"); }
