/* RGAL's synthesis losses (Relation-Guided Adversarial Learning for Data-Free Knowledge Transfer,
 * arXiv 2412.11380; docs/methods.md has the formulas and where paper and released code differ):
 *   batch_norm    statistics of the teacher's activations near its running ones (DeepInversion)
 *   one_hot       cross-entropy of the teacher with the labels asked for
 *   adversarial   -KL(teacher || student) where both predict the same class
 *   triplet       same class apart, other classes near (direction paper), on the student's
 *                 features; mined on the teacher's logits with its predictions as labels */

#include "generator/methods/method.h"

#include "common/base/random.h"
#include "common/ops/argmax.h"
#include "common/ops/cross_entropy.h"
#include "common/ops/equal.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/kl_divergence.h"
#include "common/ops/l2_normalise.h"
#include "common/ops/mine_negatives.h"
#include "common/ops/triplet_loss.h"
#include "generator/methods/terms.h"

static void add_term(rt_synthesis_terms *terms, const char *name, float weight,
                     uint32_t first_round, rt_tensor *term)
{
    terms->terms[terms->count] = term;
    terms->names[terms->count] = name;
    terms->weights[terms->count] = weight;
    terms->first_round[terms->count++] = first_round;
}

static rt_tensor *disagreement(const rt_method_batch *batch, const rt_synthesis_config *config)
{
    rt_graph *graph = batch->graph;
    rt_tensor *teacher = batch->teacher->logits, *student = batch->student->logits;
    rt_tensor *mask = NULL;
    if (config->agreement_mask)
        mask = rt_equal(graph, rt_argmax(graph, teacher), rt_argmax(graph, student));
    return rt_kl_divergence(graph, teacher, student, mask,
                            &(rt_kl_options){.temperature = config->adversarial_temperature});
}

static rt_tensor *mine(const rt_method_batch *batch, const rt_synthesis_config *config)
{
    const rt_miner_options options = {
        .sampling = (rt_sampling)config->sampling,
        .form = (rt_miner_form)config->form,
        .focal_lower = config->focal_lower,
        .focal_upper = config->focal_upper,
        .distance_floor = config->distance_floor,
        .distance_upper = config->distance_upper,
        .seed = batch->seed,
        .stream = RT_STREAM_TRIPLET,
    };
    const rt_network_outputs *teacher = batch->teacher;
    rt_tensor *embeddings =
        config->embedding == RT_EMBEDDING_FEATURES ? teacher->features : teacher->logits;
    rt_tensor *labels = rt_argmax(batch->graph, teacher->logits);
    return rt_mine_negatives(batch->graph, embeddings, labels, NULL, &options);
}

static rt_tensor *triplet(const rt_method_batch *batch, const rt_synthesis_config *config)
{
    rt_graph *graph = batch->graph;
    const rt_network_outputs *network =
        config->triplet_network == RT_TRIPLET_TEACHER ? batch->teacher : batch->student;
    const rt_triplet_options options = {.margin = config->triplet_margin,
                                        .direction = (rt_direction)config->triplet_direction};
    rt_tensor *negatives = mine(batch, config);
    rt_tensor *losses[RT_MAXIMUM_TAPS];
    uint32_t count = 0;
    const bool stages = config->triplet_features == 0;
    const uint32_t end =
        config->last_layer < network->tap_count ? config->last_layer : network->tap_count;
    for (uint32_t i = config->first_layer; stages && i < end; i++) {
        rt_tensor *pooled = rt_global_average_pool(graph, network->taps[i]);
        losses[count++] =
            rt_triplet_loss(graph, rt_l2_normalise(graph, pooled, 1e-12f), negatives, &options);
    }
    if (!stages)
        losses[count++] = rt_triplet_loss(graph, rt_l2_normalise(graph, network->features, 1e-12f),
                                          negatives, &options);
    if (count == 0)
        return rt_graph_fail(graph,
                             rt_fail(RT_ERROR_INPUT,
                                     "triplet.first_layer %u and triplet.last_layer %u leave none "
                                     "of the network's %u stages",
                                     config->first_layer, config->last_layer, network->tap_count));
    return rt_terms_sum(graph, losses, count);
}

static void build(const rt_method_batch *batch, const rt_synthesis_config *config,
                  rt_synthesis_terms *terms)
{
    const bool student_features = config->triplet_network == RT_TRIPLET_STUDENT;
    if (config->weight_batch_norm > 0 && batch->teacher->batch_norm_count > 0)
        add_term(terms, "batch_norm", config->weight_batch_norm, 0,
                 rt_batch_norm_distance(batch->graph, batch->teacher));
    if (config->weight_one_hot > 0)
        add_term(terms, "one_hot", config->weight_one_hot, 0,
                 rt_cross_entropy(batch->graph, batch->teacher->logits, batch->labels, 0));
    if (config->weight_adversarial > 0 && batch->student != NULL)
        add_term(terms, "adversarial", -config->weight_adversarial, config->adversarial_start,
                 disagreement(batch, config));
    if (config->weight_triplet > 0 && (batch->student != NULL || !student_features))
        add_term(terms, "triplet", config->weight_triplet, config->triplet_start,
                 triplet(batch, config));
}

const rt_method rt_rgal_method = {
    .name = "rgal",
    .summary = "Relation-Guided Adversarial Learning",
    .build = build,
};
