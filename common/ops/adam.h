#ifndef RT_OPS_ADAM_H
#define RT_OPS_ADAM_H

/**
 * Adam (Kingma and Ba 2015) as torch.optim.Adam has it; t counts the steps from 1:
 *     g = gradient + weight_decay * value
 *     m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
 *     value -= learning_rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * An update node like rt_sgd (common/ops/sgd.h). m and v are RT_PIECE_MOMENT_1 and _2.
 */

#include "common/graph/graph.h"

extern const rt_operator rt_adam_operator;

typedef struct rt_adam_options {
    rt_tensor *schedule; ///< state {steps,1,1,4}: .x the learning rate, .y 1/(1 - beta1^t), .z
                         ///< 1/(1 - beta2^t) (rt_schedule_adam); its row is word 1 of
                         ///< rt_graph_counters, at most the last
    float learning_rate_scale; ///< multiplies the learning rate; 0 counts as 1
    double beta1, beta2;       ///< in [0,1); the same as in the schedule
    float epsilon;             ///< above 0; PyTorch's default is 1e-8
    float weight_decay;
} rt_adam_options;

/** Errors: RT_ERROR_INPUT for a schedule of another shape or options out of range;
 *  RT_ERROR_INTERNAL if nothing is trained. */
void rt_adam(rt_graph *graph, rt_parameters *parameters, const rt_adam_options *options);

#endif
