#ifndef RT_OPS_BINARY_H
#define RT_OPS_BINARY_H

#include "common/graph/graph.h"

extern const rt_operator rt_add_broadcast_operator;
extern const rt_operator rt_subtract_operator;
extern const rt_operator rt_multiply_operator;
extern const rt_operator rt_divide_operator;

/**
 * a + b, a - b, a * b, a / b, number by number. Where a and b differ in n, h, w or c, one of the
 * two has 1 there and is repeated; the output has the larger of both. x = rt_multiply(graph, x,
 * gate);     // {N,H,W,C} * {N,1,1,C}: squeeze and excitation x = rt_add_broadcast(graph, x,
 * rt_graph_constant(graph, "shift", (rt_shape){1,1,1,1}, &shift)); The gradient of what was
 * repeated is the sum over the repetitions, in an order that depends on shapes and on whether the
 * device is a CPU alone. The operators of this name take the large tensor first (input 0, of the
 * output's shape) and the small one second; what does not fit that is made of several nodes: a
 * small minuend is a negation and an addition, a small dividend a reciprocal and a multiplication,
 * and of two tensors that are both repeated the first is repeated by itself. rt_add_broadcast of
 * equal shapes is rt_add. Errors: RT_ERROR_INPUT for shapes that do not fit, naming both.
 */
rt_tensor *rt_add_broadcast(rt_graph *graph, rt_tensor *a, rt_tensor *b);
rt_tensor *rt_subtract(rt_graph *graph, rt_tensor *a, rt_tensor *b);
rt_tensor *rt_multiply(rt_graph *graph, rt_tensor *a, rt_tensor *b);
rt_tensor *rt_divide(rt_graph *graph, rt_tensor *a, rt_tensor *b);

#endif
