#ifndef RT_OPS_SGD_H
#define RT_OPS_SGD_H

/**
 * Stochastic gradient descent with momentum as torch.optim.SGD has it (dampening 0):
 *     g = gradient + weight_decay * value;  buffer = momentum * buffer + g
 *     value -= learning_rate * (nesterov ? g + momentum * buffer : buffer)
 * An update node: runs after all gradients are known, one dispatch for the whole set, weight decay
 * on every trained tensor (biases and batch norm too). The buffer is RT_PIECE_MOMENT_1.
 *     rt_graph_differentiate(graph, loss);
 *     rt_sgd(graph, parameters, &(rt_sgd_options){.schedule = schedule, .learning_rate_scale = 1,
 *                                                 .momentum = 0.9f});
 *     rt_advance(graph); // last: the schedule's row is counted by it
 * A trained tensor that this graph does not reach is updated with whatever its gradient last was (0
 * at first).
 */

#include "common/graph/graph.h"

extern const rt_operator rt_sgd_operator;

typedef struct rt_sgd_options {
    rt_tensor *schedule; ///< state {steps,1,1,4}, .x the learning rate (common/ops/schedule.h); its
                         ///< row is word 1 of rt_graph_counters, at most the last
    float learning_rate_scale; ///< multiplies it; 0 counts as 1
    float momentum;
    bool nesterov;
    float weight_decay;
} rt_sgd_options;

/** Errors: RT_ERROR_INPUT for a schedule of another shape; RT_ERROR_INTERNAL if nothing is trained.
 */
void rt_sgd(rt_graph *graph, rt_parameters *parameters, const rt_sgd_options *options);

#endif
