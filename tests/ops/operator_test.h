#ifndef RT_TESTS_OPS_OPERATOR_TEST_H
#define RT_TESTS_OPS_OPERATOR_TEST_H

/**
 * Checks of an operator on a device against a plain definition of it in double.
 *     static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
 *                       rt_tensor **outputs)
 *     {
 *         outputs[0] = rt_leaky_relu(graph, inputs[0], *(const float *)parameters);
 *     }
 *     const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}};
 *     const rt_operator_test test = {.build = build, .reference = reference, ...};
 *     rt_test_operator(&test, shapes, RT_COUNT(shapes));
 * For every case: the outputs equal the reference's; the gradients of sum(weights * outputs), with
 * random weights, equal central differences of the reference, at single numbers of every input and
 * along random directions through all of them; all padding is 0. The gradients are taken in a graph
 * whose memory is poisoned with NaN as soon as the plan thinks it free: a backward pass that reads
 * what its `backward_reads` does not name fails.
 * Nothing here assumes a vector width: the suites run at several. A case that is too large for the
 * device's texel buffers (RT_TEST_DEVICE_MINIMUM_LIMITS) is left out.
 */

#include "common/graph/phase.h"

/** The reference's arguments: dense numbers in [N,H,W,C]; of a parameter, as in files (OIHW). */
typedef struct rt_reference_call {
    const void *parameters;                  ///< the test's
    const double *inputs[RT_MAXIMUM_INPUTS]; ///< NULL: left out
    rt_shape input_shapes[RT_MAXIMUM_INPUTS];
    double *outputs[RT_MAXIMUM_OUTPUTS]; ///< the first is also the argument `y`
    rt_shape output_shapes[RT_MAXIMUM_OUTPUTS];
    int64_t output_count; ///< numbers of the first output
} rt_reference_call;

typedef enum rt_test_input_kind {
    RT_TEST_STATE,     ///< a state tensor
    RT_TEST_HOST,      ///< an input tensor, written by the host before the step
    RT_TEST_PARAMETER, ///< a tensor of a parameter set; the case's "shape" is its file's dims
} rt_test_input_kind;

/** What an input's values are made from. */
typedef struct rt_test_draw {
    rt_shape shape;
    uint64_t count; ///< numbers
    uint64_t seed;  ///< differs by case and input
    const void *parameters;
} rt_test_draw;

/** An input; `{0}`: a state that wants a gradient, uniform in [-1,1). */
typedef struct rt_test_input {
    rt_test_input_kind kind;
    rt_parameter_layout layout;         ///< RT_TEST_PARAMETER
    uint32_t image_h, image_w, image_c; ///< RT_TEST_PARAMETER, the layouts *_TO_IMAGE, *_FROM_IMAGE
    bool no_gradient;                   ///< labels, masks, statistics
    double low, high;                   ///< uniform in [low,high) unless both are 0
    double keep_away_from_zero;         ///< |x| is at least this; 0: the test's
    void (*generate)(const rt_test_draw *draw, float *values); ///< instead
} rt_test_input;

typedef struct rt_operator_test {
    /** Builds the operator and sets outputs[0], ... (NULL beyond the last). */
    void (*build)(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs);
    void (*reference)(const rt_reference_call *call, double *y);
    const void *parameters; ///< handed to both
    uint32_t input_count;   ///< 0 counts as 1
    rt_test_input inputs[RT_MAXIMUM_INPUTS];
    double keep_away_from_zero; ///< of all inputs that do not say otherwise
    /** Allowed error of a number: tolerance * max(|reference|, root mean square of the tensor's
     *  reference, 0.001). */
    double forward_tolerance;
    double gradient_tolerance;
    bool no_gradient;          ///< compare the outputs only
    uint32_t gradient_outputs; ///< mask of the outputs that a gradient flows into; 0: all
    double difference;         ///< half the distance of a central difference; 0: 1e-5
    uint32_t differences;      ///< single numbers an input that are checked; 0: 48
    uint64_t seed;
} rt_operator_test;

/** Runs the cases: `shapes` holds input_count shapes a case, `shape_count` in all. A shape of all
 *  0 leaves that (optional) input out: it is NULL for both sides. */
void rt_test_operator(const rt_operator_test *test, const rt_shape *shapes, size_t shape_count);

/**
 * The device of this process, opened on first use. Environment: RT_TEST_DEVICE selects it,
 * RT_TEST_VALIDATE=1 loads the validation layers (then any message fails the test),
 * RT_TEST_DEVICE_MINIMUM_LIMITS=1 lowers the limits to the specification's least,
 * RT_TEST_DEVICE_WIDTH=128|256|512 sets lavapipe's vectors, in bits.
 */
rt_device *rt_test_device(void);

/** Fails the test, with the error's message, unless `status` is RT_OK. */
#define rt_test_ok(expression) rt_test_check_status((expression), #expression, __FILE__, __LINE__)
void rt_test_check_status(rt_status status, const char *expression, const char *file, int line);

/** Uniform in [0,1), a function of seed and position alone. */
double rt_test_uniform(uint64_t seed, uint64_t position);

/** Generators for rt_test_input.generate. Distinct: a random order of multiples of 1/64 (maxima
 *  without ties). */
void rt_test_distinct(const rt_test_draw *draw, float *values);

#endif
