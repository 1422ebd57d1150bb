/* The kernels of a run: chosen, noted in its folder, and repeated. */
#include "tests/child.h"
#include "tests/datasets/support.h"
#include "tests/temporary.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cli_tuning, .timeout = 600);

static const char config[] = "store: store\narch: resnet8\nbase_width: 4\nepochs: 1\n"
                             "batch_size: 4\n";

/* That a record decides, whatever else says otherwise, is shown in tests/ops/conv2d_choice.c. */
Test(cli_tuning, a_run_notes_its_kernels_and_reads_them)
{
    const uint32_t shards[] = {4};
    size_t size;
    rt_test_store(rt_test_path("store"), &rt_test_description, shards, 1);
    rt_test_write(rt_test_path("train.yaml"), config, strlen(config));
    setenv("RETORT_CONV2D", "plain", 1);
    rt_test_retort_ends(0, "train", "train.yaml", "--out", "run", "--quiet");
    char *record = rt_test_read(rt_test_path("run/tuning.yaml"), &size);
    cr_assert_not_null(memmem(record, size, "conv2d: plain\n", 14));
    free(record);

    rt_test_write(rt_test_path("run/tuning.yaml"), "conv2d: pl", 10);
    const rt_child *child =
        rt_test_retort_ends(2, "train", "train.yaml", "--out", "run", "--resume");
    cr_assert_not_null(strstr(child->errors, "run/tuning.yaml"), "%s", child->errors);
}

Test(cli_tuning, devices_shows_what_every_kernel_does)
{
    const rt_child *child = rt_test_retort_ends(0, "devices", "--tune", "--json");
    cJSON *object = cJSON_Parse(child->output);
    const cJSON *device =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, "devices"), 0);
    const cJSON *conv2d = cJSON_GetObjectItemCaseSensitive(device, "conv2d");
    cr_assert(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(conv2d, "kernels")));
    const cJSON *figures = cJSON_GetObjectItemCaseSensitive(conv2d, "figures"), *figure;
    cr_assert_geq(cJSON_GetArraySize(figures), 12, "two layers, three passes, two families");
    cJSON_ArrayForEach(figure, figures)
    {
        cr_assert(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(figure, "right")));
        cr_assert_gt(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(figure, "gflops")), 0);
    }
    cJSON_Delete(object);
}
