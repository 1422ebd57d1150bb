/* What every command has in common, through the built program. */
#include "tests/child.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The names of all commands, as the overview lists them: two spaces, a name, a summary. */
static size_t list_commands(char names[32][32])
{
    const rt_child *child = rt_test_retort_ends(0, "help");
    size_t count = 0;
    const char *line = strstr(child->output, "commands:\n");
    cr_assert_not_null(line);
    for (line = strchr(line, '\n') + 1; line[0] == ' ' && count < 32;
         line = strchr(line, '\n') + 1) {
        const size_t length = strcspn(line + 2, " ");
        cr_assert(length > 0 && length < 32);
        memcpy(names[count], line + 2, length);
        names[count++][length] = '\0';
    }
    return count;
}

Test(cli_usage, help_of_every_command_has_a_usage_and_an_example)
{
    char names[32][32];
    const size_t count = list_commands(names);
    cr_assert_geq(count, 3);
    for (size_t i = 0; i < count; i++) {
        char example[64];
        snprintf(example, sizeof example, "\n  retort %s", names[i]);
        const rt_child *child = rt_test_retort_ends(0, names[i], "--help");
        cr_assert_not_null(strstr(child->output, "usage: retort "), "%s", names[i]);
        cr_assert_not_null(strstr(child->output, example), "%s", names[i]);
        cr_assert_not_null(strstr(child->output, "--json"), "%s", names[i]);
        cr_assert_str_empty(child->errors, "%s", names[i]);
    }
}

Test(cli_usage, help_command_and_help_flag_agree)
{
    static char text[sizeof((rt_child *)NULL)->output];
    memcpy(text, rt_test_retort_ends(0, "inspect", "--help")->output, sizeof text);
    cr_assert_str_eq(rt_test_retort_ends(0, "help", "inspect")->output, text);
    cr_assert_str_eq(rt_test_retort_ends(0, "inspect", "-h")->output, text);
}

Test(cli_usage, version_is_one_line)
{
    cr_assert_str_eq(rt_test_retort_ends(0, "--version")->output, "retort " RT_VERSION "\n");
}

Test(cli_usage, usage_errors_end_with_2_and_say_what_is_meant)
{
    static const struct {
        const char *words[4];
        const char *message;
    } rows[] = {
        {{"inspekt"}, "retort: error: unknown command 'inspekt'; did you mean 'inspect'?"},
        {{"qqqqqqqq"}, "retort: error: unknown command 'qqqqqqqq'; 'retort help' lists them"},
        {{"inspect", "--gird", "3x3"}, "unknown flag '--gird'; did you mean '--grid'?"},
        {{"inspect", "--jason=1"}, "unknown flag '--jason'; did you mean '--json'?"},
        {{"inspect", "x", "--json=1"}, "flag '--json' takes no value"},
        {{"inspect", "x", "--grid"}, "flag '--grid' needs a value (ROWSxCOLUMNS)"},
        {{"inspect", "x", "--grid=0x5"}, "bad value '0x5' of '--grid'"},
        {{"inspect", "x", "--grid=5"}, "bad value '5' of '--grid'"},
        {{"inspect", "x", "--grid=5x5x"}, "bad value '5x5x' of '--grid'"},
        {{"inspect", "x", "--seed=-1"}, "bad value '-1' of '--seed'"},
        {{"inspect", "x", "--pick=best"}, "bad value 'best' of '--pick'"},
        {{"inspect"}, "too few arguments; usage: retort inspect STORE|MODEL|RUN"},
        {{"inspect", "x", "y"}, "unexpected argument 'y'"},
        {{"inspect", "-x"}, "unknown flag '-x'"},
        {{"inspect", "--", "--grid"}, "'--grid' does not exist"},
        {{"inspect", "x"}, "retort inspect: error: 'x' does not exist"},
        {{"devices", "--out", "x"}, "unknown flag '--out'"},
        {{"import", "idx", "x"}, "'--out' is missing"},
        {{"import", "fashionmnist", "x", "--out=s"}, "did you mean 'fashion-mnist'?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const *words = rows[i].words;
        const rt_child *child = rt_test_retort_ends(2, words[0], words[1], words[2], words[3]);
        cr_expect_not_null(strstr(child->errors, rows[i].message), "wanted: %s\ngot: %s",
                           rows[i].message, child->errors);
        cr_expect_str_empty(child->output);
        /* One line, and no second copy of the message. */
        cr_expect_eq(strchr(child->errors, '\n') + 1, child->errors + strlen(child->errors));
    }
}

Test(cli_usage, without_words_the_overview_goes_to_stderr)
{
    const rt_child *child = rt_test_retort_ends(2, NULL);
    cr_assert_not_null(strstr(child->errors, "usage: retort COMMAND"));
    cr_assert_str_empty(child->output);
}
