#ifndef RT_CLI_BENCH_IMAGES_H
#define RT_CLI_BENCH_IMAGES_H

/**
 * Images for `retort bench` without a store: one batch of noise that comes again and again. A step
 * pays a copy for it, as it does with a loader; drawing new noise would cost more than that.
 *     RT_TRY(rt_bench_images_init(&images, rt_network_describe(network), 128));
 *     const rt_sample_source source = rt_bench_images_source(&images); // images must outlive it
 *     rt_bench_images_clear(&images);
 */

#include "common/nn/network.h"
#include "student/noise_source.h"

typedef struct rt_bench_images {
    rt_noise_source noise;
    float *images; ///< [N,H,W,C4]
    size_t bytes;
} rt_bench_images;

/** Images of the network's shape; labels go round its classes. */
RT_CHECKED rt_status rt_bench_images_init(rt_bench_images *images,
                                          const rt_network_description *network,
                                          uint32_t batch_size);
void rt_bench_images_clear(rt_bench_images *images);
rt_sample_source rt_bench_images_source(rt_bench_images *images);

#endif
