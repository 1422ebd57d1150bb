#ifndef RT_GRAPH_PLAN_H
#define RT_GRAPH_PLAN_H

/**
 * The memory plan: which tensor lies where, from when it is first written to when it is last read.
 * Needs no device, so "which batch size fits" is a function.
 */

#include "common/graph/graph.h"

typedef struct rt_plan_limits {
    uint64_t block_bytes;   ///< largest single allocation
    uint64_t binding_bytes; ///< largest single tensor
    bool no_aliasing;
} rt_plan_limits;

/** A placed tensor or scratch range. */
typedef struct rt_plan_slot {
    uint32_t block;       ///< which allocation
    uint64_t offset;      ///< bytes, multiple of 256, at least RT_GPU_ZERO_BYTES
    uint64_t size;        ///< bytes, multiple of 256
    uint32_t first, last; ///< steps of the schedule at which it is in use, both included
} rt_plan_slot;

typedef struct rt_plan {
    rt_plan_slot *slots;
    uint32_t slot_count;
    uint64_t *block_bytes; ///< of each allocation
    uint32_t block_count;
} rt_plan;

/**
 * Places `count` slots whose size, first and last are set: slots whose steps overlap never share a
 * byte. Deterministic. Errors: RT_ERROR_DEVICE if one is larger than a binding or a block.
 * Ownership: `slots` are the caller's; clear the plan with rt_plan_clear.
 */
RT_CHECKED rt_status rt_plan_place(rt_plan *plan, rt_plan_slot *slots, uint32_t count,
                                   const rt_plan_limits *limits);
void rt_plan_clear(rt_plan *plan);
/** What to propose where a step of `batch_size` images needs more bytes than are available: the
 *  largest power of two that leaves a margin, at most half of `batch_size`, at least 1. */
uint32_t rt_plan_smaller_batch(uint32_t batch_size, uint64_t needed, uint64_t available);
/** Sum of the blocks, bytes. */
uint64_t rt_plan_bytes(const rt_plan *plan);

#endif
