#include "datasets/import.h"
#include "common/cli/commands.h"

#include <stdio.h>
#include <string.h>

static const rt_option own_options[] = {
    {"split", "train|test", "which part of a data set that has two"},
    {"pad", "N", "zeros on each side, after resizing (0)"},
    {"resize", "HxW", "bring every image to this size"},
    {"shard-samples", "N", "samples a shard (as many as make 16 MiB)"},
};

static rt_status report_import(rt_command *command, const rt_import_report *report)
{
    const double shape[] = {report->height, report->width, report->channels};
    double mean[RT_STORE_MAX_CHANNELS], std[RT_STORE_MAX_CHANNELS];
    for (uint32_t i = 0; i < report->channels; i++) {
        mean[i] = report->mean[i];
        std[i] = report->std[i];
    }
    RT_TRY(rt_command_result_number(command, "samples", (double)report->samples));
    RT_TRY(rt_command_result_number(command, "shards", report->shards));
    RT_TRY(rt_command_result_number(command, "classes", report->classes));
    RT_TRY(rt_command_result_numbers(command, "shape", shape, RT_COUNT(shape)));
    RT_TRY(rt_command_result_numbers(command, "mean", mean, report->channels));
    RT_TRY(rt_command_result_numbers(command, "std", std, report->channels));
    RT_TRY(rt_command_result_text(command, "store", command->out));
    if (!command->json) {
        printf("store '%s': %llu samples of %ux%ux%u, %u classes, %u shards\n", command->out,
               (unsigned long long)report->samples, report->height, report->width, report->channels,
               report->classes, report->shards);
    }
    return RT_OK;
}

static rt_status check_format(const char *format)
{
    const char *names[16];
    size_t count = 0;
    for (const rt_importer *importer = rt_importers;
         importer->name != NULL && count < RT_COUNT(names); importer++) {
        if (strcmp(importer->name, format) == 0) return RT_OK;
        names[count++] = importer->name;
    }
    const char *nearest = rt_nearest_name(format, names, count);
    if (nearest != NULL) {
        return rt_fail(RT_ERROR_INPUT, "unknown format '%s'; did you mean '%s'?", format, nearest);
    }
    return rt_fail(RT_ERROR_INPUT, "unknown format '%s'; 'retort import --help' lists them",
                   format);
}

static rt_status run(rt_command *command)
{
    if (command->out == NULL) {
        return rt_fail(RT_ERROR_INPUT, "'--out' is missing: the store to make");
    }
    rt_import_options options = {
        .format = command->arguments[0],
        .source = command->arguments[1],
        .store = command->out,
        .split = rt_command_option(command, "split"),
        .seed = rt_command_seed(command, 0),
    };
    RT_TRY(check_format(options.format));
    RT_TRY(rt_command_option_uint(command, "pad", 0, RT_STORE_MAX_SIDE, &options.pad));
    RT_TRY(rt_command_option_uint(command, "shard-samples", 1, 1u << 24, &options.shard_samples));
    RT_TRY(rt_command_option_pair(command, "resize", RT_STORE_MAX_SIDE, &options.resize_height,
                                  &options.resize_width));
    rt_import_report report;
    RT_TRY(rt_import(&options, &report));
    return report_import(command, &report);
}

const rt_command_description rt_import_command = {
    .name = "import",
    .summary = "turn a data set into a store",
    .usage = "FORMAT SOURCE --out STORE",
    .example = "retort import fashion-mnist /usr/share/datasets/fashion-mnist --split test --out "
               "stores/fashion-mnist-test",
    .detail = "formats:\n"
              "  fashion-mnist   folder of the four IDX files, gzipped or not (also MNIST itself)\n"
              "  idx             one IDX file of images; its labels lie beside it\n"
              "  cifar10         folder of the binary version's files\n"
              "  cifar100        folder of the binary version's files\n"
              "  folder          CLASS/*.png|jpg, or DOMAIN/CLASS/*\n",
    .options = own_options,
    .option_count = RT_COUNT(own_options),
    .flags = RT_FLAG_OUT | RT_FLAG_SEED,
    .arguments_minimum = 2,
    .arguments_maximum = 2,
    .run = run,
};
