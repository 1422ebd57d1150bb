#ifndef RT_GRAPH_PARAMETERS_H
#define RT_GRAPH_PARAMETERS_H

/**
 * A parameter set: the named tensors of one network, outside any graph. Several graphs, and several
 * applications in one graph, may use the same set.
 *     RT_TRY(rt_parameters_create(&parameters));
 *     RT_TRY(rt_parameters_add(parameters, &(rt_parameter){.name = "conv1.weight", ...}, &row));
 *     RT_TRY(rt_parameters_allocate(parameters, device));
 * In memory, trained tensors lie first and in one piece, then the statistics (running_mean, ...);
 * the gradients, and each of the optimiser's moments, are pieces of the same form, so that one
 * dispatch updates the whole set. Gaps between tensors are zero and stay zero.
 */

#include "common/graph/tensor.h"

/** How a tensor lies in files (PyTorch's layout) and on the device. */
typedef enum rt_parameter_layout {
    RT_LAYOUT_VECTOR,            ///< file [C]; device {1,1,1,C}
    RT_LAYOUT_CONVOLUTION,       ///< file [O,I,kh,kw]; device {kh,kw,I rounded up to 4,O}
    RT_LAYOUT_LINEAR,            ///< file [O,I]; device {1,1,I rounded up to 4,O}
    RT_LAYOUT_LINEAR_TO_IMAGE,   ///< file [C*H*W,I], channel-major outputs; device {1,1,I4,H*W*C}
    RT_LAYOUT_VECTOR_TO_IMAGE,   ///< file [C*H*W]; device {1,1,1,H*W*C}
    RT_LAYOUT_LINEAR_FROM_IMAGE, ///< file [O,C*H*W], channel-major inputs; device {1,1,H*W*C,O};
                                 ///< C a multiple of 4
    RT_LAYOUT_DENSE,             ///< file and device [N,H,W,C] (latent vectors)
} rt_parameter_layout;

typedef enum rt_initial_kind {
    RT_INITIAL_CONSTANT, ///< a
    RT_INITIAL_NORMAL,   ///< mean a, deviation b
    RT_INITIAL_UNIFORM,  ///< in [a,b)
} rt_initial_kind;

typedef struct rt_initial {
    rt_initial_kind kind;
    float a, b;
} rt_initial;

typedef struct rt_parameter {
    const char *name; ///< PyTorch's state_dict name; copied
    rt_parameter_layout layout;
    uint32_t dims[4];                   ///< as in the file; unused ones 1. DENSE: n, h, w, c
    uint32_t rank;                      ///< of the file's tensor
    uint32_t image_h, image_w, image_c; ///< *_TO_IMAGE and *_FROM_IMAGE only
    bool statistic;                     ///< running_mean and the like: saved, never trained
    rt_initial initial;
    /* Set by rt_parameters_add: */
    rt_shape shape;  ///< on the device
    uint64_t offset; ///< bytes from the beginning of its part (trained or statistics)
} rt_parameter;

typedef struct rt_parameters rt_parameters;

RT_CHECKED rt_status rt_parameters_create(rt_parameters **parameters);
void rt_parameters_free(rt_parameters *parameters);
/** Adds a tensor; not after rt_parameters_allocate. Errors: RT_ERROR_INTERNAL if the name exists.
 */
RT_CHECKED rt_status rt_parameters_add(rt_parameters *parameters, const rt_parameter *parameter,
                                       uint32_t *row);
/** The row of a name, or -1. */
int64_t rt_parameters_find(const rt_parameters *parameters, const char *name);
uint32_t rt_parameters_count(const rt_parameters *parameters);
const rt_parameter *rt_parameters_row(const rt_parameters *parameters, uint32_t row);
/** How many numbers the trained tensors have (padding not counted). */
uint64_t rt_parameters_trained_numbers(const rt_parameters *parameters);
/** Numbers of one tensor as the file holds it. */
uint64_t rt_parameter_numbers(const rt_parameter *parameter);

/** Makes the device memory of the values (zero). A set without memory can be used to build and
 *  plan graphs, not to run them. Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_parameters_allocate(rt_parameters *parameters, rt_device *device);
bool rt_parameters_allocated(const rt_parameters *parameters);

/** The set's other pieces, made on first use (zero). */
typedef enum rt_parameters_piece {
    RT_PIECE_VALUES,
    RT_PIECE_GRADIENTS,
    RT_PIECE_MOMENT_1,   ///< momentum; Adam's first moment
    RT_PIECE_MOMENT_2,   ///< Adam's second moment
    RT_PIECE_TRANSPOSED, ///< weights as [tap][out][in], for gradients of a convolution's input
    RT_PIECE_COUNT
} rt_parameters_piece;
/** The trained part of a piece as one range. */
RT_CHECKED rt_status rt_parameters_trained(rt_parameters *parameters, rt_parameters_piece piece,
                                           rt_gpu_range *range);
/** Whether a piece has memory: whether something uses it. */
bool rt_parameters_has(const rt_parameters *parameters, rt_parameters_piece piece);
/** One tensor of a piece; RT_PIECE_VALUES also of statistics. */
RT_CHECKED rt_status rt_parameters_range(rt_parameters *parameters, rt_parameters_piece piece,
                                         uint32_t row, rt_gpu_range *range);

/** Reads or writes one tensor in the file's layout (rt_parameter_numbers floats); waits for the
 *  device. Writing values makes transposed copies stale; a phase refreshes them before it runs. */
RT_CHECKED rt_status rt_parameters_read(rt_parameters *parameters, rt_parameters_piece piece,
                                        uint32_t row, float *values);
RT_CHECKED rt_status rt_parameters_write(rt_parameters *parameters, rt_parameters_piece piece,
                                         uint32_t row, const float *values);
/** Draws all values anew (statistics too unless `keep_statistics`): a function of seed, stream,
 *  step, row and element alone. */
RT_CHECKED rt_status rt_parameters_initialise(rt_parameters *parameters, uint64_t seed,
                                              uint32_t stream, uint32_t step, bool keep_statistics);
/** Zeroes the optimiser's moments. */
RT_CHECKED rt_status rt_parameters_reset_moments(rt_parameters *parameters);

/** Brings the transposed copies up to date if they are in use and stale. */
RT_CHECKED rt_status rt_parameters_refresh(rt_parameters *parameters);
/** Records the transposition of all convolution weights (optimisers call it after their update).
 *  Nothing if no transposed copies are in use. */
RT_CHECKED rt_status rt_parameters_record_transpose(rt_parameters *parameters, rt_program *program);

#endif
