#include "student/recipes/supervised.h"

#include "common/ops/cross_entropy.h"

static void build(const rt_recipe_batch *batch, const void *options, rt_loss_terms *terms)
{
    const rt_supervised_options *o = options;
    rt_loss_term(
        terms, "cross_entropy", 1,
        rt_cross_entropy(batch->graph, batch->student->logits, batch->labels, o->label_smoothing));
}

const rt_recipe rt_supervised_recipe = {.name = "supervised", .build = build};
