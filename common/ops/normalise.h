#ifndef RT_OPS_NORMALISE_H
#define RT_OPS_NORMALISE_H

#include "common/graph/graph.h"

extern const rt_operator rt_normalise_operator;

/** y[n,h,w,c] = (x[n,h,w,c] - mean[c]) / std[c]; `mean` and `std` hold C numbers and are copied.
 *  Errors: RT_ERROR_INPUT for a std that is not above 0. */
rt_tensor *rt_normalise(rt_graph *graph, rt_tensor *x, const float *mean, const float *std);

#endif
