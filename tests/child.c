#include "tests/child.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAXIMUM_WORDS = 64 };

/* Only what is async-signal-safe: the drivers may have threads by now. */
static void become_program(char *const *words, const char *folder, const char *output,
                           const char *errors)
{
    const int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int error = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0 || error < 0 || chdir(folder) != 0) _exit(126);
    if (dup2(out, 1) < 0 || dup2(error, 2) < 0) _exit(126);
    execv(words[0], words);
    _exit(127);
}

static void read_text(char *text, size_t room, const char *path)
{
    size_t size;
    char *bytes = rt_test_read(path, &size);
    cr_assert_lt(size, room, "too much output");
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
}

const rt_child *rt_test_retort(const char *first, ...)
{
    static rt_child child;
    static const char *output, *errors;
    if (output == NULL) {
        output = rt_test_path("child-output");
        errors = rt_test_path("child-errors");
    }
    char *words[MAXIMUM_WORDS] = {(char *)RT_BUILD_FOLDER "/retort"};
    va_list arguments;
    va_start(arguments, first);
    int count = 1;
    for (const char *word = first; word != NULL; word = va_arg(arguments, const char *)) {
        cr_assert_lt(count, MAXIMUM_WORDS - 1);
        words[count++] = (char *)word;
    }
    va_end(arguments);

    const char *folder = rt_test_folder();
    fflush(NULL);
    const pid_t process = fork();
    cr_assert_geq(process, 0);
    if (process == 0) become_program(words, folder, output, errors);
    int status = 0;
    cr_assert_eq(waitpid(process, &status, 0), process);
    child.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    read_text(child.output, sizeof child.output, output);
    read_text(child.errors, sizeof child.errors, errors);
    return &child;
}
