/* The three passes of convolutions: output, gradient of the input, gradient of the weights. */
#include "common/cli/bench.h"

#include "common/ops/conv2d.h"
#include "common/ops/conv2d_choice.h"
#include "common/ops/dot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct shape {
    uint32_t n, h, w, in, out, kernel, stride;
} shape;

static const shape shapes[] = {
    /* docs/kernels.md, section 3 */
    {64, 32, 32, 16, 16, 3, 1},
    {64, 16, 16, 32, 32, 3, 1},
    {64, 8, 8, 64, 64, 3, 1},
    {64, 16, 16, 64, 64, 3, 1},
    {64, 8, 8, 128, 128, 3, 1},
    {128, 32, 32, 32, 32, 3, 1},
    {256, 32, 32, 16, 16, 3, 1},
    {128, 16, 16, 64, 64, 3, 1},
    /* stride 2 and shortcuts */
    {128, 32, 32, 16, 32, 3, 2},
    {128, 16, 16, 32, 64, 3, 2},
    {128, 32, 32, 16, 32, 1, 2},
    {128, 16, 16, 64, 64, 1, 1},
    /* first and last layers */
    {128, 32, 32, 1, 16, 3, 1},
    {128, 32, 32, 3, 16, 3, 1},
    {128, 32, 32, 16, 1, 3, 1},
    {128, 32, 32, 64, 3, 3, 1},
    /* the demo's narrow ones */
    {128, 28, 28, 8, 8, 3, 1},
    {128, 28, 28, 16, 16, 3, 1},
    {128, 28, 28, 8, 16, 3, 2},
    {128, 14, 14, 16, 16, 3, 1},
    {128, 14, 14, 32, 32, 3, 1},
    {128, 7, 7, 32, 32, 3, 1},
    {128, 7, 7, 64, 64, 3, 1},
    {128, 28, 28, 32, 16, 3, 1},
};

/* Wide layers, in batches that fill a GPU. On a CPU they would take minutes. */
static const shape large_shapes[] = {
    {256, 32, 32, 32, 32, 3, 1},  {256, 32, 32, 64, 64, 3, 1},   {256, 16, 16, 128, 128, 3, 1},
    {256, 8, 8, 256, 256, 3, 1},  {256, 8, 8, 512, 512, 3, 1},   {256, 4, 4, 512, 512, 3, 1},
    {256, 32, 32, 64, 128, 3, 2}, {256, 16, 16, 128, 128, 1, 1},
};

typedef enum pass { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, PASSES } pass;
static const char *const pass_names[] = {"forward", "input gradient", "weight gradient"};

enum { CHECKED = 64 }; ///< places of every result

/* y = conv(x, w), loss = sum of y r: so r is the gradient of y. */
typedef struct trial {
    const shape *shape;
    pass pass;
    uint32_t padding, out_h, out_w;
    double tolerance; ///< of the sum of the products' sizes
    rt_graph *graph;
    rt_phase *phase;
    rt_parameters *parameters;
    rt_tensor *x, *r, *y;
} trial;

static rt_conv2d_shape layer_of(const shape *s)
{
    const uint32_t padding = s->kernel / 2;
    return (rt_conv2d_shape){
        .images = s->n,
        .height = s->h,
        .width = s->w,
        .in_channels = s->in,
        .out_channels = s->out,
        .kernel_h = s->kernel,
        .kernel_w = s->kernel,
        .stride = s->stride,
        .top = padding,
        .left = padding,
        .dilation = 1,
        .out_height = (s->h + 2 * padding - s->kernel) / s->stride + 1,
        .out_width = (s->w + 2 * padding - s->kernel) / s->stride + 1,
    };
}

/* The numbers of x, r and w, by their dense positions. */
static double x_at(const trial *t, uint32_t n, int64_t h, int64_t w, uint32_t c)
{
    const shape *s = t->shape;
    if (h < 0 || w < 0 || h >= s->h || w >= s->w) return 0;
    return (double)rt_bench_number(1, ((n * s->h + (uint64_t)h) * s->w + (uint64_t)w) * s->in + c);
}

static double r_at(const trial *t, uint32_t n, int64_t h, int64_t w, uint32_t c)
{
    if (h < 0 || w < 0 || h >= t->out_h || w >= t->out_w) return 0;
    return (double)rt_bench_number(
        2, ((n * t->out_h + (uint64_t)h) * t->out_w + (uint64_t)w) * t->shape->out + c);
}

static double w_at(const trial *t, uint32_t out, uint32_t in, uint32_t y, uint32_t x)
{
    const shape *s = t->shape;
    return (double)rt_bench_number(3, ((out * s->in + in) * s->kernel + y) * s->kernel + x);
}

static double forward_at(const trial *t, uint32_t n, uint32_t h, uint32_t w, uint32_t o,
                         double *size)
{
    const shape *s = t->shape;
    double sum = 0;
    for (uint32_t y = 0; y < s->kernel; y++)
        for (uint32_t x = 0; x < s->kernel; x++)
            for (uint32_t c = 0; c < s->in; c++) {
                const double product = x_at(t, n, (int64_t)h * s->stride + y - t->padding,
                                            (int64_t)w * s->stride + x - t->padding, c) *
                                       w_at(t, o, c, y, x);
                sum += product;
                *size += fabs(product);
            }
    return sum;
}

static double input_gradient_at(const trial *t, uint32_t n, uint32_t h, uint32_t w, uint32_t c,
                                double *size)
{
    const shape *s = t->shape;
    double sum = 0;
    for (uint32_t y = 0; y < s->kernel; y++)
        for (uint32_t x = 0; x < s->kernel; x++) {
            const int64_t at_h = (int64_t)h + t->padding - y, at_w = (int64_t)w + t->padding - x;
            if (at_h % s->stride != 0 || at_w % s->stride != 0) continue;
            for (uint32_t o = 0; o < s->out; o++) {
                const double product =
                    r_at(t, n, at_h / s->stride, at_w / s->stride, o) * w_at(t, o, c, y, x);
                sum += product;
                *size += fabs(product);
            }
        }
    return sum;
}

static double weight_gradient_at(const trial *t, uint32_t o, uint32_t c, uint32_t y, uint32_t x,
                                 double *size)
{
    const shape *s = t->shape;
    double sum = 0;
    for (uint32_t n = 0; n < s->n; n++)
        for (uint32_t h = 0; h < t->out_h; h++)
            for (uint32_t w = 0; w < t->out_w; w++) {
                const double product =
                    r_at(t, n, h, w, o) * x_at(t, n, (int64_t)h * s->stride + y - t->padding,
                                               (int64_t)w * s->stride + x - t->padding, c);
                sum += product;
                *size += fabs(product);
            }
    return sum;
}

static rt_status build(trial *t)
{
    const shape *s = t->shape;
    const rt_parameter weight = {.name = "weight",
                                 .layout = RT_LAYOUT_CONVOLUTION,
                                 .dims = {s->out, s->in, s->kernel, s->kernel},
                                 .rank = 4};
    RT_TRY(rt_graph_create(&t->graph));
    RT_TRY(rt_parameters_create(&t->parameters));
    RT_TRY(rt_parameters_add(t->parameters, &weight, NULL));
    t->x = rt_graph_state(t->graph, "x", (rt_shape){s->n, s->h, s->w, s->in});
    t->r = rt_graph_state(t->graph, "r", (rt_shape){s->n, t->out_h, t->out_w, s->out});
    if (t->pass == INPUT_GRADIENT) rt_graph_require_gradient(t->graph, t->x);
    rt_tensor *w = rt_graph_parameter(t->graph, t->parameters, 0, t->pass == WEIGHT_GRADIENT);
    t->y = rt_conv2d(t->graph, t->x, w, NULL,
                     &(rt_conv2d_options){.stride = s->stride, .padding = t->padding});
    if (t->pass == FORWARD) {
        rt_graph_output(t->graph, t->y);
        return rt_graph_status(t->graph);
    }
    rt_graph_differentiate(t->graph, rt_dot(t->graph, t->y, t->r));
    RT_TRY(rt_graph_status(t->graph));
    if (t->pass == INPUT_GRADIENT) rt_graph_output(t->graph, t->x->gradient);
    return RT_OK;
}

static rt_status write_state(trial *t, const rt_tensor *tensor, uint64_t seed)
{
    const uint64_t count = rt_shape_pixels(tensor->shape) * tensor->shape.c;
    rt_status status = RT_OK;
    float *dense = NULL, *padded = NULL;
    RT_TRY_DONE(RT_ALLOC(dense, count));
    RT_TRY_DONE(RT_ALLOC(padded, 4 * rt_shape_vec4_count(tensor->shape)));
    for (uint64_t i = 0; i < count; i++) dense[i] = rt_bench_number(seed, i);
    rt_tensor_pack(tensor->shape, dense, padded);
    RT_TRY_DONE(rt_phase_write(t->phase, tensor, padded));
done:
    rt_free(dense);
    rt_free(padded);
    return status;
}

static rt_status prepare(trial *t, rt_device *device)
{
    RT_TRY(build(t));
    RT_TRY(rt_parameters_allocate(t->parameters, device));
    RT_TRY(rt_phase_create(&t->phase, device, t->graph, &(rt_phase_options){.timestamps = true}));
    RT_TRY(write_state(t, t->x, 1));
    if (t->pass != FORWARD) RT_TRY(write_state(t, t->r, 2));
    const uint64_t count = rt_parameter_numbers(rt_parameters_row(t->parameters, 0));
    float *weights;
    RT_TRY(RT_ALLOC(weights, count));
    for (uint64_t i = 0; i < count; i++) weights[i] = rt_bench_number(3, i);
    const rt_status status = rt_parameters_write(t->parameters, RT_PIECE_VALUES, 0, weights);
    rt_free(weights);
    return status;
}

/* A place of the result, spread over all of it, and what belongs there. */
static rt_status check_place(const trial *t, const float *result, uint64_t place, rt_shape of)
{
    const uint32_t d = (uint32_t)(place % of.c), c = (uint32_t)(place / of.c % of.w),
                   b = (uint32_t)(place / of.c / of.w % of.h),
                   a = (uint32_t)(place / of.c / of.w / of.h);
    double size = 1e-3, expected = 0;
    uint64_t position = (((uint64_t)a * of.h + b) * of.w + c) * 4 * rt_vec4s(of.c) + d;
    if (t->pass == FORWARD) expected = forward_at(t, a, b, c, d, &size);
    if (t->pass == INPUT_GRADIENT) expected = input_gradient_at(t, a, b, c, d, &size);
    if (t->pass == WEIGHT_GRADIENT) {
        expected = weight_gradient_at(t, a, b, c, d, &size);
        position = place;
    }
    if (fabs((double)result[position] - expected) <= t->tolerance * size) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL,
                   "conv2d %s of %ux%ux%ux%u, %u channels, is wrong: %.7g at %u,%u,%u,%u, expected "
                   "%.7g",
                   pass_names[t->pass], t->shape->n, t->shape->h, t->shape->w, t->shape->in,
                   t->shape->out, (double)result[position], a, b, c, d, expected);
}

/* Kernels in float16 round both factors of a product to 11 bits. */
static rt_status set_tolerance(trial *t, rt_device *device)
{
    const rt_conv2d_shape layer = layer_of(t->shape);
    rt_conv2d_choice choice;
    RT_TRY(rt_conv2d_choose(device, &layer, (rt_conv2d_pass)t->pass, &choice));
    t->tolerance = choice.family == &rt_conv2d_cooperative_family ? 1.0 / 1024 : 1e-6;
    return RT_OK;
}

static rt_status check(trial *t)
{
    const shape *s = t->shape;
    rt_status status = RT_OK;
    float *weights = NULL;
    const float *result = NULL;
    rt_shape of = {s->out, s->in, s->kernel, s->kernel};
    if (t->pass == WEIGHT_GRADIENT) {
        RT_TRY_DONE(RT_ALLOC(weights, rt_shape_pixels(of) * of.c));
        RT_TRY_DONE(rt_parameters_read(t->parameters, RT_PIECE_GRADIENTS, 0, weights));
        result = weights;
    } else {
        const rt_tensor *tensor = t->pass == FORWARD ? t->y : t->x->gradient;
        of = tensor->shape;
        result = rt_phase_output(t->phase, tensor);
    }
    const uint64_t count = rt_shape_pixels(of) * of.c;
    /* The golden ratio spreads the places evenly over rows, columns and channels. */
    for (uint64_t i = 0; i < CHECKED; i++)
        RT_TRY_DONE(check_place(
            t, result, (uint64_t)(fmod((double)i * 0.6180339887498949, 1) * (double)count), of));
done:
    rt_free(weights);
    return status;
}

static rt_status time_once(trial *t, double *seconds)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_phase_timing *timings;
    uint32_t count;
    const char *wanted = t->pass == FORWARD ? "forward" : "backward";
    *seconds = 0;
    RT_TRY_DONE(rt_phase_submit(t->phase));
    RT_TRY_DONE(rt_phase_wait(t->phase));
    RT_TRY_DONE(rt_phase_timings(t->phase, &arena, &timings, &count));
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(timings[i].operator_name, t->y->producer->operator_->name) == 0 &&
            strcmp(timings[i].pass, wanted) == 0)
            *seconds += timings[i].seconds;
done:
    rt_arena_clear(&arena);
    return status;
}

static rt_status measure(rt_bench *bench, trial *t, const char *name)
{
    const shape *s = t->shape;
    double *seconds = NULL, first;
    RT_TRY(prepare(t, bench->device));
    RT_TRY(time_once(t, &first)); /* compiles */
    RT_TRY(set_tolerance(t, bench->device));
    RT_TRY(check(t));
    seconds = rt_arena_alloc(&bench->command->arena, bench->repeats, sizeof *seconds);
    if (seconds == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_bench_warm_up(t->phase));
    for (uint32_t i = 0; i < bench->repeats; i++) RT_TRY(time_once(t, &seconds[i]));
    const double products = (double)s->n * t->out_h * t->out_w * s->kernel * s->kernel * s->in;
    const rt_bench_result result = {.name = name,
                                    .seconds = rt_bench_median(seconds, bench->repeats),
                                    .flops = 2 * products * s->out};
    return rt_bench_report(bench, &result);
}

static rt_status measure_all(rt_bench *bench, const shape *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int p = 0; p < PASSES; p++) {
            const shape *s = &list[i];
            trial t = {.shape = s, .pass = (pass)p, .padding = s->kernel / 2};
            char name[128];
            t.out_h = (s->h + 2 * t.padding - s->kernel) / s->stride + 1;
            t.out_w = (s->w + 2 * t.padding - s->kernel) / s->stride + 1;
            snprintf(name, sizeof name, "conv2d %ux%ux%u %u->%u %ux%u/%u %s", s->n, s->h, s->w,
                     s->in, s->out, s->kernel, s->kernel, s->stride, pass_names[p]);
            if (!rt_bench_wants(bench, name)) continue;
            const rt_status status = measure(bench, &t, name);
            rt_phase_free(t.phase);
            rt_graph_free(t.graph);
            rt_parameters_free(t.parameters);
            if (status != RT_OK) return status;
        }
    }
    return RT_OK;
}

rt_status rt_bench_conv2d_work(rt_conv2d_work **work, uint32_t *count)
{
    RT_TRY(RT_ALLOC(*work, PASSES * RT_COUNT(shapes)));
    *count = 0;
    for (size_t i = 0; i < RT_COUNT(shapes); i++)
        for (int p = 0; p < PASSES; p++)
            (*work)[(*count)++] = (rt_conv2d_work){layer_of(&shapes[i]), (rt_conv2d_pass)p};
    return RT_OK;
}

rt_status rt_bench_conv2d(rt_bench *bench)
{
    const bool cpu = rt_device_is_cpu(rt_device_describe(bench->device));
    RT_TRY(measure_all(bench, shapes, RT_COUNT(shapes)));
    if (cpu && bench->match == NULL) return RT_OK;
    return measure_all(bench, large_shapes, RT_COUNT(large_shapes));
}
