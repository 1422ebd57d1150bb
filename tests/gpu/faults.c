/* Every Vulkan call fails once: nothing crashes, nothing leaks (LeakSanitizer), the error is
 * RT_ERROR_DEVICE, and where the device was not lost it goes on working. */

#include "common/gpu/program.h"

#include "tests/gpu/device_check.h"

#include <criterion/criterion.h>
#include <string.h>
#include <vulkan/vulkan.h>

TestSuite(gpu_faults, .timeout = 600);

static rt_status use(rt_device *device)
{
    rt_status status = RT_OK;
    device_check check = {0};
    rt_program *program = NULL;
    const rt_timing *timings;
    uint32_t count;
    RT_TRY(device_check_begin(&check, device, 40));
    const rt_dispatch dispatch = device_check_dispatch(&check, 2);
    const rt_program_options options = {.timestamps = true};
    RT_TRY_DONE(rt_program_begin(&program, device, "use", &options));
    RT_TRY_DONE(rt_program_dispatch(program, &dispatch));
    RT_TRY_DONE(rt_program_fill(program, check.x, 0));
    RT_TRY_DONE(rt_program_end(program));
    for (int run = 0; run < 2; run++) {
        RT_TRY_DONE(rt_program_submit(program));
        RT_TRY_DONE(rt_program_wait(program));
    }
    RT_TRY_DONE(rt_program_timings(program, &timings, &count));
    RT_TRY_DONE(device_check_download(&check));
done:
    rt_program_free(program);
    device_check_end(&check);
    return status;
}

static rt_status open_and_use(void)
{
    rt_device *device;
    RT_TRY(rt_device_open(&device, &(rt_device_options){0}));
    const rt_status status = use(device);
    rt_device_close(device);
    return status;
}

static uint64_t calls_of(rt_status (*run)(void))
{
    const uint64_t before = rt_gpu_call_count();
    cr_assert_eq(run(), RT_OK, "%s", rt_error_message());
    return rt_gpu_call_count() - before;
}

Test(gpu_faults, every_call_may_fail)
{
    const VkResult results[] = {VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_OUT_OF_HOST_MEMORY,
                                VK_ERROR_DEVICE_LOST};
    const uint64_t calls = calls_of(open_and_use);
    cr_assert(calls > 50, "only %zu calls", (size_t)calls);
    for (uint64_t k = 1; k <= calls; k++) {
        rt_gpu_fail_at(k, results[k % RT_COUNT(results)]);
        const rt_status status = open_and_use();
        rt_gpu_fail_at(0, 0);
        cr_assert_eq(status, RT_ERROR_DEVICE, "call %zu of %zu gives status %d", (size_t)k,
                     (size_t)calls, status);
        cr_assert_neq(rt_error_message()[0], '\0');
    }
    cr_assert_eq(open_and_use(), RT_OK, "%s", rt_error_message());
}

static rt_device *opened;
static rt_status use_opened(void) { return use(opened); }

/* Out of memory is not the end: the same work on the same device succeeds afterwards. */
Test(gpu_faults, out_of_memory_can_be_tried_again)
{
    cr_assert_eq(rt_device_open(&opened, &(rt_device_options){0}), RT_OK);
    cr_assert_eq(use(opened), RT_OK); /* the pipeline stays: made here, not counted */
    const uint64_t calls = calls_of(use_opened);
    for (uint64_t k = 1; k <= calls; k++) {
        rt_gpu_fail_at(k, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        cr_assert_eq(use(opened), RT_ERROR_DEVICE, "call %zu", (size_t)k);
        rt_gpu_fail_at(0, 0);
        cr_assert_eq(use(opened), RT_OK, "after call %zu: %s", (size_t)k, rt_error_message());
    }
    rt_device_close(opened);
}

Test(gpu_faults, a_lost_device_stays_lost_and_can_be_freed)
{
    rt_device *device;
    device_check check;
    rt_program *program;
    cr_assert_eq(rt_device_open(&device, &(rt_device_options){0}), RT_OK);
    cr_assert_eq(device_check_begin(&check, device, 40), RT_OK);
    const rt_dispatch dispatch = device_check_dispatch(&check, 0);
    cr_assert_eq(rt_program_begin(&program, device, "student step", NULL), RT_OK);
    cr_assert_eq(rt_program_dispatch(program, &dispatch), RT_OK);
    cr_assert_eq(rt_program_end(program), RT_OK);
    cr_assert_eq(rt_program_submit(program), RT_OK);
    rt_gpu_fail_at(1, VK_ERROR_DEVICE_LOST);
    cr_assert_eq(rt_program_wait(program), RT_ERROR_DEVICE);
    cr_assert(strstr(rt_error_message(), "'student step'") != NULL, "%s", rt_error_message());
    cr_assert(strstr(rt_error_message(), "--resume") != NULL, "%s", rt_error_message());
    cr_assert_eq(rt_program_submit(program), RT_ERROR_DEVICE);
    cr_assert_eq(rt_program_wait(program), RT_OK);
    cr_assert_eq(device_check_download(&check), RT_ERROR_DEVICE);
    rt_program_free(program);
    device_check_end(&check);
    rt_device_close(device);
}

/* A slow step is no failure: the wait goes on after a time-out. */
Test(gpu_faults, a_time_out_waits_on)
{
    rt_device *device;
    device_check check;
    rt_program *program;
    cr_assert_eq(rt_device_open(&device, &(rt_device_options){0}), RT_OK);
    cr_assert_eq(device_check_begin(&check, device, 40), RT_OK);
    const rt_dispatch dispatch = device_check_dispatch(&check, 0);
    cr_assert_eq(rt_program_begin(&program, device, "slow", NULL), RT_OK);
    cr_assert_eq(rt_program_dispatch(program, &dispatch), RT_OK);
    cr_assert_eq(rt_program_end(program), RT_OK);
    cr_assert_eq(rt_program_submit(program), RT_OK);
    rt_gpu_fail_at(1, VK_TIMEOUT);
    cr_assert_eq(rt_program_wait(program), RT_OK);
    cr_assert_eq(device_check_download(&check), RT_OK);
    cr_assert_eq(check.values[8 * 40 + 5], device_check_expected(&check, 1, 1, 0));
    rt_program_free(program);
    device_check_end(&check);
    rt_device_close(device);
}

/* The host's memory ends at every allocation in turn. */
Test(gpu_faults, every_allocation_may_fail)
{
    const uint64_t before = rt_alloc_count();
    cr_assert_eq(open_and_use(), RT_OK);
    const uint64_t allocations = rt_alloc_count() - before;
    for (uint64_t k = 1; k <= allocations; k++) {
        rt_alloc_fail_at(k, false);
        const rt_status status = open_and_use();
        rt_alloc_fail_at(0, false);
        /* The shader cache folder is done without. */
        cr_assert(status == RT_ERROR_MEMORY || status == RT_OK, "allocation %zu gives status %d",
                  (size_t)k, status);
    }
}
