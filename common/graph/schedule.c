/* The list of steps that a graph comes to: only what something needs, in an order fixed by the
 * order of building. */

#include "common/graph/graph_private.h"

typedef struct mark {
    bool *needed; ///< by tensor id
} mark;

static void mark_tensor(void *context, rt_tensor *tensor, bool written)
{
    const mark *m = context;
    if (!written) m->needed[tensor->id] = true;
}

static void visit_present(const rt_tensor *tensor, bool written,
                          void (*visit)(void *, rt_tensor *, bool), void *context)
{
    if (tensor != NULL) visit(context, (rt_tensor *)tensor, written);
}

static void visit_forward(const rt_node *node, void (*visit)(void *, rt_tensor *, bool),
                          void *context)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        visit_present(node->inputs[i], false, visit, context);
    for (uint32_t i = 0; i < node->output_count; i++)
        visit_present(node->outputs[i], true, visit, context);
}

static void visit_backward(const rt_node *node, void (*visit)(void *, rt_tensor *, bool),
                           void *context)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->operator_->backward_reads & RT_READS_INPUT(i))
            visit_present(node->inputs[i], false, visit, context);
        visit_present(node->addends[i], false, visit, context);
        visit_present(node->input_gradients[i], true, visit, context);
    }
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (node->operator_->backward_reads & RT_READS_OUTPUT(i))
            visit_present(node->outputs[i], false, visit, context);
        visit_present(node->output_gradients[i], false, visit, context);
    }
}

/* Leaves out what passes between the two nodes of a joined step: the first's write, the second's
 * read. (The first may still read an addend from that very memory.) */
typedef struct joined_visit {
    const rt_tensor *between;
    bool left_out; ///< whether it is written or read
    void (*visit)(void *context, rt_tensor *tensor, bool written);
    void *context;
} joined_visit;

static void visit_joined(void *context, rt_tensor *tensor, bool written)
{
    const joined_visit *j = context;
    if (tensor != j->between || written != j->left_out) j->visit(j->context, tensor, written);
}

void rt_step_visit(const rt_step *step,
                   void (*visit)(void *context, rt_tensor *tensor, bool written), void *context)
{
    joined_visit joined = {.visit = visit, .context = context};
    if (step->next != NULL) {
        const bool forward = step->kind == RT_STEP_FORWARD;
        joined.between = forward ? step->node->outputs[0] : step->next->output_gradients[0];
        (forward ? visit_forward : visit_backward)(step->next, visit_joined, &joined);
        if (step->keeps) joined.between = NULL;
        joined.left_out = true;
        visit = visit_joined;
        context = &joined;
    }
    switch (step->kind) {
    case RT_STEP_FORWARD:
        visit_forward(step->node, visit, context);
        break;
    case RT_STEP_BACKWARD:
        visit_backward(step->node, visit, context);
        break;
    case RT_STEP_SUM:
        visit(context, step->target, false);
        visit(context, step->target, true);
        visit(context, step->source, false);
        break;
    case RT_STEP_COPY:
        visit(context, step->target, true);
        visit(context, step->source, false);
        break;
    }
}

static bool node_is_needed(const rt_node *node, const bool *needed)
{
    if (node->update || node->operator_->side_effects) return true;
    for (uint32_t i = 0; i < node->output_count; i++)
        if (needed[node->outputs[i]->id] || node->outputs[i]->output) return true;
    return false;
}

static rt_status schedule_marked(const rt_graph *graph, rt_step_list *list, mark *m, bool *keep)
{
    for (uint32_t i = 0; i < graph->backward.count; i++)
        rt_step_visit(&graph->backward.steps[i], mark_tensor, m);
    for (uint32_t i = graph->node_count; i-- > 0;) {
        keep[i] = node_is_needed(graph->nodes[i], m->needed);
        const rt_step forward = {.kind = RT_STEP_FORWARD, .node = graph->nodes[i]};
        if (keep[i]) rt_step_visit(&forward, mark_tensor, m);
    }
    for (int updates = 0; updates <= 1; updates++) {
        for (uint32_t i = 0; i < graph->node_count; i++) {
            rt_node *node = graph->nodes[i];
            if (!keep[i] || node->operator_->view || node->update != (updates == 1)) continue;
            RT_TRY(rt_step_list_add(list, &(rt_step){.kind = RT_STEP_FORWARD, .node = node}));
        }
        if (updates == 1) break;
        for (uint32_t i = 0; i < graph->backward.count; i++)
            RT_TRY(rt_step_list_add(list, &graph->backward.steps[i]));
    }
    return RT_OK;
}

rt_status rt_graph_schedule(const rt_graph *graph, rt_step_list *list)
{
    rt_status status = RT_OK;
    mark m = {0};
    bool *keep = NULL;
    RT_TRY_DONE(rt_graph_status(graph));
    RT_TRY_DONE(RT_ALLOC(m.needed, graph->tensor_count + 1));
    RT_TRY_DONE(RT_ALLOC(keep, graph->node_count + 1));
    RT_TRY_DONE(schedule_marked(graph, list, &m, keep));
done:
    rt_free(m.needed);
    rt_free(keep);
    return status;
}
