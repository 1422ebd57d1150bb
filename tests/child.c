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

/* Where a child's words go; of its pid, for several may run at once. */
static const char *text_path(const char *what, pid_t process)
{
    static char paths[2][512];
    static int next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/child-%s-%ld", rt_test_folder(), what, (long)process);
    return path;
}

static void read_text(char *text, size_t room, const char *path)
{
    size_t size;
    text[0] = '\0';
    if (access(path, R_OK) != 0) return; /* killed before it was the program */
    char *bytes = rt_test_read(path, &size);
    cr_assert_lt(size, room, "too much output");
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    remove(path);
}

static pid_t start(const char *first, va_list arguments)
{
    char *words[MAXIMUM_WORDS] = {(char *)RT_BUILD_FOLDER "/retort"};
    int count = 1;
    for (const char *word = first; word != NULL; word = va_arg(arguments, const char *)) {
        cr_assert_lt(count, MAXIMUM_WORDS - 1);
        words[count++] = (char *)word;
    }
    const char *folder = rt_test_folder();
    fflush(NULL);
    const pid_t process = fork();
    cr_assert_geq(process, 0);
    if (process == 0)
        become_program(words, folder, text_path("output", getpid()), text_path("errors", getpid()));
    return process;
}

pid_t rt_test_retort_start(const char *first, ...)
{
    va_list arguments;
    va_start(arguments, first);
    const pid_t process = start(first, arguments);
    va_end(arguments);
    return process;
}

const rt_child *rt_test_retort_wait(pid_t process)
{
    static rt_child child;
    int status = 0;
    cr_assert_eq(waitpid(process, &status, 0), process);
    child.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    read_text(child.output, sizeof child.output, text_path("output", process));
    read_text(child.errors, sizeof child.errors, text_path("errors", process));
    return &child;
}

const rt_child *rt_test_retort(const char *first, ...)
{
    va_list arguments;
    va_start(arguments, first);
    const pid_t process = start(first, arguments);
    va_end(arguments);
    return rt_test_retort_wait(process);
}
