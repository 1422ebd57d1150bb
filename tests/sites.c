/* Which places that make an error (rt_fail) were reached by any process of a test run: at its end
 * each process adds its own to a list, which scripts/test compares with all there are. Linked into
 * the test program and into the `retort` that tests run; does nothing unless RT_TEST_SITES names a
 * folder. A process that is killed or leaves by _exit tells nothing. */
#include "common/base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One write, so that processes which end together do not mix their lines. */
static void write_sites(const char *folder, const char *name, int flags, bool all)
{
    char path[1024], *text = NULL;
    size_t size, count;
    const rt_fail_site *sites = rt_fail_sites(&count);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
    FILE *lines = file >= 0 ? open_memstream(&text, &size) : NULL;
    if (lines == NULL) return;
    for (size_t i = 0; i < count; i++)
        if (all || sites[i].reached > 0)
            fprintf(lines, "%s:%d\t%s\n", sites[i].file, sites[i].line, sites[i].format);
    fclose(lines);
    (void)!write(file, text, size);
    free(text);
    close(file);
}

static void report_sites(void)
{
    char name[256];
    const char *folder = getenv("RT_TEST_SITES");
    if (folder == NULL) return;
    snprintf(name, sizeof name, "all-%s", program_invocation_short_name);
    write_sites(folder, name, O_EXCL, true);
    write_sites(folder, "reached", O_APPEND, false);
}

__attribute__((constructor)) static void begin(void) { atexit(report_sites); }
