#include "common/ops/conv2d_family.h"

/* A bias gradient sums 100,000 pixels of 4 vec4: as a matrix of that form it has no width to fill a
 * vector with. So several pixels side by side count as one wide row; SPLITS runs of such rows are
 * summed at once, and a second run adds up what is left. */
enum { WIDE_COLUMNS = 256, SPLITS = 8, WORKGROUP = 64 };

static uint32_t pixels_a_row(uint32_t columns4)
{
    return columns4 < WIDE_COLUMNS ? WIDE_COLUMNS / columns4 : 1;
}

uint64_t rt_column_sum_bytes(uint32_t columns4)
{
    return (uint64_t)SPLITS * pixels_a_row(columns4) * columns4 * 16;
}

static rt_status sum(rt_program *program, rt_gpu_range x, uint64_t count, uint32_t columns,
                     uint64_t rows_per_split, uint32_t splits, rt_gpu_range total)
{
    const rt_dispatch dispatch = {
        .shader = "column_sum",
        .constants = {RT_CONSTANT("WORKGROUP_SIZE", WORKGROUP)},
        .push = {RT_CONSTANT("count", count), RT_CONSTANT("columns", columns),
                 RT_CONSTANT("rows_per_split", rows_per_split)},
        .bindings = {x, total},
        .groups = {rt_groups(columns, WORKGROUP), splits, 1},
    };
    return rt_program_dispatch(program, &dispatch);
}

rt_status rt_column_sum(rt_program *program, rt_gpu_range x, uint64_t rows, uint32_t columns4,
                        rt_gpu_range total, rt_gpu_range scratch)
{
    const uint32_t pixels = pixels_a_row(columns4), wide = pixels * columns4;
    const uint64_t wide_rows = (rows + pixels - 1) / pixels;
    const uint64_t rows_per_split = (wide_rows + SPLITS - 1) / SPLITS;
    RT_TRY(sum(program, x, rows * columns4, wide, rows_per_split, SPLITS, scratch));
    const uint64_t left = (uint64_t)SPLITS * pixels;
    return sum(program, scratch, left * columns4, columns4, left, 1, total);
}

rt_status rt_conv2d_reduce(rt_program *program, const rt_conv2d_call *call, uint32_t parts)
{
    const uint32_t columns = (uint32_t)(call->weight_gradient.size / 16);
    if (parts == 1) return RT_OK;
    return sum(program, call->partial, (uint64_t)parts * columns, columns, parts, 1,
               call->weight_gradient);
}
