#ifndef RT_FORMATS_ONNX_WRITER_H
#define RT_FORMATS_ONNX_WRITER_H

/**
 * An ONNX file in the making: opset 17, IR version 8, all numbers inside the file.
 *     RT_TRY(rt_onnx_writer_create(&writer));
 *     RT_TRY_DONE(rt_onnx_add_input(writer, "image", 4, (int64_t[]){RT_ONNX_DYNAMIC, 3, 32, 32}));
 *     RT_TRY_DONE(rt_onnx_add_node(writer, &(rt_onnx_new_node){.op = "Relu", ...}));
 *     RT_TRY_DONE(rt_onnx_set_output(writer, "relu", "logits", 2, dims));
 *     RT_TRY_DONE(rt_onnx_writer_save(writer, path, sha256));
 * Equal calls in equal order make equal bytes. What the operators mean is not known here
 * (common/nn/onnx/).
 */

#include "common/formats/onnx/onnx.h"

enum { RT_ONNX_WRITTEN_OPSET = 17, RT_ONNX_WRITTEN_IR_VERSION = 8 };

typedef struct rt_onnx_writer rt_onnx_writer;

/** A node with one output, which has the node's name. */
typedef struct rt_onnx_new_node {
    const char *op, *name;
    const char *const *inputs; ///< names; "": left out
    uint32_t input_count;
    const rt_onnx_attribute *attributes; ///< of types FLOAT, INT, STRING, FLOATS and INTS
    uint32_t attribute_count;
} rt_onnx_new_node;

RT_CHECKED rt_status rt_onnx_writer_create(rt_onnx_writer **writer);
/** NULL is fine. */
void rt_onnx_writer_free(rt_onnx_writer *writer);

/** An initializer; the numbers are kept by reference until the file is written, all else is copied.
 */
RT_CHECKED rt_status rt_onnx_add_floats(rt_onnx_writer *writer, const char *name, uint32_t rank,
                                        const int64_t *dims, const float *values);
RT_CHECKED rt_status rt_onnx_add_wholes(rt_onnx_writer *writer, const char *name, uint32_t rank,
                                        const int64_t *dims, const int64_t *values);
/** Appends a node (copied); what it reads must be there before. */
RT_CHECKED rt_status rt_onnx_add_node(rt_onnx_writer *writer, const rt_onnx_new_node *node);
/** An input of floats; RT_ONNX_DYNAMIC is the batch, "N". */
RT_CHECKED rt_status rt_onnx_add_input(rt_onnx_writer *writer, const char *name, uint32_t rank,
                                       const int64_t *dims);
/** Makes the value `made` the graph's only output, under the name `name` from now on. */
RT_CHECKED rt_status rt_onnx_set_output(rt_onnx_writer *writer, const char *made, const char *name,
                                        uint32_t rank, const int64_t *dims);
RT_CHECKED rt_status rt_onnx_add_metadata(rt_onnx_writer *writer, const char *key,
                                          const char *value);
RT_CHECKED rt_status rt_onnx_set_graph_name(rt_onnx_writer *writer, const char *name);

/** The bytes of the file. Errors: RT_ERROR_INPUT for more than 2 GiB, which no reader of protobuf
 *  takes. Ownership: the caller clears `*bytes`, which must be empty before. */
RT_CHECKED rt_status rt_onnx_writer_encode(const rt_onnx_writer *writer, rt_buffer *bytes);
/** Writes them as a whole (rt_file_replace). `sha256` of the file may be NULL. */
RT_CHECKED rt_status rt_onnx_writer_save(const rt_onnx_writer *writer, const char *path,
                                         char sha256[RT_SHA256_TEXT]);

#endif
