#ifndef RT_OPS_ADVANCE_H
#define RT_OPS_ADVANCE_H

#include "common/graph/graph.h"

extern const rt_operator rt_advance_operator;

/** At the end of the step adds 1 to the first two words of the graph's counters. Call it last: the
 *  updates made before it see the old counts. */
void rt_advance(rt_graph *graph);

#endif
