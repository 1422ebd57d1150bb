#ifndef RT_GRAPH_PHASE_MEMORY_H
#define RT_GRAPH_PHASE_MEMORY_H

/**
 * The device memory of a phase: which slot of the plan each tensor and each step's scratch has.
 * Inside common/graph only.
 */

#include "common/graph/graph_private.h"
#include "common/graph/phase.h"

typedef struct rt_phase_memory_map {
    rt_plan plan;
    rt_plan_slot *slots;
    uint32_t *tensor_slot;  ///< by tensor id: slot + 1, 0 for none (states, parameters, unused)
    uint32_t *scratch_slot; ///< by step: slot + 1, 0 for none
    rt_gpu_buffer **blocks; ///< one a block of the plan
    rt_gpu_buffer *state;   ///< all states, one behind the other
} rt_phase_memory_map;

/** Plans without a device: slots of all tensors and scratch ranges of `steps`. */
RT_CHECKED rt_status rt_phase_memory_plan(rt_phase_memory_map *map, const rt_graph *graph,
                                          const rt_step_list *steps, const rt_plan_limits *limits);
/** Takes the memory and sets every tensor's range (and states' first values). */
RT_CHECKED rt_status rt_phase_memory_allocate(rt_phase_memory_map *map, rt_device *device,
                                              rt_graph *graph, const rt_step_list *steps);
/** The range of a slot of the plan. */
rt_gpu_range rt_phase_memory_slot(const rt_phase_memory_map *map, uint32_t slot);
void rt_phase_memory_clear(rt_phase_memory_map *map);

#endif
