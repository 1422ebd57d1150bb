/* Arithmetic with fixed numbers: of shapes, mostly. */

#include "common/nn/onnx/import_private.h"

#include <math.h>
#include <string.h>

typedef struct operation {
    const char *op;
    double (*of_floats)(double a, double b);
    /** false: no such number. NULL: whole numbers are not possible. */
    bool (*of_wholes)(int64_t a, int64_t b, int64_t *result);
    bool makes_booleans;
} operation;

static double add(double a, double b) { return a + b; }
static double subtract(double a, double b) { return a - b; }
static double multiply(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static double smaller(double a, double b) { return fmin(a, b); }
static double larger(double a, double b) { return fmax(a, b); }
static double equal(double a, double b) { return a == b; }
static bool add_wholes(int64_t a, int64_t b, int64_t *r)
{
    return !__builtin_add_overflow(a, b, r);
}
static bool subtract_wholes(int64_t a, int64_t b, int64_t *r)
{
    return !__builtin_sub_overflow(a, b, r);
}
static bool multiply_wholes(int64_t a, int64_t b, int64_t *r)
{
    return !__builtin_mul_overflow(a, b, r);
}
static bool divide_wholes(int64_t a, int64_t b, int64_t *r)
{
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *r = a / b;
    return true;
}
static bool modulo_wholes(int64_t a, int64_t b, int64_t *r) /* of the divisor's sign */
{
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *r = a % b;
    if (*r != 0 && (*r < 0) != (b < 0)) *r += b;
    return true;
}
static bool smaller_wholes(int64_t a, int64_t b, int64_t *r) { return (*r = a < b ? a : b, true); }
static bool larger_wholes(int64_t a, int64_t b, int64_t *r) { return (*r = a > b ? a : b, true); }
static bool equal_wholes(int64_t a, int64_t b, int64_t *r) { return (*r = a == b, true); }

static const operation operations[] = {
    {"Add", add, add_wholes, false},
    {"Sub", subtract, subtract_wholes, false},
    {"Mul", multiply, multiply_wholes, false},
    {"Div", divide, divide_wholes, false},
    {"Pow", pow, NULL, false},
    {"Mod", fmod, modulo_wholes, false},
    {"Min", smaller, smaller_wholes, false},
    {"Max", larger, larger_wholes, false},
    {"Equal", equal, equal_wholes, true},
};

static double negate(double a) { return -a; }
static double reciprocal(double a) { return 1 / a; }

static const struct {
    const char *op;
    double (*of)(double);
} functions[] = {{"Neg", negate}, {"Abs", fabs},    {"Sqrt", sqrt}, {"Exp", exp},
                 {"Log", log},    {"Floor", floor}, {"Ceil", ceil}, {"Reciprocal", reciprocal}};

/* The dims that tensors are repeated to, matched from the last on. */
static rt_status broadcast(const rt_onnx_tensor *const *tensors, uint32_t count, uint32_t *rank,
                           int64_t *dims)
{
    *rank = 0;
    for (uint32_t i = 0; i < count; i++)
        if (tensors[i]->rank > *rank) *rank = tensors[i]->rank;
    for (uint32_t a = 0; a < *rank; a++) {
        dims[a] = 1;
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t missing = *rank - tensors[i]->rank;
            const int64_t dim = a < missing ? 1 : tensors[i]->dims[a - missing];
            if (dim != 1 && dims[a] != 1 && dim != dims[a])
                return rt_fail(RT_ERROR_INPUT, "dimensions %lld and %lld do not fit each other",
                               (long long)dims[a], (long long)dim);
            if (dim != 1) dims[a] = dim;
        }
    }
    return RT_OK;
}

/* Which number of `t` stands at number i of the dims that it is repeated to. */
static uint64_t place(const rt_onnx_tensor *t, uint32_t rank, const int64_t *dims, uint64_t i)
{
    uint64_t at = 0, stride = 1;
    for (uint32_t a = rank; a > rank - t->rank; a--) {
        const uint64_t own = (uint64_t)t->dims[a - 1 - (rank - t->rank)];
        if (own != 1) at += i % (uint64_t)dims[a - 1] * stride;
        i /= (uint64_t)dims[a - 1];
        stride *= own;
    }
    return at;
}

static rt_status fold_two(rt_importer *im, const operation *o)
{
    const rt_onnx_tensor *const t[] = {rt_import_input(im, 0)->constant,
                                       rt_import_input(im, 1)->constant};
    uint32_t rank;
    int64_t dims[RT_IMPORT_RANK] = {0};
    rt_import_fixed made;
    RT_TRY(broadcast(t, 2, &rank, dims));
    if (t[0]->whole != t[1]->whole || (t[0]->whole && o->of_wholes == NULL))
        return rt_fail(RT_ERROR_INPUT, "its numbers are not of types that go together");
    RT_TRY(rt_import_new_constant(im, t[0]->whole || o->makes_booleans, rank, dims, &made));
    for (uint64_t i = 0; i < made.tensor->count; i++) {
        const uint64_t a = place(t[0], rank, dims, i), b = place(t[1], rank, dims, i);
        if (t[0]->whole) {
            if (!o->of_wholes(t[0]->wholes[a], t[1]->wholes[b], &made.wholes[i]))
                return rt_fail(RT_ERROR_INPUT, "its whole numbers %lld and %lld have no result",
                               (long long)t[0]->wholes[a], (long long)t[1]->wholes[b]);
            continue;
        }
        const double result = o->of_floats((double)t[0]->floats[a], (double)t[1]->floats[b]);
        if (o->makes_booleans)
            made.wholes[i] = result != 0;
        else
            made.floats[i] = (float)result;
    }
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

/* Whole numbers below 2^53 pass through a double exactly. */
static rt_status fold_one(rt_importer *im, double (*of)(double))
{
    const rt_onnx_tensor *t = rt_import_input(im, 0)->constant;
    rt_import_fixed made;
    RT_TRY(rt_import_new_constant(im, t->whole, t->rank, t->dims, &made));
    for (uint64_t i = 0; i < t->count; i++) {
        const double result = of(t->whole ? (double)t->wholes[i] : (double)t->floats[i]);
        if (t->whole && !(fabs(result) < 9e15))
            return rt_fail(RT_ERROR_INPUT, "it makes a whole number that is too large");
        if (t->whole)
            made.wholes[i] = (int64_t)result;
        else
            made.floats[i] = (float)result;
    }
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

static rt_status fold_where(rt_importer *im)
{
    const rt_onnx_tensor *const t[] = {rt_import_input(im, 0)->constant,
                                       rt_import_input(im, 1)->constant,
                                       rt_import_input(im, 2)->constant};
    uint32_t rank;
    int64_t dims[RT_IMPORT_RANK] = {0};
    rt_import_fixed made;
    RT_TRY(broadcast(t, 3, &rank, dims));
    if (!t[0]->whole || t[1]->whole != t[2]->whole)
        return rt_fail(RT_ERROR_INPUT, "its numbers are not of types that go together");
    RT_TRY(rt_import_new_constant(im, t[1]->whole, rank, dims, &made));
    for (uint64_t i = 0; i < made.tensor->count; i++) {
        const rt_onnx_tensor *from = t[0]->wholes[place(t[0], rank, dims, i)] != 0 ? t[1] : t[2];
        const uint64_t at = place(from, rank, dims, i);
        if (from->whole)
            made.wholes[i] = from->wholes[at];
        else
            made.floats[i] = from->floats[at];
    }
    rt_import_output_constant(im, 0, made.tensor);
    return RT_OK;
}

rt_status rt_import_fold_arithmetic(rt_importer *im, bool *done)
{
    const char *op = im->node->op;
    for (size_t i = 0; i < RT_COUNT(operations); i++)
        if (strcmp(operations[i].op, op) == 0 && im->node->input_count == 2)
            return fold_two(im, &operations[i]);
    for (size_t i = 0; i < RT_COUNT(functions); i++)
        if (strcmp(functions[i].op, op) == 0) return fold_one(im, functions[i].of);
    if (strcmp(op, "Where") == 0) return fold_where(im);
    *done = false;
    return RT_OK;
}
