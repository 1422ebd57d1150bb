#include "common/graph/phase_memory.h"

#include <string.h>

enum { INPUT_PLACES = 2 }; ///< the host fills one while the device reads the other

/* What a recorded command belongs to, for timings. */
typedef struct command_origin {
    uint32_t step; ///< steps->count: copies of inputs and outputs
    bool first;    ///< first command of its step
} command_origin;

struct rt_phase {
    rt_device *device;
    rt_graph *graph;
    rt_phase_options options;
    rt_step_list steps;
    rt_phase_memory_map memory;
    rt_program *programs[INPUT_PLACES]; ///< differ only in where they fetch the inputs
    rt_gpu_buffer *upload[INPUT_PLACES];
    rt_gpu_buffer *readback;
    uint64_t *host_offset;   ///< by tensor id: of an input in `upload`, of an output in `readback`
    command_origin *origins; ///< by command (timestamps only)
    uint32_t origin_count, origin_capacity;
    rt_parameters **used; ///< sets whose transposed copies are read
    uint32_t used_count;
    rt_parameters **changed; ///< sets that an update changes without refreshing those copies
    uint32_t changed_count;
    uint32_t next;    ///< place of the next submission
    uint32_t running; ///< place of the last one + 1, 0: none
};

static uint64_t aligned(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

static rt_status allocate_host_buffers(rt_phase *phase)
{
    const rt_graph *graph = phase->graph;
    uint64_t input_bytes = 256, output_bytes = 256;
    RT_TRY(RT_ALLOC(phase->host_offset, graph->tensor_count + 1));
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        const rt_tensor *tensor = graph->tensors[i];
        uint64_t *bytes = tensor->kind == RT_TENSOR_INPUT ? &input_bytes : &output_bytes;
        if (tensor->kind != RT_TENSOR_INPUT && !tensor->output) continue;
        phase->host_offset[i] = *bytes;
        *bytes += aligned(rt_shape_bytes(tensor->shape));
    }
    for (int place = 0; place < INPUT_PLACES; place++)
        RT_TRY(
            rt_gpu_buffer_create(&phase->upload[place], phase->device, input_bytes, RT_GPU_UPLOAD));
    return rt_gpu_buffer_create(&phase->readback, phase->device, output_bytes, RT_GPU_READBACK);
}

static rt_status note_commands(rt_phase *phase, const rt_program *program, uint32_t step)
{
    const uint32_t commands = rt_program_command_count(program);
    bool first = true;
    if (!phase->options.timestamps) return RT_OK;
    while (phase->origin_count < commands) {
        if (phase->origin_count == phase->origin_capacity) {
            const uint32_t capacity = 2 * phase->origin_capacity + 256;
            command_origin *larger = rt_realloc(phase->origins, capacity, sizeof *larger);
            if (larger == NULL) return RT_ERROR_MEMORY;
            phase->origins = larger;
            phase->origin_capacity = capacity;
        }
        phase->origins[phase->origin_count++] = (command_origin){step, first};
        first = false;
    }
    return RT_OK;
}

static rt_status record_sum(rt_program *program, const rt_tensor *target, const rt_tensor *source)
{
    enum { WORKGROUP_SIZE = 256, VECTORS = 4 }; /* of shaders/tensor.glsl */
    const uint64_t count = rt_shape_vec4_count(target->shape);
    const uint32_t most =
        rt_device_describe(rt_program_device(program))->maximum_workgroup_invocations;
    const uint32_t workgroup = most < WORKGROUP_SIZE ? most : WORKGROUP_SIZE;
    const rt_dispatch dispatch = {
        .shader = "accumulate",
        .constants = {RT_CONSTANT("WORKGROUP_SIZE", workgroup)},
        .push = {RT_CONSTANT("count", count)},
        .bindings = {source->range, target->range, target->range},
        .groups = {rt_groups(count, (uint64_t)workgroup * VECTORS), 1, 1},
        .label = "sum of gradients",
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status record_step(rt_phase *phase, rt_program *program, uint32_t index)
{
    const rt_step *step = &phase->steps.steps[index];
    rt_node *node = step->node;
    if (node != NULL) {
        const uint32_t slot = phase->memory.scratch_slot[index];
        node->scratch = (rt_gpu_range){0};
        if (slot != 0) node->scratch = rt_phase_memory_slot(&phase->memory, slot - 1);
    }
    if (step->next != NULL)
        return node->operator_->record_joined(
            program, node, step->next,
            step->kind == RT_STEP_FORWARD ? RT_PASS_FORWARD : RT_PASS_BACKWARD, step->keeps);
    switch (step->kind) {
    case RT_STEP_FORWARD:
        return node->operator_->forward(program, node);
    case RT_STEP_BACKWARD:
        return node->operator_->backward(program, node);
    case RT_STEP_SUM:
        return record_sum(program, step->target, step->source);
    case RT_STEP_COPY:
        return rt_program_copy(program, step->target->range, step->source->range);
    }
    return RT_OK;
}

/* A test's help: what is read after its last use reads NaN. */
static rt_status record_poison(const rt_phase *phase, rt_program *program, uint32_t index)
{
    const rt_plan *plan = &phase->memory.plan;
    for (uint32_t i = 0; i < plan->slot_count; i++)
        if (plan->slots[i].last == index)
            RT_TRY(rt_program_fill(program, rt_phase_memory_slot(&phase->memory, i), 0x7fc00000));
    return RT_OK;
}

static rt_status record_host_copies(rt_phase *phase, rt_program *program, int place, bool inputs)
{
    for (uint32_t i = 0; i < phase->graph->tensor_count; i++) {
        const rt_tensor *tensor = phase->graph->tensors[i];
        if (inputs ? tensor->kind != RT_TENSOR_INPUT : !tensor->output) continue;
        const rt_gpu_range host = {inputs ? phase->upload[place] : phase->readback,
                                   phase->host_offset[i], rt_shape_bytes(tensor->shape)};
        const rt_gpu_range device = tensor->range;
        RT_TRY(rt_program_copy(program, inputs ? device : host, inputs ? host : device));
    }
    return note_commands(phase, program, phase->steps.count);
}

static rt_status record(rt_phase *phase, int place)
{
    const rt_program_options options = {.timestamps = phase->options.timestamps};
    RT_TRY(rt_program_begin(&phase->programs[place], phase->device, "phase", &options));
    rt_program *program = phase->programs[place];
    phase->origin_count = 0;
    RT_TRY(record_host_copies(phase, program, place, true));
    for (uint32_t i = 0; i < phase->steps.count; i++) {
        const rt_status status = record_step(phase, program, i);
        if (status != RT_OK) {
            if (phase->steps.steps[i].node != NULL)
                rt_error_prefix("%s: ", phase->steps.steps[i].node->label);
            return status;
        }
        if (phase->options.poison) RT_TRY(record_poison(phase, program, i));
        RT_TRY(note_commands(phase, program, i));
    }
    RT_TRY(record_host_copies(phase, program, place, false));
    return rt_program_end(program);
}

static void add_set(rt_parameters **sets, uint32_t *count, rt_parameters *set)
{
    for (uint32_t i = 0; i < *count; i++)
        if (sets[i] == set) return;
    sets[(*count)++] = set;
}

/* Which sets must be fresh before a step, and which a step leaves stale for others: an optimiser
 * recorded before any phase asked for transposed copies does not refresh them. */
static rt_status note_sets(rt_phase *phase)
{
    const rt_graph *graph = phase->graph;
    RT_TRY(RT_ALLOC(phase->used, graph->tensor_count + 1));
    RT_TRY(RT_ALLOC(phase->changed, graph->tensor_count + 1));
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        const rt_tensor *tensor = graph->tensors[i];
        if (tensor->transposed.buffer != NULL)
            add_set(phase->used, &phase->used_count, tensor->parameters);
        if (tensor->is_parameter_gradient && !rt_parameters_transposed_in_use(tensor->parameters))
            add_set(phase->changed, &phase->changed_count, tensor->parameters);
    }
    return RT_OK;
}

static rt_status create(rt_phase *phase)
{
    const rt_device_info *info = rt_device_describe(phase->device);
    /* A block that a texel view spans whole lets the texel kernels read anything in it. Devices
     * whose views are tiny would get thousands of blocks, too small for a batch's tensors. */
    enum { SMALLEST_BLOCK = 128 << 20 };
    const uint64_t texel_bytes = 16 * info->maximum_texel_elements;
    uint64_t block = info->maximum_allocation_bytes;
    if (texel_bytes < block && texel_bytes >= SMALLEST_BLOCK) block = texel_bytes;
    const rt_plan_limits limits = {
        .block_bytes = block,
        .binding_bytes = info->maximum_storage_range_bytes,
        .no_aliasing = phase->options.no_aliasing,
    };
    RT_TRY(rt_graph_schedule(phase->graph, &phase->steps));
    RT_TRY(rt_steps_prepare(&phase->steps, phase->device));
    if (!phase->options.no_joining)
        RT_TRY(rt_steps_join(&phase->steps, phase->graph, phase->device));
    RT_TRY(rt_phase_memory_plan(&phase->memory, phase->graph, &phase->steps, &limits));
    RT_TRY(rt_phase_memory_allocate(&phase->memory, phase->device, phase->graph, &phase->steps));
    RT_TRY(allocate_host_buffers(phase));
    RT_TRY(note_sets(phase));
    for (int place = 0; place < INPUT_PLACES; place++) RT_TRY(record(phase, place));
    return RT_OK;
}

/* What a phase takes of the device, all in all. */
static uint64_t needed_bytes(const rt_phase *phase)
{
    uint64_t bytes = rt_plan_bytes(&phase->memory.plan);
    for (uint32_t i = 0; i < phase->graph->tensor_count; i++) {
        const rt_tensor *tensor = phase->graph->tensors[i];
        const uint64_t size = aligned(rt_shape_bytes(tensor->shape));
        if (tensor->kind == RT_TENSOR_INPUT) bytes += INPUT_PLACES * size;
        if (tensor->kind == RT_TENSOR_STATE) bytes += size;
        if (tensor->output) bytes += size;
    }
    return bytes;
}

/* Adds to the message of a phase that lacks memory which batch should fit. `used` are the bytes
 * that were in use before it. */
static rt_status propose_batch(const rt_phase *phase, uint64_t used)
{
    const rt_plan_slot *slots = phase->memory.slots;
    const uint32_t slot_count = phase->graph->tensor_count + phase->steps.count;
    const uint32_t batch_size = phase->options.batch_size;
    const uint64_t binding = rt_device_describe(phase->device)->maximum_storage_range_bytes;
    const uint64_t capacity = rt_device_capacity_bytes(phase->device);
    uint64_t needed = needed_bytes(phase), available = capacity - used, largest = 0;
    for (uint32_t i = 0; slots != NULL && i < slot_count; i++)
        if (slots[i].size > largest) largest = slots[i].size;
    if (largest > binding) {
        needed = largest;
        available = binding;
    } else if (capacity == 0) /* not for lack of memory */
        return RT_ERROR_DEVICE;
    if (batch_size < 2) return RT_ERROR_DEVICE;
    return rt_fail(RT_ERROR_DEVICE, "%s: a batch size of %u should fit", rt_error_message(),
                   rt_plan_smaller_batch(batch_size, needed, available));
}

rt_status rt_phase_create(rt_phase **phase, rt_device *device, rt_graph *graph,
                          const rt_phase_options *options)
{
    RT_TRY(RT_ALLOC(*phase, 1));
    (*phase)->device = device;
    (*phase)->graph = graph;
    if (options != NULL) (*phase)->options = *options;
    const uint64_t used = rt_device_used_bytes(device);
    rt_status status = create(*phase);
    if (status == RT_ERROR_DEVICE) status = propose_batch(*phase, used);
    if (status != RT_OK) {
        rt_phase_free(*phase);
        *phase = NULL;
    }
    return status;
}

void rt_phase_free(rt_phase *phase)
{
    if (phase == NULL) return;
    for (int place = 0; place < INPUT_PLACES; place++) {
        rt_program_free(phase->programs[place]);
        rt_gpu_buffer_free(phase->upload[place]);
    }
    rt_gpu_buffer_free(phase->readback);
    rt_phase_memory_clear(&phase->memory);
    rt_free(phase->steps.steps);
    rt_free(phase->host_offset);
    rt_free(phase->origins);
    rt_free(phase->used);
    rt_free(phase->changed);
    rt_free(phase);
}

float *rt_phase_input(rt_phase *phase, const rt_tensor *tensor)
{
    char *bytes = rt_gpu_buffer_map(phase->upload[phase->next]);
    return (float *)(bytes + phase->host_offset[tensor->id]);
}

rt_status rt_phase_submit(rt_phase *phase)
{
    RT_TRY(rt_phase_wait(phase));
    for (uint32_t i = 0; i < phase->used_count; i++) RT_TRY(rt_parameters_refresh(phase->used[i]));
    RT_TRY(rt_program_submit(phase->programs[phase->next]));
    for (uint32_t i = 0; i < phase->changed_count; i++) rt_parameters_mark_stale(phase->changed[i]);
    phase->running = phase->next + 1;
    phase->next = (phase->next + 1) % INPUT_PLACES;
    return RT_OK;
}

rt_status rt_phase_wait(rt_phase *phase)
{
    if (phase->running == 0) return RT_OK;
    return rt_program_wait(phase->programs[phase->running - 1]);
}

const float *rt_phase_output(const rt_phase *phase, const rt_tensor *tensor)
{
    const char *bytes = rt_gpu_buffer_map(phase->readback);
    return (const float *)(bytes + phase->host_offset[tensor->id]);
}

static rt_status check_state(const rt_tensor *tensor)
{
    if (tensor->kind == RT_TENSOR_STATE) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL, "'%s' does not stay from step to step", tensor->name);
}

rt_status rt_phase_read(rt_phase *phase, const rt_tensor *tensor, void *padded)
{
    RT_TRY(check_state(tensor));
    RT_TRY(rt_phase_wait(phase));
    return rt_gpu_download(phase->device, padded, tensor->range);
}

rt_status rt_phase_write(rt_phase *phase, const rt_tensor *tensor, const void *padded)
{
    RT_TRY(check_state(tensor));
    RT_TRY(rt_phase_wait(phase));
    return rt_gpu_upload(phase->device, tensor->range, padded);
}

uint64_t rt_phase_memory(const rt_phase *phase) { return rt_plan_bytes(&phase->memory.plan); }

static void describe_command(const rt_phase *phase, const command_origin *origin,
                             rt_phase_timing *timing)
{
    timing->label = "inputs and outputs";
    timing->operator_name = "copy";
    timing->pass = "copy";
    if (origin->step == phase->steps.count) return;
    const rt_step *step = &phase->steps.steps[origin->step];
    if (step->node == NULL) {
        timing->label = step->target->name;
        timing->operator_name = "gradient";
        timing->pass = step->kind == RT_STEP_SUM ? "sum" : "copy";
        return;
    }
    const rt_node *node = step->node;
    const rt_pass pass = step->kind == RT_STEP_FORWARD ? RT_PASS_FORWARD : RT_PASS_BACKWARD;
    timing->label = node->label;
    timing->operator_name = node->operator_->name;
    timing->pass = node->update ? "update" : pass == RT_PASS_FORWARD ? "forward" : "backward";
    if (origin->first && node->operator_->cost != NULL)
        timing->cost = node->operator_->cost(node, pass);
}

rt_status rt_phase_timings(rt_phase *phase, rt_arena *arena, rt_phase_timing **timings,
                           uint32_t *count)
{
    const rt_timing *measured;
    if (!phase->options.timestamps || phase->running == 0)
        return rt_fail(RT_ERROR_INTERNAL, "the phase was not run with timestamps");
    RT_TRY(rt_program_timings(phase->programs[phase->running - 1], &measured, count));
    *timings = rt_arena_alloc(arena, *count + 1, sizeof **timings);
    if (*timings == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < *count && i < phase->origin_count; i++) {
        (*timings)[i].seconds = measured[i].seconds;
        (*timings)[i].shader = measured[i].shader;
        describe_command(phase, &phase->origins[i], &(*timings)[i]);
    }
    return RT_OK;
}
