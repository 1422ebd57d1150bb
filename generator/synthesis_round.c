/* One round of synthesis: new latent vectors and labels, the steps, the best batch into the store.
 */
#include "generator/synthesizer_private.h"

#include "common/base/interrupt.h"
#include "common/base/random.h"
#include "common/ops/schedule.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static rt_status draw_labels(rt_synthesizer *s, uint32_t round)
{
    const uint32_t count = s->config.batch_size;
    const uint32_t classes = rt_network_describe(s->setup.teacher)->classes;
    float *padded;
    RT_TRY(RT_ALLOC(padded, 4 * (size_t)count));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t draws[4];
        rt_philox(s->setup.seed, RT_STREAM_LABELS, round, i, draws);
        s->host_labels[i] = (int32_t)rt_random_below(draws[0], classes);
    }
    if (s->config.sort_labels) qsort(s->host_labels, count, sizeof *s->host_labels, ascending);
    for (uint32_t i = 0; i < count; i++) {
        padded[4 * i] = (float)s->host_labels[i];
        s->rounds[i] = round;
    }
    const rt_status status = rt_phase_write(s->phase, s->labels, padded);
    rt_free(padded);
    return status;
}

static rt_status write_schedule(rt_synthesizer *s, rt_tensor *tensor, float learning_rate,
                                uint64_t first_step)
{
    /* Adam's corrections count the steps since its moments were zero: for a warm generator those
     * of the earlier rounds too. Past this many steps the corrections are 1 in float. */
    const uint64_t settled = 100000;
    const uint32_t steps = s->config.generator_steps;
    const uint32_t skipped = (uint32_t)(first_step < settled ? first_step : settled);
    float *rows;
    RT_TRY(RT_ALLOC(rows, 4 * ((size_t)skipped + steps)));
    rt_schedule_constant(rows, skipped + steps, (double)learning_rate);
    rt_schedule_adam(rows, skipped + steps, (double)s->config.beta1, (double)s->config.beta2);
    const rt_status status = rt_phase_write(s->phase, tensor, rows + 4 * (size_t)skipped);
    rt_free(rows);
    return status;
}

static rt_status write_weights(rt_synthesizer *s, uint32_t round)
{
    float dense[RT_MAXIMUM_SYNTHESIS_TERMS], padded[RT_MAXIMUM_SYNTHESIS_TERMS] = {0};
    for (uint32_t i = 0; i < s->terms.count; i++)
        dense[i] = round >= s->terms.first_round[i] ? s->terms.weights[i] : 0;
    rt_tensor_pack(s->weights->shape, dense, padded);
    return rt_phase_write(s->phase, s->weights, padded);
}

rt_status rt_synthesizer_begin(rt_synthesizer *s, uint32_t round)
{
    const bool warm = s->config.generator_start == RT_START_WARM;
    if (!warm || round == 0) {
        RT_TRY(rt_parameters_initialise(s->generator.parameters, s->setup.seed, RT_STREAM_GENERATOR,
                                        round, false));
        RT_TRY(rt_parameters_reset_moments(s->generator.parameters));
    }
    RT_TRY(rt_parameters_initialise(s->latent, s->setup.seed, RT_STREAM_LATENT, round, false));
    RT_TRY(rt_parameters_reset_moments(s->latent));
    RT_TRY(draw_labels(s, round));
    const uint64_t steps = s->config.generator_steps;
    RT_TRY(write_schedule(s, s->generator_schedule, s->config.learning_rate_generator,
                          warm ? round * steps : 0));
    RT_TRY(write_schedule(s, s->latent_schedule, s->config.learning_rate_latent, 0));
    RT_TRY(write_weights(s, round));
    RT_TRY(rt_phase_write(s->phase, s->best_loss, &(const float[4]){INFINITY}));
    const uint32_t counters[4] = {(uint32_t)(round * steps)};
    return rt_phase_write(s->phase, rt_graph_counters(s->graph), counters);
}

rt_status rt_synthesizer_step(rt_synthesizer *s, uint32_t round, uint32_t step,
                              const rt_synthesis_listener *listener)
{
    RT_TRY(rt_phase_submit(s->phase));
    RT_TRY(rt_phase_wait(s->phase));
    for (uint32_t i = 0; i < s->terms.count; i++) {
        s->values[i] = rt_phase_output(s->phase, s->terms.terms[i])[0];
        if (!isfinite(s->values[i]))
            return rt_fail(RT_ERROR_NUMERIC,
                           "loss term '%s' is %g in step %u of round %u; the last checkpoint is "
                           "good: try a smaller learning_rate.generator",
                           s->terms.names[i], (double)s->values[i], step, round);
    }
    const rt_synthesis_step done = {.round = round,
                                    .step = step,
                                    .loss = rt_phase_output(s->phase, s->total)[0],
                                    .terms = s->values};
    if (listener != NULL && listener->step_done != NULL)
        RT_TRY(listener->step_done(listener->state, &done));
    return rt_interrupt_check();
}

/* The kept images as 8 bits. The released code truncates: on average half a step too dark. */
static rt_status fetch_images(rt_synthesizer *s)
{
    const rt_shape shape = s->best->shape;
    const uint32_t stride = 4 * rt_vec4s(shape.c);
    const float added = s->config.pixels == RT_PIXELS_ROUNDED ? 0.5f : 0;
    RT_TRY(rt_phase_read(s->phase, s->best, s->padded));
    for (uint64_t pixel = 0; pixel < rt_shape_pixels(shape); pixel++) {
        for (uint32_t c = 0; c < shape.c; c++) {
            const float value = s->padded[pixel * stride + c];
            if (!isfinite(value))
                return rt_fail(RT_ERROR_NUMERIC,
                               "the generator made a pixel that is %g; the last checkpoint is "
                               "good: try a smaller learning_rate.generator",
                               (double)value);
            const float clamped = value < 0 ? 0 : value > 1 ? 1 : value;
            s->images[pixel * shape.c + c] = (uint8_t)(clamped * 255 + added);
        }
    }
    return RT_OK;
}

/* The teacher sees the images as they are stored. */
static rt_status measure_round(rt_synthesizer *s, uint32_t round, rt_round_measures *measures)
{
    const rt_synthesis_config *c = &s->config;
    RT_TRY(rt_teacher_pass_run(&s->teacher, s->images));
    const rt_round_batch batch = {.images = c->batch_size,
                                  .classes = rt_network_describe(s->setup.teacher)->classes,
                                  .features = s->teacher.feature_count,
                                  .labels = s->host_labels,
                                  .logits = s->teacher.dense_logits,
                                  .feature_rows = s->teacher.dense_features,
                                  .batch_norm_distance = (double)s->teacher.distance};
    RT_TRY(rt_round_measure(&batch, measures));
    const rt_round_limits limits = {.class_entropy = c->guard_class_entropy,
                                    .diversity = c->guard_diversity,
                                    .batch_norm_growth = c->guard_batch_norm_growth,
                                    .stop = c->on_collapse == RT_COLLAPSE_STOP};
    return rt_round_judge_measures(&s->judge, &limits, measures, round);
}

rt_status rt_synthesizer_round(rt_synthesizer *s, uint32_t round, rt_store *store,
                               const rt_synthesis_listener *listener)
{
    RT_TRY(rt_synthesizer_begin(s, round));
    for (uint32_t step = 0; step < s->config.generator_steps; step++)
        RT_TRY(rt_synthesizer_step(s, round, step, listener));
    RT_TRY(fetch_images(s));
    rt_round_measures measures;
    RT_TRY(measure_round(s, round, &measures));
    const rt_samples samples = {.count = s->config.batch_size,
                                .images = s->images,
                                .labels = s->host_labels,
                                .teacher_logits =
                                    s->config.store_logits ? s->teacher.dense_logits : NULL,
                                .round = s->rounds};
    RT_TRY(rt_store_append(store, &samples));
    RT_TRY(rt_store_flush_shard(store));
    if (listener == NULL || listener->round_done == NULL) return RT_OK;
    return listener->round_done(listener->state, round, &measures);
}
