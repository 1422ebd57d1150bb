#include "common/ops/registry.h"

#include "common/ops/add.h"
#include "common/ops/dot.h"
#include "common/ops/scale.h"

#include <string.h>

const rt_operator *const rt_operators[] = {
    &rt_add_operator,
    &rt_dot_operator,
    &rt_scale_operator,
};
const uint32_t rt_operator_count = RT_COUNT(rt_operators);

const rt_operator *rt_operator_find(const char *name)
{
    for (uint32_t i = 0; i < rt_operator_count; i++)
        if (strcmp(rt_operators[i]->name, name) == 0) return rt_operators[i];
    return NULL;
}
