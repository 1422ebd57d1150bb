/* The three passes of convolutions: output, gradient of the input, gradient of the weights. */
#include "common/cli/bench_conv2d.h"
#include "common/cli/bench.h"

#include "common/ops/conv2d.h"
#include "common/ops/conv2d_choice.h"
#include "common/ops/dot.h"
#include "common/ops/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const rt_bench_shape shapes[] = {
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
static const rt_bench_shape large_shapes[] = {
    {256, 32, 32, 32, 32, 3, 1},  {256, 32, 32, 64, 64, 3, 1},   {256, 16, 16, 128, 128, 3, 1},
    {256, 8, 8, 256, 256, 3, 1},  {256, 8, 8, 512, 512, 3, 1},   {256, 4, 4, 512, 512, 3, 1},
    {256, 32, 32, 64, 128, 3, 2}, {256, 16, 16, 128, 128, 1, 1},
};

/* Layers in groups of channels; depthwise where a channel is one. */
static const struct {
    rt_bench_shape shape;
    uint32_t groups;
} grouped_shapes[] = {
    {{128, 32, 32, 96, 96, 3, 1}, 96},    {{128, 32, 32, 96, 96, 3, 2}, 96},
    {{128, 16, 16, 192, 192, 3, 1}, 192}, {{128, 16, 16, 192, 192, 3, 2}, 192},
    {{128, 16, 16, 96, 96, 5, 1}, 96},    {{128, 16, 16, 96, 96, 5, 2}, 96},
    {{128, 16, 16, 96, 96, 7, 1}, 96},    {{128, 16, 16, 128, 128, 3, 1}, 32},
    {{128, 16, 16, 128, 128, 3, 2}, 32},
};

typedef enum pass { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, PASSES } pass;
static const char *const pass_names[] = {"forward", "input gradient", "weight gradient"};

enum { CHECKED = 64 }; ///< places of every result

/* y = conv(x, w), loss = sum of y r: so r is the gradient of y. */
typedef struct trial {
    rt_bench_layer layer;
    pass pass;
    double tolerance; ///< of the sum of the products' sizes
    rt_graph *graph;
    rt_phase *phase;
    rt_parameters *parameters;
    rt_tensor *x, *r, *y;
} trial;

static rt_conv2d_shape layer_of(const rt_bench_shape *s)
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

static rt_status build(trial *t)
{
    const rt_bench_shape *s = t->layer.shape;
    const rt_parameter weight = {.name = "weight",
                                 .layout = RT_LAYOUT_CONVOLUTION,
                                 .dims = {s->out, s->in / t->layer.groups, s->kernel, s->kernel},
                                 .rank = 4};
    RT_TRY(rt_graph_create(&t->graph));
    RT_TRY(rt_parameters_create(&t->parameters));
    RT_TRY(rt_parameters_add(t->parameters, &weight, NULL));
    t->x = rt_graph_state(t->graph, "x", (rt_shape){s->n, s->h, s->w, s->in});
    t->r = rt_graph_state(t->graph, "r", (rt_shape){s->n, t->layer.out_h, t->layer.out_w, s->out});
    if (t->pass == INPUT_GRADIENT) rt_graph_require_gradient(t->graph, t->x);
    rt_tensor *w = rt_graph_parameter(t->graph, t->parameters, 0, t->pass == WEIGHT_GRADIENT);
    t->y =
        rt_conv2d(t->graph, t->x, w, NULL,
                  &(rt_conv2d_options){
                      .stride = s->stride, .padding = t->layer.padding, .groups = t->layer.groups});
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
    if (t->pass == FORWARD) expected = rt_bench_conv2d_forward(&t->layer, a, b, c, d, &size);
    if (t->pass == INPUT_GRADIENT)
        expected = rt_bench_conv2d_input_gradient(&t->layer, a, b, c, d, &size);
    if (t->pass == WEIGHT_GRADIENT) {
        expected = rt_bench_conv2d_weight_gradient(&t->layer, a, b, c, d, &size);
        position = place;
    }
    if (fabs((double)result[position] - expected) <= t->tolerance * size) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL,
                   "conv2d %s of %ux%ux%ux%u, %u channels, is wrong: %.7g at %u,%u,%u,%u, expected "
                   "%.7g",
                   pass_names[t->pass], t->layer.shape->n, t->layer.shape->h, t->layer.shape->w,
                   t->layer.shape->in, t->layer.shape->out, (double)result[position], a, b, c, d,
                   expected);
}

/* Kernels in float16 round both factors of a product to 11 bits. */
static rt_status set_tolerance(trial *t, rt_device *device)
{
    const rt_conv2d_shape layer = layer_of(t->layer.shape);
    rt_conv2d_choice choice;
    t->tolerance = 1e-6;
    if (t->layer.groups > 1) return RT_OK;
    RT_TRY(rt_conv2d_choose(device, &layer, (rt_conv2d_pass)t->pass, &choice));
    if (choice.family == &rt_conv2d_cooperative_family) t->tolerance = 1.0 / 1024;
    return RT_OK;
}

static rt_status check(trial *t)
{
    const rt_bench_shape *s = t->layer.shape;
    rt_status status = RT_OK;
    float *weights = NULL;
    const float *result = NULL;
    rt_shape of = {s->out, s->in / t->layer.groups, s->kernel, s->kernel};
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
    double *seconds = NULL, first;
    RT_TRY(prepare(t, bench->device));
    RT_TRY(time_once(t, &first)); /* compiles */
    RT_TRY(set_tolerance(t, bench->device));
    RT_TRY(check(t));
    seconds = rt_arena_alloc(&bench->command->arena, bench->repeats, sizeof *seconds);
    if (seconds == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_bench_warm_up(t->phase));
    for (uint32_t i = 0; i < bench->repeats; i++) RT_TRY(time_once(t, &seconds[i]));
    const rt_node *node = t->y->producer;
    const rt_cost cost =
        node->operator_->cost(node, t->pass == FORWARD ? RT_PASS_FORWARD : RT_PASS_BACKWARD);
    const rt_bench_result result = {.name = name,
                                    .seconds = rt_bench_median(seconds, bench->repeats),
                                    .flops = cost.flops,
                                    .bytes = cost.bytes};
    return rt_bench_report(bench, &result);
}

static rt_status measure_passes(rt_bench *bench, const rt_bench_shape *s, uint32_t groups)
{
    for (int p = 0; p < PASSES; p++) {
        trial t = {.layer = {.shape = s, .groups = groups, .padding = s->kernel / 2},
                   .pass = (pass)p};
        char name[128], in_groups[32] = "";
        t.layer.out_h = (s->h + 2 * t.layer.padding - s->kernel) / s->stride + 1;
        t.layer.out_w = (s->w + 2 * t.layer.padding - s->kernel) / s->stride + 1;
        if (groups > 1) snprintf(in_groups, sizeof in_groups, " in %u groups", groups);
        snprintf(name, sizeof name, "conv2d %ux%ux%u %u->%u %ux%u/%u%s %s", s->n, s->h, s->w, s->in,
                 s->out, s->kernel, s->kernel, s->stride, in_groups, pass_names[p]);
        if (!rt_bench_wants(bench, name)) continue;
        const rt_status status = measure(bench, &t, name);
        rt_phase_free(t.phase);
        rt_graph_free(t.graph);
        rt_parameters_free(t.parameters);
        if (status != RT_OK) return status;
    }
    return RT_OK;
}

/* What memory allows: every number of a tensor read and written once, by the engine's operator that
 * does least in between. */
static rt_status measure_copy(rt_bench *bench, const rt_bench_shape *s, const char *name)
{
    trial t = {.layer = {.shape = s}, .pass = FORWARD};
    const rt_shape x = {s->n, s->h, s->w, s->in};
    rt_status status = RT_OK;
    double *seconds = rt_arena_alloc(&bench->command->arena, bench->repeats, sizeof *seconds);
    if (seconds == NULL) return RT_ERROR_MEMORY;
    RT_TRY_DONE(rt_graph_create(&t.graph));
    t.x = rt_graph_state(t.graph, "x", x);
    t.y = rt_scale(t.graph, t.x, 1);
    rt_graph_output(t.graph, t.y);
    RT_TRY_DONE(rt_graph_status(t.graph));
    RT_TRY_DONE(
        rt_phase_create(&t.phase, bench->device, t.graph, &(rt_phase_options){.timestamps = true}));
    RT_TRY_DONE(write_state(&t, t.x, 1));
    RT_TRY_DONE(rt_bench_warm_up(t.phase));
    for (uint32_t i = 0; i < bench->repeats; i++) RT_TRY_DONE(time_once(&t, &seconds[i]));
    const rt_bench_result result = {.name = name,
                                    .seconds = rt_bench_median(seconds, bench->repeats),
                                    .bytes = 2 * (double)rt_shape_bytes(x)};
    status = rt_bench_report(bench, &result);
done:
    rt_phase_free(t.phase);
    rt_graph_free(t.graph);
    return status;
}

static rt_status measure_grouped(rt_bench *bench)
{
    for (size_t i = 0; i < RT_COUNT(grouped_shapes); i++) {
        const rt_bench_shape *s = &grouped_shapes[i].shape;
        char name[128];
        snprintf(name, sizeof name, "copy of %ux%ux%ux%u", s->n, s->h, s->w, s->in);
        if (s->kernel == 3 && s->stride == 1 && rt_bench_wants(bench, name))
            RT_TRY(measure_copy(bench, s, name));
        RT_TRY(measure_passes(bench, s, grouped_shapes[i].groups));
    }
    return RT_OK;
}

static rt_status measure_all(rt_bench *bench, const rt_bench_shape *list, size_t count)
{
    for (size_t i = 0; i < count; i++) RT_TRY(measure_passes(bench, &list[i], 1));
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
    RT_TRY(measure_grouped(bench));
    if (cpu && bench->match == NULL) return RT_OK;
    return measure_all(bench, large_shapes, RT_COUNT(large_shapes));
}
