#include "common/ops/optimiser.h"

#include "common/ops/channels.h"
#include "common/ops/elementwise.h"

enum { SCHEDULE, COUNTERS };

/* Of one dispatch: at 128 invocations a workgroup still below 65535 workgroups, which every device
 * allows. */
static const uint64_t MOST_BYTES = 1u << 28;

rt_status rt_optimiser_check(const rt_node *node, const rt_parameters *parameters)
{
    const rt_tensor *schedule = node->inputs[SCHEDULE];
    const rt_shape shape = schedule->shape;
    if (!rt_shape_equal(shape, (rt_shape){shape.n, 1, 1, 4}))
        return rt_fail(RT_ERROR_INPUT, "schedule '%s' must be {steps,1,1,4}, not {%u,%u,%u,%u}",
                       schedule->name, shape.n, shape.h, shape.w, shape.c);
    if (rt_parameters_trained_numbers(parameters) == 0)
        return rt_fail(RT_ERROR_INTERNAL, "an optimiser for a set without trained tensors");
    return RT_OK;
}

static rt_status record_part(rt_program *program, const rt_node *node,
                             const rt_optimiser_update *update, const rt_dispatch *dispatch,
                             uint64_t offset, uint64_t size)
{
    const rt_parameters_piece pieces[] = {RT_PIECE_VALUES, RT_PIECE_GRADIENTS, RT_PIECE_MOMENT_1,
                                          RT_PIECE_MOMENT_2};
    const uint32_t count = 2 + update->moments;
    rt_dispatch part = *dispatch;
    rt_gpu_range *written = part.bindings + count + 2;
    for (uint32_t i = 0; i < count; i++) {
        rt_gpu_range whole;
        RT_TRY(rt_parameters_trained(update->parameters, pieces[i], &whole));
        part.bindings[i] = rt_subrange(whole, offset, size);
        if (pieces[i] != RT_PIECE_GRADIENTS) *written++ = part.bindings[i];
    }
    part.bindings[count] = rt_bind(node->inputs[SCHEDULE]);
    part.bindings[count + 1] = rt_bind(node->inputs[COUNTERS]);
    return rt_dispatch_items(program, size / 16, &part);
}

rt_status rt_optimiser_record(rt_program *program, const rt_node *node,
                              const rt_optimiser_update *update, const rt_dispatch *dispatch)
{
    const rt_device_info *info = rt_device_describe(rt_program_device(program));
    uint64_t most = info->maximum_storage_range_bytes / 256 * 256;
    if (most > MOST_BYTES) most = MOST_BYTES;
    rt_gpu_range values;
    RT_TRY(rt_parameters_trained(update->parameters, RT_PIECE_VALUES, &values));
    rt_dispatch complete = *dispatch;
    rt_constant *push = complete.push;
    while (push->name != NULL) push++;
    push[0] = RT_CONSTANT("rows", node->inputs[SCHEDULE]->shape.n);
    push[1] = RT_CONSTANT("learning_rate_scale", update->learning_rate_scale);
    for (uint64_t offset = 0; offset < values.size; offset += most) {
        const uint64_t left = values.size - offset;
        RT_TRY(record_part(program, node, update, &complete, offset, left < most ? left : most));
    }
    return rt_parameters_record_transpose(update->parameters, program);
}
