#ifndef RT_STUDENT_RECIPES_DISTILLATION_H
#define RT_STUDENT_RECIPES_DISTILLATION_H

/**
 * Distillation as in RGAL's student phase (Relation-Guided Adversarial Learning, released code;
 * docs/methods.md): match the teacher's logits, optionally its pooled features stage by stage
 * ("channel distillation"), and pull samples of one class together with a triplet loss.
 *     L = logits * D(t, s) + cross_entropy * CE(s, y) + channel * L_cd + triplet * L_tri
 *     D = T^2 KL(softmax(t/T) || softmax(s/T)) (kl), mean |t - s| (l1) or mean (t - s)^2 (l2)
 */

#include "common/ops/mine_negatives.h"
#include "common/ops/triplet_loss.h"
#include "student/recipe.h"

typedef enum rt_logit_loss { RT_LOGIT_KL, RT_LOGIT_L1, RT_LOGIT_L2 } rt_logit_loss;
extern const char *const rt_logit_loss_names[];

/** Between which vectors of the student the miner measures distances. */
typedef enum rt_student_embedding {
    RT_STUDENT_LOGITS,  ///< RGAL as released
    RT_STUDENT_FEATURES ///< the penultimate vector, as the paper's figure draws it
} rt_student_embedding;
extern const char *const rt_student_embedding_names[];

typedef struct rt_distillation_options {
    rt_network *teacher; ///< frozen; not needed where stored logits are used and features are not
    int logit_loss;      ///< rt_logit_loss
    float temperature;
    float weight_logits, weight_cross_entropy, weight_channel, weight_triplet;
    int triplet_direction; ///< rt_direction
    float triplet_margin;
    int sampling, form; ///< of the miner
    int embedding;      ///< rt_student_embedding
    float focal_lower, focal_upper;
    float distance_floor, distance_upper;
} rt_distillation_options;

extern const rt_recipe rt_distillation_recipe;

#endif
