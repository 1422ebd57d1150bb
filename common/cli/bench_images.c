/* The images of `retort bench`: one batch of noise, copied for every step. */
#include "common/cli/bench_images.h"

#include <string.h>

static rt_status next(void *state, rt_batch *batch)
{
    const rt_bench_images *b = state;
    memcpy(batch->images, b->images, b->bytes);
    for (uint32_t n = 0; n < b->noise.batch_size; n++)
        batch->labels[n] = (int32_t)(n % b->noise.description.classes);
    batch->count = b->noise.batch_size;
    return RT_OK;
}

static void seek(void *state, uint32_t epoch, uint64_t step)
{
    (void)state; /* every batch is the same */
    (void)epoch;
    (void)step;
}

rt_status rt_bench_images_init(rt_bench_images *images, const rt_network_description *network,
                               uint32_t batch_size)
{
    *images = (rt_bench_images){.noise = {.description = {.height = network->height,
                                                          .width = network->width,
                                                          .channels = network->channels,
                                                          .classes = network->classes},
                                          .batch_size = batch_size}};
    const uint64_t floats = 4 * rt_shape_vec4_count((rt_shape){batch_size, network->height,
                                                               network->width, network->channels});
    int32_t *labels;
    RT_TRY(RT_ALLOC(images->images, floats));
    images->bytes = floats * sizeof *images->images;
    RT_TRY(RT_ALLOC(labels, batch_size));
    const rt_sample_source noise = rt_sample_source_from_noise(&images->noise);
    rt_batch batch = {.images = images->images, .labels = labels};
    const rt_status status = rt_sample_source_next(&noise, &batch);
    rt_free(labels);
    return status;
}

void rt_bench_images_clear(rt_bench_images *images) { rt_free(images->images); }

rt_sample_source rt_bench_images_source(rt_bench_images *images)
{
    return (rt_sample_source){
        .state = images, .next = next, .seek = seek, .description = &images->noise.description};
}
