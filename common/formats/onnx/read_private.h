#ifndef RT_FORMATS_ONNX_READ_PRIVATE_H
#define RT_FORMATS_ONNX_READ_PRIVATE_H

/** What the parts of the reader share: protobuf-c's structures become those of onnx.h. */

#include "common/formats/onnx/onnx.h"

#include <onnx.pb-c.h>

/** An optional string: "" where there is none. */
static inline const char *rt_onnx_text(const char *text) { return text != NULL ? text : ""; }

/** Copies a tensor's numbers into the arena. Errors: RT_ERROR_INPUT naming tensor and rule. */
RT_CHECKED rt_status rt_onnx_read_tensor(rt_arena *arena, const Onnx__TensorProto *from,
                                         rt_onnx_tensor *to);
/** Copies a node's attributes into the arena. Errors: RT_ERROR_INPUT naming node and attribute. */
RT_CHECKED rt_status rt_onnx_read_attributes(rt_arena *arena, const Onnx__NodeProto *from,
                                             rt_onnx_node *to);

#endif
