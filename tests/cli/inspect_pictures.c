/* A store's samples as PNG files: names of folders and files, pixels, and what the command says. */
#include "common/cli/inspect_pictures.h"
#include "common/formats/png.h"
#include "tests/child.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(cli_inspect_pictures, .timeout = 60);

static void expect_picture(const char *name, uint32_t channels, const uint8_t *pixels, size_t size)
{
    rt_image image = {0};
    cr_assert_eq(rt_image_read(&image, rt_test_path(name)), RT_OK, "%s", rt_error_message());
    cr_assert_eq(image.channels, channels, "%s", name);
    cr_assert_eq((size_t)image.height * image.width * channels, size, "%s", name);
    cr_assert_eq(memcmp(image.pixels, pixels, size), 0, "the pixels of %s", name);
    rt_image_clear(&image);
}

/* Names from outside stay inside the folder, in the order of the classes. */
Test(cli_inspect_pictures, folders_are_named_after_classes)
{
    const char *names[] = {"T-shirt/top", "1", "..", "", "a b\n", "5", "6", "7", "8", "9", "ten"};
    const rt_store_description d = {
        .height = 2, .width = 3, .channels = 1, .classes = RT_COUNT(names), .class_names = names};
    const char *folders[] = {"00_T-shirt_top", "01", "02_..", "03", "04_a_b_", "10_ten"};
    rt_arena arena = {0};
    rt_pictures pictures;
    cr_assert_eq(rt_pictures_begin(&pictures, &arena, rt_test_path("a/b"), &d), RT_OK);
    for (size_t i = 0; i < RT_COUNT(folders); i++) {
        char path[128];
        struct stat found;
        snprintf(path, sizeof path, "a/b/%s", folders[i]);
        cr_expect_eq(stat(rt_test_path(path), &found), 0, "%s", path);
        cr_expect(S_ISDIR(found.st_mode), "%s", path);
    }
    rt_arena_clear(&arena);
}

Test(cli_inspect_pictures, the_fourth_channel_is_not_drawn)
{
    const char *names[] = {"0", "1"};
    const rt_store_description d = {
        .height = 1, .width = 2, .channels = 4, .classes = 2, .class_names = names};
    const uint8_t images[] = {1, 2, 3, 99, 4, 5, 6, 99, 11, 12, 13, 99, 14, 15, 16, 99};
    const int32_t labels[] = {1, 0};
    const rt_samples samples = {.count = 2, .images = images, .labels = labels};
    rt_arena arena = {0};
    rt_pictures pictures;
    cr_assert_eq(rt_pictures_begin(&pictures, &arena, rt_test_path("out"), &d), RT_OK);
    cr_assert_eq(rt_pictures_write(&pictures, &samples, 1234567), RT_OK);
    expect_picture("out/1/1234567.png", 3, (const uint8_t[]){1, 2, 3, 4, 5, 6}, 6);
    expect_picture("out/0/1234568.png", 3, (const uint8_t[]){11, 12, 13, 14, 15, 16}, 6);
    rt_arena_clear(&arena);
}

/* Out of a store and into another one: the samples of a class stay together. */
Test(cli_inspect_pictures, the_command_writes_all_samples)
{
    enum { SAMPLES = 12, SIDE = 5, CLASSES = 3 };
    uint8_t images[16 + SAMPLES * SIDE * SIDE] = {0, 0, 8, 3,    0, 0, 0, SAMPLES,
                                                  0, 0, 0, SIDE, 0, 0, 0, SIDE};
    uint8_t labels[8 + SAMPLES] = {0, 0, 8, 1, 0, 0, 0, SAMPLES};
    for (uint32_t n = 0; n < SAMPLES; n++) {
        labels[8 + n] = n * 2 % CLASSES;
        memset(images + 16 + n * SIDE * SIDE, (int)(20 * n), SIDE * SIDE);
    }
    rt_test_write(rt_test_path("a-images-idx3-ubyte"), images, sizeof images);
    rt_test_write(rt_test_path("a-labels-idx1-ubyte"), labels, sizeof labels);
    rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--out", "store",
                        "--shard-samples=5");
    const rt_child *child = rt_test_retort_ends(0, "inspect", "store", "--png", "pictures");
    cr_assert_not_null(strstr(child->output, "pictures  pictures"), "%s", child->output);
    for (uint32_t n = 0; n < SAMPLES; n++) {
        char name[64];
        snprintf(name, sizeof name, "pictures/%u/%06u.png", n * 2 % CLASSES, n);
        expect_picture(name, 1, images + 16 + n * SIDE * SIDE, SIDE * SIDE);
    }
    cr_assert_neq(access(rt_test_path("grid.png"), F_OK), 0, "a grid that nobody asked for");
    child = rt_test_retort_ends(0, "import", "folder", "pictures", "--out", "back");
    child = rt_test_retort_ends(0, "inspect", "back", "--json");
    cr_assert_not_null(strstr(child->output, "\"per_class\":\t[4, 4, 4]"), "%s", child->output);
}
