#include "common/gpu/reflect.h"

#include "common/base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(gpu_reflect, .timeout = 120);

extern const struct {
    const char *name;
    const unsigned char *begin, *end;
} rt_embedded_shaders[];
extern const uint32_t rt_embedded_shader_count;

/* A copy that tests may damage. */
static uint32_t *load(const char *name, size_t *count)
{
    for (uint32_t i = 0; i < rt_embedded_shader_count; i++) {
        if (strcmp(rt_embedded_shaders[i].name, name) != 0) continue;
        const size_t bytes = (size_t)(rt_embedded_shaders[i].end - rt_embedded_shaders[i].begin);
        uint32_t *words = rt_alloc(bytes / 4, 4);
        cr_assert_not_null(words);
        memcpy(words, rt_embedded_shaders[i].begin, bytes);
        *count = bytes / 4;
        return words;
    }
    cr_assert_fail("'%s' is not embedded", name);
    return NULL;
}

static const rt_shader_number *find(const rt_shader_number *numbers, uint32_t count,
                                    const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(numbers[i].name, name) == 0) return &numbers[i];
    }
    cr_assert_fail("'%s' was not found", name);
    return NULL;
}

static void expect_number(const rt_shader_number *number, rt_shader_type type, uint32_t place)
{
    cr_assert_eq(number->type, type, "type of '%s'", number->name);
    cr_assert_eq(number->place, place, "place of '%s'", number->name);
}

/* As shaders/device_check.comp declares it. */
Test(gpu_reflect, reads_what_the_shader_declares)
{
    size_t count;
    uint32_t *words = load("device_check", &count);
    rt_shader_interface interface;
    cr_assert_eq(rt_reflect(&interface, "device_check", words, count), RT_OK);
    cr_assert_str_eq(interface.entry_point, "main");

    static const struct {
        const char *name;
        VkDescriptorType type;
        bool writes;
    } bindings[] = {{"X", VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, false},
                    {"Output", VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, true},
                    {"Report", VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, true},
                    {"B", VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, false}};
    cr_assert_eq(interface.binding_count, RT_COUNT(bindings));
    for (uint32_t i = 0; i < RT_COUNT(bindings); i++) {
        cr_assert_eq(interface.bindings[i].number, i);
        cr_assert_str_eq(interface.bindings[i].name, bindings[i].name);
        cr_assert_eq(interface.bindings[i].type, bindings[i].type);
        cr_assert_eq(interface.bindings[i].writes, bindings[i].writes, "%s", bindings[i].name);
    }

    cr_assert_eq(interface.constant_count, 5);
    const rt_shader_number *constants = interface.constants;
    expect_number(find(constants, 5, "WORKGROUP_SIZE"), RT_SHADER_UINT, 0);
    expect_number(find(constants, 5, "LANES"), RT_SHADER_UINT, 1);
    expect_number(find(constants, 5, "SCALE"), RT_SHADER_FLOAT, 2);
    expect_number(find(constants, 5, "STEP"), RT_SHADER_INT, 3);
    expect_number(find(constants, 5, "NEGATE"), RT_SHADER_BOOL, 4);
    cr_assert_eq(find(constants, 5, "WORKGROUP_SIZE")->fallback, 64);
    cr_assert_eq(find(constants, 5, "SCALE")->fallback, 0x3f800000);
    cr_assert_eq(find(constants, 5, "NEGATE")->fallback, 0);

    cr_assert_eq(interface.push_count, 5);
    cr_assert_eq(interface.push_bytes, 20);
    expect_number(find(interface.push, 5, "count"), RT_SHADER_UINT, 0);
    expect_number(find(interface.push, 5, "shift"), RT_SHADER_INT, 4);
    expect_number(find(interface.push, 5, "bias"), RT_SHADER_FLOAT, 8);
    expect_number(find(interface.push, 5, "B_offset"), RT_SHADER_INT, 16);

    cr_assert(interface.local_size[0].specialized);
    cr_assert_eq(interface.local_size[0].value, 0);
    cr_assert_not(interface.local_size[1].specialized);
    cr_assert_eq(interface.local_size[1].value, 1);
    rt_free(words);
}

/* shaders/sgd.comp: `readonly buffer` is said of the block's members, not of the variable. */
Test(gpu_reflect, knows_read_only_blocks)
{
    size_t count;
    uint32_t *words = load("sgd", &count);
    rt_shader_interface interface;
    cr_assert_eq(rt_reflect(&interface, "sgd", words, count), RT_OK);
    for (uint32_t i = 0; i < interface.binding_count; i++) {
        const rt_shader_binding *binding = &interface.bindings[i];
        const bool written =
            strcmp(binding->name, "Value") == 0 || strcmp(binding->name, "Moment") == 0;
        cr_expect_eq(binding->writes, written, "%s", binding->name);
    }
    rt_free(words);
}

/* What is bound by name must be readable in all of them. */
Test(gpu_reflect, reads_every_embedded_shader)
{
    for (uint32_t i = 0; i < rt_embedded_shader_count; i++) {
        size_t count;
        rt_shader_interface interface;
        uint32_t *words = load(rt_embedded_shaders[i].name, &count);
        cr_expect_eq(rt_reflect(&interface, rt_embedded_shaders[i].name, words, count), RT_OK, "%s",
                     rt_error_message());
        rt_free(words);
    }
}

/* Cut short anywhere, or with any word replaced: an error or an interface, never a crash. */
Test(gpu_reflect, survives_damage)
{
    size_t count;
    uint32_t *words = load("device_check", &count);
    rt_shader_interface interface;
    for (size_t length = 0; length < count; length++) {
        uint32_t *copy = rt_alloc(length, 4); /* its own block, so that ASan sees a step too far */
        cr_assert_not_null(copy);
        memcpy(copy, words, length * 4);
        const rt_status status = rt_reflect(&interface, "cut", copy, length);
        cr_assert(status == RT_OK || status == RT_ERROR_INTERNAL);
        cr_assert(length > 5 || status == RT_ERROR_INTERNAL);
        rt_free(copy);
    }
    const uint32_t values[] = {0, 1, 2, 0xffff, 0x00030000, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < count; i++) {
        const uint32_t kept = words[i];
        for (size_t v = 0; v < RT_COUNT(values); v++) {
            words[i] = values[v];
            const rt_status status = rt_reflect(&interface, "changed", words, count);
            cr_assert(status == RT_OK || status == RT_ERROR_INTERNAL);
        }
        words[i] = kept;
    }
    rt_free(words);
}
