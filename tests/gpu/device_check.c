#include "tests/gpu/device_check.h"

#include <stdlib.h>

enum { WORKGROUP = 32 };

rt_status device_check_open(rt_device **device)
{
    const rt_device_options options = {.validate = getenv("RT_TEST_VALIDATE") != NULL};
    return rt_device_open(device, &options);
}

static uint64_t align(uint64_t size) { return (size + 255) / 256 * 256; }

static rt_status fill(device_check *check)
{
    const uint64_t bytes = (uint64_t)check->count * 16, step = align(bytes);
    RT_TRY(RT_ALLOC(check->values, (size_t)check->count * 12));
    RT_TRY(rt_gpu_buffer_create(&check->buffer, check->device, RT_GPU_ZERO_BYTES + 3 * step,
                                RT_GPU_WORK));
    RT_TRY(rt_gpu_buffer_create(&check->report_buffer, check->device, RT_GPU_ZERO_BYTES + 16,
                                RT_GPU_WORK));
    check->x = (rt_gpu_range){check->buffer, RT_GPU_ZERO_BYTES, bytes};
    check->b = (rt_gpu_range){check->buffer, RT_GPU_ZERO_BYTES + step, bytes};
    check->y = (rt_gpu_range){check->buffer, RT_GPU_ZERO_BYTES + 2 * step, bytes};
    check->report = (rt_gpu_range){check->report_buffer, RT_GPU_ZERO_BYTES, 16};
    float *x = check->values, *b = x + 4 * check->count;
    for (uint32_t i = 0; i < check->count; i++) {
        for (uint32_t c = 0; c < 4; c++) {
            x[4 * i + c] = (float)(i + 1) + (float)c / 8;
            b[4 * i + c] = (float)(i + 1) * 1000;
        }
    }
    RT_TRY(rt_gpu_upload(check->device, check->x, x));
    return rt_gpu_upload(check->device, check->b, b);
}

rt_status device_check_begin(device_check *check, rt_device *device, uint32_t count)
{
    *check = (device_check){.device = device, .count = count};
    const rt_status status = fill(check);
    if (status != RT_OK) device_check_end(check);
    return status;
}

void device_check_end(device_check *check)
{
    rt_gpu_buffer_free(check->buffer);
    rt_gpu_buffer_free(check->report_buffer);
    rt_free(check->values);
    *check = (device_check){0};
}

rt_dispatch device_check_dispatch(const device_check *check, int shift)
{
    return (rt_dispatch){
        .shader = "device_check",
        .constants = {RT_CONSTANT("WORKGROUP_SIZE", WORKGROUP), RT_CONSTANT("SCALE", 2)},
        .push = {RT_CONSTANT("count", check->count), RT_CONSTANT("shift", shift),
                 RT_CONSTANT("bias", 0.5)},
        .bindings = {check->x, check->y, check->report, check->b},
        .groups = {rt_groups(check->count, WORKGROUP), 1, 1},
        .label = "check",
    };
}

rt_status device_check_run(const device_check *check, const rt_dispatch *dispatch)
{
    rt_status status = RT_OK;
    rt_program *program = NULL;
    RT_TRY_DONE(rt_program_begin(&program, check->device, "check", NULL));
    RT_TRY_DONE(rt_program_dispatch(program, dispatch));
    RT_TRY_DONE(rt_program_end(program));
    RT_TRY_DONE(rt_program_submit(program));
    RT_TRY_DONE(rt_program_wait(program));
done:
    rt_program_free(program);
    return status;
}

rt_status device_check_download(const device_check *check)
{
    return rt_gpu_download(check->device, check->values + 8 * (size_t)check->count, check->y);
}

float device_check_expected(const device_check *check, int64_t i, int component, int shift)
{
    const int64_t from = i + shift;
    const bool inside = from >= 0 && from < check->count;
    const float x = inside ? (float)(from + 1) + (float)component / 8 : 0;
    return 2 * x + (float)(i + 1) * 1000 + 0.5f;
}
