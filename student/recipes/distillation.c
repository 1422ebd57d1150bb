#include "student/recipes/distillation.h"

#include "common/base/random.h"
#include "common/ops/argmax.h"
#include "common/ops/cross_entropy.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/kl_divergence.h"
#include "common/ops/l1_loss.h"
#include "common/ops/l2_loss.h"
#include "common/ops/l2_normalise.h"

#include <stdio.h>

const char *const rt_logit_loss_names[] = {"kl", "l1", "l2", NULL};
const char *const rt_student_embedding_names[] = {"logits", "features", NULL};

static rt_tensor *match_logits(const rt_recipe_batch *batch, const rt_distillation_options *o,
                               rt_tensor *teacher_logits)
{
    rt_tensor *student_logits = batch->student->logits;
    switch ((rt_logit_loss)o->logit_loss) {
    case RT_LOGIT_L1:
        return rt_l1_loss(batch->graph, teacher_logits, student_logits, NULL);
    case RT_LOGIT_L2:
        return rt_l2_loss(batch->graph, teacher_logits, student_logits, NULL);
    case RT_LOGIT_KL:
        break;
    }
    return rt_kl_divergence(batch->graph, teacher_logits, student_logits, NULL,
                            &(rt_kl_options){.temperature = o->temperature});
}

/* Sum over stages of MSE(GAP(conv1x1(S)), GAP(T)). Pooling and a 1x1 convolution are both linear,
 * so the convolution is done on the pooled vector: the same value for a fraction of the work. */
static void add_channel_distillation(const rt_recipe_batch *batch, const rt_distillation_options *o,
                                     const rt_network_outputs *teacher, rt_loss_terms *terms)
{
    static const char *const names[RT_MAXIMUM_TAPS] = {"channel_1", "channel_2", "channel_3",
                                                       "channel_4", "channel_5", "channel_6",
                                                       "channel_7", "channel_8"};
    const uint32_t pairs = teacher->tap_count < batch->student->tap_count
                               ? teacher->tap_count
                               : batch->student->tap_count;
    rt_layers layers = {.graph = batch->graph,
                        .parameters = batch->extra,
                        .scope = "channel",
                        .declare = true,
                        .trained = true,
                        .rule = RT_RULE_FAN_IN_UNIFORM};
    for (uint32_t i = 0; i < pairs && teacher->taps[i] != NULL; i++) {
        rt_tensor *wanted = rt_global_average_pool(batch->graph, teacher->taps[i]);
        rt_tensor *mine = rt_global_average_pool(batch->graph, batch->student->taps[i]);
        mine = rt_layer_linear(&layers, names[i], mine, teacher->taps[i]->shape.c);
        rt_loss_term(terms, names[i], o->weight_channel,
                     rt_l2_loss(batch->graph, mine, wanted, NULL));
    }
}

static rt_tensor *triplet(const rt_recipe_batch *batch, const rt_distillation_options *o,
                          rt_tensor *teacher_logits)
{
    rt_graph *graph = batch->graph;
    rt_tensor *labels = rt_argmax(graph, teacher_logits);
    const rt_miner_options miner = {
        .sampling = (rt_sampling)o->sampling,
        .form = (rt_miner_form)o->form,
        .focal_lower = o->focal_lower,
        .focal_upper = o->focal_upper,
        .distance_floor = o->distance_floor,
        .distance_upper = o->distance_upper,
        .seed = batch->seed,
        .stream = RT_STREAM_TRIPLET,
    };
    rt_tensor *embeddings =
        o->embedding == RT_STUDENT_FEATURES ? batch->student->features : batch->student->logits;
    rt_tensor *negatives = rt_mine_negatives(graph, embeddings, labels, NULL, &miner);
    rt_tensor *features = rt_l2_normalise(graph, batch->student->features, 1e-12f);
    const rt_triplet_options options = {.margin = o->triplet_margin,
                                        .direction = (rt_direction)o->triplet_direction};
    return rt_triplet_loss(graph, features, negatives, &options);
}

static void build(const rt_recipe_batch *batch, const void *options, rt_loss_terms *terms)
{
    const rt_distillation_options *o = options;
    rt_network_outputs *teacher = rt_alloc(1, sizeof *teacher);
    if (teacher == NULL) {
        rt_graph_fail(batch->graph, RT_ERROR_MEMORY);
        return;
    }
    if (batch->stored_logits == NULL || o->weight_channel > 0)
        rt_network_apply(o->teacher, batch->graph, "teacher", batch->images,
                         &(rt_apply_options){.training = false}, teacher);
    rt_tensor *teacher_logits =
        batch->stored_logits != NULL ? batch->stored_logits : teacher->logits;
    if (o->weight_logits > 0)
        rt_loss_term(terms, "logits", o->weight_logits, match_logits(batch, o, teacher_logits));
    if (o->weight_cross_entropy > 0)
        rt_loss_term(terms, "cross_entropy", o->weight_cross_entropy,
                     rt_cross_entropy(batch->graph, batch->student->logits, batch->labels, 0));
    if (o->weight_triplet > 0)
        rt_loss_term(terms, "triplet", o->weight_triplet, triplet(batch, o, teacher_logits));
    if (o->weight_channel > 0) add_channel_distillation(batch, o, teacher, terms);
    rt_free(teacher);
}

const rt_recipe rt_distillation_recipe = {.name = "distillation", .build = build};
