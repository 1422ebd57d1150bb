#include "common/gpu/device.h"
#include "common/gpu/device_private.h"

#include "tests/gpu/device_check.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(gpu_device, .timeout = 120);

static void need(rt_status status) { cr_assert_eq(status, RT_OK, "%s", rt_error_message()); }

static void expect_message(const char *part)
{
    cr_assert(strstr(rt_error_message(), part) != NULL, "'%s' lacks '%s'", rt_error_message(),
              part);
}

Test(gpu_device, lists_what_it_opens)
{
    rt_arena arena = {0};
    rt_device_info *infos;
    uint32_t count;
    need(rt_device_list(&arena, &infos, &count));
    cr_assert(count >= 1);
    for (uint32_t i = 0; i < count; i++) {
        char selector[16], part[8];
        rt_device *device;
        snprintf(selector, sizeof selector, "%u", i);
        need(rt_device_open(&device, &(rt_device_options){.selector = selector}));
        const rt_device_info *info = rt_device_describe(device);
        cr_assert_str_eq(info->name, infos[i].name);
        cr_assert_str_eq(info->driver, infos[i].driver);
        cr_assert(info->subgroup_size >= 1 && info->subgroup_size <= 128);
        cr_assert(info->maximum_workgroup_invocations >= 128);
        cr_assert(info->maximum_storage_range_bytes >= 1 << 27);
        cr_assert(info->maximum_texel_elements >= 65536);
        cr_assert(info->memory_bytes > 1 << 20);
        cr_assert(info->buffer_offset_alignment >= 16 && info->buffer_offset_alignment <= 256);
        rt_device_close(device);
        snprintf(part, sizeof part, "%.7s", infos[i].name);
        for (char *c = part; *c != '\0'; c++) *c = (char)toupper((unsigned char)*c);
        need(rt_device_open(&device, &(rt_device_options){.selector = part}));
        rt_device_close(device);
    }
    rt_arena_clear(&arena);
}

Test(gpu_device, opens_the_first_one_unasked)
{
    rt_arena arena = {0};
    rt_device_info *infos;
    uint32_t count;
    rt_device *device;
    need(rt_device_list(&arena, &infos, &count));
    need(rt_device_open(&device, &(rt_device_options){0}));
    cr_assert_str_eq(rt_device_describe(device)->name, infos[0].name);
    rt_device_close(device);
    rt_device_close(NULL);
    rt_arena_clear(&arena);
}

Test(gpu_device, names_the_devices_there_are_when_the_selector_fits_none)
{
    rt_arena arena = {0};
    rt_device_info *infos;
    uint32_t count;
    need(rt_device_list(&arena, &infos, &count));
    const char *const selectors[] = {"abacus", "99", "99999999999999999999999", "-1"};
    for (size_t i = 0; i < RT_COUNT(selectors); i++) {
        rt_device *device;
        cr_assert_eq(rt_device_open(&device, &(rt_device_options){.selector = selectors[i]}),
                     RT_ERROR_DEVICE);
        cr_assert_null(device);
        expect_message(selectors[i]);
        expect_message(infos[0].name);
    }
    rt_arena_clear(&arena);
}

Test(gpu_device, says_what_to_install_when_there_is_no_driver)
{
    setenv("VK_ICD_FILENAMES", "/nonexistent/driver.json", 1);
    setenv("VK_DRIVER_FILES", "/nonexistent/driver.json", 1);
    rt_device *device;
    cr_assert_eq(rt_device_open(&device, &(rt_device_options){0}), RT_ERROR_DEVICE);
    cr_assert_null(device);
    expect_message("no Vulkan");
    expect_message("mesa-vulkan-drivers");
    rt_arena arena = {0};
    rt_device_info *infos;
    uint32_t count;
    cr_assert_eq(rt_device_list(&arena, &infos, &count), RT_ERROR_DEVICE);
    expect_message("mesa-vulkan-drivers");
    rt_arena_clear(&arena);
}

Test(gpu_device, says_what_to_install_when_there_is_no_validation_layer)
{
    setenv("VK_LAYER_PATH", "/nonexistent", 1);
    rt_device *device;
    cr_assert_eq(rt_device_open(&device, &(rt_device_options){.validate = true}), RT_ERROR_DEVICE);
    expect_message("vulkan-validationlayers");
}

Test(gpu_device, reports_the_minimum_limits_and_keeps_to_them)
{
    rt_device *device;
    need(rt_device_open(&device, &(rt_device_options){.minimum_limits = true}));
    const rt_device_info *info = rt_device_describe(device);
    cr_assert_eq(info->maximum_texel_elements, 65536);
    cr_assert_eq(info->maximum_storage_range_bytes, 1 << 27);
    cr_assert_eq(info->shared_memory_bytes, 16384);
    cr_assert_eq(info->maximum_workgroup_invocations, 128);
    cr_assert_eq(info->buffer_offset_alignment, 256);

    device_check check;
    need(device_check_begin(&check, device, 64));
    rt_dispatch dispatch = device_check_dispatch(&check, 0);
    need(device_check_run(&check, &dispatch));
    dispatch.constants[0] = RT_CONSTANT("WORKGROUP_SIZE", 129);
    cr_assert_eq(device_check_run(&check, &dispatch), RT_ERROR_INTERNAL);
    dispatch = device_check_dispatch(&check, 0);
    dispatch.groups[0] = 65536;
    cr_assert_eq(device_check_run(&check, &dispatch), RT_ERROR_DEVICE);

    rt_gpu_buffer *just_fits, *too_long;
    need(rt_gpu_buffer_create(&just_fits, device, 65536 * 16, RT_GPU_WORK));
    need(rt_gpu_buffer_create(&too_long, device, 65536 * 16 + 1, RT_GPU_WORK));
    dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[0] = (rt_gpu_range){just_fits, RT_GPU_ZERO_BYTES, 1024};
    need(device_check_run(&check, &dispatch));
    dispatch.bindings[0].buffer = too_long;
    cr_assert_eq(device_check_run(&check, &dispatch), RT_ERROR_DEVICE);
    expect_message("another kernel");
    dispatch = device_check_dispatch(&check, 0);
    dispatch.bindings[1] = (rt_gpu_range){too_long, RT_GPU_ZERO_BYTES, 1024};
    need(device_check_run(&check, &dispatch)); /* as a storage buffer it is fine */
    rt_gpu_buffer_free(just_fits);
    rt_gpu_buffer_free(too_long);
    device_check_end(&check);
    rt_device_close(device);
}

/* LeakSanitizer knows the layer's own leaks by its name (tests/lsan.supp), and an unloaded library
 * has none. */
static void keep_layer_loaded(void)
{
    (void)dlopen("libVkLayer_khronos_validation.so", RTLD_NOW | RTLD_NODELETE);
}

/* The layers see everything that the tests of this folder do to a device. */
Test(gpu_device, validates_without_a_message)
{
    rt_device *device;
    keep_layer_loaded();
    const rt_status status = rt_device_open(&device, &(rt_device_options){.validate = true});
    if (status == RT_ERROR_DEVICE && strstr(rt_error_message(), "vulkan-validationlayers") != NULL)
        cr_skip_test("the validation layers are not installed");
    need(status);
    device_check check;
    need(device_check_begin(&check, device, 75));
    rt_program *program;
    const rt_dispatch dispatch = device_check_dispatch(&check, 1);
    const rt_timing *timings;
    uint32_t count;
    need(rt_program_begin(&program, device, "all", &(rt_program_options){.timestamps = true}));
    for (int i = 0; i < 70; i++) need(rt_program_dispatch(program, &dispatch));
    need(rt_program_copy(program, check.x, check.y));
    need(rt_program_fill(program, check.y, 7));
    need(rt_program_copy(program, check.b, check.y));
    need(rt_program_end(program));
    for (int run = 0; run < 2; run++) {
        need(rt_program_submit(program));
        need(rt_program_wait(program));
        need(rt_program_timings(program, &timings, &count));
    }
    need(device_check_download(&check));
    rt_program_free(program);
    cr_assert_eq(rt_device_validation_messages(device), 0);
    device_check_end(&check);
    cr_assert_eq(rt_device_validation_messages(device), 0);
    rt_device_close(device);
}

/* And they do see: a structure that says to be another. */
Test(gpu_device, counts_validation_messages)
{
    rt_device *device;
    keep_layer_loaded();
    const rt_status status = rt_device_open(&device, &(rt_device_options){.validate = true});
    if (status != RT_OK) cr_skip_test("the validation layers are not installed");
    const VkFenceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
    VkFence fence;
    cr_assert_eq(rt_device_validation_messages(device), 0);
    cr_assert_eq(device->calls.CreateFence(device->device, &create, NULL, &fence), VK_SUCCESS);
    cr_assert(rt_device_validation_messages(device) > 0);
    device->calls.DestroyFence(device->device, fence, NULL);
    rt_device_close(device);
}

static bool is_cpu(const rt_device *device)
{
    return strcmp(rt_device_describe(device)->kind, "cpu") == 0;
}

Test(gpu_device, gives_every_vector_width_a_shader_cache_of_its_own)
{
    char folder[] = "/tmp/retort-test-XXXXXX", path[512];
    cr_assert_not_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("LP_NATIVE_VECTOR_WIDTH", "128", 1);
    unsetenv("MESA_SHADER_CACHE_DIR");
    rt_device *device;
    need(rt_device_open(&device, &(rt_device_options){0}));
    snprintf(path, sizeof path, "%s/retort/shaders-128", folder);
    cr_assert_str_eq(getenv("MESA_SHADER_CACHE_DIR"), path);
    cr_assert_eq(access(path, W_OK), 0);
    if (is_cpu(device)) cr_assert_eq(rt_device_describe(device)->subgroup_size, 4);
    rt_device_close(device);
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_assert_eq(system(command), 0);
}

Test(gpu_device, respects_a_cache_folder_of_the_user)
{
    setenv("MESA_SHADER_CACHE_DIR", "/tmp/of-the-user", 1);
    setenv("LP_NATIVE_VECTOR_WIDTH", "256", 1);
    rt_arena arena = {0};
    rt_device_info *infos;
    uint32_t count;
    need(rt_device_list(&arena, &infos, &count));
    cr_assert_str_eq(getenv("MESA_SHADER_CACHE_DIR"), "/tmp/of-the-user");
    cr_assert_str_eq(getenv("LP_NATIVE_VECTOR_WIDTH"), "256");
    rt_arena_clear(&arena);
}

/* Without a home the folder lies in /tmp; where none can be made there is no cache at all, since
 * the common one may hold code of another width. */
Test(gpu_device, goes_on_without_a_cache_folder)
{
    rt_arena arena = {0};
    rt_device_info *infos;
    uint32_t count;
    unsetenv("MESA_SHADER_CACHE_DIR");
    unsetenv("MESA_SHADER_CACHE_DISABLE");
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "/proc/nothing-can-be-made-here", 1);
    need(rt_device_list(&arena, &infos, &count));
    cr_assert_null(getenv("MESA_SHADER_CACHE_DIR"));
    cr_assert_str_eq(getenv("MESA_SHADER_CACHE_DISABLE"), "true");

    unsetenv("HOME");
    need(rt_device_list(&arena, &infos, &count));
    char start[64];
    struct stat status;
    const int length = snprintf(start, sizeof start, "/tmp/retort-%u/shaders-", (unsigned)getuid());
    cr_assert_not_null(getenv("MESA_SHADER_CACHE_DIR"));
    cr_assert_eq(strncmp(getenv("MESA_SHADER_CACHE_DIR"), start, (size_t)length), 0);
    start[length - (int)strlen("/shaders-")] = '\0';
    cr_assert_eq(stat(start, &status), 0);
    cr_assert_eq(status.st_mode & 022, 0);
    rt_arena_clear(&arena);
}
