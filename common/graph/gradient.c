/* Reverse-mode differentiation: walks the nodes backwards and derives the list of backward steps.
 *
 * A tensor with several users receives several contributions to its gradient. Where a user passes
 * its own output's gradient on unchanged (add, reshape) the contribution is that very memory
 * ("borrowed"); it is never written to. The first contribution with memory of its own ("owned")
 * becomes the gradient and the others are added into it, in the fixed order of the walk. */

#include "common/graph/graph_private.h"

typedef struct contribution {
    rt_tensor *sum;
    bool owned;
} contribution;

typedef struct walk {
    rt_graph *graph;
    contribution *contributions; ///< by tensor id
    uint32_t tensor_count;       ///< tensors that existed before the walk
} walk;

rt_status rt_step_list_add(rt_step_list *list, const rt_step *step)
{
    if (list->count == list->capacity) {
        const uint32_t capacity = list->capacity > 0 ? 2 * list->capacity : 128;
        rt_step *steps = rt_realloc(list->steps, capacity, sizeof *steps);
        if (steps == NULL) return RT_ERROR_MEMORY;
        list->steps = steps;
        list->capacity = capacity;
    }
    list->steps[list->count++] = *step;
    return RT_OK;
}

static rt_status add_step(walk *w, rt_step_kind kind, rt_tensor *target, rt_tensor *source)
{
    const rt_step step = {.kind = kind, .target = target, .source = source};
    return rt_step_list_add(&w->graph->backward, &step);
}

/* A tensor for a gradient of `of`; the gradient of a parameter lies in its set. */
static rt_status new_gradient(walk *w, const rt_tensor *of, bool in_set, rt_tensor **gradient)
{
    *gradient = rt_graph_add_tensor(w->graph, "gradient", of->shape,
                                    in_set ? RT_TENSOR_PARAMETER : RT_TENSOR_ACTIVATION);
    if (*gradient == NULL) return rt_graph_status(w->graph);
    if (in_set) {
        (*gradient)->parameters = of->parameters;
        (*gradient)->parameter = of->parameter;
        (*gradient)->is_parameter_gradient = true;
    }
    return RT_OK;
}

static rt_status contribute(walk *w, const rt_tensor *to, rt_tensor *gradient, bool owned)
{
    contribution *known = &w->contributions[to->id];
    if (known->sum == NULL) {
        *known = (contribution){gradient, owned};
        return RT_OK;
    }
    if (known->owned) return add_step(w, RT_STEP_SUM, known->sum, gradient);
    if (!owned) { /* two borrowed ones: neither may be written to */
        rt_tensor *sum;
        RT_TRY(new_gradient(w, to, false, &sum));
        RT_TRY(add_step(w, RT_STEP_COPY, sum, gradient));
        gradient = sum;
    }
    RT_TRY(add_step(w, RT_STEP_SUM, gradient, known->sum));
    *known = (contribution){gradient, true};
    return RT_OK;
}

static bool wants_gradient(const rt_node *node, uint32_t input)
{
    return node->inputs[input] != NULL && node->inputs[input]->requires_gradient &&
           (node->operator_->no_gradient_inputs & RT_READS_INPUT(input)) == 0;
}

static rt_status pass_gradient_on(walk *w, const rt_node *node, uint32_t input)
{
    const rt_tensor *to = node->inputs[input];
    rt_tensor *view = node->output_gradients[0];
    if (!rt_shape_equal(view->shape, to->shape)) {
        rt_tensor *storage = view->storage;
        RT_TRY(new_gradient(w, to, false, &view));
        view->storage = storage;
    }
    return contribute(w, to, view, false);
}

/* Whether this contribution may be written straight into the parameter set: not where the sum so
 * far lies there, nor where another input of the node is the same parameter and writes there. */
static bool goes_into_set(const walk *w, const rt_node *node, uint32_t input)
{
    const rt_tensor *to = node->inputs[input];
    const rt_tensor *sum = w->contributions[to->id].sum;
    if (to->parameters == NULL || (sum != NULL && sum->is_parameter_gradient)) return false;
    for (uint32_t i = 0; i < input; i++)
        if (node->inputs[i] == to && node->input_gradients[i] != NULL) return false;
    return true;
}

static bool is_used_once(const rt_node *node, uint32_t input)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (i != input && node->inputs[i] == node->inputs[input]) return false;
    return true;
}

/* Where the operator can add what has come together so far, it does; true if so. */
static rt_status add_in_passing(walk *w, rt_node *node, uint32_t input, bool *added)
{
    const rt_tensor *to = node->inputs[input];
    contribution *known = &w->contributions[to->id];
    *added = (node->operator_->adds & RT_READS_INPUT(input)) != 0 && known->sum != NULL &&
             to->parameters == NULL && is_used_once(node, input);
    if (!*added) return RT_OK;
    node->addends[input] = known->sum;
    if (!known->owned) RT_TRY(new_gradient(w, to, false, &known->sum));
    known->owned = true;
    node->input_gradients[input] = known->sum;
    return RT_OK;
}

static rt_status differentiate_node(walk *w, rt_node *node)
{
    bool reached = false;
    for (uint32_t i = 0; i < node->output_count; i++) {
        rt_tensor *output = node->outputs[i];
        output->gradient = w->contributions[output->id].sum;
        node->output_gradients[i] = output->gradient;
        reached = reached || output->gradient != NULL;
    }
    if (!reached) return RT_OK;
    bool computes = false;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!wants_gradient(node, i)) continue;
        if (node->operator_->passes_gradient & RT_READS_INPUT(i)) continue;
        computes = true;
        bool added;
        RT_TRY(add_in_passing(w, node, i, &added));
        if (added) continue;
        const rt_tensor *to = node->inputs[i];
        const contribution *known = &w->contributions[to->id];
        const bool in_set = goes_into_set(w, node, i);
        RT_TRY(new_gradient(w, to, in_set, &node->input_gradients[i]));
        /* Set at once, so that a second use of the same parameter by this node sees it. */
        if (in_set && known->sum == NULL)
            w->contributions[to->id] = (contribution){node->input_gradients[i], true};
    }
    if (computes)
        RT_TRY(rt_step_list_add(&w->graph->backward,
                                &(rt_step){.kind = RT_STEP_BACKWARD, .node = node}));
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!wants_gradient(node, i)) continue;
        if (node->operator_->passes_gradient & RT_READS_INPUT(i))
            RT_TRY(pass_gradient_on(w, node, i));
        else if (w->contributions[node->inputs[i]->id].sum != node->input_gradients[i])
            RT_TRY(contribute(w, node->inputs[i], node->input_gradients[i], true));
    }
    return RT_OK;
}

/* Inputs, states and parameters have no node: their gradient is whatever has come together. */
static rt_status finish_leaves(walk *w)
{
    for (uint32_t i = 0; i < w->tensor_count; i++) {
        rt_tensor *leaf = w->graph->tensors[i];
        rt_tensor *sum = w->contributions[i].sum;
        if (leaf->producer != NULL || sum == NULL) continue;
        if (leaf->parameters != NULL && !sum->is_parameter_gradient) {
            rt_tensor *gradient;
            RT_TRY(new_gradient(w, leaf, true, &gradient));
            RT_TRY(add_step(w, RT_STEP_COPY, gradient, sum));
            sum = gradient;
        }
        leaf->gradient = sum;
    }
    return RT_OK;
}

static rt_status differentiate(rt_graph *graph, rt_tensor *loss)
{
    if (graph->loss != NULL) return rt_fail(RT_ERROR_INTERNAL, "a graph is differentiated once");
    if (rt_shape_pixels(loss->shape) != 1 || loss->shape.c != 1)
        return rt_fail(RT_ERROR_INTERNAL, "'%s' is not a scalar", loss->name);
    if (!loss->requires_gradient)
        return rt_fail(RT_ERROR_INTERNAL, "'%s' depends on nothing that is trained", loss->name);
    graph->loss = loss;
    rt_status status = RT_OK;
    walk w = {.graph = graph};
    rt_tensor *one = rt_graph_constant(graph, "one", (rt_shape){1, 1, 1, 1}, &(float){1});
    RT_TRY(rt_graph_status(graph));
    w.tensor_count = graph->tensor_count;
    RT_TRY(RT_ALLOC(w.contributions, w.tensor_count));
    w.contributions[loss->id] = (contribution){one, false};
    for (uint32_t i = graph->node_count; i-- > 0;)
        if (!graph->nodes[i]->update) RT_TRY_DONE(differentiate_node(&w, graph->nodes[i]));
    RT_TRY_DONE(finish_leaves(&w));
done:
    rt_free(w.contributions);
    return status;
}

void rt_graph_differentiate(rt_graph *graph, rt_tensor *loss)
{
    if (graph->status != RT_OK || loss == NULL) return;
    const rt_status status = differentiate(graph, loss);
    if (status != RT_OK) rt_graph_fail(graph, status);
}
