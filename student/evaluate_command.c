/* `retort evaluate`: accuracy of a model on a store. */
#include "common/nn/model_file.h"
#include "student/commands.h"
#include "student/evaluation.h"

#include <math.h>
#include <stdio.h>

static const rt_option options[] = {
    {"model", "FILE", "the model: safetensors, ONNX, or a checkpoint of PyTorch"},
    {"data", "STORE", "the store with images and true classes"},
    {"batch-size", "N", "images a step (default 256)"},
    {"arch", "NAME", "architecture, for a file that does not say it (else it is recognised)"},
    {"shortcut", "A|B", "of a CIFAR ResNet, for a file that does not say it"},
    {"stem", "small|large",
     "of a larger family (torchvision: large), for a file that does not say it"},
    {"mean", "M,M,M", "what the model subtracts from pixels, for a file that does not say it"},
    {"std", "S,S,S", "what it divides by, for a file that does not say it"},
};

static rt_status read_hints(const rt_command *command, const rt_store_description *store,
                            float mean[4], float std[4], rt_model_hints *hints)
{
    uint32_t means, stds;
    RT_TRY(
        rt_command_option_floats(command, "mean", store->channels, store->channels, mean, &means));
    RT_TRY(rt_command_option_floats(command, "std", store->channels, store->channels, std, &stds));
    *hints = (rt_model_hints){.arch = rt_command_option(command, "arch"),
                              .shortcut = rt_command_option(command, "shortcut"),
                              .stem = rt_command_option(command, "stem"),
                              .channels = store->channels,
                              .height = store->height,
                              .width = store->width,
                              .mean = means > 0 ? mean : store->mean,
                              .std = stds > 0 ? std : store->std};
    return RT_OK;
}

static rt_status report(rt_command *command, const rt_evaluation *e,
                        const rt_store_description *store)
{
    RT_TRY(rt_command_result_number(command, "accuracy", e->accuracy));
    RT_TRY(rt_command_result_number(command, "robust_accuracy", NAN)); /* no attack was run */
    RT_TRY(rt_command_result_number(command, "loss", e->loss));
    RT_TRY(rt_command_result_number(command, "samples", (double)e->samples));
    RT_TRY(rt_command_result_numbers(command, "per_class", e->per_class, e->classes));
    if (command->json) return RT_OK;
    printf("accuracy  %.2f %% of %llu\nloss      %.4f\n", 100 * e->accuracy,
           (unsigned long long)e->samples, e->loss);
    for (uint32_t k = 0; k < e->classes; k++)
        printf("  %-20s %6.2f %% of %llu\n", store->class_names[k], 100 * e->per_class[k],
               (unsigned long long)e->class_samples[k]);
    return RT_OK;
}

static rt_status run_evaluate(rt_command *command)
{
    rt_status status = RT_OK;
    rt_store_reader *store = NULL;
    rt_network *network = NULL;
    rt_device *device;
    rt_evaluation evaluation = {0};
    rt_model_hints hints;
    float mean[4], std[4];
    uint32_t batch_size = 256;
    const char *model = rt_command_option(command, "model");
    const char *data = rt_command_option(command, "data");
    if (model == NULL || data == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' is missing; usage: retort evaluate --model FILE --data STORE",
                       model == NULL ? "--model" : "--data");
    RT_TRY(rt_command_option_uint(command, "batch-size", 1, 65536, &batch_size));
    RT_TRY_DONE(rt_store_open(&store, data));
    const rt_store_description *description = rt_store_reader_description(store);
    RT_TRY_DONE(read_hints(command, description, mean, std, &hints));
    RT_TRY_DONE(rt_command_open_device(command, NULL, &device));
    RT_TRY_DONE(rt_model_load(&network, device, model, &hints, NULL));
    RT_TRY_DONE(rt_evaluate(&evaluation, network, device, store, batch_size));
    RT_TRY_DONE(report(command, &evaluation, description));
done:
    rt_evaluation_clear(&evaluation);
    rt_network_free(network);
    rt_store_reader_close(store);
    return status;
}

const rt_command_description rt_evaluate_command = {
    .name = "evaluate",
    .summary = "measure a model's accuracy on a store",
    .usage = "--model FILE --data STORE",
    .example =
        "retort evaluate --model runs/demo/model.safetensors --data stores/fashion-mnist-test",
    .options = options,
    .option_count = RT_COUNT(options),
    .flags = RT_FLAG_DEVICE,
    .run = run_evaluate,
};
