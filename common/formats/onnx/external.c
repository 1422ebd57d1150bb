/* Tensors that lie in another file of the model's folder: what a model says of the place. */
#include "common/formats/onnx/read_private.h"

#include "common/base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As much as the model itself may have (onnx.c); many tensors could name one small file. */
static const uint64_t maximum_bytes = INT32_MAX;

/* What the entries of `external_data` say. */
typedef struct place {
    const char *location, *offset, *length;
    const char *checksum; ///< SHA-1 of the whole file, which few writers give; not checked
} place;

bool rt_onnx_is_external(const Onnx__TensorProto *from)
{
    return from->n_external_data > 0 ||
           (from->has_data_location &&
            from->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT);
}

static rt_status read_entry(const Onnx__StringStringEntryProto *from, place *to)
{
    const char *key = rt_onnx_text(from->key);
    const struct {
        const char *key, **value;
    } known[] = {{"location", &to->location},
                 {"offset", &to->offset},
                 {"length", &to->length},
                 {"checksum", &to->checksum}};
    for (size_t i = 0; i < RT_COUNT(known); i++) {
        if (strcmp(key, known[i].key) != 0) continue;
        if (*known[i].value != NULL)
            return rt_fail(RT_ERROR_INPUT, "its '%s' in another file is there twice", key);
        *known[i].value = rt_onnx_text(from->value);
        return RT_OK;
    }
    return rt_fail(RT_ERROR_INPUT, "its place in another file has an unknown '%s'", key);
}

static rt_status read_number(const char *key, const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    if (text == NULL) return RT_OK;
    if (*text >= '0' && *text <= '9') *number = strtoull(text, &end, 10);
    if (end == NULL || *end != '\0' || errno != 0)
        return rt_fail(RT_ERROR_INPUT, "its '%s' in another file is '%s', no number", key, text);
    return RT_OK;
}

rt_status rt_onnx_read_external(rt_onnx_source *source, const Onnx__TensorProto *from,
                                uint64_t size, rt_buffer *bytes)
{
    place where = {0};
    uint64_t offset = 0, length = size;
    if (source->folder == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "it is kept in another file; if you trust the folder of the model, "
                       "`retort convert --external-data`, or save it as one file (onnx: save_model "
                       "with save_as_external_data=False)");
    for (size_t i = 0; i < from->n_external_data; i++)
        RT_TRY(read_entry(from->external_data[i], &where));
    if (where.location == NULL)
        return rt_fail(RT_ERROR_INPUT, "it is kept in another file, but not said is in which");
    RT_TRY(read_number("offset", where.offset, &offset));
    RT_TRY(read_number("length", where.length, &length));
    if (length != size)
        return rt_fail(RT_ERROR_INPUT, "it has %llu bytes in '%s' where its shape needs %llu",
                       (unsigned long long)length, where.location, (unsigned long long)size);
    source->external += size;
    if (size > maximum_bytes || source->external > maximum_bytes)
        return rt_fail(RT_ERROR_INPUT, "more than 2 GiB are kept in other files");
    return rt_file_read_within(bytes, source->folder, where.location, offset, size);
}
