#include "common/formats/onnx/names.h"

#include <string.h>

/* FNV-1a. A file made to collide costs time within its 100,000 nodes, nothing else. */
static uint64_t hash(const char *name)
{
    uint64_t value = 0xcbf29ce484222325u;
    for (; *name != 0; name++) value = (value ^ (uint8_t)*name) * 0x100000001b3u;
    return value ^ value >> 32;
}

/* Where the name stands, or the empty slot where it would. */
static uint32_t slot_of(const rt_names *names, const char *name)
{
    uint32_t slot = (uint32_t)hash(name) & (names->slot_count - 1);
    while (names->slots[slot] != 0 && strcmp(names->names[names->slots[slot] - 1], name) != 0)
        slot = (slot + 1) & (names->slot_count - 1);
    return slot;
}

/* Room for one more; the slots are at most half full, so that a search ends. */
static rt_status grow(rt_names *names)
{
    if (names->count < names->capacity) return RT_OK;
    const uint32_t capacity = names->capacity > 0 ? 2 * names->capacity : 64;
    const char **larger = rt_realloc(names->names, capacity, sizeof *larger);
    if (larger == NULL) return RT_ERROR_MEMORY;
    names->names = larger;
    uint32_t *slots;
    RT_TRY(RT_ALLOC(slots, 2 * (size_t)capacity));
    rt_free(names->slots);
    names->slots = slots;
    names->slot_count = 2 * capacity;
    names->capacity = capacity;
    for (uint32_t i = 0; i < names->count; i++)
        names->slots[slot_of(names, names->names[i])] = i + 1;
    return RT_OK;
}

rt_status rt_names_add(rt_names *names, const char *name, uint32_t *number)
{
    RT_TRY(grow(names));
    const uint32_t slot = slot_of(names, name);
    if (names->slots[slot] != 0)
        return rt_fail(RT_ERROR_INPUT, "the name '%s' is given twice", name);
    *number = names->count;
    names->names[names->count++] = name;
    names->slots[slot] = names->count;
    return RT_OK;
}

int64_t rt_names_find(const rt_names *names, const char *name)
{
    if (names->slot_count == 0) return -1;
    return (int64_t)names->slots[slot_of(names, name)] - 1;
}

void rt_names_clear(rt_names *names)
{
    rt_free(names->names);
    rt_free(names->slots);
    *names = (rt_names){0};
}
