#include "common/nn/recognise.h"

#include <stdio.h>
#include <string.h>

/* Sides of images that are usual for a network whose first convolution is 3x3, by channels, and for
 * one with a large stem. */
enum { SMALL_SIDE = 32, SMALL_GREY_SIDE = 28, LARGE_SIDE = 224, MAXIMUM_DEPTH = 1202 };

/* The numbers of a tensor's name, if that is `pattern` in Retort's names. */
static bool is_called(const char *name, const char *pattern, uint32_t numbers[RT_NAME_NUMBERS])
{
    char rewritten[RT_NAME_SIZE];
    if (rt_name_matches(pattern, name, numbers)) return true;
    for (size_t rule = 0; rule < rt_name_rule_count(); rule++)
        if (rt_name_rewrite(rule, name, rewritten) && rt_name_matches(pattern, rewritten, numbers))
            return true;
    return false;
}

/* The tensor that Retort calls `name`, under whatever name; NULL if there is none. */
static const rt_weights_entry *find(const rt_weights *weights, const char *name)
{
    uint32_t numbers[RT_NAME_NUMBERS];
    const rt_weights_entry *entry = name != NULL ? rt_weights_find(weights, name) : NULL;
    for (size_t i = 0; i < weights->entry_count && entry == NULL && name != NULL; i++)
        if (is_called(weights->entries[i].name, name, numbers)) entry = &weights->entries[i];
    return entry;
}

/* A dimension of a tensor, 0 where there is none; none is larger than a network may be. */
static uint32_t dimension(const rt_weights_entry *entry, uint32_t d)
{
    if (entry == NULL || entry->rank <= d || entry->shape[d] > 1 << 20) return 0;
    return (uint32_t)entry->shape[d];
}

/* Counts the blocks of each stage. A pattern with one # counts convolutions in one stage. */
static void count_blocks(const rt_recognise_row *row, const rt_weights *weights, uint32_t counts[5])
{
    memset(counts, 0, 5 * sizeof *counts);
    for (size_t i = 0; i < weights->entry_count; i++) {
        const rt_weights_entry *entry = &weights->entries[i];
        uint32_t numbers[RT_NAME_NUMBERS];
        if (entry->rank != 4 || !is_called(entry->name, row->unit, numbers)) continue;
        const uint32_t stage = row->stages > 1 ? numbers[0] - 1 : 0;
        if (stage < row->stages) counts[stage]++;
    }
}

/* The row's name with its numbers in it. */
static const char *name_architecture(rt_arena *arena, const char *pattern, const uint32_t *numbers)
{
    char text[64];
    size_t at = 0;
    for (const char *c = pattern; *c != '\0' && at + 16 < sizeof text; c++) {
        if (*c == '#')
            at += (size_t)snprintf(text + at, sizeof text - at, "%u", *numbers++);
        else
            text[at++] = *c;
    }
    text[at] = '\0';
    return rt_arena_strdup(arena, text);
}

static rt_status describe(const rt_recognise_row *row, rt_arena *arena, const rt_weights *weights,
                          uint32_t blocks, rt_network_description *d)
{
    const rt_weights_entry *first = find(weights, row->first);
    const rt_weights_entry *large_last = find(weights, row->large_last);
    /* A hidden stem is most likely torchvision's. */
    const bool large = large_last != NULL || dimension(first, 2) > 3 || row->stem_hidden;
    const uint32_t width =
        row->half != NULL ? 2 * dimension(find(weights, row->half), 0) : dimension(first, 0);
    uint32_t numbers[2] = {0}, count = 0;
    if (row->blocks[0] == 0) numbers[count++] = row->times * blocks + row->plus;
    if (row->widened != NULL && width > 0)
        numbers[count] = dimension(find(weights, row->widened), 0) / width;
    if (row->growth != NULL) numbers[count] = dimension(find(weights, row->growth), 0);
    *d = (rt_network_description){
        .base_width = width != row->width && row->growth == NULL ? width : 0,
        .channels = dimension(first, 1),
        .classes = dimension(large_last != NULL ? large_last : find(weights, row->last), 0),
        .std = {1, 1, 1, 1},
    };
    d->shortcut = find(weights, row->choice) != NULL ? row->with : row->without;
    d->stem = large ? "large" : NULL;
    const uint32_t small = d->channels == 1 ? SMALL_GREY_SIDE : SMALL_SIDE;
    d->height = d->width = large ? LARGE_SIDE : small;
    d->arch = name_architecture(arena, row->arch, numbers);
    return d->arch != NULL ? RT_OK : RT_ERROR_MEMORY;
}

/* Builds the network of a guess and compares. A guess of what does not exist fits nothing. */
static rt_status judge(rt_recognition *guess, rt_arena *arena, const rt_weights *weights)
{
    rt_network *network;
    rt_status status = rt_network_create(&network, &guess->description);
    if (status == RT_ERROR_INPUT) return RT_OK;
    RT_TRY(status);
    status = rt_weights_fit(&guess->fit, arena, weights, rt_network_parameters(network));
    guess->certain = rt_fit_is_whole(&guess->fit);
    /* The name of what is missing is the network's. */
    if (status == RT_OK && guess->fit.missing != NULL) {
        guess->fit.missing = rt_arena_strdup(arena, guess->fit.missing);
        if (guess->fit.missing == NULL) status = RT_ERROR_MEMORY;
    }
    rt_network_free(network);
    return status;
}

static rt_status try_row(const rt_recognise_row *row, rt_recognition *best, rt_arena *arena,
                         const rt_weights *weights, const char *arch)
{
    uint32_t counts[5];
    rt_recognition guess = {0};
    if (row->needs != NULL && find(weights, row->needs) == NULL) return RT_OK;
    if (row->lacks != NULL && find(weights, row->lacks) != NULL) return RT_OK;
    count_blocks(row, weights, counts);
    if (counts[0] == 0 || counts[0] > MAXIMUM_DEPTH) return RT_OK;
    RT_TRY(describe(row, arena, weights, counts[0], &guess.description));
    if (arch != NULL && strcmp(arch, guess.description.arch) != 0) return RT_OK;
    if (row->only_own_width && guess.description.base_width != 0 && arch == NULL) return RT_OK;
    guess.stem_hidden = row->stem_hidden;
    RT_TRY(judge(&guess, arena, weights));
    if (best->description.arch == NULL || guess.fit.fitting > best->fit.fitting) *best = guess;
    return RT_OK;
}

rt_status rt_recognise(rt_recognition *found, rt_arena *arena, const rt_weights *weights,
                       const char *arch)
{
    *found = (rt_recognition){0};
    for (size_t i = 0; i < rt_recognise_row_count && !found->certain; i++)
        RT_TRY(try_row(&rt_recognise_rows[i], found, arena, weights, arch));
    if (found->fit.fitting == 0) *found = (rt_recognition){0};
    return RT_OK;
}

rt_status rt_recognise_fail(const rt_recognition *found)
{
    const rt_fit *fit = &found->fit;
    char text[3][320] = {"", "", ""};
    if (found->description.arch == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "the architecture is not recognised from the tensors and the file does not "
                       "say it; give --arch (in a config teacher_arch)");
    if (fit->missing_count > 0)
        snprintf(text[0], sizeof text[0], "; %u tensors are missing (first '%.200s')",
                 fit->missing_count, fit->missing);
    if (fit->reshaped_count > 0)
        snprintf(text[1], sizeof text[1], "; %u have another shape (first '%.200s')",
                 fit->reshaped_count, fit->reshaped);
    if (fit->unknown_count > 0)
        snprintf(text[2], sizeof text[2], "; %u have no place (first '%.200s')", fit->unknown_count,
                 fit->unknown);
    return rt_fail(RT_ERROR_INPUT,
                   "the architecture is not recognised: nearest is '%s', of which %u of %u tensors "
                   "fit%s%s%s; give --arch (in a config teacher_arch), or export the model to ONNX",
                   found->description.arch, fit->fitting, fit->row_count, text[0], text[1],
                   text[2]);
}
