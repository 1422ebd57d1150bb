#ifndef RT_TESTS_NN_SKETCHES_H
#define RT_TESTS_NN_SKETCHES_H

/** Small networks of images 6x9x3 in 9 classes with the kinds of layers that neither the zoo nor
 * the golden files of ONNX have. On the test's device, with numbers of the golden formula. */

#include "common/nn/network.h"

/** Every activation. */
rt_network *rt_sketch_activations(void);
/** A table with zeros, softmaxes of pixels, scaling, slices, a shuffle. */
rt_network *rt_sketch_movements(void);
/** Every way of resizing, by factors that are not whole, and a border that is not 0. */
rt_network *rt_sketch_sizes(void);

#endif
