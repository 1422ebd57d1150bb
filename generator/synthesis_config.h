#ifndef RT_GENERATOR_SYNTHESIS_CONFIG_H
#define RT_GENERATOR_SYNTHESIS_CONFIG_H

/** The keys of the synthesis stage, shared by generate and run. */

#include "common/base/config.h"

typedef enum rt_generator_start {
    RT_START_REINITIALISED, ///< weights drawn anew each round (RGAL as released)
    RT_START_WARM,          ///< weights and their moments go on from round to round
} rt_generator_start;

/** Between which vectors of the teacher the miner measures distances. */
typedef enum rt_miner_embedding {
    RT_EMBEDDING_LOGITS,   ///< RGAL as released
    RT_EMBEDDING_FEATURES, ///< the penultimate vector, as the paper's figure draws it
} rt_miner_embedding;

/** How a pixel in [0,1] becomes one of 8 bits. */
typedef enum rt_pixel_rule {
    RT_PIXELS_TRUNCATED, ///< times 255, the fraction dropped (RGAL as released)
    RT_PIXELS_ROUNDED,   ///< times 255, to the nearest
} rt_pixel_rule;

/** What happens when a round's measures say that the generator has collapsed. */
typedef enum rt_collapse_rule { RT_COLLAPSE_WARN, RT_COLLAPSE_STOP } rt_collapse_rule;

typedef enum rt_triplet_network { RT_TRIPLET_STUDENT, RT_TRIPLET_TEACHER } rt_triplet_network;

typedef struct rt_synthesis_config {
    int method;
    uint32_t latent_size, generator_width, generator_steps, batch_size;
    int generator_start; ///< rt_generator_start
    float learning_rate_generator, learning_rate_latent, beta1, beta2;
    uint32_t padding;
    bool flip;
    float weight_batch_norm, weight_one_hot, weight_adversarial, weight_triplet;
    uint32_t adversarial_start, triplet_start; ///< rounds
    bool agreement_mask;
    float adversarial_temperature;
    int triplet_direction; ///< rt_direction
    int triplet_network;   ///< rt_triplet_network
    int triplet_features;  ///< 0: stage outputs, 1: penultimate vector
    uint32_t first_layer, last_layer;
    float triplet_margin;
    int sampling, form; ///< of the miner
    int embedding;      ///< rt_miner_embedding
    float focal_lower, focal_upper, distance_floor, distance_upper;
    bool store_logits, sort_labels;
    int pixels;                                                          ///< rt_pixel_rule
    float guard_class_entropy, guard_diversity, guard_batch_norm_growth; ///< rt_round_limits
    int on_collapse;                                                     ///< rt_collapse_rule
} rt_synthesis_config;

extern const char *const rt_generator_start_names[];
extern const char *const rt_triplet_network_names[];
extern const char *const rt_triplet_feature_names[];
extern const char *const rt_synthesis_direction_names[];
extern const char *const rt_synthesis_sampling_names[];
extern const char *const rt_synthesis_form_names[];
extern const char *const rt_synthesis_embedding_names[];
extern const char *const rt_pixel_rule_names[];
extern const char *const rt_collapse_rule_names[];
extern const char *const rt_method_names[];

#define RT_SYNTHESIS_KEY(config, field, prefix, name_, type_, member)                              \
    .key = prefix name_, .type = type_, .offset = offsetof(config, field.member)

/* clang-format off: a row a line reads as the table that it is */
#define RT_SYNTHESIS_ROWS(config, field, prefix)                                                   \
    {RT_SYNTHESIS_KEY(config, field, prefix, "method", RT_ENUM, method),                           \
     .choices = rt_method_names, .help = "which losses shape the images"},                         \
        {RT_SYNTHESIS_KEY(config, field, prefix, "batch_size", RT_UINT, batch_size),               \
         .fallback = 256, .min = 2, .max = 4096, .help = "images of a round"},                     \
        {RT_SYNTHESIS_KEY(config, field, prefix, "latent_size", RT_UINT, latent_size),             \
         .fallback = 256, .min = 1, .max = 4096, .help = "numbers of a latent vector (nz)"},       \
        {RT_SYNTHESIS_KEY(config, field, prefix, "generator_width", RT_UINT, generator_width),     \
         .fallback = 64, .min = 2, .max = 1024,                                                    \
         .help = "channels of its last hidden layer (ngf)"},                                       \
        {RT_SYNTHESIS_KEY(config, field, prefix, "generator_steps", RT_UINT, generator_steps),     \
         .fallback = 400, .min = 1, .max = 1000000, .help = "steps a round (g_steps)"},            \
        {RT_SYNTHESIS_KEY(config, field, prefix, "generator_start", RT_ENUM, generator_start),     \
         .fallback = RT_START_REINITIALISED, .choices = rt_generator_start_names,                  \
         .help = "each round from new weights, or warm from the last round's"},                    \
        {RT_SYNTHESIS_KEY(config, field, prefix, "learning_rate.generator", RT_FLOAT,              \
                          learning_rate_generator),                                                \
         .fallback = 1e-3, .max = 10, .help = "of Adam on the generator's weights"},               \
        {RT_SYNTHESIS_KEY(config, field, prefix, "learning_rate.latent", RT_FLOAT,                 \
                          learning_rate_latent),                                                   \
         .fallback = 1e-3, .max = 10, .help = "of Adam on the latent vectors"},                    \
        {RT_SYNTHESIS_KEY(config, field, prefix, "beta1", RT_FLOAT, beta1), .fallback = 0.5,       \
         .max = 0.9999, .help = "of Adam"},                                                        \
        {RT_SYNTHESIS_KEY(config, field, prefix, "beta2", RT_FLOAT, beta2), .fallback = 0.999,     \
         .max = 0.99999, .help = "of Adam"},                                                       \
        {RT_SYNTHESIS_KEY(config, field, prefix, "augment.padding", RT_UINT, padding),             \
         .fallback = 4, .max = 64, .help = "random crop after zero padding by so many pixels"},    \
        {RT_SYNTHESIS_KEY(config, field, prefix, "augment.flip", RT_BOOL, flip), .fallback = 1,    \
         .help = "random horizontal flip"},                                                        \
        {RT_SYNTHESIS_KEY(config, field, prefix, "weight.batch_norm", RT_FLOAT,                    \
                          weight_batch_norm),                                                      \
         .fallback = 1, .max = 1000, .help = "of the batch-norm statistics loss (bn)"},            \
        {RT_SYNTHESIS_KEY(config, field, prefix, "weight.one_hot", RT_FLOAT, weight_one_hot),      \
         .fallback = 1, .max = 1000, .help = "of cross-entropy with the labels asked for (oh)"},   \
        {RT_SYNTHESIS_KEY(config, field, prefix, "weight.adversarial", RT_FLOAT,                   \
                          weight_adversarial),                                                     \
         .fallback = 1, .max = 1000, .help = "of the disagreement of student and teacher (adv)"},  \
        {RT_SYNTHESIS_KEY(config, field, prefix, "weight.triplet", RT_FLOAT, weight_triplet),      \
         .fallback = 0.1, .max = 1000, .help = "of the triplet loss"},                             \
        {RT_SYNTHESIS_KEY(config, field, prefix, "adversarial_start", RT_UINT, adversarial_start), \
         .fallback = 0, .max = 1000000, .help = "first round with the adversarial term"},          \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet_start", RT_UINT, triplet_start),         \
         .fallback = 0, .max = 1000000, .help = "first round with the triplet term"},              \
        {RT_SYNTHESIS_KEY(config, field, prefix, "agreement_mask", RT_BOOL, agreement_mask),       \
         .fallback = 1, .help = "adversarial term only where both predict the same class"},        \
        {RT_SYNTHESIS_KEY(config, field, prefix, "adversarial_temperature", RT_FLOAT,              \
                          adversarial_temperature),                                                \
         .fallback = 1, .min = 0.01, .max = 1000, .help = "of the adversarial term"},              \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet.direction", RT_ENUM, triplet_direction), \
         .fallback = 1, .choices = rt_synthesis_direction_names,                                   \
         .help = "paper pushes one class apart, released pulls it together"},                      \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet.network", RT_ENUM, triplet_network),     \
         .fallback = RT_TRIPLET_STUDENT, .choices = rt_triplet_network_names,                      \
         .help = "whose features"},                                                                \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet.features", RT_ENUM, triplet_features),   \
         .fallback = 0, .choices = rt_triplet_feature_names,                                       \
         .help = "pooled stage outputs or the penultimate vector"},                                \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet.first_layer", RT_UINT, first_layer),     \
         .fallback = 2, .max = 8,                                                                  \
         .help = "first stage whose output counts, from 0 (start_layer)"},                         \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet.last_layer", RT_UINT, last_layer),       \
         .fallback = 4, .max = 8,                                                                  \
         .help = "the stage behind the last one that counts (end_layer)"},                         \
        {RT_SYNTHESIS_KEY(config, field, prefix, "triplet.margin", RT_FLOAT, triplet_margin),      \
         .fallback = 0.2, .max = 10, .help = "of the triplet loss"},                               \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.sampling", RT_ENUM, sampling),             \
         .fallback = 0, .choices = rt_synthesis_sampling_names,                                    \
         .help = "how negatives are drawn"},                                                       \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.form", RT_ENUM, form), .fallback = 0,      \
         .choices = rt_synthesis_form_names,                                                       \
         .help = "stable, or compat: as released, with its underflow"},                            \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.embedding", RT_ENUM, embedding),           \
         .fallback = RT_EMBEDDING_LOGITS, .choices = rt_synthesis_embedding_names,                 \
         .help = "distances between the teacher's logits (released) or penultimate features"},     \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.focal_lower", RT_FLOAT, focal_lower),      \
         .fallback = 0.5, .max = 2, .help = "focal sampling: nearest distance"},                   \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.focal_upper", RT_FLOAT, focal_upper),      \
         .fallback = 1, .max = 2, .help = "focal sampling: farthest distance"},                    \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.distance_floor", RT_FLOAT,                 \
                          distance_floor),                                                         \
         .fallback = 0.5, .max = 2,                                                                \
         .help = "distance sampling: distances count as at least this"},                           \
        {RT_SYNTHESIS_KEY(config, field, prefix, "miner.distance_upper", RT_FLOAT,                 \
                          distance_upper),                                                         \
         .fallback = 1.4, .max = 2, .help = "distance sampling: farthest distance"},               \
        {RT_SYNTHESIS_KEY(config, field, prefix, "pixels", RT_ENUM, pixels),                       \
         .fallback = RT_PIXELS_TRUNCATED, .choices = rt_pixel_rule_names,                          \
         .help = "the kept images in 8 bits: fractions dropped (released) or rounded"},            \
        {RT_SYNTHESIS_KEY(config, field, prefix, "guard.class_entropy", RT_FLOAT,                  \
                          guard_class_entropy),                                                    \
         .fallback = 0.5, .max = 1, .no_effect = true,                                             \
         .help = "least entropy of the classes the teacher sees in a round; 0: any"},              \
        {RT_SYNTHESIS_KEY(config, field, prefix, "guard.diversity", RT_FLOAT, guard_diversity),    \
         .fallback = 0.1, .max = 2, .no_effect = true,                                             \
         .help = "least distance of features of images of a class; 0: any"},                       \
        {RT_SYNTHESIS_KEY(config, field, prefix, "guard.batch_norm_growth", RT_FLOAT,              \
                          guard_batch_norm_growth),                                                \
         .fallback = 10, .max = 1e6, .no_effect = true,                                            \
         .help = "most batch-norm distance, as a multiple of the run's least; 0: any"},            \
        {RT_SYNTHESIS_KEY(config, field, prefix, "on_collapse", RT_ENUM, on_collapse),             \
         .fallback = RT_COLLAPSE_WARN, .choices = rt_collapse_rule_names, .no_effect = true,       \
         .help = "beyond such a limit: warn, or stop"},                                            \
        {RT_SYNTHESIS_KEY(config, field, prefix, "sort_labels", RT_BOOL, sort_labels),             \
         .fallback = 1, .help = "labels of a round in ascending order"},                           \
    {                                                                                              \
        RT_SYNTHESIS_KEY(config, field, prefix, "store_logits", RT_BOOL, store_logits),            \
            .fallback = 1, .help = "store the teacher's logits of the stored images"               \
    }
/* clang-format on */

#endif
