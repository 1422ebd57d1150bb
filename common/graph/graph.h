#ifndef RT_GRAPH_GRAPH_H
#define RT_GRAPH_GRAPH_H

/**
 * A graph: one phase of work (a training step, an evaluation, a synthesis step) built once.
 *     rt_graph *graph;
 *     RT_TRY(rt_graph_create(&graph));
 *     rt_tensor *x = rt_graph_input(graph, "images", (rt_shape){128, 32, 32, 1});
 *     rt_tensor *labels = rt_graph_input(graph, "labels", (rt_shape){128, 1, 1, 1});
 *     ... operators (common/ops) and networks (common/nn) ...
 *     rt_graph_output(graph, loss);
 *     rt_graph_differentiate(graph, loss);      // gradients of what requires them
 *     rt_sgd(graph, parameters, &options);      // update nodes
 *     RT_TRY_DONE(rt_graph_status(graph));      // the first error of all the calls above
 *     RT_TRY_DONE(rt_phase_create(&phase, device, graph, NULL)); // common/graph/phase.h
 * Building never fails loudly: after the first error every call returns NULL and takes NULL.
 * No device is needed to build, differentiate or plan.
 */

#include "common/graph/operator.h"
#include "common/graph/parameters.h"

typedef struct rt_graph rt_graph;

RT_CHECKED rt_status rt_graph_create(rt_graph **graph);
/** Releases the graph and its tensors; phases made from it must be freed before. NULL is fine. */
void rt_graph_free(rt_graph *graph);

/** The first error met while building, with its message, or RT_OK. */
RT_CHECKED rt_status rt_graph_status(const rt_graph *graph);
/** Makes `status` (message: this thread's) the graph's error unless it has one; returns NULL. */
rt_tensor *rt_graph_fail(rt_graph *graph, rt_status status);

/** A tensor that the host writes before every step. */
rt_tensor *rt_graph_input(rt_graph *graph, const char *name, rt_shape shape);
/** A tensor that stays from step to step; zero at first (rt_phase_write). */
rt_tensor *rt_graph_state(rt_graph *graph, const char *name, rt_shape shape);
/** A state with these values (dense, [N,H,W,C]; copied) at first. */
rt_tensor *rt_graph_constant(rt_graph *graph, const char *name, rt_shape shape,
                             const float *values);
/** A tensor of a parameter set. `trained`: gradients with respect to it are wanted in this graph.
 */
rt_tensor *rt_graph_parameter(rt_graph *graph, rt_parameters *parameters, uint32_t row,
                              bool trained);
/** Asks for the gradient with respect to an input or state tensor; before anything is made of it.
 */
void rt_graph_require_gradient(rt_graph *graph, rt_tensor *tensor);
/** The same value, through which no gradient flows. */
rt_tensor *rt_graph_detach(rt_graph *graph, rt_tensor *x);
/** The host wants this tensor after every step (rt_phase_output). Not for inputs. */
void rt_graph_output(rt_graph *graph, rt_tensor *tensor);

/** The counters: a state of 4 unsigned words {steps of this phase, steps since the optimiser was
 *  reset, 0, 0}; rt_advance (common/ops/advance.h) adds 1 to the first two at the end of a step.
 *  Random draws use the first, schedules the second. One a graph. */
rt_tensor *rt_graph_counters(rt_graph *graph);

/** The nodes made so far, in the order of building: for what describes or translates a graph. */
uint32_t rt_graph_node_count(const rt_graph *graph);
const rt_node *rt_graph_node(const rt_graph *graph, uint32_t position);

/** For operators: makes a node. Returns its first output, NULL after an error. The attributes are
 *  copied. */
rt_tensor *rt_graph_apply(rt_graph *graph, const rt_operator *operator_, rt_tensor *const *inputs,
                          uint32_t input_count, const void *attributes, size_t attributes_size);
/** The same for a node that runs after the gradients are known and has no outputs to use. */
void rt_graph_apply_update(rt_graph *graph, const rt_operator *operator_, rt_tensor *const *inputs,
                           uint32_t input_count, const void *attributes, size_t attributes_size);
/** For infer_shape: adds output `node->output_count++` of this shape. */
rt_status rt_node_output(rt_graph *graph, rt_node *node, const char *name, rt_shape shape);

/** Puts "prefix." before the names of the nodes made from now on (layers say where they are). */
void rt_graph_scope(rt_graph *graph, const char *prefix);

/** Derives the backward pass of a scalar {1,1,1,1}. At most once a graph, before update nodes. */
void rt_graph_differentiate(rt_graph *graph, rt_tensor *loss);

#endif
