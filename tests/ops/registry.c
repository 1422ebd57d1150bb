#include "common/ops/registry.h"

#include <criterion/criterion.h>
#include <string.h>

Test(ops_registry, names_are_in_order_and_found)
{
    for (uint32_t i = 0; i < rt_operator_count; i++) {
        if (i > 0)
            cr_assert_lt(strcmp(rt_operators[i - 1]->name, rt_operators[i]->name), 0, "'%s', '%s'",
                         rt_operators[i - 1]->name, rt_operators[i]->name);
        cr_assert_eq(rt_operator_find(rt_operators[i]->name), rt_operators[i]);
    }
    cr_assert_null(rt_operator_find("no_such_operator"));
}

/* What the engine relies on: who computes, who is a view, what a backward pass may read. */
Test(ops_registry, tables_are_consistent)
{
    for (uint32_t i = 0; i < rt_operator_count; i++) {
        const rt_operator *o = rt_operators[i];
        cr_assert_not_null(o->infer_shape, "'%s'", o->name);
        cr_assert(o->view ? o->forward == NULL : o->forward != NULL, "'%s'", o->name);
        if (o->view) cr_assert(o->passes_gradient != 0 || o->backward == NULL, "'%s'", o->name);
        if (o->backward == NULL) cr_assert_eq(o->backward_reads, 0, "'%s'", o->name);
        cr_assert_eq(o->passes_gradient & o->no_gradient_inputs, 0, "'%s'", o->name);
        /* Only a backward pass that writes a gradient can add to it. */
        cr_assert_eq(o->adds & (o->passes_gradient | o->no_gradient_inputs), 0, "'%s'", o->name);
        if (o->backward == NULL) cr_assert_eq(o->adds, 0, "'%s'", o->name);
    }
}
