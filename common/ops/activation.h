#ifndef RT_OPS_ACTIVATION_H
#define RT_OPS_ACTIVATION_H

#include "common/graph/graph.h"

/**
 * Functions of single numbers; ReLU and leaky ReLU have rt_relu and rt_leaky_relu, the sigmoid has
 * rt_sigmoid, a multiplication by a number rt_scale. `a` and `b` are the options'.
 *     y = rt_activate(graph, x, &(rt_activation_options){.kind = RT_ACTIVATE_CLIP, .a = 0, .b =
 * 6});
 */
typedef enum rt_activation_kind {
    RT_ACTIVATE_CLIP,         ///< min(max(x, a), b); gradient where a < x < b. ReLU6: a 0, b 6
    RT_ACTIVATE_HARD_SIGMOID, ///< min(max(a x + b, 0), 1). PyTorch: 1/6, 1/2; ONNX: 0.2, 0.5
    RT_ACTIVATE_HARD_SWISH,   ///< x min(max(x / 6 + 1/2, 0), 1)
    RT_ACTIVATE_TANH,
    RT_ACTIVATE_ELU,        ///< x where x > 0, else a (exp(x) - 1)
    RT_ACTIVATE_GELU,       ///< x (1 + erf(x / sqrt(2))) / 2 (Hendrycks and Gimpel 2016)
    RT_ACTIVATE_GELU_TANH,  ///< x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    RT_ACTIVATE_SILU,       ///< x / (1 + exp(-x))
    RT_ACTIVATE_SOFTPLUS,   ///< log(1 + exp(x))
    RT_ACTIVATE_EXP,        ///< e^x
    RT_ACTIVATE_LOG,        ///< natural; -infinity at 0, NaN below
    RT_ACTIVATE_SQRT,       ///< NaN below 0; the gradient at 0 is infinite
    RT_ACTIVATE_NEGATE,     ///< -x
    RT_ACTIVATE_ABS,        ///< |x|; gradient 0 at 0
    RT_ACTIVATE_ERF,        ///< within 3e-7
    RT_ACTIVATE_POWER,      ///< x^a; NaN for x < 0 unless a is a whole number
    RT_ACTIVATE_RECIPROCAL, ///< 1 / x
    RT_ACTIVATE_COUNT
} rt_activation_kind;

typedef struct rt_activation_options {
    rt_activation_kind kind;
    float a, b; ///< of the kinds that name them; no kind has defaults
} rt_activation_options;

/** Its nodes have rt_activation_options as attributes. */
extern const rt_operator rt_activation_operator;

/** y = f(x), number by number, any shape. Errors: RT_ERROR_INPUT for an unknown kind, a > b of
 *  RT_ACTIVATE_CLIP, or an `a` or `b` that is NaN. */
rt_tensor *rt_activate(rt_graph *graph, rt_tensor *x, const rt_activation_options *options);

#endif
