#include "common/cli/pick.h"

#include <string.h>

struct rt_pick {
    uint32_t bins, per_bin;
    size_t image_bytes;
    double *ranks;   /* [bins * per_bin], of the cells that are taken */
    int64_t *cells;  /* [bins * per_bin], places in `images` */
    uint32_t *taken; /* [bins] */
    uint8_t *images;
};

rt_status rt_pick_create(rt_pick **pick, uint32_t bins, uint32_t per_bin, size_t image_bytes)
{
    const size_t cells = (size_t)bins * per_bin;
    rt_pick *made;
    RT_TRY(RT_ALLOC(made, 1));
    *made = (rt_pick){.bins = bins, .per_bin = per_bin, .image_bytes = image_bytes};
    made->ranks = rt_alloc(cells, sizeof *made->ranks);
    made->cells = rt_alloc(cells, sizeof *made->cells);
    made->taken = rt_alloc(bins, sizeof *made->taken);
    made->images = rt_alloc(cells, image_bytes);
    if (made->ranks == NULL || made->cells == NULL || made->taken == NULL || made->images == NULL) {
        rt_pick_free(made);
        return RT_ERROR_MEMORY;
    }
    for (size_t i = 0; i < cells; i++) made->cells[i] = -1;
    *pick = made;
    return RT_OK;
}

void rt_pick_offer(rt_pick *pick, uint32_t bin, double rank, const uint8_t *image)
{
    const size_t first = (size_t)bin * pick->per_bin;
    double *ranks = pick->ranks + first;
    int64_t *cells = pick->cells + first;
    uint32_t count = pick->taken[bin];
    int64_t place;
    if (count < pick->per_bin) {
        place = (int64_t)(first + count);
        pick->taken[bin]++;
    } else {
        if (!(rank < ranks[count - 1])) return;
        place = cells[--count]; /* the last one leaves */
    }
    while (count > 0 && rank < ranks[count - 1]) {
        ranks[count] = ranks[count - 1];
        cells[count] = cells[count - 1];
        count--;
    }
    ranks[count] = rank;
    cells[count] = place;
    memcpy(pick->images + (size_t)place * pick->image_bytes, image, pick->image_bytes);
}

const uint8_t *rt_pick_images(const rt_pick *pick) { return pick->images; }

const int64_t *rt_pick_cells(const rt_pick *pick) { return pick->cells; }

void rt_pick_free(rt_pick *pick)
{
    if (pick == NULL) return;
    rt_free(pick->ranks);
    rt_free(pick->cells);
    rt_free(pick->taken);
    rt_free(pick->images);
    rt_free(pick);
}
