#ifndef RT_CLI_PICK_H
#define RT_CLI_PICK_H

/**
 * Chooses the images of a grid while the samples of a store go by: in each bin (one for all, or one
 * a class) those of the smallest rank stay, in order of rank.
 *     RT_TRY(rt_pick_create(&pick, bins, per_bin, image_bytes));
 *     RT_TRY(rt_pick_offer(pick, bin, rank, image)); // every sample
 *     ... rt_pick_images(pick), rt_pick_cells(pick) ...
 *     rt_pick_free(pick);
 */

#include "common/base/memory.h"

typedef struct rt_pick rt_pick;

/** Errors: RT_ERROR_MEMORY. */
RT_CHECKED rt_status rt_pick_create(rt_pick **pick, uint32_t bins, uint32_t per_bin,
                                    size_t image_bytes);
/** `image` is copied if it is chosen. Of equal ranks the first that came stays. */
void rt_pick_offer(rt_pick *pick, uint32_t bin, double rank, const uint8_t *image);
/** All images kept, in no particular order: bins * per_bin places. */
const uint8_t *rt_pick_images(const rt_pick *pick);
/** [bins * per_bin]: the place of each cell's image, bin after bin; -1: none. */
const int64_t *rt_pick_cells(const rt_pick *pick);
void rt_pick_free(rt_pick *pick);

#endif
