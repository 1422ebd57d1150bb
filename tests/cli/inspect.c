/* `retort import` and `retort inspect` on small data, through the built program. */
#include "common/formats/image.h"
#include "common/formats/safetensors.h"
#include "datasets/store.h"
#include "tests/child.h"
#include "tests/temporary.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SAMPLES = 20, SIDE = 6, CLASSES = 4 };

static uint8_t pixel(uint32_t sample, uint32_t at) { return (uint8_t)(sample * 12 + at); }
static uint32_t label(uint32_t sample) { return sample * 7 % CLASSES; }

/* MNIST's format, byte by byte (its page): magic, sizes big-endian, data. */
static const char *write_idx(void)
{
    uint8_t images[16 + SAMPLES * SIDE * SIDE] = {0, 0, 8, 3,    0, 0, 0, SAMPLES,
                                                  0, 0, 0, SIDE, 0, 0, 0, SIDE};
    uint8_t labels[8 + SAMPLES] = {0, 0, 8, 1, 0, 0, 0, SAMPLES};
    for (uint32_t n = 0; n < SAMPLES; n++) {
        labels[8 + n] = (uint8_t)label(n);
        for (uint32_t i = 0; i < SIDE * SIDE; i++) images[16 + n * SIDE * SIDE + i] = pixel(n, i);
    }
    const char *path = rt_test_path("a-images-idx3-ubyte");
    rt_test_write(path, images, sizeof images);
    rt_test_write(rt_test_path("a-labels-idx1-ubyte"), labels, sizeof labels);
    return path;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    cr_assert(cJSON_IsNumber(item), "%s", key);
    return item->valuedouble;
}

static double number_at(const cJSON *object, const char *key, int at)
{
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, key), at);
    cr_assert(cJSON_IsNumber(item), "%s[%d]", key, at);
    return item->valuedouble;
}

/* The one object that --json promises: nothing before or behind it. */
static cJSON *parse(const rt_child *child)
{
    const char *end;
    cJSON *object = cJSON_ParseWithOpts(child->output, &end, 0);
    cr_assert_not_null(object, "no JSON: %s", child->output);
    cr_assert_str_eq(end, "\n");
    return object;
}

Test(cli_inspect, an_imported_store_is_described)
{
    const char *source = write_idx();
    cJSON *made = parse(rt_test_retort_ends(0, "import", "idx", source, "--pad", "1", "--out",
                                            "store", "--shard-samples=8", "--json"));
    cr_assert_eq(number(made, "samples"), SAMPLES);
    cr_assert_eq(number(made, "shards"), 3);
    cJSON_Delete(made);

    cJSON *seen =
        parse(rt_test_retort_ends(0, "inspect", "store", "--json", "--verify", "--npy", "arrays"));
    cr_assert_eq(number(seen, "samples"), SAMPLES);
    cr_assert_eq(number(seen, "shards"), 3);
    cr_assert(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(seen, "verified")));
    for (int k = 0; k < CLASSES; k++) {
        cr_assert_eq(number_at(seen, "per_class", k), SAMPLES / CLASSES);
    }
    cr_assert_eq(number_at(seen, "shape", 0), SIDE + 2);
    cr_assert_eq(number_at(seen, "shape", 1), SIDE + 2);
    cr_assert_eq(number_at(seen, "shape", 2), 1);
    double sum = 0, squares = 0;
    for (uint32_t n = 0; n < SAMPLES; n++) {
        for (uint32_t i = 0; i < SIDE * SIDE; i++) {
            const double value = pixel(n, i) / 255.0;
            sum += value;
            squares += value * value;
        }
    }
    const double count = SAMPLES * (SIDE + 2) * (SIDE + 2);
    cr_assert_float_eq(number_at(seen, "mean", 0), sum / count, 1e-12);
    cr_assert_float_eq(number_at(seen, "std", 0), sqrt(squares / count - sum / count * sum / count),
                       1e-12);
    cJSON_Delete(seen);

    static const char script[] =
        "import numpy, sys\n"
        "a = numpy.load(sys.argv[1] + '/arrays/images.npy')\n"
        "b = numpy.load(sys.argv[1] + '/arrays/labels.npy')\n"
        "n = numpy.arange(20)\n"
        "want = (n[:, None] * 12 + numpy.arange(36)).astype(numpy.uint8).reshape(20, 6, 6)\n"
        "sys.exit(bool(a.shape != (20, 8, 8, 1) or (a[:, 1:7, 1:7, 0] != want).any()\n"
        "         or (b != n * 7 % 4).any()))\n";
    const int code = rt_test_python("numpy", script, rt_test_folder());
    cr_assert(code <= 0, "the arrays are not those of the store");
}

/* The first pixel of the cell's image, which names the sample. */
static int sample_of(const rt_image *image, uint32_t row, uint32_t column, uint32_t scale)
{
    const uint32_t step = SIDE * scale + 1;
    return image->pixels[(size_t)(1 + row * step) * image->width + 1 + column * step] / 12;
}

static void read_grid(rt_image *image, uint32_t rows, uint32_t columns, uint32_t scale)
{
    cr_assert_eq(rt_image_read(image, rt_test_path("grid.png")), RT_OK, "%s", rt_error_message());
    cr_assert_eq(image->height, rows * (SIDE * scale + 1) + 1);
    cr_assert_eq(image->width, columns * (SIDE * scale + 1) + 1);
    cr_assert_eq(image->channels, 1);
}

Test(cli_inspect, grids_show_the_samples_that_were_asked_for)
{
    enum { SCALE = 11 }; /* the first that makes 6 pixels 64 */
    const char *source = write_idx();
    rt_test_retort_ends(0, "import", "idx", source, "--out", "store", "--shard-samples=8");

    rt_image image = {0};
    rt_test_retort_ends(0, "inspect", "store", "--grid", "3x7");
    read_grid(&image, 3, 7, SCALE);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        cr_assert_eq(sample_of(&image, i / 7, i % 7, SCALE), (int)i);
    }
    rt_image_clear(&image);

    rt_test_retort_ends(0, "inspect", "store", "--grid=9x3", "--by-class", "--png", "grid.png");
    read_grid(&image, CLASSES, 3, SCALE);
    for (uint32_t k = 0; k < CLASSES; k++) {
        for (uint32_t column = 0, n = 0; column < 3; n++) {
            if (label(n) != k) continue;
            cr_assert_eq(sample_of(&image, k, column, SCALE), (int)n);
            column++;
        }
    }
    rt_image_clear(&image);

    /* Random: a seed decides, and other seeds decide otherwise. */
    rt_test_retort_ends(0, "inspect", "store", "--pick=random", "--seed=1", "--png", "1.png");
    rt_test_retort_ends(0, "inspect", "store", "--pick=random", "--seed=1", "--png", "1b.png");
    rt_test_retort_ends(0, "inspect", "store", "--pick=random", "--seed=2", "--png", "2.png");
    cr_assert(rt_test_same(rt_test_path("1.png"), rt_test_path("1b.png"), NULL));
    cr_assert_not(rt_test_same(rt_test_path("1.png"), rt_test_path("2.png"), NULL));

    const rt_child *child = rt_test_retort_ends(2, "inspect", "store", "--pick", "boundary");
    cr_assert_not_null(strstr(child->errors, "has no teacher logits"));
}

Test(cli_inspect, boundary_shows_where_the_teacher_wavers)
{
    const rt_store_description description = {.height = SIDE,
                                              .width = SIDE,
                                              .channels = 1,
                                              .classes = 3,
                                              .std = {1},
                                              .columns = RT_COLUMN_TEACHER_LOGITS};
    uint8_t images[SAMPLES][SIDE * SIDE];
    int32_t labels[SAMPLES];
    float logits[SAMPLES][3];
    for (uint32_t n = 0; n < SAMPLES; n++) {
        labels[n] = 0;
        for (uint32_t i = 0; i < SIDE * SIDE; i++) images[n][i] = pixel(n, 0);
        /* The margin is n * 7 % 20, whichever of the classes leads. */
        const float lead = (float)(n * 7 % 20);
        for (uint32_t k = 0; k < 3; k++) logits[n][k] = -100;
        logits[n][n % 3] = 5 + lead;
        logits[n][(n + 1) % 3] = 5;
    }
    rt_store *store;
    const rt_samples samples = {
        .count = SAMPLES, .images = images[0], .labels = labels, .teacher_logits = logits[0]};
    cr_assert_eq(rt_store_create(&store, rt_test_path("store"), &description), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(rt_store_append(store, &samples), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_store_close(store), RT_OK, "%s", rt_error_message());

    rt_image image = {0};
    rt_test_retort_ends(0, "inspect", "store", "--pick", "boundary", "--grid=2x5");
    read_grid(&image, 2, 5, 11);
    for (uint32_t i = 0; i < 10; i++) {
        const int n = sample_of(&image, i / 5, i % 5, 11);
        cr_assert_eq(n * 7 % 20, (int)i, "cell %u shows sample %d", i, n);
    }
    rt_image_clear(&image);
}

Test(cli_inspect, a_model_is_described)
{
    const float weight[2][3] = {{1, 2, 3}, {4, 5, 6}}, mean[2] = {0};
    const uint64_t shape[] = {2, 3};
    rt_safetensors_writer writer = {0};
    cr_assert_eq(rt_safetensors_add(&writer, "fc.weight", RT_SAFETENSORS_F32, 2, shape, weight),
                 RT_OK);
    cr_assert_eq(rt_safetensors_add(&writer, "bn.running_mean", RT_SAFETENSORS_F32, 1, shape, mean),
                 RT_OK);
    cr_assert_eq(rt_safetensors_add_metadata(&writer, "arch", "tiny"), RT_OK);
    cr_assert_eq(rt_safetensors_write(&writer, rt_test_path("m.safetensors"), NULL), RT_OK);
    rt_safetensors_writer_clear(&writer);

    cJSON *seen = parse(rt_test_retort_ends(0, "inspect", "m.safetensors", "--json", "--verify"));
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(seen, "arch")), "tiny");
    cr_assert_eq(number(seen, "parameters"), 6, "running statistics are no parameters");
    const cJSON *tensors = cJSON_GetObjectItemCaseSensitive(seen, "tensors");
    cr_assert_eq(cJSON_GetArraySize(tensors), 2);
    cJSON_Delete(seen);

    cr_assert_not_null(strstr(rt_test_retort_ends(0, "inspect", "m.safetensors")->output, "[2,3]"));
    rt_test_retort_ends(2, "inspect", "m.safetensors", "--by-class");
    rt_test_write(rt_test_path("m.safetensors"), "{", 1);
    rt_test_retort_ends(2, "inspect", "m.safetensors");
}

static void write_text(const char *name, const char *text)
{
    rt_test_write(rt_test_path(name), text, strlen(text));
}

Test(cli_inspect, a_run_is_described)
{
    const char *source = write_idx();
    cr_assert_eq(mkdir(rt_test_path("run"), 0700), 0);
    rt_test_retort_ends(2, "inspect", "run"); /* neither a store nor a run */
    write_text("run/config.yaml", "seed: 1\n");
    write_text("run/metrics.csv", "step,loss\n10,0.5\n20,0.25\n30,0.1");
    rt_test_retort_ends(0, "import", "idx", source, "--out", "run/store");

    cJSON *seen = parse(rt_test_retort_ends(0, "inspect", "run", "--json"));
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(seen, "metrics");
    cr_assert_eq(number(metrics, "step"), 20, "the last complete row");
    cr_assert_eq(number(metrics, "loss"), 0.25);
    cJSON_Delete(seen);

    write_text("run/summary.json", "{\"accuracy\": 0.871}");
    seen = parse(rt_test_retort_ends(0, "inspect", "run", "--json", "--grid=2x2"));
    const cJSON *summary = cJSON_GetObjectItemCaseSensitive(seen, "summary");
    cr_assert_eq(number(summary, "accuracy"), 0.871);
    cr_assert_eq(number(seen, "samples"), SAMPLES);
    cJSON_Delete(seen);
    rt_image image = {0};
    read_grid(&image, 2, 2, 11);
    rt_image_clear(&image);

    write_text("run/summary.json", "[1]");
    rt_test_retort_ends(2, "inspect", "run");
}
