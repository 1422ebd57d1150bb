/* Convolutions by their definition, one number at a time. */
#include "common/cli/bench_conv2d.h"

#include "common/cli/bench.h"

#include <math.h>

/* The numbers of x, r and w, by their dense positions. */
static double x_at(const rt_bench_layer *t, uint32_t n, int64_t h, int64_t w, uint32_t c)
{
    const rt_bench_shape *s = t->shape;
    if (h < 0 || w < 0 || h >= s->h || w >= s->w) return 0;
    return (double)rt_bench_number(1, ((n * s->h + (uint64_t)h) * s->w + (uint64_t)w) * s->in + c);
}

static double r_at(const rt_bench_layer *t, uint32_t n, int64_t h, int64_t w, uint32_t c)
{
    if (h < 0 || w < 0 || h >= t->out_h || w >= t->out_w) return 0;
    return (double)rt_bench_number(
        2, ((n * t->out_h + (uint64_t)h) * t->out_w + (uint64_t)w) * t->shape->out + c);
}

static double w_at(const rt_bench_layer *t, uint32_t out, uint32_t in, uint32_t y, uint32_t x)
{
    const rt_bench_shape *s = t->shape;
    const uint32_t seen = s->in / t->groups;
    return (double)rt_bench_number(3, ((out * seen + in) * s->kernel + y) * s->kernel + x);
}

/* The first input channel that output channel `out` sees, of in / groups. */
static uint32_t first_input(const rt_bench_layer *t, uint32_t out)
{
    return out / (t->shape->out / t->groups) * (t->shape->in / t->groups);
}

double rt_bench_conv2d_forward(const rt_bench_layer *t, uint32_t n, uint32_t h, uint32_t w,
                               uint32_t o, double *size)
{
    const rt_bench_shape *s = t->shape;
    double sum = 0;
    for (uint32_t y = 0; y < s->kernel; y++)
        for (uint32_t x = 0; x < s->kernel; x++)
            for (uint32_t c = 0; c < s->in / t->groups; c++) {
                const double product =
                    x_at(t, n, (int64_t)h * s->stride + y - t->padding,
                         (int64_t)w * s->stride + x - t->padding, first_input(t, o) + c) *
                    w_at(t, o, c, y, x);
                sum += product;
                *size += fabs(product);
            }
    return sum;
}

double rt_bench_conv2d_input_gradient(const rt_bench_layer *t, uint32_t n, uint32_t h, uint32_t w,
                                      uint32_t c, double *size)
{
    const rt_bench_shape *s = t->shape;
    double sum = 0;
    for (uint32_t y = 0; y < s->kernel; y++)
        for (uint32_t x = 0; x < s->kernel; x++) {
            const int64_t at_h = (int64_t)h + t->padding - y, at_w = (int64_t)w + t->padding - x;
            if (at_h % s->stride != 0 || at_w % s->stride != 0) continue;
            const uint32_t outputs = s->out / t->groups, group = c / (s->in / t->groups);
            for (uint32_t o = group * outputs; o < (group + 1) * outputs; o++) {
                const double product = r_at(t, n, at_h / s->stride, at_w / s->stride, o) *
                                       w_at(t, o, c - first_input(t, o), y, x);
                sum += product;
                *size += fabs(product);
            }
        }
    return sum;
}

double rt_bench_conv2d_weight_gradient(const rt_bench_layer *t, uint32_t o, uint32_t c, uint32_t y,
                                       uint32_t x, double *size)
{
    const rt_bench_shape *s = t->shape;
    double sum = 0;
    for (uint32_t n = 0; n < s->n; n++)
        for (uint32_t h = 0; h < t->out_h; h++)
            for (uint32_t w = 0; w < t->out_w; w++) {
                const double product =
                    r_at(t, n, h, w, o) * x_at(t, n, (int64_t)h * s->stride + y - t->padding,
                                               (int64_t)w * s->stride + x - t->padding,
                                               first_input(t, o) + c);
                sum += product;
                *size += fabs(product);
            }
    return sum;
}
