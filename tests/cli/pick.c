#include "common/cli/pick.h"

#include <criterion/criterion.h>
#include <stdlib.h>

typedef struct offer {
    double rank;
    uint8_t image;
} offer;

static int by_rank(const void *a, const void *b)
{
    const offer *left = a, *right = b;
    if (left->rank != right->rank) return left->rank < right->rank ? -1 : 1;
    return (left->image > right->image) - (left->image < right->image);
}

/* The definition: sort all, keep the first. Images are numbered in the order in which they come. */
Test(cli_pick, keeps_the_smallest_in_order)
{
    enum { BINS = 3, PER_BIN = 4 };
    for (uint32_t count = 0; count < 60; count += 7) {
        rt_pick *pick;
        offer offers[BINS][64];
        uint32_t counts[BINS] = {0};
        cr_assert_eq(rt_pick_create(&pick, BINS, PER_BIN, 1), RT_OK);
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t bin = i % 5 < BINS ? i % 5 : 0;
            const uint8_t image = (uint8_t)i;
            const double rank = (i * 29) % 13; /* has ties: the first stays */
            offers[bin][counts[bin]++] = (offer){rank, image};
            rt_pick_offer(pick, bin, rank, &image);
        }
        for (uint32_t bin = 0; bin < BINS; bin++) {
            qsort(offers[bin], counts[bin], sizeof(offer), by_rank);
            for (uint32_t i = 0; i < PER_BIN; i++) {
                const int64_t place = rt_pick_cells(pick)[bin * PER_BIN + i];
                if (i >= counts[bin]) {
                    cr_assert_eq(place, -1);
                } else {
                    cr_assert_eq(rt_pick_images(pick)[place], offers[bin][i].image);
                }
            }
        }
        rt_pick_free(pick);
    }
}
