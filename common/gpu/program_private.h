#ifndef RT_GPU_PROGRAM_PRIVATE_H
#define RT_GPU_PROGRAM_PRIVATE_H

/**
 * What program.c and record.c share.
 */

#include "common/gpu/hazards.h"
#include "common/gpu/pipeline.h"

/** Descriptor sets and time stamps come from pools of this many; more are made when needed. */
enum { RT_PROGRAM_POOL = 64 };

/** A recorded command. */
typedef struct rt_program_command {
    const char *label;
    const char *shader;
} rt_program_command;

struct rt_program {
    rt_device *device;
    char *name;
    bool measured;
    bool recorded;  ///< rt_program_end was called
    bool submitted; ///< and not waited for yet
    bool finished;  ///< the last run was waited for: its time stamps are there
    VkCommandPool command_pool;
    VkCommandBuffer commands;
    VkFence fence;
    VkDescriptorPool *set_pools;
    uint32_t set_pool_count;
    uint32_t sets_left; ///< in the last pool
    /** Time stamp 0 is taken before the first command, time stamp i after the command i. */
    VkQueryPool *query_pools;
    uint32_t query_pool_count;
    rt_program_command *list;
    uint32_t count;
    uint32_t capacity;
    rt_hazards hazards;
    uint32_t barriers;  ///< recorded so far
    rt_timing *timings; ///< [count]
};

/** Takes time stamp `number`; numbers come in order. Nothing when the program is not measured. */
RT_CHECKED rt_status rt_program_stamp(rt_program *program, uint32_t number);

#endif
