#include "tests/gpu/device_check.h"

#include <criterion/criterion.h>
#include <string.h>

static rt_device *device;

static void need(rt_status status) { cr_assert_eq(status, RT_OK, "%s", rt_error_message()); }

static void open_device(void) { need(device_check_open(&device)); }

static void close_device(void)
{
    cr_assert_eq(rt_device_validation_messages(device), 0);
    rt_device_close(device);
}

TestSuite(gpu_buffer, .init = open_device, .fini = close_device, .timeout = 120);

/* Sizes around a vec4, a page and the staging buffer (8 MiB), odd ones too. */
Test(gpu_buffer, gives_back_what_was_uploaded_and_nothing_else)
{
    const uint64_t sizes[] = {1, 16, 17, 4096, 5000001, (8 << 20) - 1, (16 << 20) + 3};
    const uint64_t guard = 512;
    for (size_t k = 0; k < RT_COUNT(sizes); k++) {
        const uint64_t size = sizes[k], total = RT_GPU_ZERO_BYTES + size + guard;
        rt_gpu_buffer *buffer;
        uint8_t *from, *to;
        need(rt_gpu_buffer_create(&buffer, device, total, RT_GPU_WORK));
        cr_assert_null(rt_gpu_buffer_map(buffer));
        need(RT_ALLOC(from, size));
        need(RT_ALLOC(to, total));
        for (uint64_t i = 0; i < size; i++) from[i] = (uint8_t)(i * 31 + (i >> 12) + 1);
        need(rt_gpu_upload(device, (rt_gpu_range){buffer, RT_GPU_ZERO_BYTES, size}, from));
        memset(to, 0xee, total);
        need(rt_gpu_download(device, to, (rt_gpu_range){buffer, 0, total}));
        cr_assert_eq(memcmp(to + RT_GPU_ZERO_BYTES, from, size), 0, "size %zu", (size_t)size);
        for (uint64_t i = 0; i < RT_GPU_ZERO_BYTES; i++) cr_assert_eq(to[i], 0);
        for (uint64_t i = RT_GPU_ZERO_BYTES + size; i < total; i++) cr_assert_eq(to[i], 0);
        rt_free(from);
        rt_free(to);
        rt_gpu_buffer_free(buffer);
    }
}

/* Memory that another buffer has left full is cleared. */
Test(gpu_buffer, is_zero_when_new)
{
    const rt_gpu_memory kinds[] = {RT_GPU_WORK, RT_GPU_UPLOAD, RT_GPU_READBACK};
    enum { SIZE = 1 << 20 };
    uint8_t *bytes;
    need(RT_ALLOC(bytes, SIZE));
    for (size_t k = 0; k < RT_COUNT(kinds); k++) {
        for (int round = 0; round < 2; round++) {
            rt_gpu_buffer *buffer;
            need(rt_gpu_buffer_create(&buffer, device, SIZE, kinds[k]));
            need(rt_gpu_download(device, bytes, (rt_gpu_range){buffer, 0, SIZE}));
            for (int i = 0; i < SIZE; i++) cr_assert_eq(bytes[i], 0, "byte %d of kind %zu", i, k);
            memset(bytes, 0xff, SIZE);
            need(rt_gpu_upload(device, (rt_gpu_range){buffer, 256, SIZE - 256}, bytes));
            rt_gpu_buffer_free(buffer);
        }
    }
    rt_free(bytes);
}

Test(gpu_buffer, maps_what_the_host_writes_and_reads)
{
    rt_gpu_buffer *upload;
    need(rt_gpu_buffer_create(&upload, device, 100, RT_GPU_UPLOAD));
    memcpy(rt_gpu_buffer_map(upload), "from the host", 14);
    char text[14];
    need(rt_gpu_download(device, text, (rt_gpu_range){upload, 0, 14}));
    cr_assert_str_eq(text, "from the host");
    rt_gpu_buffer_free(upload);
    rt_gpu_buffer_free(NULL);
}

Test(gpu_buffer, says_how_much_memory_was_asked_for_and_there_is)
{
    const uint64_t sizes[] = {rt_device_describe(device)->maximum_allocation_bytes + 1, UINT64_MAX,
                              UINT64_MAX - 1000};
    for (size_t i = 0; i < RT_COUNT(sizes); i++) {
        rt_gpu_buffer *buffer;
        cr_assert_eq(rt_gpu_buffer_create(&buffer, device, sizes[i], RT_GPU_WORK), RT_ERROR_DEVICE);
        cr_assert_null(buffer);
        cr_assert(strstr(rt_error_message(), "out of memory on '") != NULL);
        cr_assert(strstr(rt_error_message(), "asked for") != NULL);
    }
}

Test(gpu_buffer, refuses_ranges_outside_of_it)
{
    rt_gpu_buffer *buffer;
    uint8_t bytes[2048] = {0};
    need(rt_gpu_buffer_create(&buffer, device, 1024, RT_GPU_WORK));
    const rt_gpu_range wrong[] = {{buffer, 256, 1024},
                                  {buffer, 1280, 1},
                                  {buffer, UINT64_MAX, 256},
                                  {buffer, 512, UINT64_MAX},
                                  {NULL, 0, 16}};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        cr_assert_eq(rt_gpu_upload(device, wrong[i], bytes), RT_ERROR_INTERNAL);
        cr_assert_eq(rt_gpu_download(device, bytes, wrong[i]), RT_ERROR_INTERNAL);
    }
    rt_gpu_buffer_free(buffer);
}
