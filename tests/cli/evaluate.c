/* `retort evaluate` through the built program: what it reports must be what the logits say. */
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/temporary.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static cJSON *evaluate(const char *model, const char *batch_size)
{
    const rt_child *child = rt_test_retort_ends(0, "evaluate", "--model", model, "--data", "store",
                                                "--json", "--batch-size", batch_size);
    cJSON *object = cJSON_Parse(child->output);
    cr_assert_not_null(object, "%s", child->output);
    return object;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    cr_assert(cJSON_IsNumber(item), "%s", key);
    return item->valuedouble;
}

Test(cli_evaluate, reports_what_other_programs_rely_on)
{
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("model.safetensors", &(rt_tiny){0}, NULL);
    cJSON *seen = evaluate("model.safetensors", "256");
    const cJSON *per_class = cJSON_GetObjectItemCaseSensitive(seen, "per_class");
    cr_assert(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(seen, "robust_accuracy")),
              "no attack was run");
    cr_assert_eq(number(seen, "samples"), RT_TINY_SAMPLES);
    cr_assert_eq(cJSON_GetArraySize(per_class), RT_TINY_CLASSES);
    double sum = 0; /* every class has a third of the samples */
    for (int k = 0; k < RT_TINY_CLASSES; k++)
        sum += cJSON_GetNumberValue(cJSON_GetArrayItem(per_class, k));
    cr_assert_float_eq(sum / RT_TINY_CLASSES, number(seen, "accuracy"), 1e-12);
    cr_assert(number(seen, "loss") > 0);

    /* The last, part-filled batch counts once and no more. */
    cJSON *again = evaluate("model.safetensors", "5");
    cr_assert_eq(number(again, "accuracy"), number(seen, "accuracy"));
    cr_assert_float_eq(number(again, "loss"), number(seen, "loss"), 1e-6);
    cJSON_Delete(seen);
    cJSON_Delete(again);

    const rt_child *child =
        rt_test_retort_ends(0, "evaluate", "--model", "model.safetensors", "--data", "store");
    cr_assert_not_null(strstr(child->output, "accuracy"));
    cr_assert_not_null(strstr(child->output, "% of 12"), "%s", child->output);
}

/* A model of constant logits b: the loss is the mean of log(sum exp(b)) - b[label]. */
Test(cli_evaluate, loss_and_accuracy_of_a_constant_model)
{
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("model.safetensors", &(rt_tiny){.constant_logits = true}, NULL);
    cJSON *seen = evaluate("model.safetensors", "256");
    double sum = 0, mean = 0; /* b = 0, 1, 2: see rt_tiny.constant_logits */
    for (int k = 0; k < RT_TINY_CLASSES; k++) {
        sum += exp(k);
        mean += (double)k / RT_TINY_CLASSES;
    }
    cr_assert_float_eq(number(seen, "loss"), log(sum) - mean, 1e-6);
    cr_assert_float_eq(number(seen, "accuracy"), 1.0 / RT_TINY_CLASSES, 1e-12);
    const cJSON *per_class = cJSON_GetObjectItemCaseSensitive(seen, "per_class");
    for (int k = 0; k < RT_TINY_CLASSES; k++)
        cr_assert_eq(cJSON_GetNumberValue(cJSON_GetArrayItem(per_class, k)),
                     k == RT_TINY_CLASSES - 1);
    cJSON_Delete(seen);
}
