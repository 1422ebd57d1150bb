/* Greedy placement by size: the largest slots first, each at the lowest offset of the first block
 * where it overlaps no placed slot that is in use at the same time. Large tensors decide the size
 * of a training step's memory; placing them first leaves the gaps to the small ones. */

#include "common/graph/plan.h"

#include <stdlib.h>

static bool in_use_together(const rt_plan_slot *a, const rt_plan_slot *b, bool no_aliasing)
{
    return no_aliasing || (a->first <= b->last && b->first <= a->last);
}

static int by_size(const void *left, const void *right)
{
    const rt_plan_slot *a = *(rt_plan_slot *const *)left, *b = *(rt_plan_slot *const *)right;
    if (a->size != b->size) return a->size > b->size ? -1 : 1;
    return a < b ? -1 : 1; /* a fixed order for equal sizes: the same plan every time */
}

static int by_offset(const void *left, const void *right)
{
    const rt_plan_slot *a = *(rt_plan_slot *const *)left, *b = *(rt_plan_slot *const *)right;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    return a < b ? -1 : 1;
}

/* The lowest offset of `block` at which `slot` fits among the placed ones that it meets. */
static uint64_t lowest_offset(const rt_plan_slot *slot, rt_plan_slot *const *placed, uint32_t count,
                              uint32_t block, bool no_aliasing, rt_plan_slot **neighbours)
{
    uint32_t met = 0;
    for (uint32_t i = 0; i < count; i++)
        if (placed[i]->block == block && in_use_together(slot, placed[i], no_aliasing))
            neighbours[met++] = placed[i];
    qsort(neighbours, met, sizeof *neighbours, by_offset);
    uint64_t offset = RT_GPU_ZERO_BYTES;
    for (uint32_t i = 0; i < met; i++) {
        if (offset + slot->size <= neighbours[i]->offset) break;
        const uint64_t end = neighbours[i]->offset + neighbours[i]->size;
        if (end > offset) offset = end;
    }
    return offset;
}

static rt_status place_one(rt_plan *plan, rt_plan_slot *slot, rt_plan_slot *const *placed,
                           uint32_t count, const rt_plan_limits *limits, rt_plan_slot **neighbours)
{
    if (slot->size > limits->binding_bytes || slot->size + RT_GPU_ZERO_BYTES > limits->block_bytes)
        return rt_fail(
            RT_ERROR_DEVICE,
            "a tensor of %.1f MiB is larger than the device can bind (%.1f MiB); use a smaller "
            "batch",
            (double)slot->size / 1048576, (double)limits->binding_bytes / 1048576);
    for (uint32_t block = 0;; block++) {
        const uint64_t offset =
            lowest_offset(slot, placed, count, block, limits->no_aliasing, neighbours);
        if (offset + slot->size > limits->block_bytes) continue;
        if (block == plan->block_count) {
            uint64_t *bytes = rt_realloc(plan->block_bytes, block + 1, sizeof *bytes);
            if (bytes == NULL) return RT_ERROR_MEMORY;
            plan->block_bytes = bytes;
            plan->block_bytes[plan->block_count++] = 0;
        }
        slot->block = block;
        slot->offset = offset;
        if (offset + slot->size > plan->block_bytes[block])
            plan->block_bytes[block] = offset + slot->size;
        return RT_OK;
    }
}

rt_status rt_plan_place(rt_plan *plan, rt_plan_slot *slots, uint32_t count,
                        const rt_plan_limits *limits)
{
    rt_status status = RT_OK;
    rt_plan_slot **order = NULL, **neighbours = NULL;
    *plan = (rt_plan){.slots = slots, .slot_count = count};
    RT_TRY_DONE(RT_ALLOC(order, count + 1));
    RT_TRY_DONE(RT_ALLOC(neighbours, count + 1));
    for (uint32_t i = 0; i < count; i++) order[i] = &slots[i];
    qsort(order, count, sizeof *order, by_size);
    for (uint32_t i = 0; i < count; i++)
        RT_TRY_DONE(place_one(plan, order[i], order, i, limits, neighbours));
done:
    rt_free(order);
    rt_free(neighbours);
    if (status != RT_OK) rt_plan_clear(plan);
    return status;
}

uint32_t rt_plan_smaller_batch(uint32_t batch_size, uint64_t needed, uint64_t available)
{
    /* Not all memory grows with the batch: what does gets a little less than its share. */
    const double most = 0.95 * (double)available / (double)needed * batch_size;
    uint32_t batch = 1;
    while (2 * batch <= batch_size / 2 && 2 * batch <= most) batch *= 2;
    return batch;
}

void rt_plan_clear(rt_plan *plan)
{
    rt_free(plan->block_bytes);
    *plan = (rt_plan){0};
}

uint64_t rt_plan_bytes(const rt_plan *plan)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < plan->block_count; i++) bytes += plan->block_bytes[i];
    return bytes;
}
