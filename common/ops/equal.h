#ifndef RT_OPS_EQUAL_H
#define RT_OPS_EQUAL_H

#include "common/graph/graph.h"

extern const rt_operator rt_equal_operator;

/** A mask: 1 for the samples whose a equals b, else 0. All {N,1,1,1}. No gradient passes.
 *  Errors: RT_ERROR_INPUT. */
rt_tensor *rt_equal(rt_graph *graph, rt_tensor *a, rt_tensor *b);

#endif
