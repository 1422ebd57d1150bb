#ifndef RT_TESTS_FORMATS_ONNX_MAKER_H
#define RT_TESTS_FORMATS_ONNX_MAKER_H

/**
 * ONNX files byte by byte, right ones and wrong ones: a writer of protobuf's wire format, without
 * the library and the schema that the reader uses.
 *     rt_wire node = {0};
 *     rt_wire_text(&node, 4, "Relu");          // NodeProto.op_type
 *     rt_wire_message(&graph, 1, &node);       // GraphProto.node
 */

#include "common/base/memory.h"

typedef rt_buffer rt_wire;

void rt_wire_varint(rt_wire *wire, uint64_t value);
/** A field's number and wire type: 0 varint, 1 64 bits, 2 bytes, 5 32 bits. */
void rt_wire_tag(rt_wire *wire, uint32_t field, uint32_t type);
void rt_wire_number(rt_wire *wire, uint32_t field, uint64_t value);
void rt_wire_bytes(rt_wire *wire, uint32_t field, const void *bytes, size_t size);
void rt_wire_text(rt_wire *wire, uint32_t field, const char *text);
/** `part` as a field of `wire`; clears it. */
void rt_wire_message(rt_wire *wire, uint32_t field, rt_wire *part);

/** A float tensor of these dims (up to 4, 0 ends them) with numbers 0.5, 1, 1.5, ... as raw_data.
 */
void rt_onnx_make_tensor(rt_wire *tensor, const char *name, const int64_t *dims);
/** An attribute of whole numbers: one where `count` is 0, else a list. */
void rt_onnx_make_ints(rt_wire *attribute, const char *name, const int64_t *ints, uint32_t count);
/** A node; names with spaces between. `attribute` may be NULL, and is cleared. */
void rt_onnx_make_node(rt_wire *node, const char *op, const char *inputs, const char *output,
                       rt_wire *attribute);

/** A model in parts, so that a test can spoil one. */
typedef struct rt_onnx_parts {
    rt_wire graph;              ///< GraphProto
    rt_wire model;              ///< fields of ModelProto besides the graph and these:
    uint64_t ir_version, opset; ///< 0: left out
} rt_onnx_parts;

/** conv 3x3 (2 to 4 channels) -> relu -> global average pool -> flatten -> gemm to 3 classes, of
 *  images [N,2,6,5]. */
void rt_onnx_make_parts(rt_onnx_parts *parts);
/** The graph's input `image` and output `logits` alone. */
void rt_onnx_make_ends(rt_wire *graph);
/** The file; clears the parts. */
void rt_onnx_make_file(rt_wire *file, rt_onnx_parts *parts);

#endif
