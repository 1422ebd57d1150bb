#ifndef RT_FORMATS_SAFETENSORS_H
#define RT_FORMATS_SAFETENSORS_H

/**
 * safetensors: the file of named tensors that models and checkpoints are kept in.
 *     rt_safetensors file = {0};
 *     RT_TRY(rt_safetensors_open(&file, path));
 *     const rt_safetensors_entry *weight = rt_safetensors_find(&file, "conv1.weight");
 *     ...
 *     rt_safetensors_close(&file);
 * The reader is strict (docs/reliability.md): one wrong byte in the header, a hole, an overlap or a
 * trailing byte between tensors is an error that names the rule, and so is a `sha256` in the
 * metadata that does not fit the data. The writer is canonical: equal tensors make equal bytes.
 */

#include "common/base/hash.h"
#include "common/base/memory.h"

enum { RT_SAFETENSORS_MAX_RANK = 8 };

typedef enum rt_safetensors_type {
    RT_SAFETENSORS_F64,
    RT_SAFETENSORS_F32,
    RT_SAFETENSORS_F16,
    RT_SAFETENSORS_BF16,
    RT_SAFETENSORS_I64,
    RT_SAFETENSORS_I32,
    RT_SAFETENSORS_I16,
    RT_SAFETENSORS_I8,
    RT_SAFETENSORS_U64,
    RT_SAFETENSORS_U32,
    RT_SAFETENSORS_U16,
    RT_SAFETENSORS_U8,
    RT_SAFETENSORS_BOOL,
    RT_SAFETENSORS_F8_E5M2,
    RT_SAFETENSORS_F8_E4M3
} rt_safetensors_type;

/** "F32" and so on. */
const char *rt_safetensors_type_name(rt_safetensors_type type);
/** Bytes an element. */
size_t rt_safetensors_type_size(rt_safetensors_type type);

typedef struct rt_safetensors_entry {
    const char *name;
    rt_safetensors_type type;
    uint32_t rank; ///< 0 is a scalar
    uint64_t shape[RT_SAFETENSORS_MAX_RANK];
    uint64_t count;   ///< elements, at least 1
    const void *data; ///< little-endian, row-major; files of other programs may be unaligned
    uint64_t size;    ///< bytes
} rt_safetensors_entry;

typedef struct rt_safetensors_metadata_entry {
    const char *key;
    const char *value;
} rt_safetensors_metadata_entry;

/** A file in memory. `= {0}` is a valid empty one. */
typedef struct rt_safetensors {
    rt_safetensors_entry *entries; ///< in the order of their data
    size_t entry_count;
    rt_safetensors_metadata_entry *metadata;
    size_t metadata_count;
    char sha256[RT_SHA256_TEXT];          ///< of the data buffer, whether or not the file states it
    const rt_safetensors_entry **by_name; ///< private: for rt_safetensors_find
    rt_buffer bytes;                      ///< private: the file
    rt_arena arena;                       ///< private: strings
} rt_safetensors;

/**
 * Reads a file whole and checks it.
 * Errors: RT_ERROR_INPUT naming the file, the tensor and the rule that is broken.
 * Ownership: the caller closes `*file`, which must be empty before; entries live until then.
 */
RT_CHECKED rt_status rt_safetensors_open(rt_safetensors *file, const char *path);
/** The same for bytes in memory (copied); `name` stands in messages. */
RT_CHECKED rt_status rt_safetensors_parse(rt_safetensors *file, const char *name, const void *data,
                                          size_t size);
/** The same for bytes whose ownership passes: `*bytes` is empty afterwards. */
RT_CHECKED rt_status rt_safetensors_take(rt_safetensors *file, const char *name, rt_buffer *bytes);
/** Releases; an empty file is fine. */
void rt_safetensors_close(rt_safetensors *file);

/** The entry of that name, or NULL. */
const rt_safetensors_entry *rt_safetensors_find(const rt_safetensors *file, const char *name);
/** The value of a metadata key, or NULL. */
const char *rt_safetensors_metadata(const rt_safetensors *file, const char *key);

/**
 * Copies a tensor out as float32. F32 is copied bit by bit; F64, F16, BF16, I64, I32, I16, I8, U8
 * and BOOL (0 and 1) are rounded to the nearest float. `values`: entry->count floats.
 * Errors: RT_ERROR_INPUT "unsupported" for the other types.
 */
RT_CHECKED rt_status rt_safetensors_floats(const rt_safetensors_entry *entry, float *values);

/** RT_ERROR_NUMERIC naming the first tensor (of F64, F32, F16, BF16) with a NaN or an infinity. */
RT_CHECKED rt_status rt_safetensors_check_finite(const rt_safetensors *file);

/** A file in the making. `= {0}` is a valid empty one; `path`less until it is written. */
typedef struct rt_safetensors_writer {
    rt_safetensors_entry *entries;
    size_t entry_count, entry_capacity;
    rt_safetensors_metadata_entry *metadata;
    size_t metadata_count, metadata_capacity;
    rt_arena arena;
} rt_safetensors_writer;

/**
 * Adds a tensor. Errors: RT_ERROR_INTERNAL for a name that is empty, too long or there already, or
 * a shape without elements.
 * Ownership: copies name and shape; `data` (row-major) is kept by reference until the file is
 * written.
 */
RT_CHECKED rt_status rt_safetensors_add(rt_safetensors_writer *writer, const char *name,
                                        rt_safetensors_type type, uint32_t rank,
                                        const uint64_t *shape, const void *data);
/** Adds a metadata string (copied). `sha256` is added by the writer itself. */
RT_CHECKED rt_status rt_safetensors_add_metadata(rt_safetensors_writer *writer, const char *key,
                                                 const char *value);
/** The bytes of the file: keys sorted, tensors by width of type and then by name, header padded to
 *  8 bytes, the data's sha256 in the metadata (and in `sha256`, unless NULL). */
RT_CHECKED rt_status rt_safetensors_encode(const rt_safetensors_writer *writer, rt_buffer *bytes,
                                           char sha256[RT_SHA256_TEXT]);
/** Writes the file as a whole (rt_file_replace). `sha256` of the data may be NULL. */
RT_CHECKED rt_status rt_safetensors_write(const rt_safetensors_writer *writer, const char *path,
                                          char sha256[RT_SHA256_TEXT]);
/** Releases; the writer is empty again. */
void rt_safetensors_writer_clear(rt_safetensors_writer *writer);

#endif
