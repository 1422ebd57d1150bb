#ifndef RT_TESTS_GPU_DEVICE_CHECK_H
#define RT_TESTS_GPU_DEVICE_CHECK_H

/**
 * What several tests of the device share: shaders/device_check.comp bound to buffers of its own.
 */

#include "common/gpu/program.h"

/** x, b and y in one RT_GPU_WORK buffer, the report in another; `count` vec4s each. */
typedef struct device_check {
    rt_device *device;
    rt_gpu_buffer *buffer;
    rt_gpu_buffer *report_buffer;
    rt_gpu_range x, b, y, report;
    uint32_t count;
    float *values; ///< [3][count][4] of x, b and y on the host
} device_check;

/** Opens the first device; with the validation layers where RT_TEST_VALIDATE is set. */
RT_CHECKED rt_status device_check_open(rt_device **device);

/** Makes the buffers and uploads x[i] = i + 1 and b[i] = 1000 * (i + 1) (component c adds c / 8).
 */
RT_CHECKED rt_status device_check_begin(device_check *check, rt_device *device, uint32_t count);
void device_check_end(device_check *check);

/** The dispatch with SCALE 2, STEP 1, bias 0.5 and this shift; tests change it as they like. */
rt_dispatch device_check_dispatch(const device_check *check, int shift);

/** Records, runs and waits for one dispatch. */
RT_CHECKED rt_status device_check_run(const device_check *check, const rt_dispatch *dispatch);

/** Downloads y to values + 8 * count. */
RT_CHECKED rt_status device_check_download(const device_check *check);
/** What y must be after device_check_dispatch(check, shift), by the definition. */
float device_check_expected(const device_check *check, int64_t i, int component, int shift);

#endif
