/* Libraries stay loaded to a process's end. A driver that is unloaded takes along the pointers to
 * what it allocated once and for all: LeakSanitizer would call that a leak, of a library that it
 * can no longer name. Linked into the test program and into the `retort` that tests run. */
#include <dlfcn.h>

int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
