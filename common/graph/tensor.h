#ifndef RT_GRAPH_TENSOR_H
#define RT_GRAPH_TENSOR_H

/**
 * A value in a graph. Everything is float32 in one layout: [N,H,W,C] with the channels padded to a
 * multiple of 4 (the vec4 is 4 channels of one pixel), padding channels zero. Also so stored:
 *   a matrix [N,K]           as {N,1,1,K}
 *   a vector (bias, mean)    as {1,1,1,C}
 *   labels, masks, one a sample  as {N,1,1,1}: a vec4 a sample, the value in .x (labels as whole
 *                            numbers, exact below 2^24; -1: no label)
 *   a scalar (a loss)        as {1,1,1,1}
 *   convolution weights      as {kernel_h, kernel_w, ci rounded up to 4, co}: [tap][in][out]
 * The one exception holds unsigned words: the counters (graph.h).
 */

#include "common/gpu/program.h"

typedef struct rt_shape {
    uint32_t n, h, w, c;
} rt_shape;

static inline uint32_t rt_vec4s(uint32_t channels) { return (channels + 3) / 4; }
/** vec4s that a tensor of this shape takes: N*H*W*ceil(C/4). */
static inline uint64_t rt_shape_vec4_count(rt_shape shape)
{
    return (uint64_t)shape.n * shape.h * shape.w * rt_vec4s(shape.c);
}
static inline uint64_t rt_shape_bytes(rt_shape shape) { return 16 * rt_shape_vec4_count(shape); }
static inline uint64_t rt_shape_pixels(rt_shape shape)
{
    return (uint64_t)shape.n * shape.h * shape.w;
}
static inline bool rt_shape_equal(rt_shape a, rt_shape b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
}

typedef enum rt_tensor_kind {
    RT_TENSOR_ACTIVATION, ///< made by a node; lives only as long as it is read
    RT_TENSOR_INPUT,      ///< written by the host before every step
    RT_TENSOR_STATE,      ///< stays from step to step; host reads and writes it between steps
    RT_TENSOR_PARAMETER,  ///< of a parameter set, outside the graph
} rt_tensor_kind;

struct rt_node;
struct rt_parameters;

typedef struct rt_tensor {
    const char *name; ///< for messages and timings
    rt_shape shape;
    rt_tensor_kind kind;
    bool requires_gradient; ///< a gradient with respect to it, or to what it is made of, is wanted
    bool output;            ///< the host reads it after every step
    struct rt_node *producer; ///< NULL for inputs, states and parameters
    struct rt_tensor
        *gradient; ///< d loss / d this; NULL until rt_graph_differentiate, or not wanted
    struct rt_tensor *storage;        ///< itself, or the tensor whose memory it shares (views)
    struct rt_parameters *parameters; ///< RT_TENSOR_PARAMETER: the set; else NULL
    bool is_parameter_gradient;       ///< lies in the set's gradients, not among its values
    uint32_t parameter;               ///< its row in the set
    uint32_t id;                      ///< position among the graph's tensors
    const float *initial;             ///< RT_TENSOR_STATE: padded values at first; NULL: zeros
    rt_gpu_range range;               ///< where it lies: known once a phase has been planned
    rt_gpu_range transposed; ///< RT_TENSOR_PARAMETER, convolution weights: [tap][out][in] copy
} rt_tensor;

/** An rt_dispatch binding. */
static inline rt_gpu_range rt_bind(const rt_tensor *tensor) { return tensor->range; }

/** Copies dense [N,H,W,C] values into the padded layout, and back; padding is written as 0. */
void rt_tensor_pack(rt_shape shape, const float *dense, float *padded);
void rt_tensor_unpack(rt_shape shape, const float *padded, float *dense);

#endif
