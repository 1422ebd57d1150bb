#ifndef RT_OPS_DIFFERENCE_LOSS_H
#define RT_OPS_DIFFERENCE_LOSS_H

/** What rt_l1_loss and rt_l2_loss share: all but which function of a - b is averaged. */

#include "common/graph/graph.h"

typedef struct rt_difference_attributes {
    bool squared; ///< (a - b)^2, else |a - b|
} rt_difference_attributes;

/** The parts of both operators; their attributes are an rt_difference_attributes. */
rt_status rt_difference_infer_shape(rt_graph *graph, rt_node *node);
rt_status rt_difference_forward(rt_program *program, const rt_node *node);
rt_status rt_difference_backward(rt_program *program, const rt_node *node);
uint64_t rt_difference_scratch(const rt_node *node, rt_pass pass);
rt_cost rt_difference_cost(const rt_node *node, rt_pass pass);

enum {
    RT_DIFFERENCE_READS = RT_READS_INPUT(0) | RT_READS_INPUT(1) | RT_READS_INPUT(2),
    RT_DIFFERENCE_NO_GRADIENT = RT_READS_INPUT(2), ///< the mask
};

#endif
