#include "student/noise_source.h"

#include "common/base/random.h"

#include <string.h>

static rt_status next(void *state, rt_batch *batch)
{
    rt_noise_source *noise = state;
    const rt_store_description *d = &noise->description;
    const uint64_t pixels = (uint64_t)noise->batch_size * d->height * d->width;
    const uint32_t stride = (d->channels + 3) / 4 * 4;
    memset(batch->images, 0, pixels * stride * sizeof *batch->images);
    memset(batch->labels, 0, noise->batch_size * sizeof *batch->labels);
    for (uint64_t pixel = 0; pixel < pixels; pixel++) {
        uint32_t draws[4];
        rt_philox(noise->seed, RT_STREAM_NOISE, (uint32_t)noise->step, pixel, draws);
        for (uint32_t c = 0; c < d->channels; c++)
            batch->images[pixel * stride + c] = rt_random_uniform(draws[c]);
    }
    batch->count = noise->batch_size;
    batch->step = noise->step++;
    return RT_OK;
}

static void seek(void *state, uint32_t epoch, uint64_t step)
{
    (void)epoch; /* endless: steps count from the beginning */
    ((rt_noise_source *)state)->step = step;
}

rt_sample_source rt_sample_source_from_noise(rt_noise_source *noise)
{
    return (rt_sample_source){
        .state = noise, .next = next, .seek = seek, .description = &noise->description};
}
