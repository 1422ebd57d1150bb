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
    uint32_t schedule_interval;  ///< steps between changes of the rate; 0 counts as 1
    rt_config_floats milestones; ///< fractions of the run after warm-up
    float gamma;                 ///< by which factor
    float warmup;                ///< fraction of the run with a linearly growing rate
    float momentum;
    bool nesterov;
    float weight_decay;
} rt_optimiser_config;

extern const char *const rt_schedule_names[];

/** The learning rate of step `step` (from 0) of a run of `steps`. */
double rt_learning_rate(const rt_optimiser_config *optimiser, uint64_t step, uint64_t steps);

/** A row of a shared part: `field` is where the part lies in the config struct, `prefix` what its
 *  keys begin with. */
#define RT_PART_KEY(config, field, prefix, name_, type_, member)                                   \
    .key = prefix name_, .type = type_, .offset = offsetof(config, field.member)

/* clang-format off: a row a line reads as the table that it is */
#define RT_OPTIMISER_ROWS(config, field, prefix)                                                   \
    {RT_PART_KEY(config, field, prefix, "learning_rate", RT_FLOAT, learning_rate),                 \
     .fallback = 0.1, .max = 100, .help = "of SGD, at its highest"},                               \
        {RT_PART_KEY(config, field, prefix, "schedule", RT_ENUM, schedule),                        \
         .fallback = RT_SCHEDULE_COSINE, .choices = rt_schedule_names,                             \
         .help = "of the learning rate; cosine ends at 0"},                                        \
        {RT_PART_KEY(config, field, prefix, "schedule_interval", RT_UINT, schedule_interval),      \
         .fallback = 1, .min = 1, .max = 100000000,                                                \
         .help = "steps between changes of the rate (RGAL: once a round, 400)"},                   \
        {RT_PART_KEY(config, field, prefix, "milestones", RT_FLOAT_LIST, milestones),              \
         .fallback_text = "[0.5, 0.75]", .max = 1,                                                 \
         .help = "step schedule: fractions of the run (after warm-up) at which it drops"},         \
        {RT_PART_KEY(config, field, prefix, "gamma", RT_FLOAT, gamma), .fallback = 0.1,            \
         .min = 1e-6, .max = 1, .help = "step schedule: factor of each drop"},                     \
        {RT_PART_KEY(config, field, prefix, "warmup", RT_FLOAT, warmup), .fallback = 0,            \
         .max = 0.9, .help = "fraction of the run during which the rate grows from 0"},            \
        {RT_PART_KEY(config, field, prefix, "momentum", RT_FLOAT, momentum), .fallback = 0.9,      \
         .max = 0.9999, .help = "of SGD"},                                                         \
        {RT_PART_KEY(config, field, prefix, "nesterov", RT_BOOL, nesterov), .fallback = 0,         \
         .help = "Nesterov's form of momentum"},                                                   \
    {                                                                                              \
        RT_PART_KEY(config, field, prefix, "weight_decay", RT_FLOAT, weight_decay),                \
            .fallback = 1e-4, .max = 1, .help = "L2 penalty on all trained parameters"             \
    }
/* clang-format on */

#endif
