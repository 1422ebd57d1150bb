/* `retort generate` alone: a store that is complete in itself. */
#include "datasets/store_reader.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cli_generate, .timeout = 600);

enum { ROUNDS = 3, BATCH = 16, SAMPLES = ROUNDS * BATCH }; /* of RT_TEST_GENERATE */

static void prepare(void)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_model("critic.safetensors", &rt_test_teacher, 7);
    rt_test_text("generate.yaml", RT_TEST_GENERATE);
}

#define GENERATE(run, ...)                                                                         \
    rt_test_retort_ends(0, "generate", "generate.yaml", "--out", run, "--quiet", __VA_ARGS__)

static bool has_column(const char *run, const char *name)
{
    char path[64];
    size_t size;
    snprintf(path, sizeof path, "%s/metrics.csv", run);
    char *text = rt_test_read(rt_test_path(path), &size);
    text[strcspn(text, "\n")] = '\0';
    const bool found = strstr(text, name) != NULL;
    free(text);
    return found;
}

/* What evaluate makes of the teacher on the store, from the logits that lie in the store. */
static void measure_stored(const char *name, double *accuracy, double *loss)
{
    rt_store_reader *reader;
    cr_assert_eq(rt_store_open(&reader, rt_test_path(name)), RT_OK, "%s", rt_error_message());
    *accuracy = *loss = 0;
    for (uint32_t i = 0; i < rt_store_reader_shard_count(reader); i++) {
        rt_shard shard = {0};
        cr_assert_eq(rt_store_read_shard(reader, i, &shard), RT_OK, "%s", rt_error_message());
        cr_assert_eq(shard.samples.count, BATCH);
        for (size_t n = 0; n < shard.samples.count; n++) {
            const float *logits = shard.samples.teacher_logits + n * RT_TEST_CLASSES;
            const int32_t label = shard.samples.labels[n];
            int32_t best = 0;
            double sum = 0;
            for (int32_t k = 0; k < RT_TEST_CLASSES; k++) {
                if (logits[k] > logits[best]) best = k;
                sum += exp((double)logits[k]);
            }
            *accuracy += (double)(best == label) / SAMPLES;
            *loss += (log(sum) - (double)logits[label]) / SAMPLES;
            cr_assert_eq(shard.samples.round[n], i);
            if (n > 0) cr_assert_geq(label, shard.samples.labels[n - 1], "labels are not sorted");
        }
        rt_shard_clear(&shard);
    }
    rt_store_reader_close(reader);
}

Test(cli_generate, the_store_is_complete_and_its_logits_are_the_teachers)
{
    prepare();
    const rt_child *child = GENERATE("run", "--json");
    cJSON *result = rt_test_json(child->output);
    cr_assert_eq(rt_test_number(result, "samples"), SAMPLES);
    cJSON_Delete(result);
    rt_store_verification verification;
    cr_assert_eq(rt_store_verify(rt_test_path("run/store"), &verification), RT_OK);
    cr_assert(verification.has_index && verification.shards == ROUNDS);

    double accuracy, loss;
    measure_stored("run/store", &accuracy, &loss);
    child = rt_test_retort_ends(0, "evaluate", "--model", "teacher.safetensors", "--data",
                                "run/store", "--json", "--batch-size", "20");
    result = rt_test_json(child->output);
    cr_assert_float_eq(rt_test_number(result, "accuracy"), accuracy, 1e-9);
    cr_assert_float_eq(rt_test_number(result, "loss"), loss, 1e-5 * loss);
    cJSON_Delete(result);

    /* The stored logits and the teacher agree on who wavers; another classifier has its own view.
     */
    rt_test_retort_ends(0, "inspect", "run", "--pick", "boundary", "--png", "stored.png");
    child = rt_test_retort_ends(0, "inspect", "run/store", "--pick", "boundary", "--png",
                                "teacher.png", "--model", "teacher.safetensors", "--json");
    result = rt_test_json(child->output);
    cr_assert_float_eq(rt_test_number(result, "model_accuracy"), accuracy, 1e-9);
    cJSON_Delete(result);
    rt_test_retort_ends(0, "inspect", "run", "--pick", "boundary", "--png", "critic.png", "--model",
                        "critic.safetensors");
    cr_assert(rt_test_same(rt_test_path("stored.png"), rt_test_path("teacher.png"), NULL));
    cr_assert_not(rt_test_same(rt_test_path("stored.png"), rt_test_path("critic.png"), NULL));

    static const char script[] =
        "import h5py, numpy, sys\n"
        "store = sys.argv[1] + '/run/store/'\n"
        "with h5py.File(store + 'index.h5') as f:\n"
        "    index = {name: f[name][()] for name in ('images', 'labels', 'teacher_logits', "
        "'round')}\n"
        "    assert f.attrs['method'] in (b'rgal', 'rgal')\n"
        "parts = []\n"
        "for number in range(3):\n"
        "    with h5py.File(store + 'shard-%06d.h5' % number) as f:\n"
        "        parts.append({name: f[name][()] for name in index})\n"
        "for name in index:\n"
        "    assert (index[name] == numpy.concatenate([p[name] for p in parts])).all(), name\n"
        "assert index['images'].shape == (48, 8, 8, 1) and index['images'].dtype == numpy.uint8\n"
        "assert (index['round'] == numpy.arange(48) // 16).all()\n"
        "assert len(numpy.unique(index['images'].reshape(48, -1), axis=0)) == 48\n";
    const int code = rt_test_python("h5py", script, rt_test_folder());
    cr_assert(code <= 0, "h5py reads something else");
}

static void copy(const char *from, const char *to)
{
    size_t size;
    void *bytes = rt_test_read(rt_test_path(from), &size);
    rt_test_write(rt_test_path(to), bytes, size);
    free(bytes);
}

/* The bytes depend on what the teacher is, not on where it lies or where the run does. */
Test(cli_generate, bytes_depend_on_seed_and_models_alone)
{
    prepare();
    copy("teacher.safetensors", "moved.safetensors");
    copy("critic.safetensors", "moved-critic.safetensors");
    GENERATE("first", "--set", "student=critic.safetensors", "--set", "rounds=2");
    GENERATE("second", "--set", "student=moved-critic.safetensors", "--set", "rounds=2", "--set",
             "teacher=moved.safetensors", "--set", "store=elsewhere");
    cr_assert(rt_test_same(rt_test_path("first/store"), rt_test_path("elsewhere"), NULL));
    cr_assert(
        rt_test_same(rt_test_path("first/metrics.csv"), rt_test_path("second/metrics.csv"), NULL));
    GENERATE("other", "--set", "student=critic.safetensors", "--set", "rounds=2", "--seed", "4");
    cr_assert_not(rt_test_same(rt_test_path("first/store/shard-000001.h5"),
                               rt_test_path("other/store/shard-000001.h5"), NULL));
}

Test(cli_generate, a_short_round_has_a_row_of_its_last_step_and_one_of_its_measures)
{
    prepare();
    GENERATE("short", "--set", "rounds=2", "--set", "log_interval=100");
    const rt_test_column loss = rt_test_metrics("short", "loss");
    cr_assert_eq(loss.count, 4);
    for (int i = 0; i < loss.count; i++) cr_assert_eq(isfinite(loss.values[i]) != 0, i % 2 == 0);
}

Test(cli_generate, a_critic_brings_the_terms_that_need_one)
{
    prepare();
    GENERATE("alone", "--set", "rounds=1", "--set", "store_logits=false");
    GENERATE("critic", "--set", "rounds=1", "--set", "student=critic.safetensors");
    GENERATE("teacher", "--set", "rounds=1", "--set", "triplet.network=teacher");
    cr_assert(!has_column("alone", "adversarial") && !has_column("alone", "triplet"));
    cr_assert(has_column("critic", "adversarial") && has_column("critic", "triplet"));
    cr_assert(!has_column("teacher", "adversarial") && has_column("teacher", "triplet"));

    rt_store_reader *reader;
    cr_assert_eq(rt_store_open(&reader, rt_test_path("alone/store")), RT_OK);
    cr_assert_eq(rt_store_reader_description(reader)->columns, RT_COLUMN_ROUND);
    rt_store_reader_close(reader);
}

Test(cli_generate, colour_images_of_another_size)
{
    const rt_network_description description = {.arch = "wrn-10-1",
                                                .base_width = 4,
                                                .channels = 3,
                                                .height = 16,
                                                .width = 12,
                                                .classes = 3,
                                                .mean = {0.4f, 0.5f, 0.6f},
                                                .std = {0.2f, 0.3f, 0.4f}};
    rt_test_model("teacher.safetensors", &description, 4);
    rt_test_text("generate.yaml", RT_TEST_GENERATE);
    GENERATE("run", "--set", "rounds=1", "--set", "triplet.network=teacher");
    rt_store_reader *reader;
    cr_assert_eq(rt_store_open(&reader, rt_test_path("run/store")), RT_OK);
    const rt_store_description *d = rt_store_reader_description(reader);
    cr_assert(d->height == 16 && d->width == 12 && d->channels == 3 && d->classes == 3);
    cr_assert(d->mean[2] == 0.6f && d->std[2] == 0.4f);
    cr_assert_str_eq(d->teacher_arch, "wrn-10-1");
    rt_store_reader_close(reader);
}

Test(cli_generate, what_cannot_be_made_is_an_error)
{
    rt_network_description odd = rt_test_teacher;
    odd.height = 10;
    prepare();
    rt_test_model("odd.safetensors", &odd, 4);
    rt_network_description classes = rt_test_teacher;
    classes.classes++;
    rt_test_model("classes.safetensors", &classes, 4);
    static const struct {
        const char *set, *message;
    } rows[] = {
        {"teacher=odd.safetensors", "multiples of 4, not 10x8"},
        {"student=odd.safetensors", "'odd.safetensors' takes images of 10x8x1 in 4 classes"},
        {"student=classes.safetensors", "8x8x1 in 5 classes, the teacher 8x8x1 in 4 classes"},
        {"generator_width=3", "generator_width 3 is not a multiple of 2"},
        {"weight={batch_norm: 0, one_hot: 0}", "every term of the synthesis loss is switched off"},
        {"teacher=generate.yaml", "generate.yaml"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const rt_child *child = rt_test_retort_ends(2, "generate", "generate.yaml", "--out", "run",
                                                    "--set", rows[i].set);
        cr_expect_not_null(strstr(child->errors, rows[i].message), "wanted: %s\ngot: %s",
                           rows[i].message, child->errors);
        cr_expect_not(rt_test_exists("run/store/shard-000000.h5"));
    }
}
