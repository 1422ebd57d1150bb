/* Reading a command line and a command's config, without the program around them. */
#include "common/cli/command.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

typedef struct sample_config {
    uint32_t steps;
    uint64_t seed;
    const char *device;
} sample_config;

static const rt_config_row rows[] = {
    {.key = "steps",
     .type = RT_UINT,
     .offset = offsetof(sample_config, steps),
     .fallback = 7,
     .help = "how many"},
    {.key = "seed", .type = RT_UINT64, .offset = offsetof(sample_config, seed), .help = "of draws"},
    {.key = "device",
     .type = RT_STRING,
     .offset = offsetof(sample_config, device),
     .no_effect = true,
     .help = "where"},
};

static const rt_config_schema *schema(void)
{
    static const rt_config_schema sample_schema = {
        .command = "sample", .rows = rows, .count = RT_COUNT(rows), .size = sizeof(sample_config)};
    return &sample_schema;
}

static rt_status run(rt_command *command)
{
    (void)command;
    return RT_OK;
}

static const rt_option options[] = {{"limit", "N", "the most"}, {"all", NULL, "no limit"}};

static const rt_command_description description = {
    .name = "sample",
    .summary = "a command of the tests",
    .usage = "CONFIG",
    .example = "retort sample a.yaml",
    .options = options,
    .option_count = RT_COUNT(options),
    .flags = RT_FLAGS_CONFIG,
    .arguments_minimum = 1,
    .arguments_maximum = 1,
    .schema = schema,
    .run = run,
};

#define PARSE(command, ...)                                                                        \
    ({                                                                                             \
        char *parsed_words[] = {__VA_ARGS__};                                                      \
        rt_command_parse((command), &description, (int)RT_COUNT(parsed_words), parsed_words);      \
    })

Test(cli_command, reads_flags_in_both_forms_and_any_order)
{
    rt_command command;
    cr_assert_eq(PARSE(&command, (char *)"--set", (char *)"steps=3", (char *)"a.yaml",
                       (char *)"--limit=12", (char *)"--set=seed=4", (char *)"--json",
                       (char *)"--out", (char *)"there", (char *)"--seed", (char *)"9"),
                 RT_OK);
    cr_assert_eq(command.argument_count, 1);
    cr_assert_str_eq(command.arguments[0], "a.yaml");
    cr_assert_eq(command.override_count, 2);
    cr_assert_str_eq(command.overrides[0], "steps=3");
    cr_assert_str_eq(command.overrides[1], "seed=4");
    cr_assert_str_eq(command.out, "there");
    cr_assert(command.json && !command.quiet && !command.resume);
    cr_assert_eq(rt_command_seed(&command, 1), 9);
    uint32_t limit = 0;
    cr_assert_eq(rt_command_option_uint(&command, "limit", 1, 12, &limit), RT_OK);
    cr_assert_eq(limit, 12);
    cr_assert_eq(rt_command_option_uint(&command, "limit", 1, 11, &limit), RT_ERROR_INPUT);
    cr_assert_null(rt_command_option(&command, "all"));
    rt_command_clear(&command);
}

Test(cli_command, whole_numbers_are_strict)
{
    static const char *const bad[] = {"",   "-1", "+1",  " 1",         "1 ",
                                      "1x", "1.", "0x1", "4294967296", "99999999999999999999999"};
    for (size_t i = 0; i < RT_COUNT(bad); i++) {
        rt_command command;
        const char *values[] = {bad[i], NULL};
        cr_assert_eq(PARSE(&command, (char *)"a.yaml"), RT_OK);
        command.option_values = values;
        uint32_t limit = 5;
        cr_assert_eq(rt_command_option_uint(&command, "limit", 0, UINT32_MAX, &limit),
                     RT_ERROR_INPUT, "'%s'", bad[i]);
        cr_assert_eq(limit, 5);
        rt_command_clear(&command);
    }
}

Test(cli_command, config_is_file_then_set_then_short_forms)
{
    const char *path = rt_test_path("a.yaml");
    rt_test_write(path, "steps: 3\nseed: 1\n", 17);
    rt_command command;
    sample_config config;
    cr_assert_eq(PARSE(&command, (char *)path, (char *)"--set", (char *)"steps=4",
                       (char *)"--seed=5", (char *)"--device", (char *)"llvm: #1"),
                 RT_OK);
    cr_assert_eq(rt_command_load_config(&command, &config), RT_OK, "%s", rt_error_message());
    cr_assert_eq(config.steps, 4);
    cr_assert_eq(config.seed, 5);
    cr_assert_str_eq(config.device, "llvm: #1");
    rt_command_clear(&command);
}

static rt_status load_resumed(sample_config *config, const char *out, char *override)
{
    rt_command command;
    cr_assert_eq(PARSE(&command, (char *)"--resume", (char *)"--out", (char *)out, (char *)"--set",
                       override),
                 RT_OK, "%s", rt_error_message());
    const rt_status status = rt_command_load_config(&command, config);
    config->device = NULL; /* lay in the command's arena */
    rt_command_clear(&command);
    return status;
}

Test(cli_command, a_resumed_run_reads_its_own_config_and_keeps_its_result)
{
    sample_config config;
    const char *out = rt_test_folder();
    cr_assert_eq(load_resumed(&config, out, (char *)"device=1"), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "nothing to resume"));

    rt_test_write(rt_test_path("config.yaml"), "steps: 3\nseed: 1\n", 17);
    cr_assert_eq(load_resumed(&config, out, (char *)"device=1"), RT_OK, "%s", rt_error_message());
    cr_assert_eq(config.steps, 3);
    cr_assert_eq(load_resumed(&config, out, (char *)"steps=3"), RT_OK, "%s", rt_error_message());
    cr_assert_eq(load_resumed(&config, out, (char *)"steps=4"), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "'steps=4' would change the result"), "%s",
                       rt_error_message());
}

Test(cli_command, help_shows_flags_and_keys)
{
    rt_buffer text = {0};
    cr_assert_eq(rt_command_help(&description, &text), RT_OK);
    cr_assert_eq(rt_buffer_append(&text, "", 1), RT_OK);
    const char *help = (const char *)text.data;
    cr_assert_not_null(strstr(help, "retort sample: a command of the tests\n"));
    cr_assert_not_null(strstr(help, "\n  --limit N "));
    cr_assert_not_null(strstr(help, "\n  --resume "));
    cr_assert_not_null(strstr(help, "steps"));
    cr_assert_not_null(strstr(help, "how many"));
    rt_buffer_clear(&text);
}

Test(cli_command, result_keeps_order_replaces_and_shows_nan_as_null)
{
    rt_command command;
    rt_buffer text = {0};
    cr_assert_eq(PARSE(&command, (char *)"a.yaml"), RT_OK);
    const double mean[] = {0.5, INFINITY};
    cr_assert_eq(rt_command_result_number(&command, "accuracy", NAN), RT_OK);
    cr_assert_eq(rt_command_result_text(&command, "model", "a \"b\""), RT_OK);
    cr_assert_eq(rt_command_result_numbers(&command, "mean", mean, 2), RT_OK);
    cr_assert_eq(rt_command_result_number(&command, "samples", 1), RT_OK);
    cr_assert_eq(rt_command_result_number(&command, "samples", 7680), RT_OK);
    cr_assert_eq(rt_command_result_print(&command, &text), RT_OK);
    cr_assert_eq(rt_buffer_append(&text, "", 1), RT_OK);
    cr_assert_str_eq((const char *)text.data, "{\n\t\"accuracy\":\tnull,\n"
                                              "\t\"model\":\t\"a \\\"b\\\"\",\n"
                                              "\t\"mean\":\t[0.5, null],\n"
                                              "\t\"samples\":\t7680\n}\n");
    rt_buffer_clear(&text);
    rt_command_clear(&command);
}
