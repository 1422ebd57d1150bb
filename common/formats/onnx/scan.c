#include "common/formats/onnx/scan.h"

#include <stdint.h>
#include <string.h>

enum {
    MAXIMUM_DEPTH = 100,
    MAXIMUM_MESSAGES = 200000, /* 2 bytes of the file make one of some 100 bytes */
    MAXIMUM_STRINGS = 1000000, /* likewise, of some 30 */
    MAXIMUM_STRING = 1 << 20,  /* bytes */
    FIELDS = 26,
};

/* The messages of onnx.proto. */
typedef enum message {
    NONE, ///< the field is no message
    MODEL,
    OPSET,
    ENTRY,
    GRAPH,
    NODE,
    ATTRIBUTE,
    TENSOR,
    VALUE_INFO,
    TYPE,
    TENSOR_TYPE,
    SEQUENCE,
    MAP,
    SHAPE,
    DIMENSION,
    ANNOTATION,
    MESSAGES
} message;

typedef enum content {
    UNKNOWN, ///< not in the schema: skipped
    VARINT,
    FLOAT,
    STRING, ///< also `bytes` that are text
    BYTES,  ///< of any length
    VARINTS,
    FLOATS,
    DOUBLES,
    CHILD,
    REFUSED,
} content;

typedef struct field {
    uint8_t content, child;
    bool repeated;
    const char *refused; ///< what it would be
} field;

#define ONE(kind)                                                                                  \
    {                                                                                              \
        .content = (kind)                                                                          \
    }
#define MANY(kind)                                                                                 \
    {                                                                                              \
        .content = (kind), .repeated = true                                                        \
    }
#define ONE_OF(message_)                                                                           \
    {                                                                                              \
        .content = CHILD, .child = (message_)                                                      \
    }
#define MANY_OF(message_)                                                                          \
    {                                                                                              \
        .content = CHILD, .child = (message_), .repeated = true                                    \
    }
#define REFUSE(what)                                                                               \
    {                                                                                              \
        .content = REFUSED, .refused = (what)                                                      \
    }

static const char subgraph[] = "a graph inside a node (If, Loop, Scan)";
static const char sparse[] = "a sparse tensor";

static const field schema[MESSAGES][FIELDS] = {
    [MODEL] = {[1] = ONE(VARINT),
               [2] = ONE(STRING),
               [3] = ONE(STRING),
               [4] = ONE(STRING),
               [5] = ONE(VARINT),
               [6] = ONE(STRING),
               [7] = ONE_OF(GRAPH),
               [8] = MANY_OF(OPSET),
               [14] = MANY_OF(ENTRY),
               [20] = REFUSE("training_info"),
               [25] = REFUSE("a function")},
    [OPSET] = {[1] = ONE(STRING), [2] = ONE(VARINT)},
    [ENTRY] = {[1] = ONE(STRING), [2] = ONE(STRING)},
    [GRAPH] = {[1] = MANY_OF(NODE),
               [2] = ONE(STRING),
               [5] = MANY_OF(TENSOR),
               [10] = ONE(STRING),
               [11] = MANY_OF(VALUE_INFO),
               [12] = MANY_OF(VALUE_INFO),
               [13] = MANY_OF(VALUE_INFO),
               [14] = MANY_OF(ANNOTATION),
               [15] = REFUSE(sparse)},
    [NODE] = {[1] = MANY(STRING),
              [2] = MANY(STRING),
              [3] = ONE(STRING),
              [4] = ONE(STRING),
              [5] = MANY_OF(ATTRIBUTE),
              [6] = ONE(STRING),
              [7] = ONE(STRING)},
    [ATTRIBUTE] = {[1] = ONE(STRING),
                   [2] = ONE(FLOAT),
                   [3] = ONE(VARINT),
                   [4] = ONE(STRING),
                   [5] = ONE_OF(TENSOR),
                   [6] = REFUSE(subgraph),
                   [7] = MANY(FLOATS),
                   [8] = MANY(VARINTS),
                   [9] = MANY(STRING),
                   [10] = MANY_OF(TENSOR),
                   [11] = REFUSE(subgraph),
                   [13] = ONE(STRING),
                   [14] = ONE_OF(TYPE),
                   [15] = MANY_OF(TYPE),
                   [20] = ONE(VARINT),
                   [21] = REFUSE("an attribute of a function"),
                   [22] = REFUSE(sparse),
                   [23] = REFUSE(sparse)},
    [TENSOR] = {[1] = MANY(VARINTS),
                [2] = ONE(VARINT),
                [3] = REFUSE("a segment of a tensor"),
                [4] = MANY(FLOATS),
                [5] = MANY(VARINTS),
                [6] = MANY(STRING),
                [7] = MANY(VARINTS),
                [8] = ONE(STRING),
                [9] = ONE(BYTES),
                [10] = MANY(DOUBLES),
                [11] = MANY(VARINTS),
                [12] = ONE(STRING),
                [13] = MANY_OF(ENTRY),
                [14] = ONE(VARINT)},
    [VALUE_INFO] = {[1] = ONE(STRING), [2] = ONE_OF(TYPE), [3] = ONE(STRING)},
    [TYPE] = {[1] = ONE_OF(TENSOR_TYPE),
              [4] = ONE_OF(SEQUENCE),
              [5] = ONE_OF(MAP),
              [6] = ONE(STRING),
              [8] = ONE_OF(TENSOR_TYPE),
              [9] = ONE_OF(SEQUENCE)},
    [TENSOR_TYPE] = {[1] = ONE(VARINT), [2] = ONE_OF(SHAPE)},
    [SEQUENCE] = {[1] = ONE_OF(TYPE)},
    [MAP] = {[1] = ONE(VARINT), [2] = ONE_OF(TYPE)},
    [SHAPE] = {[1] = MANY_OF(DIMENSION)},
    [DIMENSION] = {[1] = ONE(VARINT), [2] = ONE(STRING), [3] = ONE(STRING)},
    [ANNOTATION] = {[1] = ONE(STRING), [2] = MANY_OF(ENTRY)},
};

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* A message that is being walked. */
typedef struct frame {
    size_t end;
    message message;
    uint32_t seen; ///< fields that may be there once, a bit each
} frame;

typedef struct scanner {
    const uint8_t *bytes;
    size_t at;
    frame frames[MAXIMUM_DEPTH];
    uint32_t depth;
    uint32_t messages, strings;
} scanner;

static rt_status wrong(const scanner *s, const char *what)
{
    return rt_fail(RT_ERROR_INPUT, "the file is damaged at byte %zu: %s", s->at, what);
}

static rt_status read_varint(scanner *s, size_t end, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 10; i++) {
        if (s->at >= end) return wrong(s, "a number ends too late");
        const uint8_t byte = s->bytes[s->at++];
        if (i == 9 && byte > 1) break;
        *value |= (uint64_t)(byte & 127) << (7 * i);
        if (byte < 128) return RT_OK;
    }
    return wrong(s, "a number has more than 64 bits");
}

static rt_status skip(scanner *s, size_t end, uint64_t bytes)
{
    if (bytes > end - s->at) return wrong(s, "a length goes beyond what it is part of");
    s->at += bytes;
    return RT_OK;
}

static bool wire_fits(const field *f, uint64_t wire)
{
    switch ((content)f->content) {
    case VARINT:
        return wire == WIRE_VARINT;
    case FLOAT:
        return wire == WIRE_32;
    case VARINTS: /* packed or one by one */
        return wire == WIRE_VARINT || wire == WIRE_BYTES;
    case FLOATS:
        return wire == WIRE_32 || wire == WIRE_BYTES;
    case DOUBLES:
        return wire == WIRE_64 || wire == WIRE_BYTES;
    case STRING:
    case BYTES:
    case CHILD:
        return wire == WIRE_BYTES;
    case UNKNOWN:
    case REFUSED:
        break;
    }
    return true;
}

static rt_status enter(scanner *s, message child, uint64_t length)
{
    if (s->depth == MAXIMUM_DEPTH) return wrong(s, "it is more than 100 deep");
    if (++s->messages > MAXIMUM_MESSAGES) return wrong(s, "more than 200000 parts");
    s->frames[s->depth++] = (frame){.end = s->at + length, .message = child};
    return RT_OK;
}

/* What lies behind a length. */
static rt_status scan_bytes(scanner *s, const field *f, size_t end)
{
    uint64_t length;
    RT_TRY(read_varint(s, end, &length));
    if (length > end - s->at) return wrong(s, "a length goes beyond what it is part of");
    if (f->content == CHILD) return enter(s, f->child, length);
    if (f->content == STRING && length > MAXIMUM_STRING)
        return wrong(s, "a string of more than 1 MiB");
    if (f->content == STRING && memchr(s->bytes + s->at, 0, length) != NULL)
        return wrong(s, "a string with a zero byte");
    if ((f->content == STRING || f->content == UNKNOWN) && ++s->strings > MAXIMUM_STRINGS)
        return wrong(s, "more than 1000000 strings");
    if ((f->content == FLOATS && length % 4 != 0) || (f->content == DOUBLES && length % 8 != 0))
        return wrong(s, "a list of numbers ends in the middle of one");
    return skip(s, end, length);
}

static rt_status check_field(scanner *s, frame *in, uint64_t number, uint64_t wire, const field *f)
{
    if (f->content == REFUSED)
        return rt_fail(RT_ERROR_INPUT, "at byte %zu there is %s, which Retort does not read", s->at,
                       f->refused);
    if (!wire_fits(f, wire)) return wrong(s, "a field is not of its type");
    if (f->content == UNKNOWN || f->repeated) return RT_OK;
    const uint32_t bit = 1u << number;
    if (in->seen & bit) return wrong(s, "a field is there twice that may be there once");
    in->seen |= bit;
    return RT_OK;
}

static rt_status scan_field(scanner *s)
{
    static const field unknown = {.content = UNKNOWN};
    frame *in = &s->frames[s->depth - 1];
    const size_t end = in->end;
    uint64_t tag, value;
    RT_TRY(read_varint(s, end, &tag));
    const uint64_t number = tag >> 3, wire = tag & 7;
    if (number == 0 || number >= 1u << 29) return wrong(s, "there is no such field");
    const field *f = number < FIELDS ? &schema[in->message][number] : &unknown;
    RT_TRY(check_field(s, in, number, wire, f));
    if (f->content == UNKNOWN && ++s->strings > MAXIMUM_STRINGS)
        return wrong(s, "more than 1000000 unknown fields");
    switch (wire) {
    case WIRE_VARINT:
        return read_varint(s, end, &value);
    case WIRE_64:
        return skip(s, end, 8);
    case WIRE_BYTES:
        return scan_bytes(s, f, end);
    case WIRE_32:
        return skip(s, end, 4);
    default:
        return wrong(s, "groups are not possible in ONNX");
    }
}

rt_status rt_onnx_scan(const void *data, size_t size)
{
    scanner s = {.bytes = data, .depth = 1};
    s.frames[0] = (frame){.end = size, .message = MODEL};
    while (true) {
        while (s.depth > 0 && s.at == s.frames[s.depth - 1].end) s.depth--;
        if (s.depth == 0) break;
        RT_TRY(scan_field(&s));
    }
    return RT_OK;
}
