#ifndef RT_TESTS_OPS_CONV2D_FAKE_H
#define RT_TESTS_OPS_CONV2D_FAKE_H

/**
 * A small layer, and a family of kernels whose candidates behave as a test wants.
 *     rt_test_fake_ways[0] = RT_TEST_SLOW;
 *     rt_test_fake_ways[1] = RT_TEST_RIGHT;
 *     rt_test_fake_count = 2;
 */

#include "common/ops/conv2d_family.h"

/** 2 images of 8x8, 8 channels to 12, 3x3. */
extern const rt_conv2d_shape rt_test_layer;

typedef enum rt_test_way {
    RT_TEST_RIGHT,   ///< as the plain family
    RT_TEST_SLOW,    ///< the same, many times over
    RT_TEST_SKIP,    ///< fast, because it does nothing
    RT_TEST_HALF,    ///< fast, because it leaves out half of the images
    RT_TEST_REFUSED, ///< an error of the device
} rt_test_way;

enum { RT_TEST_WAYS = 8 };
/** Of its forward pass; the gradients are the plain family's, one candidate each. */
extern rt_test_way rt_test_fake_ways[RT_TEST_WAYS];
extern uint32_t rt_test_fake_count;
/** How often each was recorded. */
extern uint32_t rt_test_fake_uses[RT_TEST_WAYS];
extern const rt_conv2d_family rt_test_fake_family;

#endif
