/* Joins steps: a convolution and the batch norm behind it, say, become one command, and what passes
 * between them is not stored, unless others read it; then at least it need not be read. On CPU drivers a store costs more than most arithmetic
 * (docs/kernels.md). */

#include "common/graph/graph_private.h"

typedef struct readers {
    uint32_t *count; ///< of steps that read a tensor's memory, by its storage's id
} readers;

static void count_reader(void *context, rt_tensor *tensor, bool written)
{
    const readers *r = context;
    if (!written) r->count[tensor->storage->id]++;
}

/* Whether so many steps read the tensor, through no view, and the host does not. */
static bool is_read(const readers *r, const rt_tensor *tensor, uint32_t times)
{
    return tensor != NULL && tensor->kind == RT_TENSOR_ACTIVATION && tensor->storage == tensor &&
           !tensor->output && !tensor->is_parameter_gradient && r->count[tensor->id] == times;
}

/* For a search through what a step reads. */
typedef struct search {
    const rt_tensor *storage;
    bool found;
} search;

static void search_reader(void *context, rt_tensor *tensor, bool written)
{
    search *s = context;
    if (!written && tensor->storage == s->storage) s->found = true;
}

/* The first step that reads step i's output, if that is the forward pass of an operator whose
 * first input it is; the list's count if it is not. */
static uint32_t find_next_forward(const rt_step_list *list, uint32_t i)
{
    const rt_tensor *output = list->steps[i].node->outputs[0];
    search s = {.storage = output->storage};
    uint32_t k = i;
    while (!s.found && ++k < list->count) rt_step_visit(&list->steps[k], search_reader, &s);
    if (k == list->count) return k;
    const rt_step *step = &list->steps[k];
    const bool first_input =
        step->kind == RT_STEP_FORWARD && step->next == NULL && step->node->inputs[0] == output;
    return first_input ? k : list->count;
}

/* A forward pass moves back to its follower's place, where the follower's other inputs are made. */
static bool joins_forward(const readers *r, rt_step_list *list, uint32_t i, rt_device *device)
{
    const rt_step *step = &list->steps[i];
    if (step->node->output_count != 1) return false;
    const uint32_t k = find_next_forward(list, i);
    if (k == list->count) return false;
    rt_node *next = list->steps[k].node;
    const bool keeps = !is_read(r, step->node->outputs[0], 1);
    if (!step->node->operator_->joins(device, step->node, next, RT_PASS_FORWARD, keeps))
        return false;
    list->steps[k] =
        (rt_step){.kind = RT_STEP_FORWARD, .node = step->node, .next = next, .keeps = keeps};
    return true;
}

/* Backward passes are joined where they are neighbours, so that no other gradient is added between.
 * The first may add what has come together so far, perhaps in the memory between them. */
static bool joins_backward(const readers *r, rt_step_list *list, uint32_t i, rt_device *device)
{
    const rt_step *step = &list->steps[i];
    if (i + 1 == list->count || list->steps[i + 1].kind != RT_STEP_BACKWARD) return false;
    rt_node *next = list->steps[i + 1].node;
    const rt_tensor *between = step->node->input_gradients[0];
    const bool in_place = step->node->addends[0] == between;
    if (step->node->inputs[0] != next->outputs[0] || between != next->output_gradients[0] ||
        !is_read(r, between, 1 + in_place) ||
        !step->node->operator_->joins(device, step->node, next, RT_PASS_BACKWARD, false))
        return false;
    list->steps[i + 1] = (rt_step){.kind = RT_STEP_BACKWARD, .node = step->node, .next = next};
    return true;
}

static bool join_step(const readers *r, rt_step_list *list, uint32_t i, rt_device *device)
{
    const rt_step *step = &list->steps[i];
    if (step->node == NULL || step->next != NULL || step->node->operator_->joins == NULL)
        return false;
    if (step->kind == RT_STEP_FORWARD) return joins_forward(r, list, i, device);
    return joins_backward(r, list, i, device);
}

rt_status rt_steps_join(rt_step_list *list, const rt_graph *graph, rt_device *device)
{
    readers r = {0};
    RT_TRY(RT_ALLOC(r.count, graph->tensor_count + 1));
    for (uint32_t i = 0; i < list->count; i++) rt_step_visit(&list->steps[i], count_reader, &r);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (!join_step(&r, list, i, device)) list->steps[kept++] = list->steps[i];
    list->count = kept;
    rt_free(r.count);
    return RT_OK;
}
