#ifndef RT_FORMATS_ONNX_ONNX_H
#define RT_FORMATS_ONNX_ONNX_H

/**
 * ONNX: graphs of networks that other programs write.
 *     rt_onnx model = {0};
 *     RT_TRY(rt_onnx_open(&model, path, false));
 *     for (uint32_t i = 0; i < model.node_count; i++) { ... model.nodes[i].op ... }
 *     rt_onnx_close(&model);
 * The reader is strict (docs/reliability.md): the bytes are walked once with their lengths, depths
 * and counts checked before protobuf-c sees them (scan.h); then names are resolved to numbers of
 * values, each defined once and before its use. It knows nothing of what operators mean
 * (common/nn/onnx/).
 */

#include "common/base/hash.h"
#include "common/base/memory.h"

enum {
    RT_ONNX_MAXIMUM_RANK = 8,
    RT_ONNX_MAXIMUM_NODES = 100000,
    RT_ONNX_LEAST_OPSET = 9,
    RT_ONNX_LARGEST_OPSET = 23,
};
#define RT_ONNX_NO_VALUE UINT32_MAX ///< an optional input that was left out
#define RT_ONNX_DYNAMIC (-1)        ///< a dimension that the file leaves open

/** Fixed numbers: an initializer, or the tensor of an attribute. */
typedef struct rt_onnx_tensor {
    const char *name; ///< "" in attributes
    bool whole;       ///< whole numbers (and booleans), in `wholes`; else in `floats`
    uint32_t rank;
    int64_t dims[RT_ONNX_MAXIMUM_RANK]; ///< at least 0
    uint64_t count;
    const float *floats; ///< from FLOAT, FLOAT16, BFLOAT16, DOUBLE
    const int64_t *wholes;
} rt_onnx_tensor;

typedef enum rt_onnx_attribute_type {
    RT_ONNX_FLOAT,
    RT_ONNX_INT,
    RT_ONNX_STRING,
    RT_ONNX_TENSOR,
    RT_ONNX_FLOATS,
    RT_ONNX_INTS,
    RT_ONNX_STRINGS,
} rt_onnx_attribute_type;

typedef struct rt_onnx_attribute {
    const char *name;
    rt_onnx_attribute_type type;
    float number;
    int64_t whole;
    const char *string; ///< without zero bytes
    const rt_onnx_tensor *tensor;
    const float *floats;
    const int64_t *ints;
    uint32_t count; ///< of floats or ints
} rt_onnx_attribute;

typedef struct rt_onnx_node {
    const char *name; ///< may be ""
    const char *op;   ///< of the domain ai.onnx: "Conv"
    const uint32_t *inputs;
    uint32_t input_count;
    const uint32_t *outputs;
    uint32_t output_count;
    const rt_onnx_attribute *attributes;
    uint32_t attribute_count;
} rt_onnx_node;

/** A graph's input. */
typedef struct rt_onnx_input {
    uint32_t value;
    bool floats; ///< of type FLOAT
    uint32_t rank;
    int64_t dims[RT_ONNX_MAXIMUM_RANK]; ///< RT_ONNX_DYNAMIC: left open
} rt_onnx_input;

typedef struct rt_onnx_entry {
    const char *key, *value;
} rt_onnx_entry;

/** A model in memory. `= {0}` is a valid empty one. */
typedef struct rt_onnx {
    int64_t ir_version, opset;
    const char *producer;
    /** Values are numbered: those of the initializers first, in their order. */
    const char *const *value_names;
    uint32_t value_count;
    const rt_onnx_tensor *initializers;
    uint32_t initializer_count;
    const rt_onnx_input *inputs; ///< without those that are initializers
    uint32_t input_count;
    const rt_onnx_node *nodes; ///< each after what it reads
    uint32_t node_count;
    const uint32_t *outputs; ///< values
    uint32_t output_count;
    const rt_onnx_entry *metadata;
    uint32_t metadata_count;
    char sha256[RT_SHA256_TEXT]; ///< of the file, without others that hold tensors
    rt_arena arena;              ///< private: everything above
} rt_onnx;

/** Whether bytes at the beginning of a file (16 are enough) look like ONNX. */
bool rt_onnx_is(const void *head, size_t size);
/** The same of a file; false where it cannot be read. */
bool rt_onnx_is_file(const char *path);

/**
 * Reads a file whole and checks it. With `external_data` tensors may lie in other files of its
 * folder or below (rt_file_read_within), 2 GiB in all; else such tensors are refused.
 * Errors: RT_ERROR_INPUT naming the rule that is broken and where.
 * Ownership: the caller closes `*model`, which must be empty before.
 */
RT_CHECKED rt_status rt_onnx_open(rt_onnx *model, const char *path, bool external_data);
/** The same for bytes in memory, which are not kept; there are no other files. */
RT_CHECKED rt_status rt_onnx_parse(rt_onnx *model, const void *data, size_t size);
/** Releases; an empty one is fine. */
void rt_onnx_close(rt_onnx *model);

/** The value of a metadata_props key, or NULL. */
const char *rt_onnx_metadata(const rt_onnx *model, const char *key);

#endif
