#ifndef RT_TESTS_FORMATS_CHECKPOINT_MAKER_H
#define RT_TESTS_FORMATS_CHECKPOINT_MAKER_H

/**
 * Zip archives, pickles of tensors and PyTorch checkpoints made byte by byte, also wrong ones; from
 * the descriptions of the formats and without any of Retort's code but its buffers.
 */

#include "common/base/memory.h"

/** An entry of an archive; what is 0 is right. */
typedef struct rt_made_entry {
    const char *name;
    const void *data;
    uint32_t size;
    uint16_t method, flags; ///< 0: stored, plain
    uint32_t claimed_size;  ///< what the directories say, if not `size`
    bool wrong_checksum;
    bool nested; ///< its header and data lie at the beginning of the first entry's data
} rt_made_entry;

/** The header and data of one entry, as they lie in an archive. */
void rt_make_zip_entry(rt_buffer *bytes, const rt_made_entry *entry);
/** A zip archive of these entries, as PKWARE's description has it. */
void rt_make_zip(rt_buffer *bytes, const rt_made_entry *entries, size_t count);

/** A tensor of a state_dict. */
typedef struct rt_made_tensor {
    const char *name;
    const char *class_; ///< "FloatStorage"
    const char *key;    ///< of the storage
    int64_t elements;   ///< of the storage
    int64_t offset;
    uint32_t rank;
    int64_t shape[9], stride[9];
} rt_made_tensor;

/** The pickle of a dict of tensors, in protocol 2. `legacy`: storages are described by six items.
 */
void rt_make_pickle(rt_buffer *bytes, const rt_made_tensor *tensors, size_t count, bool legacy);

/** A whole checkpoint in the zip form: that pickle, and one storage "0" of `size` bytes. */
void rt_make_checkpoint(rt_buffer *bytes, const rt_buffer *pickle, const void *storage,
                        uint32_t size);
/** And in the older form. `keys`: how often the storage "0" is listed. */
void rt_make_legacy(rt_buffer *bytes, const rt_buffer *pickle, int keys, uint64_t elements,
                    const void *storage, size_t size);

#endif
