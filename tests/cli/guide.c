/* The way of the user guide from somebody's PyTorch checkpoint to a student in ONNX, in little. */
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(cli_guide, .timeout = 300);

#define SET(...) "--set", __VA_ARGS__

static double accuracy_of(const char *model)
{
    cJSON *seen = rt_test_json(
        rt_test_retort_ends(0, "evaluate", "--model", model, "--data", "real", "--json")->output);
    const double accuracy = rt_test_number(seen, "accuracy");
    cJSON_Delete(seen);
    return accuracy;
}

Test(cli_guide, from_a_checkpoint_of_pytorch_to_a_student_in_onnx)
{
    static const char checkpoint[] = RT_SOURCE_FOLDER "/tests/golden/checkpoints/parallel.pth";
    rt_tiny_store("real", &(rt_tiny){.channels = 3, .classes = 10});
    rt_test_retort_ends(0, "inspect", checkpoint);
    rt_test_retort_ends(0, "convert", checkpoint, "resnet.safetensors", "--mean",
                        "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--height", "8",
                        "--width", "8");
    const rt_child *child = rt_test_retort_ends(
        0, "run", RT_SOURCE_FOLDER "/configs/cifar10/resnet20.yaml", "--out", "runs",
        SET("teacher=resnet.safetensors"), SET("teacher_arch=resnet8"),
        SET("evaluation_store=real"), SET("evaluation_interval=1"), SET("rounds=2"),
        SET("student_steps=2"), SET("generate.generator_steps=2"), SET("generate.batch_size=20"),
        SET("generate.latent_size=8"), SET("generate.generator_width=4"),
        SET("generate.adversarial_start=1"), SET("generate.triplet_start=1"),
        SET("distill.arch=resnet8"), SET("distill.base_width=4"), SET("distill.shortcut=B"),
        SET("distill.batch_size=8"));
    cr_expect_not_null(strstr(child->errors, "the student begins with the teacher's values"), "%s",
                       child->errors);
    rt_test_retort_ends(0, "inspect", "runs", "--grid", "2x2", "--by-class", "--png", "grid.png");
    cr_expect(rt_test_exists("grid.png"));
    rt_test_retort_ends(0, "convert", "runs/model.safetensors", "student.onnx");
    rt_test_retort_ends(0, "convert", "student.onnx", "back.safetensors");
    cr_expect_eq(accuracy_of("back.safetensors"), accuracy_of("runs/model.safetensors"));
    rt_test_retort_ends(0, "inspect", "runs/store", "--npy", "calibration");
    cr_expect(rt_test_exists("calibration/images.npy"));
}
