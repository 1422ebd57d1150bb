#ifndef RT_GPU_PROGRAM_PRIVATE_H
#define RT_GPU_PROGRAM_PRIVATE_H

/**
 * What program.c, record.c and emit.c share.
 */

#include "common/gpu/hazards.h"
#include "common/gpu/pipeline.h"

/** Descriptor sets and time stamps come from pools of this many; more are made when needed. */
enum { RT_PROGRAM_POOL = 64 };

typedef enum rt_command_kind {
    RT_COMMAND_DISPATCH,
    RT_COMMAND_COPY,
    RT_COMMAND_FILL
} rt_command_kind;

/** A command as it will be recorded; a range that is not used is {0}. */
typedef struct rt_program_command {
    rt_command_kind kind;
    const char *label;
    const char *shader;
    uint32_t first_access, access_count; ///< of rt_program.accesses
    rt_pipeline *pipeline;               ///< dispatch
    const rt_shader *of;
    VkDescriptorSet set;
    uint32_t push[RT_PUSH_BYTES / 4];
    uint32_t groups[3];
    rt_gpu_range to, from; ///< copy, fill
    uint32_t word;         ///< fill
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
    rt_program_command *list; ///< in the order of rt_program_dispatch and its like
    uint32_t count;
    uint32_t capacity;
    rt_access *accesses; ///< of all commands
    uint32_t access_count;
    uint32_t access_capacity;
    uint32_t barriers;  ///< recorded by rt_program_end
    rt_timing *timings; ///< [count]
};

/** Records all commands, with the barriers that they need. */
RT_CHECKED rt_status rt_program_emit(rt_program *program);

#endif
