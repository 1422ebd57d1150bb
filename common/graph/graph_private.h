#ifndef RT_GRAPH_GRAPH_PRIVATE_H
#define RT_GRAPH_GRAPH_PRIVATE_H

/**
 * What the files of common/graph share: the inside of a graph, and the list of steps that it comes
 * to. Nothing outside this folder includes it.
 */

#include "common/graph/graph.h"

typedef enum rt_step_kind {
    RT_STEP_FORWARD,  ///< node->operator_->forward
    RT_STEP_BACKWARD, ///< node->operator_->backward
    RT_STEP_SUM,      ///< target += source
    RT_STEP_COPY,     ///< target = source
} rt_step_kind;

typedef struct rt_step {
    rt_step_kind kind;
    rt_node *node;              ///< FORWARD, BACKWARD
    rt_node *next;              ///< recorded together with `node` (rt_steps_join); NULL: nothing is
    bool keeps;                 ///< what passes between them is stored too: others read it
    rt_tensor *target, *source; ///< SUM, COPY
} rt_step;

typedef struct rt_step_list {
    rt_step *steps;
    uint32_t count, capacity;
} rt_step_list;

RT_CHECKED rt_status rt_step_list_add(rt_step_list *list, const rt_step *step);

struct rt_graph {
    rt_arena arena; ///< tensors, nodes, names, attributes
    rt_tensor **tensors;
    uint32_t tensor_count, tensor_capacity;
    rt_node **nodes; ///< in the order of building, which is an order of execution
    uint32_t node_count, node_capacity;
    rt_step_list backward; ///< made by rt_graph_differentiate
    rt_tensor *counters;
    rt_tensor *loss;
    const char *scope;
    rt_status status;
    char message[1024];
};

/** A new tensor of the graph; NULL (graph error set) without memory. */
rt_tensor *rt_graph_add_tensor(rt_graph *graph, const char *name, rt_shape shape,
                               rt_tensor_kind kind);

/** All steps in order: the forward passes that something needs, the backward passes, the updates.
 *  Ownership: the caller releases list->steps with rt_free. */
RT_CHECKED rt_status rt_graph_schedule(const rt_graph *graph, rt_step_list *list);

/** Lets every operator of these steps prepare for what it has to do. */
RT_CHECKED rt_status rt_steps_prepare(const rt_step_list *list, rt_device *device);

/** Makes one step of two wherever an operator can do both at once. After rt_steps_prepare. */
RT_CHECKED rt_status rt_steps_join(rt_step_list *list, const rt_graph *graph, rt_device *device);

/** Calls `visit` for every tensor that a step reads (`written` false) or writes (true). */
void rt_step_visit(const rt_step *step,
                   void (*visit)(void *context, rt_tensor *tensor, bool written), void *context);

/** Whether a parameter's weights have a [tap][out][in] copy. */
bool rt_parameter_is_transposable(const rt_parameter *parameter);
/** Whether the transposed copies of a set are kept up to date by those who change it. */
bool rt_parameters_transposed_in_use(const rt_parameters *parameters);
/** Says that the values changed without their transposed copies. */
void rt_parameters_mark_stale(rt_parameters *parameters);

#endif
