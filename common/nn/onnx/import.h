#ifndef RT_NN_ONNX_IMPORT_H
#define RT_NN_ONNX_IMPORT_H

/**
 * From an ONNX graph to a blueprint (common/nn/blueprint.h) and its parameters.
 *     rt_onnx_network imported = {0};
 *     RT_TRY(rt_onnx_import(&imported, &model, &hints));
 *     ... imported.description, imported.parameters ...
 *     rt_onnx_network_clear(&imported);
 * What happens on the way: what depends on fixed numbers alone is computed (shape arithmetic);
 * movements of numbers (Reshape, Transpose, Slice, ...) are composed into one table and become a
 * layer where something computes with them; the normalisation that stands at the graph's beginning
 * becomes the network's own; a batch norm takes in the addition and the ReLU behind it; a Softmax
 * at the end is left out, for Retort works with logits.
 */

#include "common/formats/onnx/onnx.h"
#include "common/nn/blueprint.h"
#include "common/nn/model_file.h"

/** The numbers of a parameter, in the file's layout (common/graph/parameters.h). */
typedef struct rt_onnx_parameter {
    const char *name; ///< "conv1.weight"
    uint64_t count;
    const float *values; ///< of the model or of the arena
} rt_onnx_parameter;

typedef struct rt_onnx_network {
    rt_network_description description; ///< arch "graph"
    rt_blueprint blueprint;             ///< the description's
    rt_onnx_parameter *parameters;
    uint32_t parameter_count;
    uint32_t batch_norm_count; ///< layers of the kind
    bool softmax_dropped;      ///< the graph ended in one
    bool normalised;           ///< the graph normalises; else the description has no mean, no std
    rt_arena arena;            ///< private
} rt_onnx_network;

/**
 * Imports; `model` must outlive the result. Of the hints it takes the image's size where the graph
 * leaves it open.
 * Errors: RT_ERROR_INPUT naming node, operator and what to do.
 * Ownership: the caller clears `*imported`, which must be empty before.
 */
RT_CHECKED rt_status rt_onnx_import(rt_onnx_network *imported, const rt_onnx *model,
                                    const rt_model_hints *hints);
/** Releases; an empty one is fine. */
void rt_onnx_network_clear(rt_onnx_network *imported);

/** Opens a file as the weights and metadata that a model file of the same network would have; for
 *  rt_model_open. Says where the graph has no batch norm, and how to keep them. Errors: as
 * rt_onnx_open and rt_onnx_import. Ownership: as rt_weights_open. */
RT_CHECKED rt_status rt_onnx_open_weights(rt_weights *weights, const char *path,
                                          const rt_model_hints *hints);

#endif
