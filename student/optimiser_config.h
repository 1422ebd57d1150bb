#ifndef RT_STUDENT_OPTIMISER_CONFIG_H
#define RT_STUDENT_OPTIMISER_CONFIG_H

/** The keys of the student's optimiser, shared by train, distill and run. */

#include "common/base/config.h"

typedef enum rt_schedule_kind {
    RT_SCHEDULE_CONSTANT,
    RT_SCHEDULE_COSINE,
    RT_SCHEDULE_STEP
} rt_schedule_kind;

typedef struct rt_optimiser_config {
    float learning_rate;
    int schedule;                ///< rt_schedule_kind
    rt_config_floats milestones; ///< fractions of the run at which a step schedule drops
    float gamma;                 ///< by which factor
    float warmup;                ///< fraction of the run with a linearly growing rate
    float momentum;
    bool nesterov;
    float weight_decay;
} rt_optimiser_config;

extern const char *const rt_schedule_names[];

/** Rows for a config struct with the field `optimiser` of this type. */
#define RT_OPTIMISER_ROWS(config)                                                                  \
    {.key = "learning_rate",                                                                       \
     .type = RT_FLOAT,                                                                             \
     .offset = offsetof(config, optimiser.learning_rate),                                          \
     .fallback = 0.1,                                                                              \
     .min = 0,                                                                                     \
     .max = 100,                                                                                   \
     .help = "of SGD, at its highest"},                                                            \
        {.key = "schedule",                                                                        \
         .type = RT_ENUM,                                                                          \
         .offset = offsetof(config, optimiser.schedule),                                           \
         .fallback = RT_SCHEDULE_COSINE,                                                           \
         .choices = rt_schedule_names,                                                             \
         .help = "of the learning rate; cosine ends at 0"},                                        \
        {.key = "milestones",                                                                      \
         .type = RT_FLOAT_LIST,                                                                    \
         .offset = offsetof(config, optimiser.milestones),                                         \
         .fallback_text = "[0.5, 0.75]",                                                           \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .help = "step schedule: fractions of the run at which the rate drops"},                   \
        {.key = "gamma",                                                                           \
         .type = RT_FLOAT,                                                                         \
         .offset = offsetof(config, optimiser.gamma),                                              \
         .fallback = 0.1,                                                                          \
         .min = 0.000001,                                                                          \
         .max = 1,                                                                                 \
         .help = "step schedule: factor of each drop"},                                            \
        {.key = "warmup",                                                                          \
         .type = RT_FLOAT,                                                                         \
         .offset = offsetof(config, optimiser.warmup),                                             \
         .fallback = 0,                                                                            \
         .min = 0,                                                                                 \
         .max = 0.9,                                                                               \
         .help = "fraction of the run during which the rate grows from 0"},                        \
        {.key = "momentum",                                                                        \
         .type = RT_FLOAT,                                                                         \
         .offset = offsetof(config, optimiser.momentum),                                           \
         .fallback = 0.9,                                                                          \
         .min = 0,                                                                                 \
         .max = 0.9999,                                                                            \
         .help = "of SGD"},                                                                        \
        {.key = "nesterov",                                                                        \
         .type = RT_BOOL,                                                                          \
         .offset = offsetof(config, optimiser.nesterov),                                           \
         .fallback = 0,                                                                            \
         .help = "Nesterov's form of momentum"},                                                   \
    {                                                                                              \
        .key = "weight_decay", .type = RT_FLOAT,                                                   \
        .offset = offsetof(config, optimiser.weight_decay), .fallback = 1e-4, .min = 0, .max = 1,  \
        .help = "L2 penalty on all trained parameters"                                             \
    }

#endif
