#ifndef RT_OPS_PAD_H
#define RT_OPS_PAD_H

#include "common/graph/graph.h"
#include "common/ops/sides.h"

extern const rt_operator rt_pad_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_pad_attributes {
    rt_sides sides;
    float value;
} rt_pad_attributes;

/** A border of pixels that are `value` in every channel: {N,H,W,C} -> {N, top + H + bottom, left +
 * W
 *  + right, C}. (Convolutions and pools have padding of their own; for channels rt_pad_channels.)
 */
rt_tensor *rt_pad(rt_graph *graph, rt_tensor *x, rt_sides sides, float value);

#endif
