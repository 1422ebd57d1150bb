#include "common/graph/phase_memory.h"

static uint64_t aligned(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

/* Collects, for each tensor's storage, the first and the last step that touches it. */
typedef struct lifetimes {
    rt_phase_memory_map *map;
    uint32_t slot_count;
    uint32_t step;
} lifetimes;

static void touch(void *context, rt_tensor *tensor, bool written)
{
    (void)written;
    lifetimes *l = context;
    const rt_tensor *storage = tensor->storage;
    if (storage->kind != RT_TENSOR_ACTIVATION && storage->kind != RT_TENSOR_INPUT) return;
    uint32_t *known = &l->map->tensor_slot[storage->id];
    if (*known == 0) {
        l->map->slots[l->slot_count] =
            (rt_plan_slot){.size = aligned(rt_shape_bytes(storage->shape)), .first = l->step};
        *known = ++l->slot_count;
    }
    rt_plan_slot *slot = &l->map->slots[*known - 1];
    /* Inputs are filled before the first step. */
    if (storage->kind == RT_TENSOR_INPUT) slot->first = 0;
    if (slot->last < l->step) slot->last = l->step;
}

static uint64_t scratch_bytes(const rt_step *step)
{
    if (step->kind != RT_STEP_FORWARD && step->kind != RT_STEP_BACKWARD) return 0;
    const rt_operator *operator_ = step->node->operator_;
    if (operator_->scratch == NULL) return 0;
    return operator_->scratch(step->node,
                              step->kind == RT_STEP_FORWARD ? RT_PASS_FORWARD : RT_PASS_BACKWARD);
}

rt_status rt_phase_memory_plan(rt_phase_memory_map *map, const rt_graph *graph,
                               const rt_step_list *steps, const rt_plan_limits *limits)
{
    RT_TRY(RT_ALLOC(map->slots, graph->tensor_count + steps->count + 1));
    RT_TRY(RT_ALLOC(map->tensor_slot, graph->tensor_count + 1));
    RT_TRY(RT_ALLOC(map->scratch_slot, steps->count + 1));
    lifetimes l = {.map = map};
    for (uint32_t i = 0; i < steps->count; i++) {
        l.step = i;
        rt_step_visit(&steps->steps[i], touch, &l);
        const uint64_t scratch = scratch_bytes(&steps->steps[i]);
        if (scratch == 0) continue;
        map->slots[l.slot_count] = (rt_plan_slot){.size = aligned(scratch), .first = i, .last = i};
        map->scratch_slot[i] = ++l.slot_count;
    }
    /* Outputs are fetched after the last step. An input that nothing reads is still a place to
     * write to. */
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        rt_tensor *tensor = graph->tensors[i];
        if (tensor->output || tensor->kind == RT_TENSOR_INPUT) {
            l.step = tensor->kind == RT_TENSOR_INPUT ? 0 : steps->count;
            touch(&l, tensor, false);
        }
    }
    return rt_plan_place(&map->plan, map->slots, l.slot_count, limits);
}

static rt_status allocate_states(rt_phase_memory_map *map, rt_device *device, rt_graph *graph)
{
    uint64_t bytes = RT_GPU_ZERO_BYTES;
    for (uint32_t i = 0; i < graph->tensor_count; i++)
        if (graph->tensors[i]->kind == RT_TENSOR_STATE)
            bytes += aligned(rt_shape_bytes(graph->tensors[i]->shape));
    RT_TRY(rt_gpu_buffer_create(&map->state, device, bytes, RT_GPU_WORK));
    uint64_t offset = RT_GPU_ZERO_BYTES;
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        rt_tensor *tensor = graph->tensors[i];
        if (tensor->kind != RT_TENSOR_STATE) continue;
        tensor->range = (rt_gpu_range){map->state, offset, rt_shape_bytes(tensor->shape)};
        offset += aligned(tensor->range.size);
        if (tensor->initial != NULL) RT_TRY(rt_gpu_upload(device, tensor->range, tensor->initial));
    }
    return RT_OK;
}

static rt_status bind_parameter(rt_tensor *tensor)
{
    const rt_parameters_piece piece =
        tensor->is_parameter_gradient ? RT_PIECE_GRADIENTS : RT_PIECE_VALUES;
    return rt_parameters_range(tensor->parameters, piece, tensor->parameter, &tensor->range);
}

/* Backward passes that read a weight multiply by its transpose, and some forward passes. */
static rt_status bind_transposed(const rt_step *step)
{
    if (step->kind != RT_STEP_BACKWARD && step->kind != RT_STEP_FORWARD) return RT_OK;
    const rt_operator *o = step->node->operator_;
    const uint32_t reads =
        step->kind == RT_STEP_BACKWARD ? o->backward_reads : o->forward_transposes;
    for (uint32_t i = 0; i < step->node->input_count; i++) {
        rt_tensor *weight = step->node->inputs[i];
        if (weight == NULL || weight->kind != RT_TENSOR_PARAMETER) continue;
        if ((reads & RT_READS_INPUT(i)) == 0) continue;
        if (!rt_parameter_is_transposable(rt_parameters_row(weight->parameters, weight->parameter)))
            continue;
        RT_TRY(rt_parameters_range(weight->parameters, RT_PIECE_TRANSPOSED, weight->parameter,
                                   &weight->transposed));
    }
    return RT_OK;
}

rt_status rt_phase_memory_allocate(rt_phase_memory_map *map, rt_device *device, rt_graph *graph,
                                   const rt_step_list *steps)
{
    RT_TRY(RT_ALLOC(map->blocks, map->plan.block_count + 1));
    for (uint32_t i = 0; i < map->plan.block_count; i++)
        RT_TRY(
            rt_gpu_buffer_create(&map->blocks[i], device, map->plan.block_bytes[i], RT_GPU_WORK));
    RT_TRY(allocate_states(map, device, graph));
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        rt_tensor *tensor = graph->tensors[i];
        const uint32_t slot = map->tensor_slot[tensor->id];
        if (tensor->kind == RT_TENSOR_PARAMETER) RT_TRY(bind_parameter(tensor));
        if (slot == 0) continue;
        tensor->range = rt_phase_memory_slot(map, slot - 1);
        tensor->range.size = rt_shape_bytes(tensor->shape);
    }
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        rt_tensor *tensor = graph->tensors[i];
        if (tensor->storage != tensor) tensor->range = tensor->storage->range;
    }
    for (uint32_t i = 0; i < steps->count; i++) RT_TRY(bind_transposed(&steps->steps[i]));
    return RT_OK;
}

rt_gpu_range rt_phase_memory_slot(const rt_phase_memory_map *map, uint32_t slot)
{
    const rt_plan_slot *s = &map->slots[slot];
    return (rt_gpu_range){map->blocks[s->block], s->offset, s->size};
}

void rt_phase_memory_clear(rt_phase_memory_map *map)
{
    for (uint32_t i = 0; map->blocks != NULL && i < map->plan.block_count; i++)
        rt_gpu_buffer_free(map->blocks[i]);
    rt_gpu_buffer_free(map->state);
    rt_plan_clear(&map->plan);
    rt_free(map->slots);
    rt_free(map->tensor_slot);
    rt_free(map->scratch_slot);
    rt_free(map->blocks);
    *map = (rt_phase_memory_map){0};
}
