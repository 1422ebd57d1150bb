/* A model trained elsewhere, with PyTorch, has the accuracy here that it has there. Needs data that
 * are no part of the project: a folder ($RETORT_DATA, else ../shared/data beside the sources) with
 * resnet20-cifar10.safetensors and cifar10/test (a folder of JPEGs a class), of which PyTorch
 * gets 81.0 % right. Nobody says that it is a ResNet-20: it is recognised. */

#include "tests/child.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(nn_accuracy, .timeout = 600);

/* "FOLDER/name" in either folder; skips the test where neither has it. */
static const char *find(const char *name)
{
    static char paths[2][512];
    static int next;
    char *path = paths[next++ % 2];
    const char *folders[] = {getenv("RETORT_DATA"), RT_SOURCE_FOLDER "/../shared/data"};
    for (int i = 0; i < 2; i++) {
        if (folders[i] == NULL) continue;
        snprintf(path, sizeof paths[0], "%s/%s", folders[i], name);
        if (access(path, R_OK) == 0) return path;
    }
    cr_skip_test("no '%s' in $RETORT_DATA", name);
    return NULL;
}

Test(nn_accuracy, of_a_resnet20_is_that_of_pytorch)
{
    const char *model = find("resnet20-cifar10.safetensors"), *images = find("cifar10/test");
    const char *store = rt_test_path("cifar10-test");
    rt_test_retort_ends(0, "import", "folder", images, "--out", store, "--quiet");
    const rt_child *child =
        rt_test_retort_ends(0, "evaluate", "--model", model, "--data", store, "--mean",
                            "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--json", "--quiet");
    const char *accuracy = strstr(child->output, "\"accuracy\":");
    cr_assert_not_null(accuracy, "%s", child->output);
    cr_assert_float_eq(strtod(accuracy + strlen("\"accuracy\":"), NULL), 0.81, 0.001, "%s",
                       child->output);
}
