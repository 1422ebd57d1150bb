/* The fuzz targets on mutants of good files: the same ones in every run, without libFuzzer. The
 * sanitizers' pass of scripts/test sees what they do wrong; how long they may take is Criterion's
 * limit. scripts/fuzz goes on for as long as you like. */
#include "tests/fuzz/fuzz.h"

#include "common/base/random.h"
#include "common/formats/safetensors.h"
#include "common/nn/blueprint.h"
#include "tests/formats/checkpoint_maker.h"
#include "tests/formats/onnx_maker.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(fuzz_mutations, .timeout = 120);

typedef int (*target)(const uint8_t *data, size_t size);

/* One to four edits: a byte set, a bit flipped, bytes removed, doubled, or overwritten by a number
 * that is likely to be a bad size. */
static size_t mutate(uint8_t *bytes, size_t size, size_t room, uint32_t number)
{
    static const uint64_t sizes[] = {0,          1,          0xff,       0xffff,     0x7fffffff,
                                     0x80000000, 0xffffffff, 1ull << 62, UINT64_MAX, INT64_MAX};
    uint32_t draws[4];
    rt_philox(3, RT_STREAM_NOISE, 0, number, draws);
    for (uint32_t edit = 0; edit <= draws[0] % 4 && size > 16; edit++) {
        uint32_t r[4];
        rt_philox(4, RT_STREAM_NOISE, edit, number, r);
        const size_t at = r[0] % (size - 8), count = 1 + r[1] % 8;
        switch (r[2] % 5) {
        case 0:
            bytes[at] = (uint8_t)r[3];
            break;
        case 1:
            bytes[at] ^= (uint8_t)(1 << r[3] % 8);
            break;
        case 2:
            memmove(bytes + at, bytes + at + count, size - at - count);
            size -= count;
            break;
        case 3:
            if (size + count > room) break;
            memmove(bytes + at + count, bytes + at, size - at);
            size += count;
            break;
        default:
            memcpy(bytes + at, &sizes[r[3] % RT_COUNT(sizes)], count);
        }
    }
    return size;
}

/* Mutants lie at the end of a block of exactly their size, so that a sanitizer sees one byte too
 * many. */
static void run(target fuzz, const void *seed, size_t size, uint32_t mutants)
{
    enum { ROOM = 64 };
    uint8_t *bytes = malloc(size + ROOM);
    for (uint32_t i = 0; i < mutants; i++) {
        memcpy(bytes, seed, size);
        const size_t changed = mutate(bytes, size, size + ROOM, i);
        uint8_t *exact = malloc(changed);
        memcpy(exact, bytes, changed);
        fuzz(exact, changed);
        free(exact);
    }
    free(bytes);
}

static const rt_made_tensor tensors[] = {
    {"module.conv1.weight", "FloatStorage", "0", 64, 0, 4, {2, 3, 3, 3}, {27, 9, 3, 1}},
    {"module.fc.weight", "FloatStorage", "0", 64, 4, 2, {5, 3}, {1, 5}},
    {"module.fc.bias", "FloatStorage", "0", 64, 60, 1, {3}, {1}},
};

Test(fuzz_mutations, of_pickles)
{
    rt_buffer pickle = {0};
    rt_make_pickle(&pickle, tensors, RT_COUNT(tensors), false);
    run(rt_fuzz_pickle, pickle.data, pickle.size, 20000);
    run(rt_fuzz_pytorch_pickle, pickle.data, pickle.size, 10000);
    rt_buffer_clear(&pickle);
}

Test(fuzz_mutations, of_checkpoints)
{
    static const float storage[64] = {1};
    rt_buffer pickle = {0}, zip = {0}, legacy = {0};
    rt_make_pickle(&pickle, tensors, RT_COUNT(tensors), false);
    rt_make_checkpoint(&zip, &pickle, storage, sizeof storage);
    run(rt_fuzz_pytorch, zip.data, zip.size, 10000);
    pickle.size = 0;
    rt_make_pickle(&pickle, tensors, RT_COUNT(tensors), true);
    rt_make_legacy(&legacy, &pickle, 1, 64, storage, sizeof storage);
    run(rt_fuzz_pytorch, legacy.data, legacy.size, 10000);
    rt_buffer_clear(&pickle);
    rt_buffer_clear(&zip);
    rt_buffer_clear(&legacy);
}

/* What PyTorch itself wrote. */
Test(fuzz_mutations, of_pytorchs_own_files)
{
    static const char *const names[] = {"legacy", "half", "strided"};
    for (size_t i = 0; i < RT_COUNT(names); i++) {
        char path[512];
        size_t size;
        snprintf(path, sizeof path, "%s/tests/golden/checkpoints/%s.pth", RT_SOURCE_FOLDER,
                 names[i]);
        uint8_t *seed = rt_test_read(path, &size);
        run(rt_fuzz_pytorch, seed, size, 300);
        free(seed);
    }
}

Test(fuzz_mutations, of_safetensors)
{
    static const char header[] =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"U8\",\"shape\":[2,1],\"data_offsets\":[8,10]}}";
    static const char index[] = "{\"metadata\":{\"total_size\":10,\"arch\":\"resnet8\"},"
                                "\"weight_map\":{\"a\":\"model-1.safetensors\","
                                "\"b\":\"model-2.safetensors\"}}";
    const uint64_t length = sizeof header - 1;
    uint8_t seed[8 + sizeof header - 1 + 10] = {0};
    rt_safetensors file = {0};
    memcpy(seed, &length, 8);
    memcpy(seed + 8, header, sizeof header - 1);
    cr_assert_eq(rt_safetensors_parse(&file, "seed", seed, sizeof seed), RT_OK, "%s",
                 rt_error_message());
    rt_safetensors_close(&file);
    run(rt_fuzz_safetensors, seed, sizeof seed, 20000);
    run(rt_fuzz_shards, index, sizeof index - 1, 20000);
}

Test(fuzz_mutations, of_onnx)
{
    rt_onnx_parts parts;
    rt_wire file = {0};
    rt_onnx_make_parts(&parts);
    rt_onnx_make_file(&file, &parts);
    run(rt_fuzz_onnx, file.data, file.size, 20000);
    rt_buffer_clear(&file);
}

/* What PyTorch itself wrote: with most of the operators. */
Test(fuzz_mutations, of_pytorchs_own_graphs)
{
    static const char *const names[] = {"shuffle13", "movement17", "resizes9",
                                        "pools11",   "mixer13",    "excitation11"};
    for (size_t i = 0; i < RT_COUNT(names); i++) {
        char path[512];
        size_t size;
        snprintf(path, sizeof path, "%s/tests/golden/onnx/%s.onnx", RT_SOURCE_FOLDER, names[i]);
        uint8_t *seed = rt_test_read(path, &size);
        run(rt_fuzz_onnx, seed, size, 1000);
        free(seed);
    }
}

Test(fuzz_mutations, of_blueprints)
{
    static const char seed[] =
        "{\"layers\":[{\"kind\":\"conv2d\",\"name\":\"c\",\"from\":[0],\"channels\":8,"
        "\"kernel_h\":3,\"kernel_w\":3,\"stride\":1,\"padding\":1,\"more\":[0,0,0,0],"
        "\"dilation\":1,\"groups\":1,\"bias\":true},"
        "{\"kind\":\"gather\",\"name\":\"g\",\"from\":[1],\"height\":2,\"width\":3,\"channels\":2,"
        "\"indices\":[0,8,6,-1,0,2,5,-1,4]},"
        "{\"kind\":\"batch_norm\",\"name\":\"n\",\"from\":[2,2],\"epsilon\":1e-05,"
        "\"activation\":\"relu\",\"slope\":0}]}";
    rt_arena arena = {0};
    rt_blueprint blueprint;
    cr_assert_eq(rt_blueprint_read(&blueprint, seed, &arena), RT_OK, "%s", rt_error_message());
    rt_arena_clear(&arena);
    run(rt_fuzz_blueprint, seed, sizeof seed - 1, 20000);
}
