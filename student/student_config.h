#ifndef RT_STUDENT_STUDENT_CONFIG_H
#define RT_STUDENT_STUDENT_CONFIG_H

/** The keys that say what the student is and how it learns, shared by distill and run. */

#include "student/optimiser_config.h"
#include "student/recipes/distillation.h"
#include "student/student_start.h"

typedef struct rt_student_config {
    const char *arch, *shortcut, *stem;
    uint32_t base_width;
    const char *initial; ///< model file to start from; NULL: as `start` says
    int start;           ///< rt_student_start
    uint32_t batch_size, views, padding;
    bool flip, use_stored_logits;
    rt_distillation_options loss; ///< without the teacher
    rt_optimiser_config optimiser;
} rt_student_config;

extern const char *const rt_direction_names[];
extern const char *const rt_sampling_names[];
extern const char *const rt_miner_form_names[];

/* clang-format off: a row a line reads as the table that it is */
#define RT_STUDENT_ROWS(config, field, prefix)                                                     \
    {RT_PART_KEY(config, field, prefix, "arch", RT_STRING, arch), .required = true,                \
     .help = "the student's architecture, such as resnet8 or wrn-16-1"},                           \
        {RT_PART_KEY(config, field, prefix, "base_width", RT_UINT, base_width), .max = 1024,       \
         .help = "channels of the first stage; 0: the architecture's own"},                        \
        {RT_PART_KEY(config, field, prefix, "shortcut", RT_STRING, shortcut),                      \
         .help = "of CIFAR ResNets: A or B"},                                                      \
        {RT_PART_KEY(config, field, prefix, "stem", RT_STRING, stem),                              \
         .help = "of the larger families: small, or large as in torchvision"},                     \
        {RT_PART_KEY(config, field, prefix, "initial", RT_STRING, initial), .no_effect = true,     \
         .help = "model file to start from instead of drawn weights"},                             \
        {RT_PART_KEY(config, field, prefix, "start", RT_ENUM, start),                              \
         .fallback = RT_STUDENT_DRAWN, .choices = rt_student_start_names,                          \
         .help = "drawn weights, or teacher: the teacher's where a layer is the same in both"},    \
        {RT_PART_KEY(config, field, prefix, "batch_size", RT_UINT, batch_size), .fallback = 128,   \
         .min = 2, .max = 65536, .help = "samples a step"},                                        \
        {RT_PART_KEY(config, field, prefix, "views", RT_UINT, views), .fallback = 1, .min = 1,     \
         .max = 8,                                                                                 \
         .help = "augmented copies of each sample in a step (2: RGAL's paired sampling)"},         \
        {RT_PART_KEY(config, field, prefix, "augment.padding", RT_UINT, padding), .fallback = 0,   \
         .max = 64, .help = "random crop after zero padding by so many pixels"},                   \
        {RT_PART_KEY(config, field, prefix, "augment.flip", RT_BOOL, flip), .fallback = 0,         \
         .help = "random horizontal flip"},                                                        \
        {RT_PART_KEY(config, field, prefix, "use_stored_logits", RT_BOOL, use_stored_logits),      \
         .fallback = 0,                                                                            \
         .help = "take the teacher's logits from the store (no augmentation then)"},               \
        {RT_PART_KEY(config, field, prefix, "loss", RT_ENUM, loss.logit_loss),                     \
         .fallback = RT_LOGIT_KL, .choices = rt_logit_loss_names,                                  \
         .help = "between the logits: kl with temperature, l1 or l2"},                             \
        {RT_PART_KEY(config, field, prefix, "temperature", RT_FLOAT, loss.temperature),            \
         .fallback = 20, .min = 0.01, .max = 1000, .help = "of the kl loss"},                      \
        {RT_PART_KEY(config, field, prefix, "weight.logits", RT_FLOAT, loss.weight_logits),        \
         .fallback = 1, .max = 1000, .help = "of the loss between the logits"},                    \
        {RT_PART_KEY(config, field, prefix, "weight.cross_entropy", RT_FLOAT,                      \
                     loss.weight_cross_entropy),                                                   \
         .fallback = 0, .max = 1000, .help = "of cross-entropy with the stored labels"},           \
        {RT_PART_KEY(config, field, prefix, "weight.channel", RT_FLOAT, loss.weight_channel),      \
         .fallback = 0, .max = 1000, .help = "of channel distillation (RGAL: 0.1)"},               \
        {RT_PART_KEY(config, field, prefix, "weight.triplet", RT_FLOAT, loss.weight_triplet),      \
         .fallback = 0, .max = 1000,                                                               \
         .help = "of the triplet loss on the student's features (RGAL: 0.1)"},                     \
        {RT_PART_KEY(config, field, prefix, "triplet.direction", RT_ENUM, loss.triplet_direction), \
         .fallback = RT_DIRECTION_RELEASED, .choices = rt_direction_names,                         \
         .help = "released pulls one class together, paper pushes it apart"},                      \
        {RT_PART_KEY(config, field, prefix, "triplet.margin", RT_FLOAT, loss.triplet_margin),      \
         .fallback = 0.2, .max = 10, .help = "of the triplet loss"},                               \
        {RT_PART_KEY(config, field, prefix, "miner.sampling", RT_ENUM, loss.sampling),             \
         .fallback = RT_SAMPLING_DISTANCE, .choices = rt_sampling_names,                           \
         .help = "how negatives are drawn"},                                                       \
        {RT_PART_KEY(config, field, prefix, "miner.form", RT_ENUM, loss.form),                     \
         .fallback = RT_MINER_STABLE, .choices = rt_miner_form_names,                              \
         .help = "stable, or compat: as released, with its underflow"},                            \
        {RT_PART_KEY(config, field, prefix, "miner.embedding", RT_ENUM, loss.embedding),           \
         .fallback = RT_STUDENT_LOGITS, .choices = rt_student_embedding_names,                     \
         .help = "distances between the student's logits (released) or penultimate features"},     \
        {RT_PART_KEY(config, field, prefix, "miner.focal_lower", RT_FLOAT, loss.focal_lower),      \
         .fallback = 0.5, .max = 2, .help = "focal sampling: nearest distance"},                   \
        {RT_PART_KEY(config, field, prefix, "miner.focal_upper", RT_FLOAT, loss.focal_upper),      \
         .fallback = 1, .max = 2, .help = "focal sampling: farthest distance"},                    \
        {RT_PART_KEY(config, field, prefix, "miner.distance_floor", RT_FLOAT,                      \
                     loss.distance_floor),                                                         \
         .fallback = 0.5, .max = 2,                                                                \
         .help = "distance sampling: distances count as at least this"},                           \
        {RT_PART_KEY(config, field, prefix, "miner.distance_upper", RT_FLOAT,                      \
                     loss.distance_upper),                                                         \
         .fallback = 1.4, .max = 2, .help = "distance sampling: farthest distance"},               \
        RT_OPTIMISER_ROWS(config, field.optimiser, prefix)
/* clang-format on */

/** The student as a network on the device, for the images and normalisation of the teacher: from
 *  `initial`, or drawn from the seed, with the teacher's layers if `start` says so.
 *  Errors: as rt_model_load and rt_student_take_from_teacher; RT_ERROR_INPUT for both keys. */
RT_CHECKED rt_status rt_student_make(rt_network **student, rt_device *device,
                                     const rt_student_config *config, rt_network *teacher,
                                     uint64_t seed);

#endif
