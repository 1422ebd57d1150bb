#ifndef RT_NN_ONNX_IMPORT_PRIVATE_H
#define RT_NN_ONNX_IMPORT_PRIVATE_H

/**
 * What the parts of the importer share. A value of the graph is fixed numbers, or an activation:
 * numbers of one layer, in an order.
 *
 * The order. ONNX counts the numbers of a sample over dims[1], dims[2], ... (row-major); a layer of
 * a blueprint over h, w, c. The canonical layer of a value has c = dims[1]; of rank 4 h = dims[2]
 * and w = dims[3], of other ranks h = 1 and w = all the rest, in their order. A value whose
 * numbers lie otherwise has a table: table[i] is where, in the layer, its i-th number is; -1: it is
 * 0. So a Reshape changes dims alone, and a Transpose the table. rt_import_layer_of makes the
 * canonical layer when something wants to compute.
 */

#include "common/formats/onnx/names.h"
#include "common/nn/onnx/import.h"

enum { RT_IMPORT_RANK = RT_ONNX_MAXIMUM_RANK, RT_IMPORT_MAXIMUM_NUMBERS = 1 << 26 };

/** Numbers of one sample in a layer. */
typedef struct rt_import_shape {
    uint32_t h, w, c;
} rt_import_shape;

typedef struct rt_import_value {
    const rt_onnx_tensor *constant; ///< NULL: an activation
    bool known;                     ///< something made it
    uint32_t rank;
    int64_t dims[RT_IMPORT_RANK]; ///< dims[0] is the batch
    uint32_t layer;               ///< value of the blueprint
    const int32_t *table;         ///< NULL: canonical
} rt_import_value;

typedef struct rt_importer {
    const rt_onnx *model;
    rt_onnx_network *result;
    rt_arena *arena;         ///< of the result
    rt_import_value *values; ///< of the model, by number
    uint32_t *uses;          ///< how often each is read
    rt_blueprint_layer *layers;
    rt_import_shape *shapes; ///< by value of the blueprint: shapes[0] is the image's
    uint32_t layer_count, layer_capacity;
    uint32_t parameter_capacity;
    rt_names names; ///< of layers
    /** The batch. Where the graph leaves it open a prime, so that no other dimension is taken for
     *  it. */
    int64_t batch;
    double image_scale[4], image_shift[4]; ///< the normalisation found: scale * x + shift
    bool image_normalised;
    const rt_onnx_node *node; ///< at work
    uint64_t taken_numbers;   ///< of 4 bytes, in all tables and tensors that were made
} rt_importer;

/* Attributes of the node at work; importer.c has checked that they are of the right type. */
const rt_onnx_attribute *rt_import_attribute(const rt_importer *im, const char *name);
int64_t rt_import_int(const rt_importer *im, const char *name, int64_t fallback);
float rt_import_float(const rt_importer *im, const char *name, float fallback);
const char *rt_import_string(const rt_importer *im, const char *name, const char *fallback);

/* Inputs and outputs of the node at work. */
/** Whether input `i` is there. */
bool rt_import_has(const rt_importer *im, uint32_t i);
/** Input `i`, which is there. */
rt_import_value *rt_import_input(const rt_importer *im, uint32_t i);
/** Input `i` as fixed numbers. Errors: RT_ERROR_INPUT if it is an activation or not of the kind. */
RT_CHECKED rt_status rt_import_floats(const rt_importer *im, uint32_t i, const char *what,
                                      const rt_onnx_tensor **tensor);
RT_CHECKED rt_status rt_import_wholes(const rt_importer *im, uint32_t i, const char *what,
                                      const rt_onnx_tensor **tensor);
/** Output `i` is `value` from now on; ignored where nobody asked for it. */
void rt_import_output(rt_importer *im, uint32_t i, const rt_import_value *value);
void rt_import_output_constant(rt_importer *im, uint32_t i, const rt_onnx_tensor *tensor);
/** Output 0 is the canonical layer `layer` of this shape. */
void rt_import_output_layer(rt_importer *im, uint32_t layer, uint32_t rank, const int64_t *dims);

/* Layers. */
/** Adds a layer (copied, with its inputs) whose output is `shape`; `layer` becomes its value. A
 *  layer without a name gets one from `wish` or the node. */
RT_CHECKED rt_status rt_import_add(rt_importer *im, const rt_blueprint_layer *layer,
                                   const char *wish, rt_import_shape shape, uint32_t *value);
/** The same for a layer of one input. */
RT_CHECKED rt_status rt_import_add_one(rt_importer *im, uint32_t from, rt_blueprint_layer layer,
                                       const char *wish, rt_import_shape shape, uint32_t *value);
/** "LAYER.field" has these numbers; `values` must live as long as the result. */
RT_CHECKED rt_status rt_import_parameter(rt_importer *im, uint32_t value, const char *field,
                                         const float *values, uint64_t count);
/** The name of input `i` without ".weight": what PyTorch calls the layer. */
const char *rt_import_wish(rt_importer *im, uint32_t i);

/* Values (value.c). */
/** Numbers of a sample: the product of dims[1], .... */
uint64_t rt_import_numbers(const rt_import_value *value);
/** The shape of the canonical layer. */
rt_import_shape rt_import_canonical(uint32_t rank, const int64_t *dims);
/** Counts numbers (of 4 bytes) for which memory is taken that the file has not paid for. Errors:
 *  RT_ERROR_INPUT where they are too many: a graph made to fill memory. */
RT_CHECKED rt_status rt_import_take(rt_importer *im, uint64_t numbers);
/** Room for a table of `value`. Errors: RT_ERROR_INPUT if it would be too large. */
RT_CHECKED rt_status rt_import_table(rt_importer *im, uint64_t count, int32_t **table);
/** The table of a value, made if it has none. */
RT_CHECKED rt_status rt_import_table_of(rt_importer *im, const rt_import_value *value,
                                        const int32_t **table);
/** The value whose numbers are those of `from` at `order` (a number of it each, or -1), under new
 *  dims. */
RT_CHECKED rt_status rt_import_move(rt_importer *im, const rt_import_value *from, uint32_t rank,
                                    const int64_t *dims, const int32_t *order, rt_import_value *to);
/** The same numbers in their order under new dims: a Reshape. */
RT_CHECKED rt_status rt_import_reshape(rt_importer *im, const rt_import_value *from, uint32_t rank,
                                       const int64_t *dims, rt_import_value *to);
/** The canonical layer of a value, made if needed; the value has it then. */
RT_CHECKED rt_status rt_import_layer_of(rt_importer *im, rt_import_value *value, uint32_t *layer);
/** A layer of `shape` whose numbers, in order of h, w, c, are those of layer `from` at `table`:
 *  nothing, a view, a slice, a shuffle or a gather. */
RT_CHECKED rt_status rt_import_arrange(rt_importer *im, uint32_t from, const int32_t *table,
                                       rt_import_shape shape, uint32_t *layer);

/* Fixed numbers (constant.c). */
/** A tensor that is being made: its numbers are in one of the two. */
typedef struct rt_import_fixed {
    const rt_onnx_tensor *tensor;
    float *floats;
    int64_t *wholes;
} rt_import_fixed;
/** Room for a tensor of this shape, zero. Errors: RT_ERROR_INPUT if it would be large. */
RT_CHECKED rt_status rt_import_new_constant(rt_importer *im, bool whole, uint32_t rank,
                                            const int64_t *dims, rt_import_fixed *made);
/** Computes the node at work from fixed inputs; `*done` is false where it is not known how. */
RT_CHECKED rt_status rt_import_fold(rt_importer *im, bool *done);
/** The same for the arithmetic of two tensors and of one (constant_arithmetic.c). */
RT_CHECKED rt_status rt_import_fold_arithmetic(rt_importer *im, bool *done);

/** A dimension counted from the end where it is negative. Errors: RT_ERROR_INPUT out of range. */
RT_CHECKED rt_status rt_import_axis(int64_t axis, uint32_t rank, uint32_t *result);

/** A window that moves over an image (convolution.c). */
typedef struct rt_import_window {
    uint32_t kernel[2], strides[2], dilations[2];
    uint32_t pads[4]; ///< top, left, bottom, right
} rt_import_window;
/** Reads the attributes kernel_shape, strides, dilations, pads and auto_pad. `kernel`: what the
 *  weights say; NULL: kernel_shape must be there. */
RT_CHECKED rt_status rt_import_read_window(const rt_importer *im, const rt_import_value *x,
                                           const int64_t *kernel, int64_t largest,
                                           rt_import_window *window);
/** The padding that all sides have; `more`: what single ones have beyond it. */
uint32_t rt_import_common_padding(const rt_import_window *window, rt_sides *more);

/* After all nodes. */
/** Fuses batch norms with what follows, removes what the logits do not need (fuse.c). */
RT_CHECKED rt_status rt_import_fuse(rt_importer *im, uint32_t *logits);

/* How operators become layers. */
typedef rt_status rt_import_operator(rt_importer *im);
typedef struct rt_import_row {
    const char *op;
    const char *attributes; ///< "group=i pads=I auto_pad=s": all that it may have
    uint32_t least_inputs, most_inputs;
    rt_import_operator *lower; ///< NULL: of fixed numbers only
    bool any;                  ///< `lower` takes fixed numbers too
} rt_import_row;
/** The row of an operator, or NULL. */
const rt_import_row *rt_import_find(const char *op);

rt_import_operator rt_import_conv, rt_import_conv_transpose; /* convolution.c */
rt_import_operator rt_import_gemm, rt_import_matmul;         /* linear.c */
rt_import_operator rt_import_batch_norm, rt_import_instance_norm, rt_import_softmax; /* norm.c */
rt_import_operator rt_import_pool, rt_import_global_pool, rt_import_reduce;          /* pool.c */
rt_import_operator rt_import_activation, rt_import_clip, rt_import_prelu, rt_import_power,
    rt_import_identity, rt_import_dropout, rt_import_cast; /* activation.c */
rt_import_operator rt_import_binary;                       /* binary.c */
rt_import_operator rt_import_resize;                       /* resize.c */
rt_import_operator rt_import_concat;                       /* concat.c */
rt_import_operator rt_import_flatten, rt_import_reshape_node, rt_import_squeeze,
    rt_import_unsqueeze, rt_import_shape_node; /* reshape.c */
rt_import_operator rt_import_transpose, rt_import_slice, rt_import_split, rt_import_pad,
    rt_import_gather, rt_import_expand; /* movement.c */

/* What the movements share (order.c). */
/** Input 0 of the node at work; of an activation dims[0] counts as 1: one sample. */
typedef struct rt_import_source {
    rt_import_value *value;
    uint32_t rank;
    int64_t dims[RT_IMPORT_RANK];
    uint64_t count;
} rt_import_source;
rt_import_source rt_import_source_of(const rt_importer *im, uint32_t input);
/** Output `i` has the source's numbers at `order`, counted over all of dims. */
RT_CHECKED rt_status rt_import_output_moved(rt_importer *im, uint32_t i,
                                            const rt_import_source *source, uint32_t rank,
                                            const int64_t *dims, const int32_t *order);
/** Output 0 has the source's numbers in their order; `dims` with the true batch. */
RT_CHECKED rt_status rt_import_output_reshaped(rt_importer *im, const rt_import_source *source,
                                               uint32_t rank, const int64_t *dims);
/** Picks along each axis: the output's position p on axis a is the source's picks[a][p] (-1: 0);
 *  the rank stays. picks[a] NULL: all. */
RT_CHECKED rt_status rt_import_output_picked(rt_importer *im, uint32_t i,
                                             const rt_import_source *source, const int64_t *dims,
                                             const int32_t *const *picks);
/** Whole numbers of an attribute or, where that is missing, of input `input`; NULL: neither. */
RT_CHECKED rt_status rt_import_list(const rt_importer *im, const char *attribute, uint32_t input,
                                    const int64_t **list, uint32_t *count);

#endif
