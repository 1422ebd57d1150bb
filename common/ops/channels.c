#include "common/ops/channels.h"

enum {
    WORKGROUP_SIZE = 256,
    /* 64 vec4 an invocation and more: what a workgroup costs to start and to add up at its end is
     * then a small part of its work. */
    REDUCTION_VEC4S = 64 * WORKGROUP_SIZE,
    MAXIMUM_BLOCKS = 64, ///< one invocation adds them up in the second stage
    LEAST_VEC4S = 4,     ///< of an invocation in element by element work
    MOST_VEC4S = 16,
    WANTED_WORKGROUPS = 64,
    TOTAL_WORKGROUP_SIZE = 64, ///< of the kernels of the second stage
    RANGE_ALIGNMENT = 256,
};

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + RANGE_ALIGNMENT - 1) / RANGE_ALIGNMENT * RANGE_ALIGNMENT;
}

static uint32_t least(uint64_t a, uint64_t b) { return (uint32_t)(a < b ? a : b); }

rt_channel_blocks rt_channel_reduction(rt_shape shape)
{
    const uint64_t pixels = rt_shape_pixels(shape);
    const uint32_t wanted =
        least(rt_groups(rt_shape_vec4_count(shape), REDUCTION_VEC4S), MAXIMUM_BLOCKS);
    const uint32_t block = (uint32_t)((pixels + wanted - 1) / wanted);
    return (rt_channel_blocks){.block = block, .count = rt_groups(pixels, block)};
}

uint64_t rt_channel_blocks_bytes(rt_shape shape)
{
    return aligned((uint64_t)32 * rt_vec4s(shape.c) * rt_channel_reduction(shape).count);
}

uint64_t rt_channel_vector_bytes(rt_shape shape)
{
    return aligned((uint64_t)16 * rt_vec4s(shape.c));
}

rt_gpu_range rt_subrange(rt_gpu_range range, uint64_t offset, uint64_t size)
{
    return (rt_gpu_range){range.buffer, range.offset + offset, size};
}

static void append(rt_constant *constants, const char *name, double value)
{
    while (constants->name != NULL) constants++;
    *constants = (rt_constant){name, value};
}

/* Pixels of a workgroup that has `rows` of them at a time: few a workgroup keep all cores of a GPU
 * busy, many make the workgroup worth its start. */
static uint32_t elementwise_block(uint64_t pixels, uint32_t chunks, uint32_t rows)
{
    uint64_t steps = pixels * chunks / ((uint64_t)rows * WANTED_WORKGROUPS);
    if (steps < LEAST_VEC4S) steps = LEAST_VEC4S;
    if (steps > MOST_VEC4S) steps = MOST_VEC4S;
    return least(steps * rows, pixels);
}

rt_status rt_dispatch_channels(rt_program *program, rt_shape shape, uint32_t block,
                               const rt_dispatch *dispatch)
{
    const rt_device_info *info = rt_device_describe(rt_program_device(program));
    const uint32_t workgroup = least(info->maximum_workgroup_invocations, WORKGROUP_SIZE);
    const uint32_t vec4s = rt_vec4s(shape.c);
    const uint32_t chunks = (vec4s + workgroup - 1) / workgroup;
    const uint32_t span = (vec4s + chunks - 1) / chunks;
    const uint32_t rows = workgroup / span;
    const uint64_t pixels = rt_shape_pixels(shape);
    if (block == 0) block = elementwise_block(pixels, chunks, rows);
    rt_dispatch complete = *dispatch;
    append(complete.constants, "WORKGROUP_SIZE", workgroup);
    append(complete.push, "pixels", (double)pixels);
    append(complete.push, "vec4s", vec4s);
    append(complete.push, "block", block);
    append(complete.push, "span", span);
    append(complete.push, "rows", rows);
    complete.groups[0] = rt_groups(pixels, block);
    complete.groups[1] = chunks;
    return rt_program_dispatch(program, &complete);
}

rt_status rt_record_channel_statistics(rt_program *program, const rt_channel_statistics *statistics)
{
    const rt_shape shape = statistics->x->shape;
    const rt_channel_blocks blocks = rt_channel_reduction(shape);
    const uint32_t vec4s = rt_vec4s(shape.c);
    const bool update = statistics->running_mean.buffer != NULL;
    const rt_dispatch first = {
        .shader = "batch_norm_statistics_blocks",
        .bindings = {rt_bind(statistics->x), statistics->scratch},
        .label = statistics->label,
    };
    const rt_dispatch total = {
        .shader = "batch_norm_statistics_total",
        .push = {RT_CONSTANT("pixels", rt_shape_pixels(shape)), RT_CONSTANT("vec4s", vec4s),
                 RT_CONSTANT("block", blocks.block), RT_CONSTANT("blocks", blocks.count),
                 RT_CONSTANT("update", update), RT_CONSTANT("momentum", statistics->momentum)},
        /* Without an update the kernel does not touch the last two: any range will do. */
        .bindings = {statistics->scratch, statistics->mean, statistics->variance,
                     update ? statistics->running_mean : statistics->mean,
                     update ? statistics->running_var : statistics->variance},
        .groups = {rt_groups(vec4s, TOTAL_WORKGROUP_SIZE), 1, 1},
        .label = statistics->label,
    };
    RT_TRY(rt_dispatch_channels(program, shape, blocks.block, &first));
    return rt_program_dispatch(program, &total);
}
