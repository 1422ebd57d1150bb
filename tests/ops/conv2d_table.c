/* Rows of a table of kernels, as text and back. */

#include "common/ops/conv2d_table.h"

#include "tests/ops/conv2d_fake.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <string.h>

static const rt_device_info any_device; /* the plain family runs on it */

static rt_conv2d_entry entry_of(uint32_t images, rt_conv2d_pass pass)
{
    rt_conv2d_entry entry = {.work = {rt_test_layer, pass},
                             .choice = {.family = &rt_conv2d_plain_family}};
    entry.work.layer.images = images;
    return entry;
}

Test(ops_conv2d_table, says_what_was_put_last)
{
    rt_conv2d_table table = {0};
    for (uint32_t images = 1; images <= 200; images++)
        for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
            rt_conv2d_entry entry = entry_of(images, (rt_conv2d_pass)pass);
            cr_assert_null(rt_conv2d_table_find(&table, &entry.work));
            entry.choice.candidate = 7;
            rt_test_ok(rt_conv2d_table_put(&table, &entry));
            entry.choice.candidate = 3 * images + (uint32_t)pass;
            rt_test_ok(rt_conv2d_table_put(&table, &entry));
        }
    cr_assert_eq(table.count, 600);
    const rt_conv2d_entry wanted = entry_of(150, RT_CONV2D_INPUT_GRADIENT);
    cr_assert_eq(rt_conv2d_table_find(&table, &wanted.work)->candidate, 451);
    rt_conv2d_work other = wanted.work;
    other.layer.stride = 2;
    cr_assert_null(rt_conv2d_table_find(&table, &other));
    rt_conv2d_table_clear(&table);
    cr_assert_null(rt_conv2d_table_find(&table, &wanted.work));
}

Test(ops_conv2d_table, lines_give_the_rows_back)
{
    rt_arena arena = {0};
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
        rt_conv2d_entry entry = entry_of(2, (rt_conv2d_pass)pass), read;
        const char *line = rt_conv2d_entry_print(&entry, &arena);
        cr_assert(rt_conv2d_entry_read(&read, &any_device, line), "%s", line);
        cr_assert(rt_conv2d_work_equal(&read.work, &entry.work), "%s", line);
        cr_assert_eq(read.choice.family, &rt_conv2d_plain_family);
    }
    rt_conv2d_entry strided = entry_of(123456789, RT_CONV2D_FORWARD), read;
    strided.work.layer.stride = 2;
    strided.work.layer.out_height = strided.work.layer.out_width = 4;
    const char *line = rt_conv2d_entry_print(&strided, &arena);
    cr_assert_str_eq(line, "123456789x8x8 8->12 3x3 stride 2 padding 1 forward: plain 0");
    cr_assert(rt_conv2d_entry_read(&read, &any_device, line));
    cr_assert(rt_conv2d_work_equal(&read.work, &strided.work));
    /* Sides that differ and distances between taps: a layer of another name. */
    rt_conv2d_entry uneven = strided;
    uneven.work.layer.left = 0;
    line = rt_conv2d_entry_print(&uneven, &arena);
    cr_assert_str_eq(line,
                     "123456789x8x8 8->12 3x3 stride 2 padding 1x0 to 4x4 dilation 1 forward: "
                     "plain 0");
    cr_assert(rt_conv2d_entry_read(&read, &any_device, line));
    cr_assert(rt_conv2d_work_equal(&read.work, &uneven.work));
    cr_assert_not(rt_conv2d_work_equal(&read.work, &strided.work));
    uneven.work.layer.left = 1;
    uneven.work.layer.dilation = 2;
    line = rt_conv2d_entry_print(&uneven, &arena);
    cr_assert(rt_conv2d_entry_read(&read, &any_device, line), "%s", line);
    cr_assert(rt_conv2d_work_equal(&read.work, &uneven.work));
    rt_arena_clear(&arena);
}

Test(ops_conv2d_table, other_text_is_no_row)
{
    static const char *const lines[] = {
        "",
        "plain",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 1",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain -1",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 00",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 0 ",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: of_tomorrow 0",
        "2x8x8 8->12 3x3 stride 1 padding 1 backward: plain 0",
        "2x8x8 8->12 3x3 stride 0 padding 1 forward: plain 0",
        "2x8x8 8->12 0x3 stride 1 padding 1 forward: plain 0",
        "2x8x8 0->12 3x3 stride 1 padding 1 forward: plain 0",
        "0x8x8 8->12 3x3 stride 1 padding 1 forward: plain 0",
        "2x1x8 8->12 7x7 stride 1 padding 1 forward: plain 0",
        "2x8x8 8->12 3x3 stride 1 padding 1x1 to 8x8 dilation 1 forward: plain 0",
        "2x8x8 8->12 3x3 stride 1 padding 1x0 to 8x8 dilation 0 forward: plain 0",
        "2x8x8 8->12 3x3 stride 1 padding 1x0 to 0x8 dilation 1 forward: plain 0",
        "2x8x8 8->12 3x3 stride 1 padding 1x0 to 8x8 forward: plain 0",
        "+2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 0",
        "99999999999x8x8 8->12 3x3 stride 1 padding 1 forward: plain 0",
    };
    rt_conv2d_entry entry;
    cr_assert(rt_conv2d_entry_read(&entry, &any_device,
                                   "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 0"));
    for (size_t i = 0; i < RT_COUNT(lines); i++)
        cr_assert_not(rt_conv2d_entry_read(&entry, &any_device, lines[i]), "'%s'", lines[i]);
}
