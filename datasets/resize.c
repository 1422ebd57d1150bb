#include "datasets/resize.h"

#include <math.h>

/* What a new pixel takes from the old ones along one axis: a run of pixels and how it is weighted.
 */
typedef struct footprint {
    uint32_t first, count;
    double low, high; ///< the covered interval (shrinking)
    double fraction;  ///< towards the second pixel (growing)
    bool shrinking;
} footprint;

static footprint make_footprint(uint32_t place, uint32_t size, uint32_t new_size)
{
    const double scale = (double)size / new_size;
    if (new_size < size) {
        const double low = place * scale, high = fmin((place + 1) * scale, size);
        const uint32_t first = (uint32_t)low, end = (uint32_t)ceil(high);
        return (footprint){.first = first,
                           .count = (end > size ? size : end) - first,
                           .low = low,
                           .high = high,
                           .shrinking = true};
    }
    const double centre = fmin(fmax((place + 0.5) * scale - 0.5, 0), size - 1.0);
    const uint32_t first = (uint32_t)centre;
    return (footprint){
        .first = first, .count = first + 1 < size ? 2 : 1, .fraction = centre - first};
}

/* Weight of pixel first + i; the weights of a footprint sum to 1. */
static double weight_of(const footprint *f, uint32_t i)
{
    if (f->shrinking) {
        const double begin = fmax(f->low, f->first + i);
        const double end = fmin(f->high, f->first + i + 1.0);
        return fmax(end - begin, 0) / (f->high - f->low);
    }
    if (f->count == 1) return 1;
    return i == 0 ? 1 - f->fraction : f->fraction;
}

/* Rows first, in double, so that only the end result is rounded. `row`: items a row. */
static void resize_rows(double *to, uint32_t new_height, const uint8_t *from, uint32_t height,
                        size_t row)
{
    for (uint32_t y = 0; y < new_height; y++) {
        const footprint f = make_footprint(y, height, new_height);
        for (size_t x = 0; x < row; x++) {
            double sum = 0;
            for (uint32_t i = 0; i < f.count; i++)
                sum += weight_of(&f, i) * from[(f.first + i) * row + x];
            to[y * row + x] = sum;
        }
    }
}

static void resize_columns(uint8_t *to, uint32_t new_width, const double *from, uint32_t height,
                           uint32_t width, uint32_t channels)
{
    for (uint32_t x = 0; x < new_width; x++) {
        const footprint f = make_footprint(x, width, new_width);
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t c = 0; c < channels; c++) {
                double sum = 0;
                for (uint32_t i = 0; i < f.count; i++)
                    sum +=
                        weight_of(&f, i) * from[((size_t)y * width + f.first + i) * channels + c];
                to[((size_t)y * new_width + x) * channels + c] =
                    (uint8_t)fmin(floor(sum + 0.5), UINT8_MAX);
            }
    }
}

rt_status rt_resize_image(uint8_t *to, uint32_t new_height, uint32_t new_width, const uint8_t *from,
                          uint32_t height, uint32_t width, uint32_t channels)
{
    const size_t row = (size_t)width * channels;
    double *between;
    RT_TRY(RT_ALLOC(between, new_height * row));
    resize_rows(between, new_height, from, height, row);
    resize_columns(to, new_width, between, new_height, width, channels);
    rt_free(between);
    return RT_OK;
}
