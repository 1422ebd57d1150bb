#include "common/ops/elementwise.h"

/* Of shaders/tensor.glsl. */
enum { WORKGROUP_SIZE = 256, VECTORS = 4 };

static void append(rt_constant *constants, rt_constant constant)
{
    while (constants->name != NULL) constants++;
    *constants = constant;
}

rt_status rt_dispatch_items(rt_program *program, uint64_t count, const rt_dispatch *dispatch)
{
    const rt_device_info *info = rt_device_describe(rt_program_device(program));
    const uint32_t most = info->maximum_workgroup_invocations;
    const uint32_t workgroup = most < WORKGROUP_SIZE ? most : WORKGROUP_SIZE;
    rt_dispatch items = *dispatch;
    append(items.constants, RT_CONSTANT("WORKGROUP_SIZE", workgroup));
    append(items.push, RT_CONSTANT("count", count));
    items.groups[0] = rt_groups(count, (uint64_t)workgroup * VECTORS);
    return rt_program_dispatch(program, &items);
}

rt_status rt_infer_same_shape(rt_graph *graph, rt_node *node)
{
    return rt_node_output(graph, node, node->operator_->name, node->inputs[0]->shape);
}

rt_cost rt_elementwise_cost(rt_shape shape, double flops, double tensors)
{
    return (rt_cost){.flops = flops * (double)rt_shape_pixels(shape) * shape.c,
                     .bytes = tensors * (double)rt_shape_bytes(shape)};
}
