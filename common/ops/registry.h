#ifndef RT_OPS_REGISTRY_H
#define RT_OPS_REGISTRY_H

#include "common/graph/operator.h"

/** All operators, in alphabetical order. */
extern const rt_operator *const rt_operators[];
extern const uint32_t rt_operator_count;

/** The operator of this name, or NULL. */
const rt_operator *rt_operator_find(const char *name);

#endif
