#ifndef RT_OPS_ARGMAX_H
#define RT_OPS_ARGMAX_H

#include "common/graph/graph.h"

extern const rt_operator rt_argmax_operator;

/** The class with the largest logit, {N,1,1,K} -> {N,1,1,1}; the lowest of equals, 0 if all are
 * NaN. No gradient passes. Errors: RT_ERROR_INPUT. */
rt_tensor *rt_argmax(rt_graph *graph, rt_tensor *logits);

#endif
