#ifndef RT_CLI_INSPECT_PICTURES_H
#define RT_CLI_INSPECT_PICTURES_H

/**
 * A store's samples as PNG files, a folder a class: DIR/3/000017.png, or DIR/3_dress/000017.png
 * where the classes have names. Private to common/cli/.
 *     RT_TRY(rt_pictures_begin(&pictures, arena, "DIR", description));
 *     RT_TRY(rt_pictures_write(&pictures, &shard.samples, first_sample));
 * The number before the name keeps the classes' order where folders are sorted (`retort import
 * folder`, torchvision's ImageFolder); it has leading zeros for that. Bytes of a name that do not
 * belong into the name of a file become '_'. A file is named after its sample's place in the store.
 */

#include "common/base/memory.h"
#include "datasets/samples.h"

typedef struct rt_pictures {
    const rt_store_description *description;
    char **folders; ///< a class each
} rt_pictures;

/** Makes the folders. Ownership: all lies in `arena`. Errors: RT_ERROR_IO. */
RT_CHECKED rt_status rt_pictures_begin(rt_pictures *pictures, rt_arena *arena, const char *folder,
                                       const rt_store_description *description);
/** Writes samples, of which the first is number `first_sample` of the store. Of four channels the
 *  fourth is not written. */
RT_CHECKED rt_status rt_pictures_write(const rt_pictures *pictures, const rt_samples *samples,
                                       uint64_t first_sample);

#endif
