#ifndef RT_OPS_PAD_CHANNELS_H
#define RT_OPS_PAD_CHANNELS_H

#include "common/graph/graph.h"

extern const rt_operator rt_pad_channels_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_pad_channels_attributes {
    uint32_t stride, before, after;
} rt_pad_channels_attributes;

/**
 * The parameter-free shortcut of CIFAR ResNets (option A): every stride-th pixel, with zero
 * channels before and after the old ones: y[n,h,w,c] = x[n, stride h, stride w, c - before], 0
 * where there is no such channel {N,H,W,C} -> {N, ceil(H / stride), ceil(W / stride), before + C +
 * after} Errors: RT_ERROR_INPUT for a stride of 0.
 */
rt_tensor *rt_pad_channels(rt_graph *graph, rt_tensor *x, uint32_t stride, uint32_t channels_before,
                           uint32_t channels_after);

/** For operators that cut and join: records narrow[.., c] = wide[.., first + c], or the reverse,
 *  wide[.., first + c] = narrow[.., c] and 0 elsewhere. The two differ in their channels alone. */
RT_CHECKED rt_status rt_record_take_channels(rt_program *program, const rt_tensor *wide,
                                             uint32_t first, const rt_tensor *narrow,
                                             const char *label);
RT_CHECKED rt_status rt_record_place_channels(rt_program *program, const rt_tensor *narrow,
                                              uint32_t first, const rt_tensor *wide,
                                              const char *label);

#endif
