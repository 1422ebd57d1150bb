/* A device without enough memory: the error names a batch size, and with that it works. */
#include "common/gpu/device_private.h"
#include "common/nn/model_file.h"
#include "student/evaluation.h"
#include "tests/cli/tiny.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <vulkan/vulkan.h>

static rt_device *device;
static rt_network *network;
static rt_store_reader *store;

static void open_all(void)
{
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("model.safetensors", &(rt_tiny){0}, NULL);
    cr_assert_eq(rt_device_open(&device, &(rt_device_options){0}), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_model_load(&network, device, rt_test_path("model.safetensors"),
                               &(rt_model_hints){0}, NULL),
                 RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_store_open(&store, rt_test_path("store")), RT_OK, "%s", rt_error_message());
}

static void close_all(void)
{
    rt_store_reader_close(store);
    rt_network_free(network);
    rt_device_close(device);
}

TestSuite(student_memory, .init = open_all, .fini = close_all, .timeout = 120);

static rt_status evaluate(uint32_t batch_size)
{
    rt_evaluation evaluation;
    const rt_status status = rt_evaluate(&evaluation, network, device, store, batch_size);
    if (status == RT_OK) rt_evaluation_clear(&evaluation);
    return status;
}

/* The batch that the message proposes, 0 if it does not. */
static uint32_t proposed_batch(void)
{
    unsigned batch = 0;
    const char *place = strstr(rt_error_message(), "a batch size of ");
    if (place != NULL) cr_assert_eq(sscanf(place, "a batch size of %u should fit", &batch), 1);
    return batch;
}

Test(student_memory, a_driver_that_refuses)
{
    uint32_t proposals = 0;
    cr_assert_eq(evaluate(RT_TINY_SAMPLES), RT_OK, "%s", rt_error_message());
    const uint64_t before = rt_gpu_call_count();
    cr_assert_eq(evaluate(RT_TINY_SAMPLES), RT_OK);
    const uint64_t calls = rt_gpu_call_count() - before;
    cr_assert_gt(calls, 20);
    for (uint64_t k = 1; k <= calls; k++) {
        rt_gpu_fail_at(k, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        const rt_status status = evaluate(RT_TINY_SAMPLES);
        rt_gpu_fail_at(0, 0);
        cr_assert_eq(status, RT_ERROR_DEVICE, "call %llu", (unsigned long long)k);
        cr_assert_not_null(strstr(rt_error_message(), "memory"), "%s", rt_error_message());
        const uint32_t batch = proposed_batch();
        if (batch == 0) continue;
        proposals++;
        cr_assert(batch >= 1 && batch <= RT_TINY_SAMPLES / 2, "%s", rt_error_message());
        cr_assert_eq(evaluate(batch), RT_OK, "%s", rt_error_message());
    }
    cr_assert_geq(proposals, 4, "allocations of the activations, the states, the host's buffers");
}

/* Less and less memory: what is proposed fits into it, until one image does not. */
Test(student_memory, a_small_device)
{
    cr_assert_eq(evaluate(RT_TINY_SAMPLES), RT_OK, "%s", rt_error_message());
    const uint64_t used = device->allocated_bytes, all = device->info.memory_bytes;
    uint32_t proposals = 0;
    for (uint64_t free_bytes = 1 << 20; free_bytes > 1 << 14; free_bytes -= free_bytes / 8) {
        device->info.memory_bytes = used + free_bytes;
        if (evaluate(RT_TINY_SAMPLES) == RT_OK) continue;
        const uint32_t batch = proposed_batch();
        cr_assert_gt(batch, 0, "%s", rt_error_message());
        if (batch == 1) continue;
        proposals++;
        cr_assert_eq(evaluate(batch), RT_OK, "%llu bytes: %s", (unsigned long long)free_bytes,
                     rt_error_message());
    }
    device->info.memory_bytes = all;
    cr_assert_geq(proposals, 3);
    cr_assert_eq(evaluate(RT_TINY_SAMPLES), RT_OK, "%s", rt_error_message());
}
