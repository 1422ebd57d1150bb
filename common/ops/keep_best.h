#ifndef RT_OPS_KEEP_BEST_H
#define RT_OPS_KEEP_BEST_H

#include "common/graph/graph.h"

extern const rt_operator rt_keep_best_operator;

/**
 * Where loss < best_loss: best = candidate and best_loss = loss, else neither changes (a loss of
 * NaN is not less). Runs in the forward pass, in the order of building: loss and candidate are
 * those before this step's updates. Passes no gradient. `best`: a state of the candidate's shape;
 * `loss`: a scalar; `best_loss`: a scalar state, which is 0 at first like every state: write
 * INFINITY into it (rt_graph_constant, rt_phase_write) to begin. Errors: RT_ERROR_INTERNAL for
 * other shapes or kinds.
 */
void rt_keep_best(rt_graph *graph, rt_tensor *candidate, rt_tensor *loss, rt_tensor *best,
                  rt_tensor *best_loss);

#endif
