#ifndef RT_TESTS_GRAPH_SUPPORT_H
#define RT_TESTS_GRAPH_SUPPORT_H

#include "tests/ops/operator_test.h"

/**
 * A loss of a few tensors of 30 numbers each ("leaves"), as a graph and as a plain function in
 * double. rt_test_gradients compares the device's gradients with central differences of the
 * function, in four plans: planned, planned with poison, without aliasing, and without joined
 * operators. Their bits must be equal.
 */

enum { RT_TEST_LEAVES = 4, RT_TEST_NUMBERS = 30 };

/** {2,3,1,5}: three padding channels a pixel. */
extern const rt_shape rt_test_leaf_shape;

typedef enum rt_test_leaf {
    RT_TEST_LEAF_NONE,
    RT_TEST_LEAF_STATE,   ///< a state that wants a gradient
    RT_TEST_LEAF_TRAINED, ///< a trained parameter
    RT_TEST_LEAF_FROZEN,  ///< a parameter that is not trained: no gradient is looked at
} rt_test_leaf;

typedef struct rt_gradient_test {
    rt_test_leaf leaves[RT_TEST_LEAVES];
    rt_tensor *(*build)(rt_graph *graph, rt_tensor *const *leaves);
    double (*value)(double (*leaves)[RT_TEST_NUMBERS]);
    /** What the gradient is taken of, where it is not `value`: the part of it that counts as
     *  constant (detached) comes from `fixed`. NULL: value. */
    double (*detached_value)(double (*leaves)[RT_TEST_NUMBERS], double (*fixed)[RT_TEST_NUMBERS]);
} rt_gradient_test;

void rt_test_gradients(const rt_gradient_test *test);

double rt_test_sigmoid(double x);

/** An operator with two outputs, 2x and -3x, for the engine's tests; its backward pass copes with
 *  either output being unused. Sets `*second`, unless NULL, to the second output. */
rt_tensor *rt_test_fork(rt_graph *graph, rt_tensor *x, rt_tensor **second);

/** Fills padded memory of this shape with a function of `seed`, padding 0. */
void rt_test_fill(rt_shape shape, uint64_t seed, float *padded);

#endif
