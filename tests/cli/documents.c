/* The documents against the program: commands, flags and config keys that they show exist, and so
 * do the files that they name; the configuration reference is the program's own. */
#include "tests/child.h"
#include "tests/cli/schemas.h"
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

/* Whether a word stands for many: X.c, shard-*.h5, {h,c}, NAME... */
static bool is_pattern(const char *word) { return strpbrk(word, "XN*{<$") != NULL; }

/* A word that names a file of the repository must name one that is there. */
static void check_path(const char *file, const char *word)
{
    static const char *const folders[] = {"common/",    "configs/", "datasets/", "docs/",
                                          "generator/", "scripts/", "shaders/",  "student/",
                                          "tests/",     ".ci/"};
    char path[1024];
    bool ours = false;
    for (size_t i = 0; i < RT_COUNT(folders); i++)
        ours |= strncmp(word, folders[i], strlen(folders[i])) == 0;
    if (!ours || is_pattern(word)) return;
    const int length = (int)strcspn(word, "#:,;) ");
    snprintf(path, sizeof path, "%s/%.*s", RT_SOURCE_FOLDER, length, word);
    cr_expect_eq(access(path, R_OK), 0, "%s names '%.*s', which is not there", file, length, word);
}

static void check_paths(const char *file, char *line)
{
    char *rest = line;
    for (char *word; (word = strsep(&rest, " \t\"'")) != NULL;) check_path(file, word);
}

/* `generate.triplet.margin`: words with dots between, all of small letters and underscores. */
static bool looks_like_key(const char *word)
{
    static const char *const endings[] = {".c",    ".h",    ".md",          ".py",
                                          ".yaml", ".csv",  ".txt",         ".png",
                                          ".json", ".comp", ".safetensors", ".weight"};
    const size_t length = strlen(word);
    if (strchr(word, '.') == NULL || !islower((unsigned char)word[0]) || word[length - 1] == '.')
        return false;
    if (strspn(word, "abcdefghijklmnopqrstuvwxyz_.") != length) return false;
    for (size_t i = 0; i < RT_COUNT(endings); i++) {
        const size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(word + length - ending, endings[i]) == 0) return false;
    }
    return true;
}

/* The `quoted` words of a line outside of fences, and the targets of its links. */
static void check_prose(const char *file, const char *line)
{
    char word[256];
    for (const char *at = strchr(line, '`'); at != NULL; at = strchr(at, '`')) {
        const size_t length = strcspn(++at, "`");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        if (strchr(word, ' ') == NULL) check_path(file, word);
        if (looks_like_key(word))
            cr_expect(rt_test_is_config_key(word), "%s: no command has the key '%s'", file, word);
        at += length + (at[length] == '`');
    }
    for (const char *at = strstr(line, "]("); at != NULL; at = strstr(at, "](")) {
        char path[1024];
        at += 2;
        if (strncmp(at, "http", 4) == 0 || at[0] == '#') continue;
        const char *folder_end = strrchr(file, '/');
        snprintf(path, sizeof path, "%.*s/%.*s", (int)(folder_end - file), file,
                 (int)strcspn(at, ")#"), at);
        /* docs/images/ holds pictures that a run makes. */
        if (strstr(path, "/images/") != NULL) continue;
        cr_expect_eq(access(path, R_OK), 0, "%s links to '%s', which is not there", file, path);
    }
}

/* A part of a config for the command that the fence names: "```yaml distill". */
static void check_config(const char *file, const char *command, const char *text, size_t size)
{
    const rt_config_schema *schema = rt_test_schema(command);
    cr_assert_not_null(schema, "%s: ```yaml must name a command, not '%s'", file, command);
    const char *message = rt_test_parse_config(schema, file, text, size);
    if (message != NULL && strncmp(message, "missing key", 11) == 0) return; /* only a part */
    cr_expect_null(message, "%s: a config for '%s' is wrong: %s", file, command, message);
}

/* A fenced block: commands that it shows, files that it names, or a config. `text` is changed. */
static void check_block(const char *file, const char *language, char *text, size_t size)
{
    if (strncmp(language, "yaml", 4) == 0) {
        const char *command = language + strlen("yaml");
        check_config(file, command + strspn(command, " "), text, size);
        return;
    }
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "retort ", 7) == 0 || strncmp(line, "build/retort ", 13) == 0)
            check_command(file, line);
        check_paths(file, line);
    }
}

static void check_document(const char *file)
{
    size_t size;
    char *text = rt_test_read(file, &size);
    text[size] = '\0';
    const char *language = NULL;
    char *block = NULL, *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "```", 3) == 0) {
            if (language == NULL) {
                language = line + 3;
                block = rest;
                /* The block stays whole until it is checked. */
                if (rest != NULL) rest = strstr(rest, "\n```");
                cr_assert_not_null(rest, "%s: a ``` is not closed", file);
                *rest++ = '\0';
            } else {
                check_block(file, language, block, strlen(block));
                language = NULL;
            }
        } else if (language == NULL) {
            check_prose(file, line);
        }
    }
    free(text);
}

Test(cli_documents, show_commands_files_and_keys_that_exist)
{
    glob_t found;
    cr_assert_eq(glob(RT_SOURCE_FOLDER "/*.md", 0, NULL, &found), 0);
    cr_assert_eq(glob(RT_SOURCE_FOLDER "/docs/*.md", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) check_document(found.gl_pathv[i]);
    globfree(&found);
}

/* As `retort help` lists them. */
static const char *const commands[] = {"import",  "convert", "train",    "generate",
                                       "distill", "run",     "evaluate", "inspect",
                                       "compare", "devices", "bench"};

Test(cli_documents, examples_of_the_help_name_files_that_exist)
{
    for (size_t i = 0; i < RT_COUNT(commands); i++) {
        const rt_child *child = rt_test_retort_ends(0, "help", commands[i]);
        char example[512];
        const char *at = strstr(child->output, "\nexample:\n");
        cr_assert_not_null(at);
        at += strlen("\nexample:\n");
        snprintf(example, sizeof example, "%.*s", (int)strcspn(at, "\n"), at);
        check_paths(commands[i], example);
    }
}

/* "docs/NAME.md" in a comment. */
static void check_references(const char *file)
{
    size_t size;
    char *text = rt_test_read(file, &size);
    text[size] = '\0';
    for (const char *at = strstr(text, "docs/"); at != NULL; at = strstr(at + 1, "docs/")) {
        char word[256];
        const size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz-/.");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        char *end = strstr(word, ".md");
        if (end == NULL) continue;
        end[3] = '\0';
        check_path(file, word);
    }
    free(text);
}

/* The manual page's text without what roff takes for itself. */
static char *read_manual(void)
{
    size_t size, kept = 0;
    char *text = rt_test_read(RT_SOURCE_FOLDER "/retort.1", &size);
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\\') text[kept++] = text[i];
    text[kept] = '\0';
    return text;
}

Test(cli_documents, manual_page_has_every_command_and_flag)
{
    char *manual = read_manual();
    for (size_t i = 0; i < RT_COUNT(commands); i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "\n.B %s", commands[i]);
        cr_expect_not_null(strstr(manual, heading), "retort.1 lacks '%s'", commands[i]);
        const rt_child *child = rt_test_retort_ends(0, "help", commands[i]);
        for (const char *at = strstr(child->output, "\n  --"); at != NULL;
             at = strstr(at + 1, "\n  --")) {
            char flag[MAXIMUM_FLAG];
            snprintf(flag, sizeof flag, "%.*s", (int)strcspn(at + 3, " "), at + 3);
            cr_expect_not_null(strstr(manual, flag), "retort.1 lacks '%s' of '%s'", flag,
                               commands[i]);
        }
    }
    free(manual);
}

Test(cli_documents, references_in_the_sources_resolve)
{
    static const char *const patterns[] = {
        "common/*/*.[ch]",    "common/*/*/*.[ch]", "datasets/*.[ch]",  "generator/*.[ch]",
        "generator/*/*.[ch]", "student/*.[ch]",    "student/*/*.[ch]", "shaders/*",
        "configs/*/*.yaml",   "configs/*/*/*.yaml"};
    size_t files = 0;
    for (size_t i = 0; i < RT_COUNT(patterns); i++) {
        glob_t found;
        char pattern[1024];
        snprintf(pattern, sizeof pattern, "%s/%s", RT_SOURCE_FOLDER, patterns[i]);
        cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "nothing is '%s'", pattern);
        for (size_t k = 0; k < found.gl_pathc; k++) check_references(found.gl_pathv[k]);
        files += found.gl_pathc;
        globfree(&found);
    }
    cr_assert_gt(files, 200);
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
