#include "common/nn/weight_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From a name's beginning, up to a dot or its end, to Retort's own. # is a number; $1 is the first
 * of them, <1 that number less 1. */
static const struct {
    const char *from, *to;
} rules[] = {
    /* the last layer */
    {"fc", "linear"},
    {"classifier", "linear"},
    {"head", "linear"},
    {"head.fc", "linear"},
    {"output", "linear"},
    {"linear", "fc"},
    {"classifier", "fc"},
    {"head", "fc"},
    {"fc", "classifier"},
    {"linear", "classifier"},
    {"head", "classifier"},
    /* torchvision, timm: what a block adds; some forks call it skip */
    {"layer#.#.downsample", "layer$1.$2.shortcut"},
    {"layer#.#.skip", "layer$1.$2.shortcut"},
    {"layer#.#.identity", "layer$1.$2.shortcut"},
    /* ResNets whose stem and branches are sequences */
    {"conv1.0", "conv1"},
    {"conv1.1", "bn1"},
    {"conv#_x.#.shortcut", "layer<1.$2.shortcut"},
    {"conv#_x.#.residual_function.0", "layer<1.$2.conv1"},
    {"conv#_x.#.residual_function.1", "layer<1.$2.bn1"},
    {"conv#_x.#.residual_function.3", "layer<1.$2.conv2"},
    {"conv#_x.#.residual_function.4", "layer<1.$2.bn2"},
    {"conv#_x.#.residual_function.6", "layer<1.$2.conv3"},
    {"conv#_x.#.residual_function.7", "layer<1.$2.bn3"},
    /* Wide ResNets whose groups are called layers or have no level of their own */
    {"block#.#", "block$1.layer.$2"},
    {"layer#.#", "block$1.layer.$2"},
    {"bn", "bn1"},
    /* torchvision's DenseNets of old */
    {"features.denseblock#.denselayer#.norm.#", "features.denseblock$1.denselayer$2.norm$3"},
    {"features.denseblock#.denselayer#.conv.#", "features.denseblock$1.denselayer$2.conv$3"},
};

size_t rt_name_rule_count(void) { return RT_COUNT(rules); }

/* The number that `name` begins with; 0 characters if it begins with none, or a long one. */
static size_t read_number(const char *name, uint32_t *number)
{
    size_t length = 0;
    *number = 0;
    while (isdigit((unsigned char)name[length]) && length <= 4)
        *number = 10 * *number + (uint32_t)(name[length++] - '0');
    return length <= 4 ? length : 0;
}

/* How much of `name` the pattern stands for, or 0. */
static size_t match(const char *pattern, const char *name, uint32_t numbers[RT_NAME_NUMBERS])
{
    size_t at = 0, count = 0;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '#') {
            if (count == RT_NAME_NUMBERS) return 0;
            const size_t digits = read_number(name + at, &numbers[count++]);
            if (digits == 0) return 0;
            at += digits;
        } else if (name[at++] != *pattern)
            return 0;
    }
    return at;
}

bool rt_name_matches(const char *pattern, const char *name, uint32_t numbers[RT_NAME_NUMBERS])
{
    const size_t length = match(pattern, name, numbers);
    return length > 0 && name[length] == '\0';
}

bool rt_name_rewrite(size_t rule, const char *name, char rewritten[RT_NAME_SIZE])
{
    uint32_t numbers[RT_NAME_NUMBERS];
    const size_t length = match(rules[rule].from, name, numbers);
    if (length == 0 || (name[length] != '\0' && name[length] != '.')) return false;
    size_t at = 0;
    for (const char *to = rules[rule].to; *to != '\0'; to++) {
        if (*to != '$' && *to != '<') {
            rewritten[at++] = *to;
            continue;
        }
        const uint32_t number = numbers[to[1] - '1'];
        if (*to == '<' && number == 0) return false;
        at += (size_t)snprintf(rewritten + at, RT_NAME_SIZE - at, "%u", number - (*to == '<'));
        to++;
    }
    snprintf(rewritten + at, RT_NAME_SIZE - at, "%s", name + length);
    return true;
}

bool rt_name_is_ignored(const char *name)
{
    static const char *const endings[] = {"num_batches_tracked", "total_ops", "total_params"};
    const char *last = strrchr(name, '.');
    last = last != NULL ? last + 1 : name;
    for (size_t i = 0; i < RT_COUNT(endings); i++)
        if (strcmp(last, endings[i]) == 0) return true;
    return false;
}

/* The names of a parameter set, sorted. */
typedef struct named_row {
    const char *name;
    uint32_t row;
} named_row;

static int compare_name(const void *left, const void *right)
{
    return strcmp(((const named_row *)left)->name, ((const named_row *)right)->name);
}

static const named_row *find_row(const named_row *rows, size_t count, const char *name)
{
    const named_row wanted = {.name = name};
    return bsearch(&wanted, rows, count, sizeof wanted, compare_name);
}

/* The parameter that a tensor of this name is: by its own name, else by the first rule that leads
 * to one. */
static const named_row *find_parameter(const named_row *rows, size_t count, const char *name)
{
    char rewritten[RT_NAME_SIZE];
    const named_row *found = find_row(rows, count, name);
    for (size_t rule = 0; rule < RT_COUNT(rules) && found == NULL; rule++)
        if (rt_name_rewrite(rule, name, rewritten)) found = find_row(rows, count, rewritten);
    return found;
}

static bool shape_fits(const rt_parameter *parameter, const rt_weights_entry *entry)
{
    if (entry->rank != parameter->rank) return false;
    for (uint32_t d = 0; d < entry->rank; d++)
        if (entry->shape[d] != parameter->dims[d]) return false;
    return true;
}

static void keep_first(uint32_t *count, const char **first, const char *name)
{
    if ((*count)++ == 0) *first = name;
}

static void count_rows(rt_fit *fit, const rt_parameters *parameters)
{
    for (uint32_t row = 0; row < fit->row_count; row++) {
        const rt_parameter *parameter = rt_parameters_row(parameters, row);
        const rt_weights_entry *entry = fit->entries[row];
        if (entry == NULL)
            keep_first(&fit->missing_count, &fit->missing, parameter->name);
        else if (!shape_fits(parameter, entry))
            keep_first(&fit->reshaped_count, &fit->reshaped, entry->name);
        else
            fit->fitting++;
    }
}

rt_status rt_weights_fit(rt_fit *fit, rt_arena *arena, const rt_weights *weights,
                         const rt_parameters *parameters)
{
    const uint32_t count = rt_parameters_count(parameters);
    *fit = (rt_fit){.row_count = count};
    named_row *rows;
    fit->entries = rt_arena_alloc(arena, count, sizeof *fit->entries);
    if (fit->entries == NULL) return RT_ERROR_MEMORY;
    RT_TRY(RT_ALLOC(rows, count));
    for (uint32_t row = 0; row < count; row++)
        rows[row] = (named_row){rt_parameters_row(parameters, row)->name, row};
    qsort(rows, count, sizeof *rows, compare_name);
    for (size_t i = 0; i < weights->entry_count; i++) {
        const rt_weights_entry *entry = &weights->entries[i];
        const named_row *found = find_parameter(rows, count, entry->name);
        if (found != NULL && fit->entries[found->row] == NULL)
            fit->entries[found->row] = entry;
        else if (!rt_name_is_ignored(entry->name))
            keep_first(&fit->unknown_count, &fit->unknown, entry->name);
    }
    rt_free(rows);
    count_rows(fit, parameters);
    return RT_OK;
}

bool rt_fit_is_whole(const rt_fit *fit)
{
    return fit->fitting == fit->row_count && fit->unknown_count == 0;
}

rt_status rt_fit_check(const rt_fit *fit)
{
    if (fit->unknown_count > 0)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' does not belong to the architecture",
                       fit->unknown);
    if (fit->missing_count > 0)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' is missing", fit->missing);
    if (fit->reshaped_count > 0)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has another shape than the architecture",
                       fit->reshaped);
    return RT_OK;
}
