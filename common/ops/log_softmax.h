#ifndef RT_OPS_LOG_SOFTMAX_H
#define RT_OPS_LOG_SOFTMAX_H

#include "common/graph/graph.h"

extern const rt_operator rt_log_softmax_operator;

/** y_ik = logits_ik - log(sum_j exp(logits_ij)). Shape {N,1,1,K}. Errors: RT_ERROR_INPUT. */
rt_tensor *rt_log_softmax(rt_graph *graph, rt_tensor *logits);

#endif
