#include "tests/base/config_example.h"

#include <string.h>

#define KEY(name, field, kind)                                                                     \
    .key = name, .type = kind, .offset = offsetof(rt_config_example, field)
#define ROWS(must)                                                                                 \
    {                                                                                              \
        {KEY("batch_size", batch_size, RT_UINT),                                                   \
         .fallback = 128,                                                                          \
         .min = 1,                                                                                 \
         .max = 65536,                                                                             \
         .required = must,                                                                         \
         .help = "samples a step"},                                                                \
            {KEY("triplet.margin", margin, RT_FLOAT), .fallback = 0.1, .min = 0.01, .max = 0.1,    \
             .help = "distance between classes"},                                                  \
            {KEY("store", store, RT_STRING), .required = must, .no_effect = true,                  \
             .help = "where the samples are"},                                                     \
            {KEY("triplet.direction", direction, RT_ENUM), .fallback = 1, .choices = directions,   \
             .help = "which way"},                                                                 \
            {KEY("mean", mean, RT_FLOAT_LIST),                                                     \
             .fallback_text = "[0.5, 1/4]",                                                        \
             .min = -1,                                                                            \
             .max = 1,                                                                             \
             .required = must,                                                                     \
             .help = "of the pixels"},                                                             \
            {KEY("layers", layers, RT_STRING_LIST), .help = "which layers"},                       \
            {KEY("seed", seed, RT_UINT64), .no_effect = true, .help = "of all draws"},             \
            {KEY("a.deep.flag", flag, RT_BOOL), .fallback = 1, .help = "on or off"},               \
            {KEY("a.name", name, RT_STRING), .fallback_text = "x y", .no_effect = true,            \
             .help = "a name"},                                                                    \
            {KEY("free", free, RT_FLOAT), .help = "any number"},                                   \
    }

static const char *const directions[] = {"released", "paper", NULL};
static const rt_config_row rows[] = ROWS(false);
static const rt_config_row required_rows[] = ROWS(true);

const rt_config_schema rt_config_example_schema = {"distill", rows, RT_COUNT(rows),
                                                   sizeof(rt_config_example)};
const rt_config_schema rt_config_required_schema = {"distill", required_rows, RT_COUNT(rows),
                                                    sizeof(rt_config_example)};

rt_status rt_config_example_parse(rt_config_example *config, const char *text, const char *override,
                                  rt_arena *arena)
{
    return rt_config_parse(config, &rt_config_example_schema, "kd.yaml", text,
                           text != NULL ? strlen(text) : 0, &override, override != NULL, arena);
}
