#include "common/ops/channels.h"

enum { WORKGROUP_SIZE = 256, RANGE_ALIGNMENT = 256 };

/* How the pixels are cut. */
typedef struct cut {
    /* Of a reduction's first stage: vec4 an invocation, about, and blocks at most. */
    uint32_t reduction_vec4s, most_blocks;
    /* Of work element by element: vec4 an invocation, and workgroups that are enough. */
    uint32_t least_vec4s, most_vec4s, wanted_workgroups;
} cut;

/* What a workgroup costs to start and to add up at its end is a small part of its work. */
static const cut cpu_cut = {.reduction_vec4s = 64,
                            .most_blocks = 64,
                            .least_vec4s = 4,
                            .most_vec4s = 16,
                            .wanted_workgroups = 64};
/* Enough invocations to keep a large GPU's memory busy: 132 cores with 2048 each. */
static const cut gpu_cut = {.reduction_vec4s = 8,
                            .most_blocks = 512,
                            .least_vec4s = 1,
                            .most_vec4s = 4,
                            .wanted_workgroups = 1024};

static const cut *cut_for(rt_program *program)
{
    return rt_device_is_cpu(rt_device_describe(rt_program_device(program))) ? &cpu_cut : &gpu_cut;
}

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + RANGE_ALIGNMENT - 1) / RANGE_ALIGNMENT * RANGE_ALIGNMENT;
}

static uint32_t least(uint64_t a, uint64_t b) { return (uint32_t)(a < b ? a : b); }

static rt_channel_blocks reduction(rt_shape shape, const cut *c)
{
    const uint64_t pixels = rt_shape_pixels(shape);
    const uint64_t block_vec4s = (uint64_t)c->reduction_vec4s * WORKGROUP_SIZE;
    const uint32_t wanted =
        least(rt_groups(rt_shape_vec4_count(shape), block_vec4s), c->most_blocks);
    const uint32_t block = (uint32_t)((pixels + wanted - 1) / wanted);
    return (rt_channel_blocks){.block = block, .count = rt_groups(pixels, block)};
}

rt_channel_blocks rt_channel_reduction(rt_program *program, rt_shape shape)
{
    return reduction(shape, cut_for(program));
}

uint64_t rt_channel_blocks_bytes(rt_shape shape)
{
    const uint32_t cpu = reduction(shape, &cpu_cut).count, gpu = reduction(shape, &gpu_cut).count;
    return aligned((uint64_t)32 * rt_vec4s(shape.c) * (cpu > gpu ? cpu : gpu));
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

/* Pixels of a workgroup that has `rows` of them at a time. */
static uint32_t elementwise_block(const cut *c, uint64_t pixels, uint32_t chunks, uint32_t rows)
{
    uint64_t steps = pixels * chunks / ((uint64_t)rows * c->wanted_workgroups);
    if (steps < c->least_vec4s) steps = c->least_vec4s;
    if (steps > c->most_vec4s) steps = c->most_vec4s;
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
    if (block == 0) block = elementwise_block(cut_for(program), pixels, chunks, rows);
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
    const rt_channel_blocks blocks = rt_channel_reduction(program, shape);
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
        .groups = {rt_groups(vec4s, RT_CHANNEL_TOTAL_COLUMNS), 1, 1},
        .label = statistics->label,
    };
    RT_TRY(rt_dispatch_channels(program, shape, blocks.block, &first));
    return rt_program_dispatch(program, &total);
}
