#ifndef RT_OPS_RESIZE_H
#define RT_OPS_RESIZE_H

#include "common/graph/graph.h"

typedef enum rt_resize_mode { RT_RESIZE_NEAREST, RT_RESIZE_BILINEAR } rt_resize_mode;

/** Which place s of x, in pixels, pixel o of the output looks at; along a side of x that has `in`
 *  pixels and becomes `out`. Places beyond the edge are the edge. */
typedef enum rt_resize_coordinates {
    RT_RESIZE_HALF_PIXEL,    ///< s = (o + 1/2) in / out - 1/2; PyTorch's bilinear
    RT_RESIZE_ALIGN_CORNERS, ///< s = o (in - 1) / (out - 1); PyTorch's align_corners
    RT_RESIZE_ASYMMETRIC,    ///< s = o in / out; PyTorch's nearest
} rt_resize_coordinates;

/** Which pixel RT_RESIZE_NEAREST takes. */
typedef enum rt_resize_rounding {
    RT_RESIZE_FLOOR,           ///< the one at or before s; PyTorch's
    RT_RESIZE_ROUND_HALF_DOWN, ///< the nearest, of two the first; ONNX's default
    RT_RESIZE_ROUND_HALF_UP,   ///< the nearest, of two the second
    RT_RESIZE_CEILING,         ///< the one at or after s
} rt_resize_rounding;

typedef struct rt_resize_options {
    uint32_t height, width; ///< of the output, at least 1
    rt_resize_mode mode;
    rt_resize_coordinates coordinates;
    rt_resize_rounding rounding; ///< RT_RESIZE_NEAREST only
} rt_resize_options;

/** Its nodes have rt_resize_options as attributes. Two of their inputs, made when the graph is
 *  built, say what the output's rows and columns are made of: {height,1,1,3} and {width,1,1,3}, in
 *  each row two pixels of x and the share of the second. */
enum { RT_RESIZE_ROWS = 1, RT_RESIZE_COLUMNS = 2 };
extern const rt_operator rt_resize_operator;

/**
 * Images of another size: {N,H,W,C} -> {N,height,width,C}. Bilinear: the four pixels around the
 * place, weighted by nearness; no averaging over more when it shrinks (as PyTorch's interpolate
 * without antialias).
 *     rt_resize(graph, x, &(rt_resize_options){.height = 2 * H, .width = 2 * W,
 *               .mode = RT_RESIZE_BILINEAR, .coordinates = RT_RESIZE_HALF_PIXEL});
 * What repeats every pixel equally often along both sides is rt_upsample_nearest; x of that size
 * already is returned as it is.
 * Errors: RT_ERROR_INPUT for a side of 0 or of more than 65535 pixels.
 */
rt_tensor *rt_resize(rt_graph *graph, rt_tensor *x, const rt_resize_options *options);

#endif
