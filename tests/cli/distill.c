/* `retort distill` from stores of any origin, without the generator. */
#include "common/formats/safetensors.h"
#include "datasets/store.h"
#include "datasets/store_reader.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(cli_distill, .timeout = 600);

static void prepare(void)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_text("distill.yaml", RT_TEST_DISTILL);
}

/* A store of the teacher's, "images"; nothing else of its making is left. */
static void generate_images(void)
{
    rt_test_text("generate.yaml", RT_TEST_GENERATE);
    rt_test_retort_ends(0, "generate", "generate.yaml", "--out", "made", "--set", "store=images",
                        "--set", "rounds=2");
    rt_test_retort_ends(0, "generate", "generate.yaml", "--out", "more", "--set", "store=second",
                        "--set", "rounds=1", "--seed", "9");
    cr_assert_eq(rename(rt_test_path("made"), rt_test_path("out-of-reach")), 0);
}

static double samples_of(const char *run)
{
    char name[64];
    snprintf(name, sizeof name, "%s/summary.json", run);
    cJSON *summary = rt_test_json_file(name);
    const double samples = rt_test_number(summary, "samples");
    cJSON_Delete(summary);
    return samples;
}

#define DISTILL(run, ...)                                                                          \
    rt_test_retort_ends(0, "distill", "distill.yaml", "--out", run, "--quiet", __VA_ARGS__)

Test(cli_distill, learns_from_shards_alone_and_reports_how_long_it_waited)
{
    prepare();
    generate_images();
    DISTILL("with", "--json");
    cr_assert_eq(remove(rt_test_path("images/index.h5")), 0);
    const rt_child *child = DISTILL("without", "--set", "evaluation_store=images", "--json");
    cJSON *summary = rt_test_json(child->output);
    const double share = rt_test_number(summary, "data_wait_share");
    cr_assert(share >= 0 && share <= 1);
    cr_assert_eq(rt_test_number(summary, "samples"), 32);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"accuracy", "teacher_accuracy", "agreement"};
        const double value = rt_test_number(summary, names[i]);
        cr_assert(value >= 0 && value <= 1);
    }
    cJSON_Delete(summary);
    cr_assert(rt_test_same_run("with", "without"));

    DISTILL("both", "--set", "stores=[images, second]");
    cr_assert_eq(samples_of("both"), 48);
    cr_assert_not(rt_test_same(rt_test_path("both/model.safetensors"),
                               rt_test_path("with/model.safetensors"), NULL));
    /* The teacher's logits as stored are those that it gives: the same course but for rounding. */
    DISTILL("stored", "--set", "use_stored_logits=true");
    const rt_test_column live = rt_test_metrics("with", "loss");
    const rt_test_column stored = rt_test_metrics("stored", "loss");
    cr_assert_eq(live.count, 8);
    for (int i = 0; i < live.count; i++)
        cr_assert_float_eq(live.values[i], stored.values[i], 1e-3 * fabs(live.values[i]),
                           "step %d: %g, %g", i, live.values[i], stored.values[i]);
}

/* Every loss alone, from a real store that no teacher has seen. */
Test(cli_distill, every_loss_has_its_term_and_changes_the_student)
{
    static const struct {
        const char *set, *column;
    } rows[] = {
        {"loss=kl", "logits"},
        {"loss=l1", "logits"},
        {"loss=l2", "logits"},
        {"weight.cross_entropy=1", "cross_entropy"},
        {"weight.channel=0.1", "channel_2"},
        {"weight.triplet=1", "triplet"},
    };
    enum { COUNT = sizeof rows / sizeof rows[0] };
    char models[COUNT][64];
    prepare();
    rt_test_real_store("images", 40);
    for (int i = 0; i < COUNT; i++) {
        char run[16];
        snprintf(run, sizeof run, "loss-%d", i);
        snprintf(models[i], sizeof models[i], "%s/model.safetensors", run);
        DISTILL(run, "--set", rows[i].set, "--set", "steps=3");
        const rt_test_column term = rt_test_metrics(run, rows[i].column);
        cr_assert_eq(term.count, 3);
        for (int k = 0; k < term.count; k++)
            cr_assert(isfinite(term.values[k]) && term.values[k] > 0, "%s: %g", rows[i].set,
                      term.values[k]);
        for (int k = 0; k < i; k++)
            cr_assert_not(rt_test_same(rt_test_path(models[k]), rt_test_path(models[i]), NULL),
                          "'%s' and '%s' make the same student", rows[k].set, rows[i].set);
    }
    DISTILL("smaller", "--set", "arch=wrn-10-1", "--set", "views=2", "--set", "steps=2");
    DISTILL("noise", "--set", "noise=true", "--set", "stores=[]", "--set", "steps=2");
    cr_assert_eq(samples_of("noise"), 16);
}

static void refused(const char *set, const char *message)
{
    const rt_child *child =
        rt_test_retort_ends(2, "distill", "distill.yaml", "--out", "run", "--set", set);
    cr_expect_not_null(strstr(child->errors, message), "wanted: %s\ngot: %s", message,
                       child->errors);
    cr_expect_not(rt_test_exists("run/checkpoint.safetensors"), "%s", set);
}

/* A store of one black image; its classes and teacher as given. */
static void write_store(const char *name, uint32_t side, uint32_t classes, const char *teacher)
{
    static const uint8_t images[16 * 2 * RT_TEST_SIDE * RT_TEST_SIDE];
    static const int32_t labels[16];
    static const float logits[16 * 8];
    rt_store *store;
    const rt_store_description description = {
        .height = side,
        .width = RT_TEST_SIDE,
        .channels = 1,
        .classes = classes,
        .std = {1},
        .teacher_sha256 = teacher,
        .columns = teacher != NULL ? (uint32_t)RT_COLUMN_TEACHER_LOGITS : 0};
    const rt_samples samples = {.count = 16,
                                .images = images,
                                .labels = labels,
                                .teacher_logits = teacher != NULL ? logits : NULL};
    cr_assert_eq(rt_store_create(&store, rt_test_path(name), &description), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(rt_store_append(store, &samples), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_store_close(store), RT_OK, "%s", rt_error_message());
}

Test(cli_distill, stores_that_do_not_fit_are_errors)
{
    prepare();
    write_store("images", RT_TEST_SIDE, RT_TEST_CLASSES, NULL);
    write_store("tall", 2 * RT_TEST_SIDE, RT_TEST_CLASSES, NULL);
    write_store("classes", RT_TEST_SIDE, RT_TEST_CLASSES + 1, NULL);
    write_store("stranger", RT_TEST_SIDE, RT_TEST_CLASSES,
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    refused("stores=[]", "no stores to learn from");
    refused("stores=[nowhere]", "store 'nowhere' does not exist");
    refused("stores=[tall]", "store 'tall' has images of 16x8x1 in 4 classes, the teacher takes");
    refused("stores=[classes]", "in 5 classes, the teacher takes 8x8x1 in 4 classes");
    refused("stores=[images, tall]", "cannot be mixed");
    refused("stores=[stranger]", "made with another teacher; set allow_other_teacher: true");
    refused("noise=true", "give stores or noise, not both");
    refused("use_stored_logits=true", "holds no teacher logits");
    refused("batch_size=17", "16 samples, fewer than a batch of 17");
    refused("weight.logits=0", "every term of the student's loss has weight 0");
    refused("evaluation_store=tall", "store 'tall' has images of 16x8x1");

    DISTILL("allowed", "--set", "stores=[stranger]", "--set", "allow_other_teacher=true", "--set",
            "steps=1");
    const rt_child *child = rt_test_retort_ends(
        2, "distill", "distill.yaml", "--out", "run", "--set", "stores=[stranger]", "--set",
        "allow_other_teacher=true", "--set", "use_stored_logits=true");
    cr_assert_not_null(strstr(child->errors, "are those of another teacher"), "%s", child->errors);
}

/* The teacher has the student's arch: with rates of 0 it stays the teacher. */
Test(cli_distill, start_teacher_begins_with_its_layers)
{
    prepare();
    rt_test_real_store("images", 40);
    const rt_child *child = rt_test_retort_ends(
        0, "distill", "distill.yaml", "--out", "taken", "--set", "start=teacher", "--set",
        "learning_rate=0", "--set", "steps=1", "--set", "evaluation_store=images", "--json");
    cr_assert_not_null(strstr(child->errors, "the student begins with the teacher's values in"),
                       "%s", child->errors);
    rt_safetensors teacher = {0}, student = {0};
    cr_assert_eq(rt_safetensors_open(&teacher, rt_test_path("teacher.safetensors")), RT_OK);
    cr_assert_eq(rt_safetensors_open(&student, rt_test_path("taken/model.safetensors")), RT_OK);
    cr_assert_eq(teacher.entry_count, student.entry_count);
    for (size_t i = 0; i < teacher.entry_count; i++) {
        const rt_safetensors_entry *wanted = &teacher.entries[i];
        const rt_safetensors_entry *entry = rt_safetensors_find(&student, wanted->name);
        cr_assert_not_null(entry, "%s", wanted->name);
        if (strstr(wanted->name, "running_") != NULL) continue; /* one step moved them */
        cr_expect_eq(memcmp(entry->data, wanted->data, wanted->count * sizeof(float)), 0, "%s",
                     wanted->name);
    }
    rt_safetensors_close(&teacher);
    rt_safetensors_close(&student);
}
