#ifndef RT_OPS_SCHEDULE_H
#define RT_OPS_SCHEDULE_H

/**
 * Tables of what changes from step to step, for the optimisers (common/ops/sgd.h, adam.h): `steps`
 * rows of 4 floats, .x the learning rate. Computed in double on the host, once.
 *     rt_schedule_cosine(rows, steps, 0.1, 0);
 *     rt_schedule_adam(rows, steps, 0.9, 0.999); // .y and .z
 *     rt_tensor *schedule = rt_graph_constant(graph, "schedule", (rt_shape){steps, 1, 1, 4}, rows);
 * Each function writes its columns and leaves the others.
 */

#include <stddef.h>
#include <stdint.h>

/** The same rate at every step. */
void rt_schedule_constant(float *rows, uint32_t steps, double learning_rate);

/** Step i: last + (first - last) * (1 + cos(pi * i / steps)) / 2 (Loshchilov and Hutter 2017, one
 *  period): `last` is what step number `steps` would have. */
void rt_schedule_cosine(float *rows, uint32_t steps, double first, double last);

/** Multiplied by `factor` at each of `count` milestones (steps, in any order). */
void rt_schedule_step(float *rows, uint32_t steps, double learning_rate, double factor,
                      const uint32_t *milestones, size_t count);

/** The corrections of Adam's moments: row i gets .y = 1/(1 - beta1^(i+1)), .z = 1/(1 -
 * beta2^(i+1)). Beyond some thousand rows both are 1 in float, so that the last row serves any
 * later step. */
void rt_schedule_adam(float *rows, uint32_t steps, double beta1, double beta2);

#endif
