#ifndef RT_NN_ONNX_EXPORT_PRIVATE_H
#define RT_NN_ONNX_EXPORT_PRIVATE_H

/**
 * What the files that translate nodes share. A function of export_table.c translates the node
 * `exporter->node`: it asks for the names of the values that the node reads, emits nodes of ONNX,
 * and says which value the node's output is.
 *     RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
 *     RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Relu", .inputs = {x}}, &y));
 *     return rt_export_made(ex, y, RT_EXPORT_IMAGE);
 * A tensor {N,1,1,K} is [N,K,1,1] to some operators and [N,K] to others. Each form is made when it
 * is first asked for.
 */

#include "common/formats/onnx/names.h"
#include "common/formats/onnx/writer.h"
#include "common/nn/network.h"

typedef enum rt_export_form {
    RT_EXPORT_IMAGE, ///< [N,C,H,W]
    RT_EXPORT_FLAT,  ///< [N,K], of tensors {N,1,1,K}
    RT_EXPORT_FORMS
} rt_export_form;

typedef struct rt_exporter {
    rt_onnx_writer *writer;
    const rt_network_description *description;
    const float *const *numbers; ///< of the parameters
    rt_arena arena;
    rt_names names;                         ///< of all values so far
    const char *(*values)[RT_EXPORT_FORMS]; ///< by the tensor's id; NULL: not made
    bool *needed;                           ///< by the tensor's id: something reads it
    uint32_t tensor_count;
    const rt_node *node; ///< being translated
} rt_exporter;

/** A row of the table. */
typedef struct rt_export_row {
    const rt_operator *operator_;
    rt_status (*translate)(rt_exporter *ex);
} rt_export_row;
/** NULL: there is none. */
const rt_export_row *rt_export_find(const rt_operator *operator_);

/** A node of ONNX; its inputs end with the first NULL ("" is one that is left out), its attributes
 *  with the first without a name. */
typedef struct rt_export_call {
    const char *op;
    const char *inputs[RT_MAXIMUM_INPUTS + 1];
    rt_onnx_attribute attributes[7];
} rt_export_call;

#define RT_EXPORT_INT(key, value)                                                                  \
    {                                                                                              \
        .name = (key), .type = RT_ONNX_INT, .whole = (value)                                       \
    }
#define RT_EXPORT_FLOAT(key, value)                                                                \
    {                                                                                              \
        .name = (key), .type = RT_ONNX_FLOAT, .number = (value)                                    \
    }
#define RT_EXPORT_TEXT(key, value)                                                                 \
    {                                                                                              \
        .name = (key), .type = RT_ONNX_STRING, .string = (value)                                   \
    }
#define RT_EXPORT_INTS(key, ...)                                                                   \
    {                                                                                              \
        .name = (key), .type = RT_ONNX_INTS, .ints = (const int64_t[]){__VA_ARGS__},               \
        .count = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)                          \
    }

/** Emits it, named after the layer and the operator; `*value` is its output. */
RT_CHECKED rt_status rt_export_emit(rt_exporter *ex, const rt_export_call *call,
                                    const char **value);
/** Says what the node's first output is. */
rt_status rt_export_made(rt_exporter *ex, const char *value, rt_export_form form);
/** A value of the node's only input, or of the inputs of an operator that does not care about form:
 *  the form that there is. */
RT_CHECKED rt_status rt_export_any(rt_exporter *ex, const rt_tensor *tensor, const char **value,
                                   rt_export_form *form);
/** Whether a tensor {N,1,1,K} has been made as [N,K]. */
bool rt_export_is_flat(const rt_exporter *ex, const rt_tensor *tensor);
/** The tensor as [N,C,H,W]; parameters and constants of a graph become initializers [1,c,h,w]. */
RT_CHECKED rt_status rt_export_image(rt_exporter *ex, const rt_tensor *tensor, const char **value);
/** The tensor as [N,C*H*W], channel by channel. */
RT_CHECKED rt_status rt_export_flat(rt_exporter *ex, const rt_tensor *tensor, const char **value);
RT_CHECKED rt_status rt_export_as(rt_exporter *ex, const rt_tensor *tensor, rt_export_form form,
                                  const char **value);

/** A parameter as its file has it. */
RT_CHECKED rt_status rt_export_weight(rt_exporter *ex, const rt_tensor *tensor, const char **value);
/** The same numbers in another shape; always the same one for a parameter. */
RT_CHECKED rt_status rt_export_weight_as(rt_exporter *ex, const rt_tensor *tensor, uint32_t rank,
                                         const int64_t *dims, const char **value);
const rt_parameter *rt_export_parameter(const rt_tensor *tensor);

/** Initializers of the layer: "LAYER/field". */
RT_CHECKED rt_status rt_export_number(rt_exporter *ex, const char *field, float number,
                                      const char **value);
RT_CHECKED rt_status rt_export_floats(rt_exporter *ex, const char *field, uint32_t rank,
                                      const int64_t *dims, const float *numbers,
                                      const char **value);
RT_CHECKED rt_status rt_export_wholes(rt_exporter *ex, const char *field, uint32_t count,
                                      const int64_t *numbers, const char **value);

/**
 * What a node reads as its input `i`: mostly node->inputs[i]. Where an operator of ONNX does what
 * several nodes do here, the last of them reads what the first does: a linear layer behind the
 * flattening of an image, the end of a softmax over the channels of pixels.
 */
const rt_tensor *rt_export_read(const rt_node *node, uint32_t i);

/* By operator: export_layers.c */
rt_status rt_export_conv2d(rt_exporter *ex);
rt_status rt_export_conv_transpose2d(rt_exporter *ex);
rt_status rt_export_batch_norm(rt_exporter *ex);
rt_status rt_export_instance_norm(rt_exporter *ex);
rt_status rt_export_prelu(rt_exporter *ex);
rt_status rt_export_normalise(rt_exporter *ex);
/* export_pointwise.c */
rt_status rt_export_activation(rt_exporter *ex);
rt_status rt_export_leaky_relu(rt_exporter *ex);
rt_status rt_export_sigmoid(rt_exporter *ex);
rt_status rt_export_scale(rt_exporter *ex);
rt_status rt_export_binary(rt_exporter *ex);
rt_status rt_export_softmax(rt_exporter *ex);
/** Softmaxes are of vectors: for the channels of an image its pixels become samples and come back.
 *  The image, where `back` is the node that brings them back; else NULL. */
const rt_tensor *rt_export_softmax_image(const rt_node *back);
rt_status rt_export_softmax_of_image(rt_exporter *ex);
/* export_movement.c */
rt_status rt_export_reshape(rt_exporter *ex);
rt_status rt_export_gather(rt_exporter *ex);
rt_status rt_export_concat(rt_exporter *ex);
rt_status rt_export_slice_channels(rt_exporter *ex);
rt_status rt_export_channel_shuffle(rt_exporter *ex);
rt_status rt_export_pad(rt_exporter *ex);
rt_status rt_export_pad_channels(rt_exporter *ex);
/* export_spatial.c */
rt_status rt_export_max_pool(rt_exporter *ex);
rt_status rt_export_average_pool(rt_exporter *ex);
rt_status rt_export_global_average_pool(rt_exporter *ex);
rt_status rt_export_reduce_mean(rt_exporter *ex);
rt_status rt_export_upsample_nearest(rt_exporter *ex);
rt_status rt_export_resize(rt_exporter *ex);

#endif
