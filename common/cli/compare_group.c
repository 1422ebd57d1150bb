/* Runs that differ in their seed alone, and what their numbers are together. */
#include "common/cli/compare.h"

#include <math.h>
#include <string.h>

static bool agree(const rt_compared_run *a, const rt_compared_run *b)
{
    if (strcmp(a->command, b->command) != 0) return false;
    for (size_t i = 0; i < a->key_count; i++) {
        const rt_compared_key *key = &a->keys[i];
        if (key->ignored || strcmp(key->key, "seed") == 0) continue;
        const char *other = rt_compared_value(b, key->key);
        if (other == NULL || strcmp(other, key->value) != 0) return false;
    }
    return true;
}

/* What the names begin with, without the number's place: "released" of "released-1" and
 * "released-2". */
static rt_status name_group(const rt_comparison *c, rt_compared_group *group)
{
    const char *first = group->runs[0]->name;
    group->name = first;
    if (group->run_count == 1) return RT_OK;
    size_t shared = strlen(first);
    for (size_t i = 1; i < group->run_count; i++) {
        size_t same = 0;
        while (same < shared && group->runs[i]->name[same] == first[same]) same++;
        shared = same;
    }
    while (shared > 0 && strchr("-_./=", first[shared - 1]) != NULL) shared--;
    while (shared > 0 && (first[shared] & 0xC0) == 0x80) shared--; /* whole characters of UTF-8 */
    if (shared == 0) return RT_OK;
    group->name = rt_arena_printf(c->arena, "%.*s", (int)shared, first);
    return group->name != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_compared_group *find_group(const rt_comparison *c, const rt_compared_run *run)
{
    for (size_t i = 0; c->grouped && i < c->group_count; i++)
        if (agree(c->groups[i].runs[0], run) && agree(run, c->groups[i].runs[0]))
            return &c->groups[i];
    return NULL;
}

rt_status rt_compare_group(rt_comparison *c)
{
    c->groups = rt_arena_alloc(c->arena, c->run_count, sizeof *c->groups);
    if (c->groups == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < c->run_count; i++) {
        const rt_compared_run *run = &c->runs[i];
        rt_compared_group *group = find_group(c, run);
        if (group == NULL) {
            group = &c->groups[c->group_count++];
            *group = (rt_compared_group){.differs = run->differs};
            group->runs = rt_arena_alloc(c->arena, c->run_count, sizeof *group->runs);
            if (group->runs == NULL) return RT_ERROR_MEMORY;
        }
        group->runs[group->run_count++] = run;
        group->complete_count += run->complete;
    }
    for (size_t i = 0; i < c->group_count; i++) RT_TRY(name_group(c, &c->groups[i]));
    return RT_OK;
}

bool rt_compared_counts(const rt_compared_group *group, size_t i)
{
    return group->runs[i]->complete || group->complete_count == 0;
}

rt_compared_number rt_compared_group_number(const rt_compared_group *group,
                                            rt_compared_measure measure)
{
    rt_compared_number number = {.mean = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    double sum = 0;
    for (size_t i = 0; i < group->run_count; i++) {
        const double value = measure(group->runs[i]);
        if (!isfinite(value) || !rt_compared_counts(group, i)) continue;
        sum += value;
        number.low = fmin(number.low, value); /* of NaN and a number the number */
        number.high = fmax(number.high, value);
        number.count++;
    }
    if (number.count > 0) number.mean = sum / (double)number.count;
    return number;
}
