#ifndef RT_TESTS_OPS_OPERATOR_PRIVATE_H
#define RT_TESTS_OPS_OPERATOR_PRIVATE_H

/** What the files behind operator_test.h share. */

#include "tests/ops/operator_test.h"

/* One case: a test with the shapes and the values of its inputs. */
typedef struct rt_test_case {
    const rt_operator_test *test;
    size_t number;
    uint32_t input_count, output_count;
    rt_shape shapes[RT_MAXIMUM_INPUTS];
    float *values[RT_MAXIMUM_INPUTS];   /* dense */
    double *doubles[RT_MAXIMUM_INPUTS]; /* the same, moved about for differences */
    rt_shape output_shapes[RT_MAXIMUM_OUTPUTS];
    float *weights[RT_MAXIMUM_OUTPUTS]; /* of the loss, dense */
    double *outputs[RT_MAXIMUM_OUTPUTS], *outputs_before[RT_MAXIMUM_OUTPUTS];
} rt_test_case;

/* The case on the device: a graph that ran once. */
typedef struct rt_test_run {
    rt_graph *graph;
    rt_phase *phase;
    rt_parameters *parameters;
    rt_tensor *inputs[RT_MAXIMUM_INPUTS];
    rt_tensor *outputs[RT_MAXIMUM_OUTPUTS];
    rt_tensor *weights[RT_MAXIMUM_OUTPUTS];
    uint32_t rows[RT_MAXIMUM_INPUTS];
} rt_test_run;

static inline uint64_t rt_test_numbers(rt_shape shape) { return rt_shape_pixels(shape) * shape.c; }

/** Gives every input its values (operator_values.c). */
void rt_test_case_draw(rt_test_case *c);

/** A graph with the inputs and the operator; `gradients`: the inputs that want one require it. */
void rt_test_case_build(const rt_test_case *c, rt_test_run *run, bool gradients);
/** Makes the phase, writes the values and runs one step. */
void rt_test_case_execute(const rt_test_case *c, rt_test_run *run, const rt_phase_options *options);
void rt_test_case_finish(rt_test_run *run);

/** The reference at the present `doubles`. */
void rt_test_case_reference(const rt_test_case *c, double *const *outputs);
/** Dense values of a padded tensor, after a look at the padding channels. Release with rt_free. */
float *rt_test_case_unpack(const rt_test_case *c, const char *what, rt_shape shape,
                           const float *padded);
/** What re-runs a failed case: its number, shapes and seed. Overwritten by the next call. */
const char *rt_test_case_describe(const rt_test_case *c);
/** `size`: root mean square of the tensor. */
double rt_test_allowed_error(double tolerance, double reference, double size);

/** Compares the device's gradients with central differences (operator_gradients.c). */
void rt_test_case_check_gradients(const rt_test_case *c);

#endif
