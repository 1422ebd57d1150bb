#include "student/evaluation.h"

#include "common/base/interrupt.h"
#include "common/base/progress.h"
#include "common/graph/phase.h"

#include <math.h>
#include <string.h>

struct rt_evaluator {
    rt_store_reader *store; ///< owned; NULL: someone else's
    rt_loader *loader;      ///< owned; NULL: someone else's
    rt_sample_source source;
    uint64_t samples;
    uint32_t classes;
    rt_graph *graph;
    rt_phase *phase;
    rt_tensor *images, *logits;
    int32_t *labels[2];    ///< of the batch on the device and of the next one
    uint64_t *correct;     ///< by class, of the evaluation under way
    rt_evaluation *result; ///< the one under way
    double loss;
};

float rt_logit_margin(const float *logits, uint32_t classes)
{
    float best = -INFINITY, second = -INFINITY;
    for (uint32_t k = 0; k < classes; k++) {
        if (logits[k] > best) {
            second = best;
            best = logits[k];
        } else if (logits[k] > second) {
            second = logits[k];
        }
    }
    return best - second;
}

static rt_status check_fit(const rt_network_description *d, const rt_store_description *s,
                           const char *path)
{
    if (s->height == d->height && s->width == d->width && s->channels == d->channels &&
        s->classes == d->classes)
        return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "store '%s' has images of %ux%ux%u in %u classes, the model '%s' takes %ux%ux%u "
                   "in %u classes",
                   path, s->height, s->width, s->channels, s->classes, d->arch, d->height, d->width,
                   d->channels, d->classes);
}

rt_status rt_evaluation_check(const char *path, const rt_network_description *network)
{
    rt_store_reader *store;
    RT_TRY(rt_store_open(&store, path));
    const rt_status status = check_fit(network, rt_store_reader_description(store), path);
    rt_store_reader_close(store);
    return status;
}

static rt_status build(rt_evaluator *e, rt_network *network, rt_device *device, uint32_t batch_size)
{
    const rt_network_description *d = rt_network_describe(network);
    rt_network_outputs *outputs;
    RT_TRY(RT_ALLOC(outputs, 1));
    rt_status status = rt_graph_create(&e->graph);
    if (status == RT_OK) {
        e->images = rt_graph_input(e->graph, "images",
                                   (rt_shape){batch_size, d->height, d->width, d->channels});
        rt_network_apply(network, e->graph, "model", e->images, &(rt_apply_options){0}, outputs);
        e->logits = outputs->logits;
        rt_graph_output(e->graph, e->logits);
        status = rt_graph_status(e->graph);
    }
    rt_free(outputs);
    RT_TRY(status);
    return rt_phase_create(&e->phase, device, e->graph,
                           &(rt_phase_options){.batch_size = batch_size});
}

/* Adds one sample's logits: the first of equal largest ones is the prediction. */
static rt_status count_sample(rt_evaluator *e, const float *logits, int32_t label, uint64_t sample)
{
    rt_evaluation *r = e->result;
    uint32_t best = 0;
    for (uint32_t k = 0; k < r->classes; k++) {
        if (!isfinite(logits[k]))
            return rt_fail(RT_ERROR_NUMERIC, "logit %u of sample %llu is %g", k,
                           (unsigned long long)sample, (double)logits[k]);
        if (logits[k] > logits[best]) best = k;
    }
    double sum = 0;
    for (uint32_t k = 0; k < r->classes; k++) sum += exp((double)logits[k] - (double)logits[best]);
    e->loss += log(sum) + (double)logits[best] - (double)logits[label];
    r->predictions[sample] = (int32_t)best;
    r->margins[sample] = rt_logit_margin(logits, r->classes);
    r->class_samples[label]++;
    e->correct[label] += (int32_t)best == label;
    return RT_OK;
}

/* Fetches a batch into the place of the next submission. */
static rt_status fetch(rt_evaluator *e, rt_batch *batch)
{
    *batch = (rt_batch){.images = rt_phase_input(e->phase, e->images), .labels = batch->labels};
    return rt_sample_source_next(&e->source, batch);
}

static rt_status run(rt_evaluator *e)
{
    const uint32_t stride = 4 * rt_vec4s(e->classes);
    const uint64_t samples = e->samples;
    const double began = rt_seconds();
    rt_batch present = {.labels = e->labels[0]}, next = {.labels = e->labels[1]};
    if (e->loader != NULL) rt_sample_source_seek(&e->source, 0, 0); /* a signal may have ended */
    RT_TRY(fetch(e, &present));                                     /* the last one half-way */
    for (uint64_t done = 0; done < samples;) {
        RT_TRY(rt_phase_submit(e->phase));
        /* The device works on one batch while the host fetches the other. */
        if (done + present.count < samples) RT_TRY(fetch(e, &next));
        RT_TRY(rt_phase_wait(e->phase));
        const float *logits = rt_phase_output(e->phase, e->logits);
        for (uint32_t n = 0; n < present.count && done < samples; n++, done++)
            RT_TRY(count_sample(e, logits + (size_t)n * stride, present.labels[n], done));
        const rt_batch spare = present;
        present = next;
        next = spare;
        RT_TRY(rt_interrupt_check());
    }
    e->result->seconds = rt_seconds() - began;
    return RT_OK;
}

static void finish(const rt_evaluator *e)
{
    rt_evaluation *r = e->result;
    uint64_t correct = 0;
    for (uint32_t k = 0; k < r->classes; k++) {
        correct += e->correct[k];
        r->per_class[k] =
            r->class_samples[k] > 0 ? (double)e->correct[k] / (double)r->class_samples[k] : NAN;
    }
    r->accuracy = (double)correct / (double)r->samples;
    r->loss = e->loss / (double)r->samples;
}

static rt_status allocate_result(rt_evaluator *e)
{
    rt_evaluation *r = e->result;
    *r = (rt_evaluation){.classes = e->classes, .samples = e->samples};
    RT_TRY(RT_ALLOC(r->per_class, r->classes));
    RT_TRY(RT_ALLOC(r->class_samples, r->classes));
    RT_TRY(RT_ALLOC(r->predictions, r->samples));
    return RT_ALLOC(r->margins, r->samples);
}

rt_status rt_evaluator_run(rt_evaluator *e, rt_evaluation *evaluation)
{
    e->result = evaluation;
    e->loss = 0;
    memset(e->correct, 0, e->classes * sizeof *e->correct);
    rt_status status = allocate_result(e);
    if (status == RT_OK) status = run(e);
    if (status == RT_OK) finish(e);
    if (status != RT_OK) rt_evaluation_clear(evaluation);
    return status;
}

/* Of the first `samples` samples from where the source stands. */
static rt_status create(rt_evaluator *e, rt_network *network, rt_device *device, uint64_t samples,
                        uint32_t batch_size)
{
    e->classes = e->source.description->classes;
    e->samples = samples;
    RT_TRY(RT_ALLOC(e->correct, e->classes));
    RT_TRY(RT_ALLOC(e->labels[0], batch_size));
    RT_TRY(RT_ALLOC(e->labels[1], batch_size));
    return build(e, network, device, batch_size);
}

/* Of all of a store. */
static rt_status create_of_store(rt_evaluator *e, rt_network *network, rt_device *device,
                                 rt_store_reader *store, uint32_t batch_size)
{
    RT_TRY(check_fit(rt_network_describe(network), rt_store_reader_description(store),
                     rt_store_reader_path(store)));
    const uint64_t samples = rt_store_reader_sample_count(store);
    if (samples < batch_size) batch_size = (uint32_t)samples;
    const rt_loader_options options = {
        .stores = &store, .store_count = 1, .batch_size = batch_size, .training = false};
    RT_TRY(rt_loader_create(&e->loader, &options));
    e->source = rt_sample_source_from_loader(e->loader);
    return create(e, network, device, samples, batch_size);
}

static void clear(rt_evaluator *e)
{
    rt_phase_free(e->phase);
    rt_graph_free(e->graph);
    rt_free(e->labels[0]);
    rt_free(e->labels[1]);
    rt_free(e->correct);
    rt_loader_free(e->loader);
    rt_store_reader_close(e->store);
}

rt_status rt_evaluator_open(rt_evaluator **evaluator, rt_network *network, rt_device *device,
                            const char *store, uint32_t batch_size)
{
    RT_TRY(RT_ALLOC(*evaluator, 1));
    rt_status status = rt_store_open(&(*evaluator)->store, store);
    if (status == RT_OK)
        status = create_of_store(*evaluator, network, device, (*evaluator)->store, batch_size);
    if (status != RT_OK) {
        rt_evaluator_free(*evaluator);
        *evaluator = NULL;
    }
    return status;
}

void rt_evaluator_free(rt_evaluator *evaluator)
{
    if (evaluator == NULL) return;
    clear(evaluator);
    rt_free(evaluator);
}

rt_status rt_evaluate_source(rt_evaluation *evaluation, rt_network *network, rt_device *device,
                             const rt_sample_source *source, uint64_t samples, uint32_t batch_size)
{
    rt_evaluator e = {.source = *source};
    *evaluation = (rt_evaluation){0};
    rt_status status = create(&e, network, device, samples, batch_size);
    if (status == RT_OK) status = rt_evaluator_run(&e, evaluation);
    clear(&e);
    return status;
}

rt_status rt_evaluate(rt_evaluation *evaluation, rt_network *network, rt_device *device,
                      rt_store_reader *store, uint32_t batch_size)
{
    rt_evaluator e = {0};
    *evaluation = (rt_evaluation){0};
    rt_status status = create_of_store(&e, network, device, store, batch_size);
    if (status == RT_OK) status = rt_evaluator_run(&e, evaluation);
    clear(&e);
    return status;
}

void rt_evaluation_clear(rt_evaluation *evaluation)
{
    rt_free(evaluation->per_class);
    rt_free(evaluation->class_samples);
    rt_free(evaluation->predictions);
    rt_free(evaluation->margins);
    *evaluation = (rt_evaluation){0};
}

double rt_evaluation_agreement(const rt_evaluation *a, const rt_evaluation *b)
{
    uint64_t same = 0;
    for (uint64_t i = 0; i < a->samples; i++) same += a->predictions[i] == b->predictions[i];
    return a->samples > 0 ? (double)same / (double)a->samples : 0;
}
