/* The shuffle family's way with results of at most 4 channels: the first layer's gradient, a
 * generator's image. */
#include "common/ops/conv2d_narrow.h"

enum { MOST_COLUMNS = 4, RESULTS = 16 }; ///< of a lane

bool rt_conv2d_is_narrow(const rt_device_info *device, const rt_conv2d_shape *shape,
                         uint32_t result_channels)
{
    return result_channels <= 4 && shape->kernel_h == 3 && shape->kernel_w == 3 &&
           shape->stride == 1 && shape->top == 1 && shape->left == 1 &&
           shape->out_height == shape->height && shape->out_width == shape->width &&
           shape->width <= MOST_COLUMNS * device->subgroup_size;
}

rt_status rt_conv2d_narrow(rt_program *program, const rt_conv2d_narrow_call *call)
{
    const uint32_t lanes = rt_device_describe(rt_program_device(program))->subgroup_size;
    const uint32_t columns = rt_groups(call->width, lanes);
    uint32_t group_lanes = 1;
    while (group_lanes * columns < call->width) group_lanes *= 2;
    const uint32_t rows = RESULTS / columns;
    const bool bias = call->bias.buffer != NULL;
    const rt_dispatch dispatch = {
        .shader = "conv2d_narrow_shuffle",
        .constants = {RT_CONSTANT("HEIGHT", call->height), RT_CONSTANT("WIDTH", call->width),
                      RT_CONSTANT("CI", call->channels), RT_CONSTANT("CO", call->result_channels),
                      RT_CONSTANT("GROUP_LANES", group_lanes), RT_CONSTANT("COLUMNS", columns),
                      RT_CONSTANT("ROWS", rows), RT_CONSTANT("BIAS", bias),
                      RT_CONSTANT("TURNED", call->turned)},
        .push = {RT_CONSTANT("images", call->images)},
        .bindings = {call->x, call->weight, bias ? call->bias : call->weight, call->y},
        .groups = {rt_groups(call->images, lanes / group_lanes) * rt_groups(call->height, rows), 1,
                   1},
        .label = call->label,
    };
    return rt_program_dispatch(program, &dispatch);
}
