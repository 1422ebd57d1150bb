#ifndef RT_FORMATS_PYTORCH_STORAGE_H
#define RT_FORMATS_PYTORCH_STORAGE_H

/** What the two forms of a PyTorch checkpoint share: storages, and the tensors that lie in them.
 *  Used by pytorch_*.c alone. */

#include "common/formats/pickle.h"
#include "common/formats/weights.h"

/** Bytes that tensors lie in. */
typedef struct rt_pytorch_storage {
    const char *key;
    rt_safetensors_type type;
    uint64_t count;      ///< elements
    const uint8_t *data; ///< NULL until the reader has found it
} rt_pytorch_storage;

typedef struct rt_pytorch_storages {
    rt_pytorch_storage *items; ///< sorted by key, each once; in the arena
    size_t count;
} rt_pytorch_storages;

/** Reads a pickle in which only the classes that tensors need may occur. */
RT_CHECKED rt_status rt_pytorch_unpickle(rt_pickle *pickle, rt_arena *arena, const uint8_t *bytes,
                                         size_t size);
/** All storages that a pickle speaks of. Errors: RT_ERROR_INPUT for one that is described in two
 *  ways, is of an unknown type, or lies outside of the file. */
RT_CHECKED rt_status rt_pytorch_storages_collect(rt_pytorch_storages *storages, rt_arena *arena,
                                                 const rt_pickle *pickle);
/** The storage of that key, or NULL. */
rt_pytorch_storage *rt_pytorch_storages_find(const rt_pytorch_storages *storages, const char *key);
/** The dict of tensors in what was pickled. Errors: RT_ERROR_INPUT saying what there is instead. */
RT_CHECKED rt_status rt_pytorch_find_tensors(const rt_pickle_value *root,
                                             const rt_pickle_value **tensors);
/** Adds all tensors of that dict to `weights`; `load` is called before a storage is first used, and
 *  sets its data. */
RT_CHECKED rt_status rt_pytorch_add_tensors(
    rt_weights *weights, const rt_pickle_value *tensors, const rt_pytorch_storages *storages,
    rt_status (*load)(void *context, rt_pytorch_storage *storage), void *context);

#endif
