/* The documents against the program: commands and flags that they show exist, and so do the files
 * and folders that they name; the configuration reference is the program's own. */
#include "tests/child.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAXIMUM_FLAG = 32 };

/* The flags of one line, "--name" each, must stand in the command's help. */
static void check_flags(const char *file, const char *line, const char *help)
{
    for (const char *at = strstr(line, " --"); at != NULL; at = strstr(at + 1, " --")) {
        char flag[MAXIMUM_FLAG];
        size_t length = 3;
        while (islower((unsigned char)at[length]) || at[length] == '-') length++;
        cr_assert_lt(length, sizeof flag - 1);
        snprintf(flag, sizeof flag, "%.*s ", (int)length, at);
        cr_expect_not_null(strstr(help, flag), "%s: no flag '%s' in: %s", file, flag, line);
    }
}

static void check_command(const char *file, const char *line)
{
    char name[MAXIMUM_FLAG];
    const char *begin = strchr(line, ' ') + 1;
    const size_t length = strcspn(begin, " ");
    cr_assert_lt(length, sizeof name);
    memcpy(name, begin, length);
    name[length] = '\0';
    if (strcmp(name, "help") == 0) return;
    const rt_child *child = rt_test_retort("help", name, NULL);
    cr_expect_eq(child->code, 0, "%s: no command in: %s", file, line);
    check_flags(file, line, child->output);
}

/* A word of the line that names a file of the repository must name one that is there. */
static void check_paths(const char *file, char *line)
{
    char *rest = line;
    for (char *word; (word = strsep(&rest, " \t\"'")) != NULL;) {
        char path[1024];
        if (strncmp(word, "configs/", 8) != 0 && strncmp(word, "scripts/", 8) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", RT_SOURCE_FOLDER, word);
        cr_expect_eq(access(path, R_OK), 0, "%s names '%s', which is not there", file, word);
    }
}

/* The lines between ``` fences that begin with a command. */
static void check_document(const char *file)
{
    size_t size;
    char *text = rt_test_read(file, &size);
    text[size] = '\0';
    bool fenced = false;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "```", 3) == 0) fenced = !fenced;
        if (!fenced) continue;
        if (strncmp(line, "retort ", 7) == 0 || strncmp(line, "build/retort ", 13) == 0) {
            check_command(file, line);
        }
        check_paths(file, line);
    }
    cr_expect_not(fenced, "%s: a ``` is not closed", file);
    free(text);
}

Test(cli_documents, show_commands_and_files_that_exist)
{
    glob_t found;
    cr_assert_eq(glob(RT_SOURCE_FOLDER "/*.md", 0, NULL, &found), 0);
    cr_assert_eq(glob(RT_SOURCE_FOLDER "/docs/*.md", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) check_document(found.gl_pathv[i]);
    globfree(&found);
}

Test(cli_documents, configuration_reference_is_up_to_date)
{
    size_t size;
    char *text = rt_test_read(RT_SOURCE_FOLDER "/docs/configuration.md", &size);
    text[size] = '\0';
    const rt_child *child = rt_test_retort_ends(0, "help", "--markdown");
    cr_assert(strcmp(child->output, text) == 0, "run scripts/document");
    free(text);
}
