#include "common/gpu/hazards.h"

#include <string.h>

rt_access rt_access_of(const rt_gpu_range *range, bool writes)
{
    /* Shaders reach whole vec4s (record.c, fill_set). */
    const uint64_t end = range->offset + (range->size + 15) / 16 * 16;
    return (rt_access){range->buffer, range->offset, end, writes};
}

static bool meet(const rt_access *a, const rt_access *b)
{
    return (a->writes || b->writes) && a->buffer == b->buffer && a->begin < b->end &&
           b->begin < a->end;
}

/* A barrier before the command under way: what came before it counts no more. */
static void forget_earlier(rt_hazards *hazards)
{
    hazards->count -= hazards->before;
    memmove(hazards->accesses, hazards->accesses + hazards->before,
            hazards->count * sizeof hazards->accesses[0]);
    hazards->before = 0;
}

void rt_hazards_note(rt_hazards *hazards, const rt_access *access)
{
    for (uint32_t i = 0; i < hazards->before && !hazards->conflict; i++)
        hazards->conflict = meet(&hazards->accesses[i], access);
    if (hazards->count == RT_HAZARDS_ACCESSES) {
        hazards->conflict = true;
        forget_earlier(hazards);
    }
    hazards->accesses[hazards->count++] = *access;
}

bool rt_hazards_end_command(rt_hazards *hazards)
{
    const bool barrier = hazards->conflict || !hazards->begun;
    if (hazards->conflict) forget_earlier(hazards);
    hazards->before = hazards->count;
    hazards->begun = true;
    hazards->conflict = false;
    return barrier;
}

/* How many commands must run one after the other before one that has the accesses first..end - 1.
 * `depths` are those of the earlier commands, by their accesses. */
static uint32_t depth_of(const rt_access *accesses, uint32_t first, uint32_t end,
                         const uint32_t *depths)
{
    uint32_t depth = 0;
    for (uint32_t i = first; i < end; i++)
        for (uint32_t earlier = 0; earlier < first; earlier++)
            if (depths[earlier] >= depth && meet(&accesses[earlier], &accesses[i]))
                depth = depths[earlier] + 1;
    return depth;
}

rt_status rt_hazards_order(const rt_access *accesses, const uint32_t *ends, uint32_t count,
                           uint32_t *order)
{
    rt_status status = RT_OK;
    uint32_t *of_access = NULL, *of_command = NULL, deepest = 0, placed = 0;
    RT_TRY_DONE(RT_ALLOC(of_access, count > 0 ? ends[count - 1] : 0));
    RT_TRY_DONE(RT_ALLOC(of_command, count));
    for (uint32_t i = 0, first = 0; i < count; first = ends[i++]) {
        of_command[i] = depth_of(accesses, first, ends[i], of_access);
        for (uint32_t a = first; a < ends[i]; a++) of_access[a] = of_command[i];
        if (of_command[i] > deepest) deepest = of_command[i];
    }
    for (uint32_t depth = 0; depth <= deepest; depth++)
        for (uint32_t i = 0; i < count; i++)
            if (of_command[i] == depth) order[placed++] = i;
done:
    rt_free(of_access);
    rt_free(of_command);
    return status;
}
