#ifndef RT_FORMATS_ONNX_NAMES_H
#define RT_FORMATS_ONNX_NAMES_H

/** A table from names to numbers, counted from 0 in the order in which they were added. */

#include "common/base/memory.h"

typedef struct rt_names {
    const char **names; ///< by number; not copied
    uint32_t count, capacity;
    uint32_t *slots; ///< private: number + 1 at a place that the hash gives
    uint32_t slot_count;
} rt_names;

/** Adds a name. Errors: RT_ERROR_INPUT naming one that is there already. */
RT_CHECKED rt_status rt_names_add(rt_names *names, const char *name, uint32_t *number);
/** Its number, or -1. */
int64_t rt_names_find(const rt_names *names, const char *name);
/** Releases; an empty table is fine. */
void rt_names_clear(rt_names *names);

#endif
