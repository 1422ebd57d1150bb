// The functions of rt_activation_kind (common/ops/activation.h) and their derivatives, side by side.
// KIND is a specialization constant: of all this a pipeline has one line. Comparisons and mix
// instead of min and max: these may lose a NaN.
#ifndef ACTIVATION_GLSL
#define ACTIVATION_GLSL

const uint CLIP = 0, HARD_SIGMOID = 1, HARD_SWISH = 2, TANH = 3, ELU = 4, GELU = 5, GELU_TANH = 6,
           SILU = 7, SOFTPLUS = 8, EXP = 9, LOG = 10, SQRT = 11, NEGATE = 12, ABS = 13, ERF = 14,
           POWER = 15, RECIPROCAL = 16; // in the order of the enum

vec4 clip(vec4 x, float low, float high)
{
    const vec4 raised = mix(x, vec4(low), lessThan(x, vec4(low)));
    return mix(raised, vec4(high), greaterThan(raised, vec4(high)));
}

// 1 where low < x < high, else 0
vec4 within(vec4 x, float low, float high)
{
    return vec4(greaterThan(x, vec4(low))) * vec4(lessThan(x, vec4(high)));
}

vec4 sigmoid(vec4 x) { return 1 / (1 + exp(-x)); }

// through exp(-2 |x|), which cannot overflow
vec4 hyperbolic_tangent(vec4 x)
{
    const vec4 e = exp(-2 * abs(x));
    return sign(x) * (1 - e) / (1 + e);
}

// within 1.5e-7, and rounding (Abramowitz and Stegun, 7.1.26)
vec4 error_function(vec4 x)
{
    const vec4 t = 1 / (1 + 0.3275911 * abs(x));
    const vec4 sum =
        t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return sign(x) * (1 - sum * exp(-x * x));
}

// x^exponent. Small whole exponents by multiplication, which is exact and takes x < 0.
vec4 power(vec4 x, float exponent)
{
    const float size = abs(exponent);
    if (size == floor(size) && size <= 16) {
        vec4 product = vec4(1);
        for (float k = 0; k < size; k++) product *= x;
        return exponent < 0 ? 1 / product : product;
    }
    const vec4 magnitude = pow(abs(x), vec4(exponent));
    const float sign_ = mod(size, 2) == 1 ? -1.0 : 1.0;
    const float below_0 = size == floor(size) ? sign_ : uintBitsToFloat(0x7fc00000); // else NaN
    return mix(magnitude, below_0 * magnitude, lessThan(x, vec4(0)));
}

const float SQRT_1_2 = 0.70710678118654752; // 1 / sqrt(2)
const float SQRT_2_PI = 0.79788456080286536; // sqrt(2 / pi)
const float CUBE = 0.044715;

// the argument of GELU_TANH's tanh
vec4 gelu_argument(vec4 x) { return SQRT_2_PI * (x + CUBE * x * x * x); }

vec4 activation(uint kind, vec4 x, float a, float b)
{
    if (kind == CLIP) return clip(x, a, b);
    if (kind == HARD_SIGMOID) return clip(a * x + b, 0, 1);
    if (kind == HARD_SWISH) return x * clip(x / 6 + 0.5, 0, 1);
    if (kind == TANH) return hyperbolic_tangent(x);
    if (kind == ELU) return mix(a * (exp(x) - 1), x, greaterThan(x, vec4(0)));
    if (kind == GELU) return 0.5 * x * (1 + error_function(SQRT_1_2 * x));
    if (kind == GELU_TANH) return 0.5 * x * (1 + hyperbolic_tangent(gelu_argument(x)));
    if (kind == SILU) return x * sigmoid(x);
    if (kind == SOFTPLUS)
        return mix(vec4(0), x, greaterThan(x, vec4(0))) + log(1 + exp(-abs(x)));
    if (kind == EXP) return exp(x);
    if (kind == LOG) return log(x);
    if (kind == SQRT) return sqrt(x);
    if (kind == NEGATE) return -x;
    if (kind == ABS) return abs(x);
    if (kind == ERF) return error_function(x);
    if (kind == POWER) return power(x, a);
    return 1 / x; // RECIPROCAL
}

vec4 activation_derivative(uint kind, vec4 x, float a, float b)
{
    if (kind == CLIP) return within(x, a, b);
    if (kind == HARD_SIGMOID) return a * within(a * x + b, 0, 1);
    if (kind == HARD_SWISH)
        return mix((x / 3 + 0.5) * vec4(greaterThan(x, vec4(-3))), vec4(1),
                   greaterThanEqual(x, vec4(3)));
    if (kind == TANH) {
        const vec4 e = exp(-2 * abs(x));
        return 4 * e / ((1 + e) * (1 + e)); // not 1 - tanh^2, which loses its digits
    }
    if (kind == ELU) return mix(a * exp(x), vec4(1), greaterThan(x, vec4(0)));
    if (kind == GELU)
        return 0.5 * (1 + error_function(SQRT_1_2 * x)) +
               x * (0.5 * SQRT_2_PI) * exp(-0.5 * x * x);
    if (kind == GELU_TANH) {
        const vec4 t = hyperbolic_tangent(gelu_argument(x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * SQRT_2_PI * (1 + 3 * CUBE * x * x);
    }
    if (kind == SILU) return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    if (kind == SOFTPLUS) return sigmoid(x);
    if (kind == EXP) return exp(x);
    if (kind == LOG) return 1 / x;
    if (kind == SQRT) return 0.5 / sqrt(x);
    if (kind == NEGATE) return vec4(-1);
    if (kind == ABS) return sign(x);
    if (kind == ERF) return (SQRT_2_PI / SQRT_1_2) * exp(-x * x); // 2 / sqrt(pi)
    if (kind == POWER) return a * power(x, a - 1);
    return -1 / (x * x); // RECIPROCAL
}

#endif
