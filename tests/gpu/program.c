#include "common/gpu/program_private.h"

#include "tests/gpu/device_check.h"

#include <criterion/criterion.h>
#include <string.h>

static rt_device *device;
static device_check check;

static void need(rt_status status) { cr_assert_eq(status, RT_OK, "%s", rt_error_message()); }

static void open_device(void)
{
    need(device_check_open(&device));
    need(device_check_begin(&check, device, 75));
}

static void close_device(void)
{
    device_check_end(&check);
    cr_assert_eq(rt_device_validation_messages(device), 0);
    rt_device_close(device);
}

TestSuite(gpu_program, .init = open_device, .fini = close_device, .timeout = 120);

static void expect_output(int shift)
{
    need(device_check_download(&check));
    const float *y = check.values + 8 * check.count;
    for (uint32_t i = 0; i < check.count; i++) {
        for (int c = 0; c < 4; c++) {
            const float expected = device_check_expected(&check, i, c, shift);
            cr_assert_eq(y[4 * i + (uint32_t)c], expected, "y[%u][%d] is %g, expected %g", i, c,
                         (double)y[4 * i + (uint32_t)c], (double)expected);
        }
    }
}

/* 75 is no multiple of the workgroup; both ends of a shift read the zero texel. */
Test(gpu_program, binds_by_name_and_reads_the_zero_texel)
{
    const int shifts[] = {0, 3, -70, 1000};
    for (size_t i = 0; i < RT_COUNT(shifts); i++) {
        const rt_dispatch dispatch = device_check_dispatch(&check, shifts[i]);
        need(device_check_run(&check, &dispatch));
        expect_output(shifts[i]);
    }
}

Test(gpu_program, specializes_workgroup_lanes_and_every_type)
{
    rt_dispatch dispatch = device_check_dispatch(&check, 1);
    dispatch.constants[2] = RT_CONSTANT("STEP", -1);
    dispatch.constants[3] = RT_CONSTANT("NEGATE", true);
    dispatch.push[1] = RT_CONSTANT("shift", 74);
    need(device_check_run(&check, &dispatch));
    need(device_check_download(&check));
    const float *x = check.values, *b = x + 300, *y = x + 600;
    for (uint32_t i = 0; i < 300; i++) {
        const float expected = -(2 * x[4 * (74 - i / 4) + i % 4] + b[i] + 0.5f);
        cr_assert_eq(y[i], expected, "y[%u] is %g, expected %g", i, (double)y[i], (double)expected);
    }
    uint32_t report[4];
    need(rt_gpu_download(device, report, check.report));
    const uint32_t lanes = rt_device_describe(device)->subgroup_size;
    cr_assert_eq(report[0], 32);
    cr_assert_eq(report[1], 32);
    cr_assert_eq(report[2], lanes);
    cr_assert_eq(report[3], lanes, "the device runs %u lanes and reports %u", report[3], lanes);
}

Test(gpu_program, keeps_defaults_of_constants_not_given)
{
    rt_dispatch dispatch = device_check_dispatch(&check, 0);
    memset(dispatch.constants, 0, sizeof dispatch.constants);
    need(device_check_run(&check, &dispatch));
    uint32_t report[4];
    need(rt_gpu_download(device, report, check.report));
    cr_assert_eq(report[0], 64, "WORKGROUP_SIZE is %u", report[0]);
    cr_assert_eq(report[1], 64, "gl_WorkGroupSize is %u", report[1]);
}

Test(gpu_program, makes_a_pipeline_once)
{
    rt_dispatch dispatch = device_check_dispatch(&check, 0);
    cr_assert_not(rt_pipeline_is_ready(device, &dispatch));
    need(device_check_run(&check, &dispatch));
    cr_assert(rt_pipeline_is_ready(device, &dispatch));
    dispatch.push[1] = RT_CONSTANT("shift", 5);
    cr_assert(rt_pipeline_is_ready(device, &dispatch), "push constants make no new pipeline");
    dispatch.constants[1] = RT_CONSTANT("SCALE", 3);
    cr_assert_not(rt_pipeline_is_ready(device, &dispatch));

    rt_program *program;
    dispatch.constants[1] = RT_CONSTANT("SCALE", 2);
    need(rt_program_begin(&program, device, "again", NULL));
    need(rt_program_dispatch(program, &dispatch));
    const uint64_t before = rt_gpu_call_count();
    need(rt_program_dispatch(program, &dispatch));
    cr_assert_eq(rt_gpu_call_count() - before, 1, "only a descriptor set is made");
    rt_program_free(program);
}

/* Each command must see what the one before wrote; run twice, as a step is. */
Test(gpu_program, orders_copies_fills_and_dispatches)
{
    rt_program *program;
    const rt_dispatch dispatch = device_check_dispatch(&check, 0);
    need(rt_program_begin(&program, device, "order", NULL));
    need(rt_program_fill(program, check.y, 0x7fc00000));
    need(rt_program_dispatch(program, &dispatch));
    need(rt_program_copy(program, check.b, check.y));
    need(rt_program_fill(program, check.x, 0));
    need(rt_program_dispatch(program, &dispatch));
    need(rt_program_end(program));
    for (int run = 0; run < 2; run++) {
        need(rt_program_submit(program));
        need(rt_program_wait(program));
    }
    need(device_check_download(&check));
    /* Run 1 leaves b1 = 2 x + b + 0.5 and y = b1 + 0.5; run 2 (x = 0) b2 = b1 + 0.5, y = b1 + 1. */
    for (uint32_t i = 0; i < 300; i++) {
        const float expected = device_check_expected(&check, i / 4, (int)(i % 4), 0) + 1;
        cr_assert_eq(check.values[600 + i], expected, "y[%u] is %g, expected %g", i,
                     (double)check.values[600 + i], (double)expected);
    }
    rt_program_free(program);
}

Test(gpu_program, runs_programs_in_the_order_of_submission)
{
    rt_program *programs[2];
    for (uint32_t i = 0; i < 2; i++) {
        need(rt_program_begin(&programs[i], device, "turn", NULL));
        need(rt_program_fill(programs[i], check.y, i + 1));
        need(rt_program_end(programs[i]));
    }
    for (int run = 0; run < 20; run++) {
        need(rt_program_submit(programs[0]));
        need(rt_program_submit(programs[1]));
        need(rt_program_wait(programs[1]));
        need(rt_program_wait(programs[0]));
        uint32_t words[300];
        need(rt_gpu_download(device, words, check.y));
        for (int i = 0; i < 300; i++) cr_assert_eq(words[i], 2);
    }
    rt_program_free(programs[0]);
    rt_program_free(programs[1]);
}

/* More commands than one pool of descriptor sets and time stamps holds. */
Test(gpu_program, measures_every_command)
{
    if (rt_device_describe(device)->timestamp_nanoseconds == 0) cr_skip_test("no time stamps");
    rt_program *program;
    const rt_dispatch dispatch = device_check_dispatch(&check, 0);
    const rt_timing *timings;
    uint32_t count;
    need(rt_program_begin(&program, device, "timed", &(rt_program_options){.timestamps = true}));
    for (int i = 0; i < 70; i++) need(rt_program_dispatch(program, &dispatch));
    need(rt_program_fill(program, check.x, 0));
    need(rt_program_end(program));
    cr_assert_eq(rt_program_timings(program, &timings, &count), RT_ERROR_INTERNAL);
    need(rt_program_submit(program));
    need(rt_program_wait(program));
    need(rt_program_timings(program, &timings, &count));
    cr_assert_eq(count, 71);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(timings[i].seconds >= 0 && timings[i].seconds < 60, "%u: %g s", i,
                  timings[i].seconds);
        sum += timings[i].seconds;
    }
    cr_assert(sum > 0);
    cr_assert_str_eq(timings[0].label, "check");
    cr_assert_str_eq(timings[69].shader, "device_check");
    cr_assert_str_eq(timings[70].shader, "fill");
    rt_program_free(program);
}

static void expect_failure(const rt_dispatch *dispatch, rt_status status, const char *part)
{
    cr_assert_eq(device_check_run(&check, dispatch), status, "'%s' is missing", part);
    cr_assert(strstr(rt_error_message(), part) != NULL, "'%s' lacks '%s'", rt_error_message(),
              part);
}

Test(gpu_program, refuses_names_that_the_shader_lacks)
{
    rt_dispatch dispatch = device_check_dispatch(&check, 0);
    dispatch.shader = "no_such_shader";
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "'no_such_shader'");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.constants[2] = RT_CONSTANT("CHANNELS", 1);
    expect_failure(&dispatch, RT_ERROR_INTERNAL,
                   "'device_check' has no specialization constant 'CHANNELS'");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.push[3] = RT_CONSTANT("seed", 1);
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "'device_check' has no push constant 'seed'");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.push[2] = (rt_constant){0};
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "no value for push constant 'bias'");
    dispatch.push[2] = RT_CONSTANT("X_offset", 1);
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "'X_offset' is given twice");
}

Test(gpu_program, refuses_numbers_that_do_not_fit_their_type)
{
    rt_dispatch dispatch = device_check_dispatch(&check, 0);
    dispatch.push[0] = RT_CONSTANT("count", -1);
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "-1 does not fit the uint 'count'");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.push[1] = RT_CONSTANT("shift", 0.5);
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "0.5 does not fit the int 'shift'");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.constants[0] = RT_CONSTANT("WORKGROUP_SIZE", 0);
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "a workgroup of 0 invocations");
    dispatch.constants[0] = RT_CONSTANT("WORKGROUP_SIZE", 1 << 20);
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "a workgroup of 1048576 invocations");
}

Test(gpu_program, refuses_bindings_that_do_not_fit)
{
    rt_dispatch dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[4] = check.x;
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "has 4 bindings");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[3] = (rt_gpu_range){0};
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "binding 3 'B': no buffer");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[1].size = 1 << 20;
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "outside a buffer");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[1].offset = 0;
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "zero bytes");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[1].offset += 16;
    dispatch.bindings[1].size -= 16;
    expect_failure(&dispatch, RT_ERROR_INTERNAL, "multiple of 256");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.groups[1] = UINT32_MAX;
    expect_failure(&dispatch, RT_ERROR_DEVICE, "workgroups in dimension 1");
}

Test(gpu_program, refuses_calls_out_of_order)
{
    rt_program *program;
    need(rt_program_begin(&program, device, "order", NULL));
    cr_assert_eq(rt_program_submit(program), RT_ERROR_INTERNAL);
    need(rt_program_wait(program)); /* nothing was submitted: at once */
    need(rt_program_end(program));
    cr_assert_eq(rt_program_end(program), RT_ERROR_INTERNAL);
    cr_assert_eq(rt_program_fill(program, check.y, 0), RT_ERROR_INTERNAL);
    need(rt_program_submit(program));
    cr_assert_eq(rt_program_submit(program), RT_ERROR_INTERNAL);
    cr_assert_eq(rt_program_device(program), device);
    rt_program_free(program); /* while it runs: waits */
}

Test(gpu_program, refuses_copies_and_fills_that_do_not_fit)
{
    rt_program *program;
    need(rt_program_begin(&program, device, "ranges", NULL));
    rt_gpu_range shifted = check.x;
    shifted.offset += 16;
    cr_assert_eq(rt_program_copy(program, shifted, check.x), RT_ERROR_INTERNAL);
    rt_gpu_range odd = check.x;
    odd.size -= 1;
    cr_assert_eq(rt_program_fill(program, odd, 0), RT_ERROR_INTERNAL);
    const rt_gpu_range zeros = {check.buffer, 0, 256};
    cr_assert_eq(rt_program_fill(program, zeros, 1), RT_ERROR_INTERNAL);
    cr_assert_eq(rt_program_copy(program, zeros, check.x), RT_ERROR_INTERNAL);
    cr_assert_eq(rt_gpu_upload(device, zeros, check.values), RT_ERROR_INTERNAL);
    rt_program_free(program);
}

/* How many barriers a program gets whose commands are the first `count` of: y from x and b; a part
 * of b from x; another part of b from x; y again; zeros into the first part of b. */
static uint32_t barriers_of(uint32_t count)
{
    rt_program *program;
    const rt_dispatch dispatch = device_check_dispatch(&check, 0);
    const rt_gpu_range part = {check.b.buffer, check.b.offset, 256};
    const rt_gpu_range other = {check.b.buffer, check.b.offset + 512, 256};
    need(rt_program_begin(&program, device, "barriers",
                          &(rt_program_options){.timestamps = true})); /* keeps the order */
    if (count > 0) need(rt_program_dispatch(program, &dispatch));
    if (count > 1) need(rt_program_copy(program, part, check.x));
    if (count > 2) need(rt_program_copy(program, other, check.x));
    if (count > 3) need(rt_program_dispatch(program, &dispatch));
    if (count > 4) need(rt_program_fill(program, part, 0));
    need(rt_program_end(program));
    const uint32_t barriers = program->barriers;
    rt_program_free(program);
    return barriers;
}

Test(gpu_program, puts_barriers_where_commands_depend)
{
    cr_expect_eq(barriers_of(1), 1, "the first command waits for earlier programs");
    cr_expect_eq(barriers_of(2), 2, "the dispatch reads what the copy changes");
    cr_expect_eq(barriers_of(3), 2, "two copies to different places");
    cr_expect_eq(barriers_of(4), 3, "the dispatch reads what the copies wrote");
    cr_expect_eq(barriers_of(5), 4, "the dispatch still reads what the fill changes");
}
