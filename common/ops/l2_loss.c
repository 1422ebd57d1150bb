#include "common/ops/l2_loss.h"

#include "common/ops/difference_loss.h"

const rt_operator rt_l2_loss_operator = {
    .name = "l2_loss",
    .infer_shape = rt_difference_infer_shape,
    .forward = rt_difference_forward,
    .backward = rt_difference_backward,
    .backward_reads = RT_DIFFERENCE_READS,
    .no_gradient_inputs = RT_DIFFERENCE_NO_GRADIENT,
    .scratch = rt_difference_scratch,
    .cost = rt_difference_cost,
};

rt_tensor *rt_l2_loss(rt_graph *graph, rt_tensor *a, rt_tensor *b, rt_tensor *mask)
{
    const rt_difference_attributes attributes = {.squared = true};
    return rt_graph_apply(graph, &rt_l2_loss_operator, (rt_tensor *[]){a, b, mask}, 3, &attributes,
                          sizeof attributes);
}
