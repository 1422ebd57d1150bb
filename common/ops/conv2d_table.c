#include "common/ops/conv2d_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 2 * RT_CONV2D_WORK_TEXT };

/* Fills what follows from the rest where all sides have as many zeros and the taps no distance;
 * false if there is no such layer. */
static bool complete(rt_conv2d_shape *s)
{
    s->left = s->top;
    s->dilation = 1;
    if (s->stride < 1 || s->height + 2 * s->top < s->kernel_h ||
        s->width + 2 * s->top < s->kernel_w)
        return false;
    s->out_height = (s->height + 2 * s->top - s->kernel_h) / s->stride + 1;
    s->out_width = (s->width + 2 * s->top - s->kernel_w) / s->stride + 1;
    return true;
}

void rt_conv2d_work_print(char text[RT_CONV2D_WORK_TEXT], const rt_conv2d_work *work)
{
    const rt_conv2d_shape *s = &work->layer;
    char rest[RT_CONV2D_WORK_TEXT / 2] = "";
    rt_conv2d_shape even = *s;
    if (!complete(&even) || memcmp(&even, s, sizeof even) != 0)
        snprintf(rest, sizeof rest, "x%" PRIu32 " to %" PRIu32 "x%" PRIu32 " dilation %" PRIu32,
                 s->left, s->out_height, s->out_width, s->dilation);
    snprintf(text, RT_CONV2D_WORK_TEXT,
             "%" PRIu32 "x%" PRIu32 "x%" PRIu32 " %" PRIu32 "->%" PRIu32 " %" PRIu32 "x%" PRIu32
             " stride %" PRIu32 " padding %" PRIu32 "%s %s",
             s->images, s->height, s->width, s->in_channels, s->out_channels, s->kernel_h,
             s->kernel_w, s->stride, s->top, rest, rt_conv2d_pass_name(work->pass));
}

bool rt_conv2d_work_equal(const rt_conv2d_work *a, const rt_conv2d_work *b)
{
    return a->pass == b->pass && memcmp(&a->layer, &b->layer, sizeof a->layer) == 0;
}

const rt_conv2d_choice *rt_conv2d_table_find(const rt_conv2d_table *table,
                                             const rt_conv2d_work *work)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (rt_conv2d_work_equal(&table->entries[i].work, work)) return &table->entries[i].choice;
    return NULL;
}

rt_status rt_conv2d_table_put(rt_conv2d_table *table, const rt_conv2d_entry *entry)
{
    uint32_t i = 0;
    while (i < table->count && !rt_conv2d_work_equal(&table->entries[i].work, &entry->work)) i++;
    if (i == table->capacity) {
        const uint32_t capacity = 2 * table->capacity + 64;
        rt_conv2d_entry *larger = rt_realloc(table->entries, capacity, sizeof *larger);
        if (larger == NULL) return RT_ERROR_MEMORY;
        table->entries = larger;
        table->capacity = capacity;
    }
    table->entries[i] = *entry;
    if (i == table->count) table->count++;
    return RT_OK;
}

void rt_conv2d_table_clear(rt_conv2d_table *table)
{
    rt_free(table->entries);
    *table = (rt_conv2d_table){0};
}

static void print_line(char line[LINE_SIZE], const rt_conv2d_entry *entry)
{
    char work[RT_CONV2D_WORK_TEXT];
    rt_conv2d_work_print(work, &entry->work);
    snprintf(line, LINE_SIZE, "%s: %s %" PRIu32, work, entry->choice.family->name,
             entry->choice.candidate);
}

char *rt_conv2d_entry_print(const rt_conv2d_entry *entry, rt_arena *arena)
{
    char line[LINE_SIZE];
    print_line(line, entry);
    return rt_arena_strdup(arena, line);
}

static bool find_pass(rt_conv2d_pass *pass, const char *name)
{
    for (int p = 0; p < RT_CONV2D_PASSES; p++)
        if (strcmp(rt_conv2d_pass_name((rt_conv2d_pass)p), name) == 0) {
            *pass = (rt_conv2d_pass)p;
            return true;
        }
    return false;
}

/* Reads a layer up to its padding; what follows, into `rest`. Nine digits always fit. */
static bool read_layer(rt_conv2d_shape *s, const char *line, const char **rest)
{
    int end = 0;
    const int found =
        sscanf(line,
               "%9" SCNu32 "x%9" SCNu32 "x%9" SCNu32 " %9" SCNu32 "->%9" SCNu32 " %9" SCNu32
               "x%9" SCNu32 " stride %9" SCNu32 " padding %9" SCNu32 "%n",
               &s->images, &s->height, &s->width, &s->in_channels, &s->out_channels, &s->kernel_h,
               &s->kernel_w, &s->stride, &s->top, &end);
    *rest = line + end;
    if (found != 9 || s->images < 1 || s->in_channels < 1 || s->out_channels < 1 ||
        s->kernel_h < 1 || s->kernel_w < 1 || s->stride < 1)
        return false;
    if (**rest != 'x') return complete(s);
    end = 0;
    if (sscanf(*rest, "x%9" SCNu32 " to %9" SCNu32 "x%9" SCNu32 " dilation %9" SCNu32 "%n",
               &s->left, &s->out_height, &s->out_width, &s->dilation, &end) != 4)
        return false;
    *rest += end;
    return s->out_height > 0 && s->out_width > 0 && s->dilation > 0;
}

/* Printing what was read tells any other text apart. */
bool rt_conv2d_entry_read(rt_conv2d_entry *entry, const rt_device_info *device, const char *line)
{
    char pass[32], family[32], again[LINE_SIZE];
    *entry = (rt_conv2d_entry){0};
    rt_conv2d_shape *s = &entry->work.layer;
    const char *rest;
    if (!read_layer(s, line, &rest)) return false;
    const int found =
        sscanf(rest, " %31[a-z ]: %31[a-z0-9_] %9" SCNu32, pass, family, &entry->choice.candidate);
    if (found != 3 || !find_pass(&entry->work.pass, pass)) return false;
    entry->choice.family = rt_conv2d_family_find(family);
    if (entry->choice.family == NULL) return false;
    print_line(again, entry);
    return strcmp(line, again) == 0 &&
           entry->choice.candidate < entry->choice.family->candidates(device, s, entry->work.pass);
}
