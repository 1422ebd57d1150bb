#ifndef RT_FORMATS_ONNX_READ_PRIVATE_H
#define RT_FORMATS_ONNX_READ_PRIVATE_H

/** What the parts of the reader share: protobuf-c's structures become those of onnx.h. */

#include "common/formats/onnx/onnx.h"

#include <onnx.pb-c.h>

/** Where a tensor's numbers may come from, and where they go. */
typedef struct rt_onnx_source {
    rt_arena *arena;
    const char *folder; ///< of tensors kept in other files; NULL: there may be none
    uint64_t external;  ///< bytes read from other files so far
} rt_onnx_source;

/** An optional string: "" where there is none. */
static inline const char *rt_onnx_text(const char *text) { return text != NULL ? text : ""; }

/** Copies a tensor's numbers into the arena. Errors: RT_ERROR_INPUT naming tensor and rule. */
RT_CHECKED rt_status rt_onnx_read_tensor(rt_onnx_source *source, const Onnx__TensorProto *from,
                                         rt_onnx_tensor *to);
/** Whether a tensor's numbers lie in another file. */
bool rt_onnx_is_external(const Onnx__TensorProto *from);
/** Reads the `size` bytes of such a tensor. Errors: RT_ERROR_INPUT naming the rule.
 *  Ownership: the caller clears `*bytes`. */
RT_CHECKED rt_status rt_onnx_read_external(rt_onnx_source *source, const Onnx__TensorProto *from,
                                           uint64_t size, rt_buffer *bytes);
/** Copies a node's attributes into the arena. Errors: RT_ERROR_INPUT naming node and attribute. */
RT_CHECKED rt_status rt_onnx_read_attributes(rt_onnx_source *source, const Onnx__NodeProto *from,
                                             rt_onnx_node *to);

#endif
