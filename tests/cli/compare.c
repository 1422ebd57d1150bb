/* `retort compare` on folders as runs leave them, written here by hand, so that every number that
 * it must print is known. */
#include "common/formats/image.h"
#include "common/formats/plot.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROUNDS = 12, STEPS = 5, BATCH = 32 };

/* Writes a run of `rounds` rounds of ROUNDS, evaluated after each. Accuracies are 0.1 (round + 1) /
 * 2 up to the last but one, which is the best, and `last`. */
typedef struct fake_run {
    const char *name;
    int seed, rounds;
    double triplet, last;
    bool evaluated;
} fake_run;

static double accuracy_of(const fake_run *run, int round)
{
    return round == ROUNDS - 1 ? run->last : 0.05 * (round + 1);
}

static void write_file(const char *run, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", run, name);
    rt_test_text(path, text);
}

static void write_metrics(const fake_run *run)
{
    char text[8192];
    int length = snprintf(text, sizeof text,
                          "stage,round,step,loss,generate.one_hot,round.class_entropy,"
                          "evaluate.accuracy,evaluate.images,evaluate.seconds\n");
    for (int round = 0; round < run->rounds; round++) {
        const int step = (round + 1) * STEPS - 1;
        char *at = text + length;
        const size_t room = sizeof text - (size_t)length;
        length +=
            snprintf(at, room, "round,%d,1,,,0.9,,,\ndistill,%d,%d,0.5,,,,,\n", round, round, step);
        if (run->evaluated)
            length += snprintf(text + length, sizeof text - (size_t)length,
                               "evaluate,%d,%d,,,,%.4f,%d,%010.2f\n", round, step,
                               accuracy_of(run, round), (round + 1) * BATCH, 2.5 * (round + 1));
    }
    if (run->rounds < ROUNDS) /* killed while it wrote */
        snprintf(text + length, sizeof text - (size_t)length, "evaluate,%d,99,,,,0.99",
                 run->rounds);
    write_file(run->name, "metrics.csv", text);
}

static void write_run(const fake_run *run)
{
    char text[1024];
    cr_assert_eq(mkdir(rt_test_path(run->name), 0700), 0);
    snprintf(text, sizeof text,
             "teacher: t.safetensors\nseed: %d\nrounds: %d\nstudent_steps: %d\nlog_interval: %d\n"
             "generate:\n  method: rgal\n  batch_size: %d\n  weight:\n    triplet: %.9g\n",
             run->seed, ROUNDS, STEPS, run->seed, BATCH, (double)(float)run->triplet);
    write_file(run->name, "config.yaml", text);
    write_file(run->name, "seconds.yaml", "generate: 20.5\ndistill: 9.5\n");
    write_metrics(run);
    if (run->rounds < ROUNDS) return;
    snprintf(text, sizeof text,
             "{\"accuracy\": %s%.4f, \"agreement\": %s, \"teacher_accuracy\": %s, \"samples\": %d}",
             run->evaluated ? "" : "null, \"x\": ", run->last, run->evaluated ? "0.75" : "null",
             run->evaluated ? "0.9" : "null", ROUNDS * BATCH);
    write_file(run->name, "summary.json", text);
}

static void write_all(void)
{
    static const fake_run runs[] = {
        {"plain-1", 1, ROUNDS, 0, 0.5, true},     {"plain-2", 2, ROUNDS, 0, 0.6, true},
        {"triplet-1", 1, ROUNDS, 0.1, 0.7, true}, {"triplet-2", 2, 7, 0.1, 0, true},
        {"blind", 1, ROUNDS, 0.1, 0.7, false},
    };
    for (size_t i = 0; i < RT_COUNT(runs); i++) write_run(&runs[i]);
}

/* The object of that name in an array of the result. */
static const cJSON *find(const cJSON *result, const char *array, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(result, array))
    {
        const char *its = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
        if (its != NULL && strcmp(its, name) == 0) return item;
    }
    cr_assert_fail("no '%s' among the %s", name, array);
    return NULL;
}

static void check_number(const cJSON *object, const char *key, double wanted)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    cr_assert_not_null(item, "no '%s'", key);
    if (isnan(wanted))
        cr_expect(cJSON_IsNull(item), "'%s' is known", key);
    else
        cr_expect_float_eq(item->valuedouble, wanted, 1e-9, "'%s' is %g instead of %g", key,
                           item->valuedouble, wanted);
}

Test(cli_compare, numbers_are_those_of_the_runs_files)
{
    const double unknown = (double)NAN;
    write_all();
    const rt_child *child =
        rt_test_retort_ends(0, "compare", "plain-1", "triplet-2/", "blind", "--json");
    cJSON *result = rt_test_json(child->output);
    const cJSON *run = find(result, "runs", "plain-1");
    check_number(run, "images", ROUNDS * BATCH);
    check_number(run, "student_steps", ROUNDS * STEPS);
    check_number(run, "generate_seconds", 20.5);
    check_number(run, "distill_seconds", 9.5);
    check_number(run, "accuracy", 0.5);
    /* Rounds 3 to 11 have 0.15 to 0.55, round 12 has 0.5. */
    check_number(run, "accuracy_mean_of_last_10", (9 * 0.35 + 0.5) / 10);
    check_number(run, "accuracy_best", 0.55);
    check_number(run, "evaluations", ROUNDS);
    check_number(run, "agreement", 0.75);
    check_number(run, "teacher_accuracy", 0.9);
    const cJSON *differs = cJSON_GetObjectItemCaseSensitive(run, "differs");
    cr_assert_eq(cJSON_GetArraySize(differs), 2, "seed and weight, not the log interval");
    cr_assert_str_eq(cJSON_GetObjectItem(differs, "generate.weight.triplet")->valuestring, "0");

    run = find(result, "runs", "triplet-2"); /* as far as it got */
    cr_assert(cJSON_IsFalse(cJSON_GetObjectItem(run, "complete")));
    differs = cJSON_GetObjectItemCaseSensitive(run, "differs");
    cr_assert_str_eq(cJSON_GetObjectItem(differs, "generate.weight.triplet")->valuestring, "0.1");
    check_number(run, "images", 7 * BATCH);
    check_number(run, "student_steps", 7 * STEPS);
    check_number(run, "accuracy", 0.35);
    check_number(run, "accuracy_mean_of_last_10", 0.2);
    check_number(run, "agreement", unknown);

    run = find(result, "runs", "blind");
    check_number(run, "images", ROUNDS * BATCH);
    check_number(run, "accuracy", unknown);
    check_number(run, "accuracy_best", unknown);
    cJSON_Delete(result);
}

Test(cli_compare, a_table_names_runs_and_what_differs)
{
    write_all();
    const rt_child *child = rt_test_retort_ends(0, "compare", "plain-1", "plain-2", "triplet-2");
    cr_assert_not_null(strstr(child->output, "triplet-2 (unfinished)"), "%s", child->output);
    cr_assert_not_null(strstr(child->output, "seed=2 triplet=0.1\n"), "%s", child->output);
    cr_assert_not_null(strstr(child->output, "best* %"), "%s", child->output);
    cr_assert_not_null(strstr(child->output, "nobody can choose it without data"));
    child = rt_test_retort_ends(0, "compare", "blind");
    cr_assert_not_null(strstr(child->output, "no accuracies"), "%s", child->output);
}

Test(cli_compare, runs_of_several_seeds_become_a_row_with_mean_and_range)
{
    write_all();
    const rt_child *child = rt_test_retort_ends(0, "compare", "plain-1", "plain-2", "triplet-1",
                                                "triplet-2", "--group-seeds");
    cr_assert_not_null(strstr(child->output, "\nplain (2 seeds) "), "%s", child->output);
    cr_assert_not_null(strstr(child->output, " 55.00 (50.00 to 60.00) "), "%s", child->output);
    cr_assert_not_null(strstr(child->output, "\ntriplet (1 of 2 seeds) "), "%s", child->output);
    cr_assert_null(strstr(child->output, "seed="), "%s", child->output);

    child = rt_test_retort_ends(0, "compare", "plain-1", "plain-2", "triplet-1", "triplet-2",
                                "--group-seeds", "--json");
    cJSON *result = rt_test_json(child->output);
    const cJSON *accuracy =
        cJSON_GetObjectItemCaseSensitive(find(result, "groups", "plain"), "accuracy");
    check_number(accuracy, "mean", 0.55);
    check_number(accuracy, "low", 0.5);
    check_number(accuracy, "high", 0.6);
    /* The unfinished one does not count beside one that is complete. */
    accuracy = cJSON_GetObjectItemCaseSensitive(find(result, "groups", "triplet"), "accuracy");
    check_number(accuracy, "mean", 0.7);
    check_number(accuracy, "low", 0.7);
    cJSON_Delete(result);
}

/* Pixels of the colour. */
static size_t count_colour(const rt_image *image, uint8_t red, uint8_t green, uint8_t blue)
{
    size_t count = 0;
    for (size_t i = 0; i < (size_t)image->height * image->width; i++) {
        const uint8_t *p = image->pixels + 3 * i;
        count += p[0] == red && p[1] == green && p[2] == blue;
    }
    return count;
}

static void check_picture(const char *name)
{
    rt_image image = {0};
    cr_assert_eq(rt_image_read(&image, rt_test_path(name)), RT_OK, "%s", rt_error_message());
    cr_assert_eq(image.width, RT_PLOT_WIDTH);
    cr_assert_eq(image.height, RT_PLOT_HEIGHT);
    cr_assert_eq(image.channels, 3);
    const size_t pixels = (size_t)RT_PLOT_WIDTH * RT_PLOT_HEIGHT;
    const size_t white = count_colour(&image, 255, 255, 255);
    cr_assert_gt(white, pixels / 2);
    cr_assert_lt(white, pixels);
    /* The lines of the first two runs, and none of a third. */
    cr_assert_gt(count_colour(&image, 0, 114, 178), 400, "no blue line in %s", name);
    cr_assert_gt(count_colour(&image, 213, 94, 0), 400, "no red line in %s", name);
    cr_assert_eq(count_colour(&image, 0, 158, 115), 0);
    cr_assert_gt(count_colour(&image, 51, 51, 51), 500, "no text in %s", name);
    rt_image_clear(&image);
}

Test(cli_compare, pictures_have_a_line_a_run)
{
    write_all();
    rt_test_retort_ends(0, "compare", "plain-1", "triplet-2", "blind", "--png", "pictures");
    check_picture("pictures/accuracy-by-images.png");
    check_picture("pictures/accuracy-by-seconds.png");
    const rt_child *child =
        rt_test_retort_ends(0, "compare", "plain-1", "triplet-2", "--json", "--png", "again");
    cJSON *result = rt_test_json(child->output);
    cr_assert_str_eq(cJSON_GetObjectItem(result, "png_images")->valuestring,
                     "again/accuracy-by-images.png");
    cJSON_Delete(result);
    cr_assert(rt_test_same(rt_test_path("pictures"), rt_test_path("again"), NULL));
}

static void refused(const char *run, const char *message)
{
    const rt_child *child = rt_test_retort_ends(2, "compare", "plain-1", run, "--png", "pictures");
    cr_expect_not_null(strstr(child->errors, message), "wanted: %s\ngot: %s", message,
                       child->errors);
}

Test(cli_compare, what_is_no_run_is_an_error_that_names_it)
{
    write_all();
    cr_assert_eq(mkdir(rt_test_path("empty"), 0700), 0);
    rt_test_text("file", "x");
    refused("nowhere", "'nowhere' is no run: there is no such folder");
    refused("file", "'file' is no run: there is no such folder");
    refused("empty", "'empty' is no run: it has no 'config.yaml'");
    write_file("plain-2", "config.yaml", "rounds: 2\ncolour: blue\n");
    refused("plain-2", "'plain-2/config.yaml' is of no command of this version");
    write_file("plain-2", "config.yaml", "[1, 2]\n");
    refused("plain-2", "'plain-2/config.yaml' is of no command of this version");
    write_file("plain-2", "config.yaml", "rounds: [\n");
    refused("plain-2", "plain-2/config.yaml:");
    write_file("triplet-1", "summary.json", "[1]");
    refused("triplet-1", "'triplet-1/summary.json' is no JSON object");
    write_file("triplet-2", "seconds.yaml", "distill: yesterday\n");
    refused("triplet-2", "triplet-2/seconds.yaml:1");
    const rt_child *child = rt_test_retort_ends(2, "compare", "blind", "--png", "pictures");
    cr_assert_not_null(strstr(child->errors, "nothing to draw"), "%s", child->errors);
    child = rt_test_retort_ends(2, "compare");
    cr_assert_not_null(strstr(child->errors, "RUN"), "%s", child->errors);
    /* Numbers that are none are not there. */
    write_file(
        "plain-1", "metrics.csv",
        "stage,round,step,evaluate.accuracy,evaluate.images,evaluate.seconds\n"
        "evaluate,0,4,nan,1,1\nevaluate,0,-7,0.5,1,1\nevaluate\n\nevaluate,0,4,0.25,1,1,9\n");
    child = rt_test_retort_ends(0, "compare", "plain-1", "--json");
    cJSON *result = rt_test_json(child->output);
    check_number(find(result, "runs", "plain-1"), "evaluations", 2); /* and that of the summary */
    cJSON_Delete(result);
}
