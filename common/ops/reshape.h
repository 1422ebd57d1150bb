#ifndef RT_OPS_RESHAPE_H
#define RT_OPS_RESHAPE_H

#include "common/graph/graph.h"

/** Its nodes have the rt_shape as attributes. */
extern const rt_operator rt_reshape_operator;

/** The same numbers in the same order under another shape, without a copy. Possible where memory is
 *  the same for both: equal channels, or channels that are multiples of 4 in both shapes.
 *  Errors: RT_ERROR_INPUT where it is not, or where the count of numbers differs. */
rt_tensor *rt_reshape(rt_graph *graph, rt_tensor *x, rt_shape shape);

#endif
