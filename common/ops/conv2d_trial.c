#include "common/ops/conv2d_trial.h"

#include "common/base/progress.h"
#include "common/base/random.h"

#include <math.h>
#include <string.h>

enum { CHECKED_IMAGES = 2 };

/* Work of a trial, in multiplications and additions: 3 ms at 100 GFLOP/s, and for a GPU as a rule
 * the whole batch. A GPU runs its workgroups in waves: 133 of 256 images made 266 of a tile's
 * workgroups where 264 fit (H200), and the trial took another that is 15 % slower for all 256. */
static const double cpu_flops = 0.3e9, gpu_flops = 100e9;

struct rt_conv2d_trial {
    rt_device *device;
    rt_conv2d_call call;
    rt_gpu_buffer *buffer;
    rt_gpu_range result;   ///< of whichever pass, as large as the largest
    float *expected, *got; ///< of `result`'s size
};

static bool is_cpu(const rt_device *device) { return rt_device_is_cpu(rt_device_describe(device)); }

rt_conv2d_shape rt_conv2d_trial_layer(const rt_device *device, const rt_conv2d_shape *layer)
{
    rt_conv2d_shape few = *layer;
    few.images = 1;
    const double enough = ceil((is_cpu(device) ? cpu_flops : gpu_flops) / rt_conv2d_flops(&few));
    few.images = enough < layer->images ? (uint32_t)enough : layer->images;
    return few;
}

static uint64_t aligned(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

static uint64_t image_bytes(uint32_t height, uint32_t width, uint32_t channels)
{
    return (uint64_t)height * width * rt_vec4s(channels) * 16;
}

/* Numbers of one image, of all taps: what the passes read and write. */
typedef struct sizes {
    uint64_t x, y, weight, largest, partial;
} sizes;

static sizes sizes_of(const rt_conv2d_shape *s)
{
    sizes z = {.x = s->images * image_bytes(s->height, s->width, s->in_channels),
               .y = s->images * image_bytes(s->out_height, s->out_width, s->out_channels),
               .weight = (uint64_t)s->kernel_h * s->kernel_w * 4 * rt_vec4s(s->in_channels) *
                         rt_vec4s(s->out_channels) * 16,
               .partial = rt_conv2d_partial_bytes(s)};
    z.largest = z.x > z.y ? z.x : z.y;
    if (z.largest < z.weight) z.largest = z.weight;
    return z;
}

static rt_gpu_range take(rt_conv2d_trial *trial, uint64_t *offset, uint64_t bytes)
{
    const rt_gpu_range range = {trial->buffer, *offset, bytes};
    *offset += aligned(bytes);
    return range;
}

/* An input as rows of channels; of every `period` rows the first `real` are no padding. */
typedef struct matrix {
    rt_gpu_range range;
    uint64_t rows;
    uint32_t period, real, channels;
} matrix;

/* Uniform numbers, and zeros in all padding, on which kernels may count. Pixels repeat after a
 * while: drawing them all would take longer than a GPU's trial. */
static void draw(float *values, const matrix *m, uint64_t seed)
{
    enum { DRAWN_PIXELS = 4096 };
    const uint64_t width = 4 * rt_vec4s(m->channels);
    for (uint64_t row = 0; row < m->rows; row++) {
        if (m->period == 1 && row >= DRAWN_PIXELS) {
            memcpy(values, values - DRAWN_PIXELS * width, width * sizeof *values);
            values += width;
            continue;
        }
        for (uint32_t c4 = 0; c4 < rt_vec4s(m->channels); c4++) {
            uint32_t draws[4];
            rt_philox(seed, RT_STREAM_NOISE, c4, row, draws);
            for (uint32_t k = 0; k < 4; k++, values++)
                if (row % m->period < m->real && 4 * c4 + k < m->channels)
                    *values = 2 * rt_random_uniform(draws[k]) - 1;
        }
    }
}

/* The two forms of the weights need not agree: in one pass every family reads the same one. */
static rt_status fill(rt_conv2d_trial *trial)
{
    const rt_conv2d_call *c = &trial->call;
    const rt_conv2d_shape *s = &c->shape;
    const uint64_t taps = (uint64_t)s->kernel_h * s->kernel_w;
    const uint32_t in = 4 * rt_vec4s(s->in_channels), out = 4 * rt_vec4s(s->out_channels);
    const matrix inputs[] = {
        {c->x, (uint64_t)s->images * s->height * s->width, 1, 1, s->in_channels},
        {c->y_gradient, (uint64_t)s->images * s->out_height * s->out_width, 1, 1, s->out_channels},
        {c->weight, taps * in, in, s->in_channels, s->out_channels},
        {c->transposed, taps * out, out, s->out_channels, s->in_channels},
    };
    rt_status status = RT_OK;
    for (size_t i = 0; i < RT_COUNT(inputs) && status == RT_OK; i++) {
        float *values;
        RT_TRY(RT_ALLOC(values, inputs[i].range.size / sizeof *values));
        draw(values, &inputs[i], 1 + i);
        status = rt_gpu_upload(trial->device, inputs[i].range, values);
        rt_free(values);
    }
    return status;
}

static rt_status make(rt_conv2d_trial *trial)
{
    const sizes z = sizes_of(&trial->call.shape);
    const uint64_t bytes = RT_GPU_ZERO_BYTES + aligned(z.x) + aligned(z.y) + 2 * aligned(z.weight) +
                           aligned(z.largest) + aligned(z.partial);
    uint64_t offset = RT_GPU_ZERO_BYTES;
    RT_TRY(rt_gpu_buffer_create(&trial->buffer, trial->device, bytes, RT_GPU_WORK));
    trial->call.x = take(trial, &offset, z.x);
    trial->call.y_gradient = take(trial, &offset, z.y);
    trial->call.weight = take(trial, &offset, z.weight);
    trial->call.transposed = take(trial, &offset, z.weight);
    RT_TRY(fill(trial));
    trial->result = take(trial, &offset, z.largest);
    if (z.partial > 0) trial->call.partial = take(trial, &offset, z.partial);
    RT_TRY(RT_ALLOC(trial->expected, z.largest / sizeof(float)));
    return RT_ALLOC(trial->got, z.largest / sizeof(float));
}

rt_status rt_conv2d_trial_create(rt_conv2d_trial **trial, rt_device *device,
                                 const rt_conv2d_shape *layer)
{
    RT_TRY(RT_ALLOC(*trial, 1));
    (*trial)->device = device;
    (*trial)->call = (rt_conv2d_call){.shape = *layer, .label = "trial"};
    const rt_status status = make(*trial);
    if (status != RT_OK) {
        rt_conv2d_trial_free(*trial);
        *trial = NULL;
    }
    return status;
}

void rt_conv2d_trial_free(rt_conv2d_trial *trial)
{
    if (trial == NULL) return;
    rt_gpu_buffer_free(trial->buffer);
    rt_free(trial->expected);
    rt_free(trial->got);
    rt_free(trial);
}

static uint32_t checked_images(const rt_conv2d_trial *trial)
{
    const uint32_t images = trial->call.shape.images;
    return images < CHECKED_IMAGES ? images : CHECKED_IMAGES;
}

/* The result's range for a pass over `images` images. */
static rt_gpu_range result_of(const rt_conv2d_trial *trial, rt_conv2d_pass pass, uint32_t images)
{
    rt_conv2d_shape shape = trial->call.shape;
    shape.images = images;
    const sizes z = sizes_of(&shape);
    rt_gpu_range range = trial->result;
    range.size = pass == RT_CONV2D_FORWARD          ? z.y
                 : pass == RT_CONV2D_INPUT_GRADIENT ? z.x
                                                    : z.weight;
    return range;
}

static rt_status dispatch(const rt_conv2d_trial *trial, rt_program *program,
                          const rt_conv2d_choice *choice, rt_conv2d_pass pass, uint32_t images)
{
    rt_conv2d_call call = trial->call;
    const rt_gpu_range result = result_of(trial, pass, images);
    call.shape.images = images;
    switch (pass) {
    case RT_CONV2D_FORWARD:
        call.y = result;
        break;
    case RT_CONV2D_INPUT_GRADIENT:
        call.x_gradient = result;
        break;
    default:
        call.weight_gradient = result;
    }
    return rt_conv2d_dispatch(program, choice, pass, &call);
}

/* One run over a few images into host memory; what the pass does not write reads NaN. */
static rt_status compute(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                         rt_conv2d_pass pass, float *values)
{
    const uint32_t images = checked_images(trial);
    const rt_gpu_range result = result_of(trial, pass, images);
    rt_status status = RT_OK;
    rt_program *program = NULL;
    RT_TRY_DONE(rt_program_begin(&program, trial->device, "check of kernels", NULL));
    RT_TRY_DONE(rt_program_fill(program, result, 0x7fc00000));
    RT_TRY_DONE(dispatch(trial, program, choice, pass, images));
    RT_TRY_DONE(rt_program_end(program));
    RT_TRY_DONE(rt_program_submit(program));
    RT_TRY_DONE(rt_program_wait(program));
    RT_TRY_DONE(rt_gpu_download(trial->device, values, result));
done:
    rt_program_free(program);
    return status;
}

/* Families add the same products in other orders: float rounding, far below a wrong tap. */
rt_status rt_conv2d_trial_check(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                rt_conv2d_pass pass, bool *right)
{
    const uint64_t count = result_of(trial, pass, checked_images(trial)).size / sizeof(float);
    const rt_conv2d_choice plain = {.family = &rt_conv2d_plain_family};
    double largest = 0;
    RT_TRY(compute(trial, &plain, pass, trial->expected));
    RT_TRY(compute(trial, choice, pass, trial->got));
    for (uint64_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)trial->expected[i]));
    *right = true;
    for (uint64_t i = 0; i < count; i++)
        *right =
            *right && fabs((double)trial->got[i] - (double)trial->expected[i]) <= 1e-4 * largest;
    return RT_OK;
}

rt_status rt_conv2d_trial_record(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                 rt_conv2d_pass pass, rt_program **program)
{
    const bool stamps = rt_device_describe(trial->device)->timestamp_nanoseconds > 0;
    RT_TRY(rt_program_begin(program, trial->device, "trial of kernels",
                            &(rt_program_options){.timestamps = stamps}));
    rt_status status = dispatch(trial, *program, choice, pass, trial->call.shape.images);
    if (status == RT_OK) status = rt_program_end(*program);
    if (status != RT_OK) {
        rt_program_free(*program);
        *program = NULL;
    }
    return status;
}

rt_status rt_conv2d_trial_warm_up(rt_conv2d_trial *trial, rt_program *program)
{
    const double began = rt_seconds(), warm_up_seconds = 0.2;
    while (!is_cpu(trial->device) && rt_seconds() - began < warm_up_seconds) {
        RT_TRY(rt_program_submit(program));
        RT_TRY(rt_program_wait(program));
    }
    return RT_OK;
}

rt_status rt_conv2d_trial_run(rt_conv2d_trial *trial, rt_program *program, double *seconds)
{
    const double began = rt_seconds();
    RT_TRY(rt_program_submit(program));
    RT_TRY(rt_program_wait(program));
    *seconds = rt_seconds() - began;
    if (rt_device_describe(trial->device)->timestamp_nanoseconds == 0) return RT_OK;
    const rt_timing *timings;
    uint32_t count;
    RT_TRY(rt_program_timings(program, &timings, &count));
    *seconds = 0;
    for (uint32_t i = 0; i < count; i++) *seconds += timings[i].seconds;
    *seconds = fmax(*seconds, 1e-9); /* of a coarse clock */
    return RT_OK;
}

rt_status rt_conv2d_trial_time(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                               rt_conv2d_pass pass, double *seconds)
{
    /* A run of 50 ms needs no second. */
    const double enough_seconds = 0.03;
    enum { MOST_RUNS = 20 };
    rt_status status = RT_OK;
    rt_program *program;
    double spent = 0;
    RT_TRY(rt_conv2d_trial_record(trial, choice, pass, &program));
    RT_TRY_DONE(rt_conv2d_trial_warm_up(trial, program));
    for (int i = 0; i < MOST_RUNS && spent < enough_seconds; i++) {
        double now;
        RT_TRY_DONE(rt_conv2d_trial_run(trial, program, &now));
        if (i == 0 || now < *seconds) *seconds = now;
        spent += now;
    }
done:
    rt_program_free(program);
    return status;
}
