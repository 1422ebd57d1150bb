#include "common/ops/conv2d_trial.h"

#include "common/base/progress.h"
#include "common/base/random.h"

#include <math.h>

enum { CHECKED_IMAGES = 2 };

struct rt_conv2d_trial {
    rt_device *device;
    rt_conv2d_call call;
    rt_gpu_buffer *buffer;
    rt_gpu_range result;   ///< of whichever pass, as large as the largest
    float *expected, *got; ///< of `result`'s size
};

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

/* All inputs side by side hold uniform numbers; the two forms of the weights need not agree, since
 * every family reads the same. */
static rt_status fill(rt_conv2d_trial *trial, uint64_t end)
{
    const rt_gpu_range inputs = {trial->buffer, RT_GPU_ZERO_BYTES, end - RT_GPU_ZERO_BYTES};
    float *values;
    RT_TRY(RT_ALLOC(values, inputs.size / sizeof *values));
    for (uint64_t i = 0; i < inputs.size / sizeof *values; i += 4) {
        uint32_t draws[4];
        rt_philox(1, RT_STREAM_NOISE, 0, i / 4, draws);
        for (uint64_t k = 0; k < 4; k++) values[i + k] = 2 * rt_random_uniform(draws[k]) - 1;
    }
    const rt_status status = rt_gpu_upload(trial->device, inputs, values);
    rt_free(values);
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
    RT_TRY(fill(trial, offset));
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

static rt_status record(rt_conv2d_trial *trial, rt_program *program, const rt_conv2d_choice *choice,
                        rt_conv2d_pass pass, uint32_t images)
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
    const rt_gpu_range result = result_of(trial, pass, CHECKED_IMAGES);
    rt_status status = RT_OK;
    rt_program *program = NULL;
    RT_TRY_DONE(rt_program_begin(&program, trial->device, "check of kernels", NULL));
    RT_TRY_DONE(rt_program_fill(program, result, 0x7fc00000));
    RT_TRY_DONE(record(trial, program, choice, pass, CHECKED_IMAGES));
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
    const uint64_t count = result_of(trial, pass, CHECKED_IMAGES).size / sizeof(float);
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

static rt_status run_once(const rt_conv2d_trial *trial, rt_program *program, double *seconds)
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
    return RT_OK;
}

rt_status rt_conv2d_trial_time(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                               rt_conv2d_pass pass, double *seconds)
{
    /* A run of 50 ms needs no second; short ones are repeated until clocks are up. */
    const double enough_seconds = 0.03;
    enum { MOST_RUNS = 20 };
    const bool stamps = rt_device_describe(trial->device)->timestamp_nanoseconds > 0;
    rt_status status = RT_OK;
    rt_program *program = NULL;
    double spent = 0;
    RT_TRY_DONE(rt_program_begin(&program, trial->device, "trial of kernels",
                                 &(rt_program_options){.timestamps = stamps}));
    RT_TRY_DONE(record(trial, program, choice, pass, trial->call.shape.images));
    RT_TRY_DONE(rt_program_end(program));
    for (int i = 0; i < MOST_RUNS && spent < enough_seconds; i++) {
        double now;
        RT_TRY_DONE(run_once(trial, program, &now));
        if (i == 0 || now < *seconds) *seconds = now;
        spent += now;
    }
done:
    rt_program_free(program);
    return status;
}
