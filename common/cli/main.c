/* The program: finds the subcommand, runs it, and prints its result or its error once. */
#include "common/base/interrupt.h"
#include "common/base/log.h"
#include "common/cli/commands.h"
#include "generator/commands.h"
#include "student/commands.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static const rt_command_description *const commands[] = {
    &rt_import_command,  &rt_convert_command, &rt_train_command,    &rt_generate_command,
    &rt_distill_command, &rt_run_command,     &rt_evaluate_command, &rt_inspect_command,
    &rt_compare_command, &rt_devices_command, &rt_bench_command,
};

static const rt_command_description *find_command(const char *name)
{
    for (size_t i = 0; i < RT_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    }
    return NULL;
}

static rt_status fail_unknown_command(const char *name)
{
    const char *names[RT_COUNT(commands)];
    for (size_t i = 0; i < RT_COUNT(commands); i++) names[i] = commands[i]->name;
    const char *nearest = rt_nearest_name(name, names, RT_COUNT(commands));
    if (nearest == NULL) {
        return rt_fail(RT_ERROR_INPUT, "unknown command '%s'; 'retort help' lists them", name);
    }
    return rt_fail(RT_ERROR_INPUT, "unknown command '%s'; did you mean '%s'?", name, nearest);
}

static void print_overview(FILE *file)
{
    fprintf(file,
            "retort %s: distils an image classifier without its training data\n\n"
            "usage: retort COMMAND [arguments] [flags]\n\ncommands:\n",
            RT_VERSION);
    for (size_t i = 0; i < RT_COUNT(commands); i++) {
        fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(file, "\n'retort help COMMAND' shows its flags, its config keys and an example.\n");
}

static rt_status print_text(const rt_buffer *text)
{
    if (text->size > 0) fwrite(text->data, 1, text->size, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return rt_fail(RT_ERROR_IO, "cannot write to the standard output");
    }
    return RT_OK;
}

static rt_status check_validation(const rt_command *command)
{
    const uint32_t messages =
        command->opened != NULL ? rt_device_validation_messages(command->opened) : 0;
    if (messages == 0) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL, "%u messages of the Vulkan validation layers", messages);
}

/* Output before the error: with --json the object is the last thing on stdout and there only if all
 * went well. */
static rt_status run_parsed(rt_command *command)
{
    rt_status status = RT_OK;
    rt_buffer text = {0};
    if (command->help) {
        RT_TRY_DONE(rt_command_help(command->description, &text));
    } else {
        rt_log_set_quiet(command->quiet);
        RT_TRY_DONE(command->description->run(command));
        RT_TRY_DONE(check_validation(command));
        if (command->json) RT_TRY_DONE(rt_command_result_print(command, &text));
    }
    RT_TRY_DONE(print_text(&text));
done:
    rt_buffer_clear(&text);
    return status;
}

static int run_command(const char *name, int count, char *const *words)
{
    rt_command command = {0};
    const rt_command_description *description = find_command(name);
    rt_status status = description != NULL ? rt_command_parse(&command, description, count, words)
                                           : fail_unknown_command(name);
    if (status == RT_OK) status = run_parsed(&command);
    if (status != RT_OK) {
        fflush(stdout);
        fprintf(stderr, "retort%s%s: error: %s\n", description != NULL ? " " : "",
                description != NULL ? description->name : "", rt_error_message());
    }
    rt_command_clear(&command);
    return rt_status_exit_code(status);
}

static void *allocate(size_t size) { return rt_alloc(1, size); }

/* docs/configuration.md, from the tables that the program itself reads (scripts/document). */
static rt_status print_reference(void)
{
    rt_status status = RT_OK;
    rt_buffer text = {0};
    RT_TRY_DONE(rt_buffer_printf(
        &text, "# Configuration\n\nEvery key of every command's CONFIG. A key with dots lies in "
               "sections: `triplet.margin`\nis `margin` in the section `triplet`. Numbers may be "
               "fractions (`8/255`). Made by `scripts/document`.\n"));
    for (size_t i = 0; i < RT_COUNT(commands); i++) {
        if (commands[i]->schema == NULL) continue;
        RT_TRY_DONE(rt_buffer_printf(&text, "\n## %s\n\n", commands[i]->name));
        RT_TRY_DONE(rt_config_describe(commands[i]->schema(), true, &text));
    }
    RT_TRY_DONE(print_text(&text));
done:
    rt_buffer_clear(&text);
    return status;
}

static int run_help(int count, char *const *words)
{
    rt_status status = RT_OK;
    if (count == 0) {
        print_overview(stdout);
        status = print_text(&(rt_buffer){0});
    } else if (strcmp(words[0], "--markdown") == 0) {
        status = print_reference();
    } else {
        return run_command(words[0], 1, (char *[]){(char[]){"--help"}});
    }
    if (status != RT_OK) fprintf(stderr, "retort: error: %s\n", rt_error_message());
    return rt_status_exit_code(status);
}

static bool is_any(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int main(int count, char **words)
{
    rt_interrupt_install();
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = rt_free});
    if (count < 2) {
        print_overview(stderr);
        return rt_status_exit_code(RT_ERROR_INPUT);
    }
    if (is_any(words[1], "--version", "version", "-V")) {
        printf("retort %s\n", RT_VERSION);
        return fflush(stdout) == 0 ? 0 : rt_status_exit_code(RT_ERROR_IO);
    }
    if (is_any(words[1], "help", "--help", "-h")) return run_help(count - 2, words + 2);
    return run_command(words[1], count - 2, words + 2);
}
