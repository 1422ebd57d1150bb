#ifndef RT_TESTS_OPS_EVALUATE_H
#define RT_TESTS_OPS_EVALUATE_H

#include "tests/ops/operator_test.h"

/**
 * Runs a finished graph (constants instead of inputs) on the test device, `steps` times, and copies
 * tensors out, dense. Fails the test on any error and on a padding channel that is not 0.
 *     rt_tensor *y = rt_l2_normalise(graph, rt_graph_constant(graph, "x", shape, values), 1e-12f);
 *     rt_test_evaluate(graph, 1, (rt_tensor *[]){y}, (float *[]){result}, 1);
 * Releases the graph.
 */
void rt_test_evaluate(rt_graph *graph, uint32_t steps, rt_tensor *const *tensors,
                      float *const *dense, uint32_t count);

/** A graph, or the test fails. */
rt_graph *rt_test_graph(void);

/** Values {N,1,1,1} or {N,1,1,C} as a constant of the graph. */
rt_tensor *rt_test_rows(rt_graph *graph, uint32_t n, uint32_t c, const float *values);

#endif
