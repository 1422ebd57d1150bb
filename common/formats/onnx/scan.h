#ifndef RT_FORMATS_ONNX_SCAN_H
#define RT_FORMATS_ONNX_SCAN_H

/** A walk over the bytes of an ONNX file before protobuf-c takes memory for them. */

#include "common/base/status.h"

/**
 * Checks that the bytes are one ModelProto as far as the wire format goes: numbers of at most 10
 * bytes, lengths inside what they are part of, fields of their declared wire type, no groups, at
 * most 100 deep, messages and strings no more than the limits, nothing twice that may be there
 * once. Refuses what Retort cannot use: subgraphs, functions, training, sparse tensors, segments.
 * Fields that a newer ONNX may have added are skipped. No recursion, no memory.
 * Errors: RT_ERROR_INPUT naming the rule and the byte.
 */
RT_CHECKED rt_status rt_onnx_scan(const void *data, size_t size);

#endif
