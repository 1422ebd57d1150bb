#include "student/training.h"

#include "common/base/interrupt.h"
#include "common/base/progress.h"
#include "common/base/random.h"
#include "common/nn/model_file.h"
#include "common/ops/advance.h"
#include "common/ops/crop_flip.h"
#include "common/ops/sgd.h"
#include "common/ops/weighted_sum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rt_training {
    rt_training_setup setup;
    rt_graph *graph;
    rt_phase *phase;
    rt_parameters *extra;
    rt_tensor *images, *labels, *stored_logits; ///< inputs
    rt_tensor *schedule, *total;
    rt_loss_terms terms;
    float values[RT_MAXIMUM_TERMS]; ///< of the last step
    int32_t *host_labels;
    float *host_logits;
    uint64_t step;
    double wait_seconds;
};

static rt_tensor *build_schedule(rt_training *training)
{
    const uint64_t steps = training->setup.steps;
    const rt_shape shape = {(uint32_t)steps, 1, 1, 4};
    float *rows = rt_alloc(steps, 4 * sizeof *rows);
    if (rows == NULL) return rt_graph_fail(training->graph, RT_ERROR_MEMORY);
    const rt_optimiser_config *o = &training->setup.optimiser;
    for (uint64_t i = 0; i < steps; i++) rows[4 * i] = (float)rt_learning_rate(o, i, steps);
    rt_tensor *schedule = rt_graph_constant(training->graph, "schedule", shape, rows);
    rt_free(rows);
    return schedule;
}

static void build_inputs(rt_training *training)
{
    const rt_training_setup *setup = &training->setup;
    const rt_network_description *d = rt_network_describe(setup->student);
    rt_graph *graph = training->graph;
    const uint32_t batch = setup->batch_size;
    training->images =
        rt_graph_input(graph, "images", (rt_shape){batch, d->height, d->width, d->channels});
    training->labels = rt_graph_input(graph, "labels", (rt_shape){batch * setup->views, 1, 1, 1});
    if (setup->stored_logits)
        training->stored_logits =
            rt_graph_input(graph, "stored_logits", (rt_shape){batch, 1, 1, d->classes});
}

static rt_tensor *augment(rt_training *training)
{
    const rt_training_setup *setup = &training->setup;
    const rt_augmentation *a = &setup->augmentation;
    if (a->padding == 0 && !a->flip && setup->views == 1) return training->images;
    const rt_crop_flip_options options = {.padding = a->padding,
                                          .flip = a->flip,
                                          .views = setup->views,
                                          .seed = setup->seed,
                                          .stream = RT_STREAM_AUGMENT};
    return rt_crop_flip(training->graph, training->images, NULL, &options);
}

static void add_optimiser(rt_training *training, rt_parameters *parameters)
{
    const rt_optimiser_config *o = &training->setup.optimiser;
    rt_sgd(training->graph, parameters,
           &(rt_sgd_options){.schedule = training->schedule,
                             .learning_rate_scale = 1,
                             .momentum = o->momentum,
                             .nesterov = o->nesterov,
                             .weight_decay = o->weight_decay});
}

static rt_status build_graph(rt_training *training)
{
    const rt_training_setup *setup = &training->setup;
    rt_graph *graph = training->graph;
    rt_network_outputs *outputs;
    RT_TRY(RT_ALLOC(outputs, 1));
    build_inputs(training);
    rt_tensor *views = augment(training);
    rt_network_apply(setup->student, graph, "student", views,
                     &(rt_apply_options){.training = true,
                                         .update_statistics = true,
                                         .trained = true,
                                         .dropout_seed = training->setup.seed},
                     outputs);
    const rt_recipe_batch batch = {.graph = graph,
                                   .images = views,
                                   .labels = training->labels,
                                   .stored_logits = training->stored_logits,
                                   .student = outputs,
                                   .extra = training->extra,
                                   .seed = setup->seed};
    rt_graph_scope(graph, setup->recipe->name);
    setup->recipe->build(&batch, setup->recipe_options, &training->terms);
    rt_graph_scope(graph, "");
    rt_free(outputs);
    RT_TRY(rt_graph_status(graph));
    rt_loss_terms *terms = &training->terms;
    if (terms->count == 0)
        return rt_fail(RT_ERROR_INPUT, "every term of the student's loss has weight 0");
    rt_tensor *weights =
        rt_graph_constant(graph, "weights", (rt_shape){1, 1, 1, terms->count}, terms->weights);
    training->total = rt_weighted_sum(graph, terms->terms, terms->count, weights);
    rt_graph_output(graph, training->total);
    for (uint32_t i = 0; i < terms->count; i++) rt_graph_output(graph, terms->terms[i]);
    rt_graph_differentiate(graph, training->total);
    training->schedule = build_schedule(training);
    add_optimiser(training, rt_network_parameters(setup->student));
    if (rt_parameters_count(training->extra) > 0) add_optimiser(training, training->extra);
    rt_advance(graph);
    return rt_graph_status(graph);
}

static rt_status create(rt_training *training)
{
    const rt_training_setup *setup = &training->setup;
    const rt_network_description *d = rt_network_describe(setup->student);
    if (setup->stored_logits &&
        (setup->augmentation.padding > 0 || setup->augmentation.flip || setup->views != 1))
        return rt_fail(RT_ERROR_INPUT, "stored logits are those of unchanged images: switch "
                                       "augmentation and views off to use them");
    RT_TRY(RT_ALLOC(training->host_labels, setup->batch_size));
    if (setup->stored_logits)
        RT_TRY(RT_ALLOC(training->host_logits, (size_t)setup->batch_size * d->classes));
    RT_TRY(rt_parameters_create(&training->extra));
    RT_TRY(rt_graph_create(&training->graph));
    RT_TRY(build_graph(training));
    if (rt_parameters_count(training->extra) > 0) {
        RT_TRY(rt_parameters_allocate(training->extra, setup->device));
        RT_TRY(rt_parameters_initialise(training->extra, setup->seed, RT_STREAM_WEIGHTS, 1, false));
    }
    return rt_phase_create(
        &training->phase, setup->device, training->graph,
        &(rt_phase_options){.timestamps = setup->timestamps, .batch_size = setup->batch_size});
}

rt_status rt_training_create(rt_training **training, const rt_training_setup *setup)
{
    RT_TRY(RT_ALLOC(*training, 1));
    (*training)->setup = *setup;
    const rt_status status = create(*training);
    if (status != RT_OK) {
        rt_training_free(*training);
        *training = NULL;
    }
    return status;
}

void rt_training_free(rt_training *training)
{
    if (training == NULL) return;
    rt_phase_free(training->phase);
    rt_graph_free(training->graph);
    rt_parameters_free(training->extra);
    rt_free(training->host_labels);
    rt_free(training->host_logits);
    rt_free(training);
}

/* Fetches a batch into the place of the next submission. */
static rt_status fetch(rt_training *training, const rt_sample_source *source)
{
    const rt_training_setup *setup = &training->setup;
    rt_batch batch = {.images = rt_phase_input(training->phase, training->images),
                      .labels = training->host_labels,
                      .teacher_logits = training->host_logits};
    RT_TRY(rt_sample_source_next(source, &batch));
    float *labels = rt_phase_input(training->phase, training->labels);
    memset(labels, 0, rt_shape_bytes(training->labels->shape));
    for (uint32_t view = 0; view < setup->views; view++)
        for (uint32_t n = 0; n < setup->batch_size; n++)
            labels[4 * ((size_t)view * setup->batch_size + n)] = (float)training->host_labels[n];
    if (training->stored_logits != NULL)
        rt_tensor_pack(training->stored_logits->shape, training->host_logits,
                       rt_phase_input(training->phase, training->stored_logits));
    return RT_OK;
}

/* Reads the step's losses; the first that is not finite ends the run. */
static rt_status collect(rt_training *training, rt_training_step *done)
{
    *done = (rt_training_step){.step = training->step, .terms = training->values};
    for (uint32_t i = 0; i < training->terms.count; i++) {
        training->values[i] = rt_phase_output(training->phase, training->terms.terms[i])[0];
        if (!isfinite(training->values[i]))
            return rt_fail(RT_ERROR_NUMERIC,
                           "loss term '%s' is %g at step %llu; the last checkpoint is good: try a "
                           "smaller learning_rate",
                           training->terms.names[i], (double)training->values[i],
                           (unsigned long long)training->step);
    }
    done->loss = rt_phase_output(training->phase, training->total)[0];
    return RT_OK;
}

rt_status rt_training_run(rt_training *training, const rt_sample_source *source, uint64_t until,
                          const rt_training_listener *listener)
{
    if (training->step >= until) return RT_OK;
    const double began = rt_seconds();
    RT_TRY(fetch(training, source));
    training->wait_seconds += rt_seconds() - began;
    while (training->step < until) {
        rt_training_step done;
        RT_TRY(rt_phase_submit(training->phase));
        const double fetching = rt_seconds();
        if (training->step + 1 < until) RT_TRY(fetch(training, source));
        const double fetched = rt_seconds();
        RT_TRY(rt_phase_wait(training->phase));
        /* The device was done before the batch was there: at most the fetch was waited for. */
        if (rt_seconds() - fetched < 1e-4) training->wait_seconds += fetched - fetching;
        RT_TRY(collect(training, &done));
        training->step++;
        if (listener != NULL && listener->step_done != NULL)
            RT_TRY(listener->step_done(listener->state, &done));
        RT_TRY(rt_interrupt_check());
    }
    return RT_OK;
}

uint64_t rt_training_step_count(const rt_training *training) { return training->step; }

const rt_loss_terms *rt_training_terms(const rt_training *training) { return &training->terms; }

double rt_training_wait_seconds(const rt_training *training) { return training->wait_seconds; }

rt_phase *rt_training_phase(rt_training *training) { return training->phase; }

uint64_t rt_training_parameter_count(const rt_training *training)
{
    return rt_parameters_trained_numbers(rt_network_parameters(training->setup.student));
}

rt_status rt_training_save(rt_training *training, rt_safetensors_writer *writer, rt_arena *arena)
{
    rt_parameters *student = rt_network_parameters(training->setup.student);
    const char *step = rt_arena_printf(arena, "%llu", (unsigned long long)training->step);
    if (step == NULL) return RT_ERROR_MEMORY;
    const rt_status saved = rt_parameters_save(student, "student.", true, writer, arena);
    if (saved == RT_ERROR_NUMERIC)
        rt_error_prefix("after %llu steps: ", (unsigned long long)training->step);
    RT_TRY(saved);
    if (rt_parameters_count(training->extra) > 0)
        RT_TRY(rt_parameters_save(training->extra, "extra.", true, writer, arena));
    return rt_safetensors_add_metadata(writer, "student_step", step);
}

rt_status rt_training_load(rt_training *training, const rt_safetensors *checkpoint)
{
    const char *text = rt_safetensors_metadata(checkpoint, "student_step");
    char *end = NULL;
    const unsigned long long step = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL || end == text || *end != '\0' || step > training->setup.steps)
        return rt_fail(RT_ERROR_INPUT, "the checkpoint does not fit this run: its step is '%s'",
                       text != NULL ? text : "missing");
    RT_TRY(rt_parameters_load(rt_network_parameters(training->setup.student), "student.", true,
                              checkpoint));
    if (rt_parameters_count(training->extra) > 0)
        RT_TRY(rt_parameters_load(training->extra, "extra.", true, checkpoint));
    const uint32_t counters[4] = {(uint32_t)step, (uint32_t)step, 0, 0};
    training->step = step;
    return rt_phase_write(training->phase, rt_graph_counters(training->graph), counters);
}
