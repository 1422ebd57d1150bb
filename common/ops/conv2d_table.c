#include "common/ops/conv2d_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 2 * RT_CONV2D_WORK_TEXT };

void rt_conv2d_work_print(char text[RT_CONV2D_WORK_TEXT], const rt_conv2d_work *work)
{
    const rt_conv2d_shape *s = &work->layer;
    char dilation[24] = "";
    if (s->skipped > 0) snprintf(dilation, sizeof dilation, " dilation %" PRIu32, 1 + s->skipped);
    snprintf(text, RT_CONV2D_WORK_TEXT,
             "%" PRIu32 "x%" PRIu32 "x%" PRIu32 " %" PRIu32 "->%" PRIu32 " %" PRIu32 "x%" PRIu32
             " stride %" PRIu32 " padding %" PRIu32 "%s %s",
             s->images, s->height, s->width, s->in_channels, s->out_channels, s->kernel_h,
             s->kernel_w, s->stride, s->padding, dilation, rt_conv2d_pass_name(work->pass));
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

/* Whether there is such a layer; fills what follows from the rest. */
static bool complete(rt_conv2d_shape *s)
{
    return s->images >= 1 && s->in_channels >= 1 && s->out_channels >= 1 && s->kernel_h >= 1 &&
           s->kernel_w >= 1 && s->stride >= 1 && rt_conv2d_complete(s);
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

/* Nine digits always fit; printing what was read tells any other text apart. */
bool rt_conv2d_entry_read(rt_conv2d_entry *entry, const rt_device_info *device, const char *line)
{
    char pass[32], family[32], again[LINE_SIZE];
    uint32_t dilation = 1;
    int length = 0;
    *entry = (rt_conv2d_entry){0};
    rt_conv2d_shape *s = &entry->work.layer;
    const int found =
        sscanf(line,
               "%9" SCNu32 "x%9" SCNu32 "x%9" SCNu32 " %9" SCNu32 "->%9" SCNu32 " %9" SCNu32
               "x%9" SCNu32 " stride %9" SCNu32 " padding %9" SCNu32 "%n",
               &s->images, &s->height, &s->width, &s->in_channels, &s->out_channels, &s->kernel_h,
               &s->kernel_w, &s->stride, &s->padding, &length);
    if (found != 9) return false;
    int dilation_length = 0;
    if (sscanf(line + length, " dilation %9" SCNu32 "%n", &dilation, &dilation_length) == 1)
        length += dilation_length;
    if (dilation < 1) return false;
    s->skipped = dilation - 1;
    if (sscanf(line + length, " %31[a-z ]: %31[a-z0-9_] %9" SCNu32, pass, family,
               &entry->choice.candidate) != 3 ||
        !complete(s) || !find_pass(&entry->work.pass, pass))
        return false;
    entry->choice.family = rt_conv2d_family_find(family);
    if (entry->choice.family == NULL) return false;
    print_line(again, entry);
    return strcmp(line, again) == 0 &&
           entry->choice.candidate < entry->choice.family->candidates(device, s, entry->work.pass);
}
