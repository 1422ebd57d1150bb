/* The words of a command line. "--name value" and "--name=value" are the same; a lone "--" ends the
 * flags. */
#include "common/cli/command.h"

#include <string.h>

typedef enum common_position {
    COMMON_HELP,
    COMMON_QUIET,
    COMMON_JSON,
    COMMON_SET,
    COMMON_OUT,
    COMMON_RESUME,
    COMMON_DEVICE,
    COMMON_VALIDATE,
    COMMON_SEED,
    COMMON_COUNT
} common_position;

typedef struct common_option {
    rt_option option;
    unsigned flag; ///< rt_common_flag that allows it; 0: every command
} common_option;

static const common_option commons[COMMON_COUNT] = {
    [COMMON_HELP] = {{"help", NULL, "show this text"}, 0},
    [COMMON_QUIET] = {{"quiet", NULL, "no progress, only warnings and errors"}, 0},
    [COMMON_JSON] = {{"json", NULL, "print the result as one JSON object on stdout"}, 0},
    [COMMON_SET] = {{"set", "KEY=VALUE", "override a key of CONFIG; may be repeated"}, RT_FLAG_SET},
    [COMMON_OUT] = {{"out", "PATH", "where the result goes"}, RT_FLAG_OUT},
    [COMMON_RESUME] = {{"resume", NULL, "go on with the run in --out"}, RT_FLAG_RESUME},
    [COMMON_DEVICE] = {{"device", "N|NAME", "Vulkan device: number or part of its name"},
                       RT_FLAG_DEVICE},
    [COMMON_VALIDATE] = {{"validate", NULL, "check all Vulkan calls (slow)"}, RT_FLAG_DEVICE},
    [COMMON_SEED] = {{"seed", "N", "seed of every random draw"}, RT_FLAG_SEED},
};

static bool allows(const rt_command_description *description, const common_option *common)
{
    return common->flag == 0 || (description->flags & common->flag) != 0;
}

/* Position of a flag among the commons (from 0) or the command's own (from COMMON_COUNT), or -1. */
static int find(const rt_command_description *description, const char *name, size_t length)
{
    for (size_t i = 0; i < description->option_count; i++) {
        const char *own = description->options[i].name;
        if (strlen(own) == length && memcmp(own, name, length) == 0) return COMMON_COUNT + (int)i;
    }
    for (int i = 0; i < COMMON_COUNT; i++) {
        const char *common = commons[i].option.name;
        if (allows(description, &commons[i]) && strlen(common) == length &&
            memcmp(common, name, length) == 0) {
            return i;
        }
    }
    return -1;
}

static rt_status fail_unknown(rt_command *command, const rt_command_description *description,
                              const char *name)
{
    const char **names =
        rt_arena_alloc(&command->arena, COMMON_COUNT + description->option_count, sizeof *names);
    if (names == NULL) return RT_ERROR_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < description->option_count; i++) {
        names[count++] = description->options[i].name;
    }
    for (int i = 0; i < COMMON_COUNT; i++) {
        if (allows(description, &commons[i])) names[count++] = commons[i].option.name;
    }
    const char *nearest = rt_nearest_name(name, names, count);
    if (nearest == NULL) {
        return rt_fail(RT_ERROR_INPUT, "unknown flag '--%s'; 'retort %s --help' lists them", name,
                       description->name);
    }
    return rt_fail(RT_ERROR_INPUT, "unknown flag '--%s'; did you mean '--%s'?", name, nearest);
}

static rt_status check_seed(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    /* 19 digits always fit into 64 bits. */
    if (digits == 0 || digits > 19 || text[digits] != '\0') {
        return rt_fail(RT_ERROR_INPUT,
                       "bad value '%s' of '--seed'; give a whole number of at most 19 digits",
                       text);
    }
    return RT_OK;
}

static rt_status store(rt_command *command, int position, const char *value)
{
    switch (position) {
    case COMMON_HELP:
        command->help = true;
        return RT_OK;
    case COMMON_QUIET:
        command->quiet = true;
        return RT_OK;
    case COMMON_JSON:
        command->json = true;
        return RT_OK;
    case COMMON_RESUME:
        command->resume = true;
        return RT_OK;
    case COMMON_VALIDATE:
        command->validate = true;
        return RT_OK;
    case COMMON_OUT:
        command->out = value;
        return RT_OK;
    case COMMON_DEVICE:
        command->device = value;
        return RT_OK;
    case COMMON_SEED:
        command->seed = value;
        return check_seed(value);
    case COMMON_SET:
        if (strchr(value, '=') == NULL || value[0] == '=') {
            return rt_fail(RT_ERROR_INPUT, "bad value '%s' of '--set'; give key.path=value", value);
        }
        command->overrides[command->override_count++] = value;
        return RT_OK;
    default:
        command->option_values[position - COMMON_COUNT] = value;
        return RT_OK;
    }
}

/* Reads the flag at words[*at] and, where it takes one, its value. */
static rt_status read_flag(rt_command *command, const rt_command_description *description,
                           int count, char *const *words, int *at)
{
    const char *name = words[*at] + 2;
    const size_t length = strcspn(name, "=");
    const int position = find(description, name, length);
    if (position < 0) {
        const char *bare = rt_arena_printf(&command->arena, "%.*s", (int)length, name);
        return bare != NULL ? fail_unknown(command, description, bare) : RT_ERROR_MEMORY;
    }
    const rt_option *option = position < COMMON_COUNT
                                  ? &commons[position].option
                                  : &description->options[position - COMMON_COUNT];
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (option->argument == NULL) {
        if (value != NULL) {
            return rt_fail(RT_ERROR_INPUT, "flag '--%s' takes no value", option->name);
        }
        return store(command, position, "");
    }
    if (value == NULL && *at + 1 < count) value = words[++*at];
    if (value == NULL || value[0] == '\0') {
        return rt_fail(RT_ERROR_INPUT, "flag '--%s' needs a value (%s)", option->name,
                       option->argument);
    }
    return store(command, position, value);
}

static rt_status check_argument_count(const rt_command *command)
{
    const rt_command_description *description = command->description;
    /* A resumed run has its config already. */
    const size_t minimum = command->resume ? 0 : description->arguments_minimum;
    if (command->argument_count < minimum) {
        return rt_fail(RT_ERROR_INPUT, "too few arguments; usage: retort %s %s", description->name,
                       description->usage);
    }
    if (command->argument_count > description->arguments_maximum) {
        return rt_fail(RT_ERROR_INPUT, "unexpected argument '%s'; usage: retort %s %s",
                       command->arguments[description->arguments_maximum], description->name,
                       description->usage);
    }
    return RT_OK;
}

rt_status rt_command_parse(rt_command *command, const rt_command_description *description,
                           int count, char *const *words)
{
    *command = (rt_command){.description = description};
    const size_t room = (size_t)count + 1;
    command->arguments = rt_arena_alloc(&command->arena, room, sizeof *command->arguments);
    command->overrides = rt_arena_alloc(&command->arena, room, sizeof *command->overrides);
    command->option_values = rt_arena_alloc(&command->arena, description->option_count + 1,
                                            sizeof *command->option_values);
    if (command->arguments == NULL || command->overrides == NULL ||
        command->option_values == NULL) {
        return RT_ERROR_MEMORY;
    }
    bool flags_ended = false;
    for (int at = 0; at < count; at++) {
        const char *word = words[at];
        if (flags_ended || word[0] != '-' || word[1] == '\0') {
            command->arguments[command->argument_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            flags_ended = true;
        } else if (strcmp(word, "-h") == 0) {
            command->help = true;
        } else if (word[1] != '-') {
            return rt_fail(RT_ERROR_INPUT, "unknown flag '%s'; flags begin with two dashes", word);
        } else {
            RT_TRY(read_flag(command, description, count, words, &at));
        }
    }
    return command->help ? RT_OK : check_argument_count(command);
}

static rt_status print_option(rt_buffer *text, const rt_option *option)
{
    enum { WIDTH = 24 };
    const int written = (int)strlen(option->name) +
                        (option->argument != NULL ? 1 + (int)strlen(option->argument) : 0);
    const int gap = written < WIDTH - 1 ? WIDTH - written : 1;
    return rt_buffer_printf(
        text, "  --%s%s%s%*s%s\n", option->name, option->argument != NULL ? " " : "",
        option->argument != NULL ? option->argument : "", gap, "", option->help);
}

rt_status rt_command_help(const rt_command_description *description, rt_buffer *text)
{
    RT_TRY(rt_buffer_printf(
        text, "retort %s: %s\n\nusage: retort %s%s%s [flags]\n\nexample:\n  %s\n",
        description->name, description->summary, description->name,
        description->usage[0] != '\0' ? " " : "", description->usage, description->example));
    if (description->detail != NULL) {
        RT_TRY(rt_buffer_printf(text, "\n%s", description->detail));
    }
    RT_TRY(rt_buffer_printf(text, "\nflags:\n"));
    for (size_t i = 0; i < description->option_count; i++) {
        RT_TRY(print_option(text, &description->options[i]));
    }
    for (int i = 0; i < COMMON_COUNT; i++) {
        if (allows(description, &commons[i])) RT_TRY(print_option(text, &commons[i].option));
    }
    if (description->schema != NULL) {
        RT_TRY(rt_buffer_printf(text, "\nkeys of CONFIG (YAML) and of --set:\n"));
        RT_TRY(rt_config_describe(description->schema(), false, text));
    }
    return RT_OK;
}
