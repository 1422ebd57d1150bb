#include "common/gpu/hazards.h"

#include <string.h>

static bool meet(const rt_access *a, const rt_access *b)
{
    return (a->writes || b->writes) && a->buffer == b->buffer && a->begin < b->end &&
           b->begin < a->end;
}

void rt_hazards_note(rt_hazards *hazards, const rt_gpu_range *range, bool writes)
{
    /* Shaders reach whole vec4s (record.c, fill_set). */
    const uint64_t end = range->offset + (range->size + 15) / 16 * 16;
    const rt_access access = {range->buffer, range->offset, end, writes};
    for (uint32_t i = 0; i < hazards->before && !hazards->conflict; i++)
        hazards->conflict = meet(&hazards->accesses[i], &access);
    if (hazards->count == RT_HAZARDS_ACCESSES) {
        /* The barrier that this asks for does away with the earlier ones. */
        hazards->conflict = true;
        hazards->count -= hazards->before;
        memmove(hazards->accesses, hazards->accesses + hazards->before,
                hazards->count * sizeof hazards->accesses[0]);
        hazards->before = 0;
    }
    hazards->accesses[hazards->count++] = access;
}

bool rt_hazards_end_command(rt_hazards *hazards)
{
    const bool barrier = hazards->conflict || !hazards->begun;
    if (hazards->conflict) {
        hazards->count -= hazards->before;
        memmove(hazards->accesses, hazards->accesses + hazards->before,
                hazards->count * sizeof hazards->accesses[0]);
    }
    hazards->before = hazards->count;
    hazards->begun = true;
    hazards->conflict = false;
    return barrier;
}
