#ifndef RT_TESTS_BASE_CONFIG_EXAMPLE_H
#define RT_TESTS_BASE_CONFIG_EXAMPLE_H

/** A configuration with a key of every type, sections whose rows lie apart, and a deep section. */

#include "common/base/config.h"

typedef struct rt_config_example {
    uint32_t batch_size;
    float margin;
    const char *store;
    int direction;
    rt_config_floats mean;
    rt_config_strings layers;
    uint64_t seed;
    bool flag;
    const char *name;
    float free;
} rt_config_example;

/** Without required keys. */
extern const rt_config_schema rt_config_example_schema;
/** The same, but `store`, `mean` and `batch_size` are required. */
extern const rt_config_schema rt_config_required_schema;

/** Parses `text` (may be NULL) and up to one override (may be NULL) under the name "kd.yaml". */
RT_CHECKED rt_status rt_config_example_parse(rt_config_example *config, const char *text,
                                             const char *override, rt_arena *arena);

#endif
