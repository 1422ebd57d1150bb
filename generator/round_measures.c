#include "generator/round_measures.h"

#include "common/base/log.h"

#include <math.h>
#include <stdio.h>

const char *const rt_round_measure_names[4] = {"class_entropy", "diversity", "class_diversity",
                                               "batch_norm_distance"};

rt_status rt_round_measures_print(const rt_round_measures *measures, rt_buffer *row)
{
    if (measures == NULL) return rt_buffer_printf(row, ",,,,");
    return rt_buffer_printf(row, ",%.4f,%.4f,%.4f,%.6g", measures->class_entropy,
                            measures->diversity, measures->class_diversity,
                            measures->batch_norm_distance);
}

/* In nats. */
static double entropy(const uint32_t *counts, uint32_t classes, uint32_t total)
{
    double sum = 0;
    for (uint32_t k = 0; k < classes; k++) {
        const double share = (double)counts[k] / total;
        if (counts[k] > 0) sum -= share * log(share);
    }
    return sum;
}

static uint32_t largest(const float *row, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < count; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

static rt_status class_entropy(const rt_round_batch *b, double *ratio)
{
    uint32_t *seen;
    RT_TRY(RT_ALLOC(seen, 2 * (size_t)b->classes));
    uint32_t *asked = seen + b->classes;
    for (uint32_t i = 0; i < b->images; i++) {
        seen[largest(b->logits + (size_t)i * b->classes, b->classes)]++;
        asked[b->labels[i]]++;
    }
    const double wanted = entropy(asked, b->classes, b->images);
    const double found = entropy(seen, b->classes, b->images);
    rt_free(seen);
    *ratio = wanted > 0 ? found / wanted : 1;
    return RT_OK;
}

/* Vectors of length 1, or 0 where nothing is active. Of n with sum s and squares q in all, the mean
 * squared distance of two different ones is 2 (n q - |s|^2) / (n (n - 1)): no pair need be looked
 * at. */
typedef struct cloud {
    double count, squares;
    double *sum; /* [features] */
} cloud;

static void add_unit(cloud *c, const float *row, uint32_t features)
{
    double norm = 0;
    for (uint32_t f = 0; f < features; f++) norm += (double)row[f] * (double)row[f];
    c->count++;
    c->squares += norm > 0;
    norm = norm > 0 ? sqrt(norm) : 1;
    for (uint32_t f = 0; f < features; f++) c->sum[f] += (double)row[f] / norm;
}

/* n q - |s|^2: half the sum of all squared distances of ordered pairs. */
static double spread(const cloud *c, uint32_t features)
{
    double length = 0;
    for (uint32_t f = 0; f < features; f++) length += c->sum[f] * c->sum[f];
    const double rest = c->count * c->squares - length;
    return rest > 0 ? rest : 0;
}

static double pairs(const cloud *c) { return c->count * (c->count - 1); }

static rt_status diversity(const rt_round_batch *b, double *all, double *within)
{
    const size_t clouds = (size_t)b->classes + 1; /* each class, and all together */
    double *sums;
    cloud *c;
    RT_TRY(RT_ALLOC(sums, clouds * b->features));
    if (RT_ALLOC(c, clouds) != RT_OK) {
        rt_free(sums);
        return RT_ERROR_MEMORY;
    }
    for (size_t k = 0; k < clouds; k++) c[k].sum = sums + k * b->features;
    for (uint32_t i = 0; i < b->images; i++) {
        const float *row = b->feature_rows + (size_t)i * b->features;
        add_unit(&c[b->labels[i]], row, b->features);
        add_unit(&c[b->classes], row, b->features);
    }
    double distances = 0, class_pairs = 0;
    for (uint32_t k = 0; k < b->classes; k++) {
        distances += 2 * spread(&c[k], b->features);
        class_pairs += pairs(&c[k]);
    }
    const double all_pairs = pairs(&c[b->classes]);
    *all = all_pairs > 0 ? sqrt(2 * spread(&c[b->classes], b->features) / all_pairs) : 0;
    *within = class_pairs > 0 ? sqrt(distances / class_pairs) : *all;
    rt_free(c);
    rt_free(sums);
    return RT_OK;
}

rt_status rt_round_measure(const rt_round_batch *batch, rt_round_measures *measures)
{
    *measures = (rt_round_measures){.batch_norm_distance = batch->batch_norm_distance};
    RT_TRY(class_entropy(batch, &measures->class_entropy));
    return diversity(batch, &measures->diversity, &measures->class_diversity);
}

/* Says it once until it is good again. */
static rt_status judge_one(bool *warned, bool bad, bool stop, const char *text)
{
    const bool again = *warned;
    *warned = bad;
    if (!bad) return RT_OK;
    if (stop)
        return rt_fail(RT_ERROR_NUMERIC, "%s; the last checkpoint is good (on_collapse: stop)",
                       text);
    if (!again) rt_log_warning("%s", text);
    return RT_OK;
}

rt_status rt_round_judge_measures(rt_round_judge *judge, const rt_round_limits *limits,
                                  const rt_round_measures *measures, uint32_t round)
{
    char text[256];
    const double least = judge->least_distance, distance = measures->batch_norm_distance;
    snprintf(text, sizeof text,
             "round %u collapses: the teacher sees few classes in its images (class_entropy %.2f, "
             "limit %.2f); raise weight.one_hot or generator_steps",
             round + 1, measures->class_entropy, (double)limits->class_entropy);
    RT_TRY(judge_one(&judge->warned[0], measures->class_entropy < (double)limits->class_entropy,
                     limits->stop, text));
    snprintf(text, sizeof text,
             "round %u collapses: its images of a class are near copies (class_diversity %.3f, "
             "limit %.3f); raise weight.triplet or learning_rate.latent",
             round + 1, measures->class_diversity, (double)limits->diversity);
    RT_TRY(judge_one(&judge->warned[1], measures->class_diversity < (double)limits->diversity,
                     limits->stop, text));
    snprintf(text, sizeof text,
             "round %u is far from what the teacher remembers (batch_norm_distance %.4g, %.4g at "
             "best, limit %.3g times); raise weight.batch_norm or lower learning_rate.generator",
             round + 1, distance, least, (double)limits->batch_norm_growth);
    if (least == 0 || distance < least) judge->least_distance = distance;
    return judge_one(&judge->warned[2],
                     limits->batch_norm_growth > 0 && least > 0 &&
                         distance > (double)limits->batch_norm_growth * least,
                     limits->stop, text);
}
