#ifndef RT_FORMATS_WEIGHTS_H
#define RT_FORMATS_WEIGHTS_H

/**
 * Files of named tensors, whatever wrote them: the one way in which models of other programs are
 * read.
 *     rt_weights weights = {0};
 *     RT_TRY(rt_weights_open(&weights, "resnet20.pth"));
 *     const rt_weights_entry *entry = rt_weights_find(&weights, "conv1.weight");
 *     ... RT_TRY_DONE(rt_weights_floats(entry, values)); // entry->count floats, row-major
 *     rt_weights_close(&weights);
 * The content decides which reader it is, not the name: safetensors (safetensors.h), an index of
 * several safetensors files (safetensors_shards.h), a checkpoint of torch.save in its zip or in its
 * older form (pytorch_checkpoint.h). All of them are strict (docs/reliability.md), run nothing that
 * a file says, and keep the tensors in the type that they have there until somebody asks for them.
 *
 * A prefix that wrapped models put before every name ("module." of DataParallel, "_orig_mod." of
 * torch.compile) is taken off, if all tensors have it.
 */

#include "common/formats/safetensors.h"

typedef enum rt_weights_format {
    RT_WEIGHTS_SAFETENSORS,
    RT_WEIGHTS_SHARDS,         ///< model.safetensors.index.json and the files that it names
    RT_WEIGHTS_PYTORCH_ZIP,    ///< torch.save since 1.6
    RT_WEIGHTS_PYTORCH_LEGACY, ///< torch.save before
    RT_WEIGHTS_ONNX,           ///< a graph: rt_model_open alone reads it (common/nn/model_file.h)
} rt_weights_format;

/** "safetensors", "PyTorch checkpoint (zip)" and so on. */
const char *rt_weights_format_name(rt_weights_format format);

typedef struct rt_weights_entry {
    const char *name;
    rt_safetensors_type type; ///< in the file
    uint32_t rank;            ///< 0 is a scalar
    uint64_t shape[RT_SAFETENSORS_MAX_RANK];
    uint64_t stride[RT_SAFETENSORS_MAX_RANK]; ///< elements from one to the next, in each dimension
    uint64_t count;                           ///< elements, at least 1
    const void *data; ///< the first element; little-endian, may be unaligned
} rt_weights_entry;

/** An open file. `= {0}` is a valid empty one. */
typedef struct rt_weights {
    rt_weights_format format;
    rt_weights_entry *entries; ///< in the file's order, which for PyTorch is that of the layers
    size_t entry_count;
    const rt_safetensors_metadata_entry *metadata; ///< PyTorch's checkpoints have none
    size_t metadata_count;
    /** Of safetensors the hash of the data buffer, as safetensors.h has it. Of all else the hash
     * over the tensors in the order of their names (strcmp): name and a 0 byte; rank as 4 and each
     *  dimension as 8 bytes, little-endian; the values as float32. So it does not depend on how
     *  a checkpoint was written. */
    char sha256[RT_SHA256_TEXT];
    const char *prefix;               ///< what was taken off all names; "" if nothing
    const rt_weights_entry **by_name; ///< private: for rt_weights_find
    rt_safetensors *parts;            ///< private
    size_t part_count, capacity;      ///< private
    rt_buffer bytes;                  ///< private: the file
    rt_arena arena;                   ///< private: names, and data that had to be copied
} rt_weights;

/**
 * Reads a file whole and checks it.
 * Errors: RT_ERROR_INPUT naming the file and the rule that is broken, or, for a file of another
 * kind, what can be read.
 * Ownership: the caller closes `*weights`, which must be empty before; entries live until then.
 */
RT_CHECKED rt_status rt_weights_open(rt_weights *weights, const char *path);
/** The same for bytes in memory (copied); `name` stands in messages. An index of shards is refused:
 *  it has no folder. */
RT_CHECKED rt_status rt_weights_parse(rt_weights *weights, const char *name, const void *data,
                                      size_t size);
/** Releases; an empty one is fine. */
void rt_weights_close(rt_weights *weights);

/** The entry of that name, or NULL. */
const rt_weights_entry *rt_weights_find(const rt_weights *weights, const char *name);
/** The value of a metadata key, or NULL. */
const char *rt_weights_metadata(const rt_weights *weights, const char *key);

/** Copies a tensor out as float32, row-major. F32 is copied bit by bit, other types are rounded to
 *  the nearest float. `values`: entry->count floats.
 *  Errors: RT_ERROR_INPUT "unsupported" for types that safetensors_floats does not know. */
RT_CHECKED rt_status rt_weights_floats(const rt_weights_entry *entry, float *values);
/** RT_ERROR_NUMERIC naming the first tensor with a NaN or an infinity. */
RT_CHECKED rt_status rt_weights_check_finite(const rt_weights *weights);

/** For readers: adds an entry (copied; the name must live as long as `weights`). Errors:
 *  RT_ERROR_INPUT for a name that is empty or too long, or one tensor too many. */
RT_CHECKED rt_status rt_weights_add(rt_weights *weights, const rt_weights_entry *entry);

#endif
