/* `retort convert`: any model that can be read, as a file of Retort's own. */
#include "common/cli/commands.h"

#include "common/base/log.h"
#include "common/nn/model_file.h"
#include "common/nn/onnx/export.h"
#include "common/nn/recognise.h"

#include <stdio.h>
#include <string.h>

typedef struct conversion {
    rt_weights weights;
    rt_network_description description;
    const char *in, *out;
    float mean[4], std[4];
    char sha256[RT_SHA256_TEXT]; ///< of what was written
} conversion;

static rt_status write_safetensors(conversion *c)
{
    return rt_model_convert(&c->weights, &c->description, c->out, c->sha256);
}

static rt_status write_onnx(conversion *c)
{
    return rt_onnx_convert(&c->weights, &c->description, c->out, c->sha256);
}

/* What OUT may be, by the end of its name. */
static const struct {
    const char *ending;
    rt_status (*write)(conversion *c);
} writers[] = {
    {".safetensors", write_safetensors},
    {".onnx", write_onnx},
};

static rt_status find_writer(const char *path, rt_status (**write)(conversion *c))
{
    const size_t length = strlen(path);
    for (size_t i = 0; i < RT_COUNT(writers); i++) {
        const size_t ending = strlen(writers[i].ending);
        if (length <= ending || strcmp(path + length - ending, writers[i].ending) != 0) continue;
        *write = writers[i].write;
        return RT_OK;
    }
    return rt_fail(RT_ERROR_INPUT,
                   "cannot write '%s': what is written ends in .safetensors or .onnx; name it so",
                   path);
}

static rt_status read_hints(const rt_command *command, conversion *c, rt_model_hints *hints)
{
    uint32_t means, stds;
    *hints = (rt_model_hints){.arch = rt_command_option(command, "arch"),
                              .shortcut = rt_command_option(command, "shortcut"),
                              .stem = rt_command_option(command, "stem"),
                              .external_data = rt_command_option(command, "external-data") != NULL,
                              .override = true};
    RT_TRY(rt_command_option_uint(command, "base-width", 1, 1024, &hints->base_width));
    RT_TRY(rt_command_option_uint(command, "height", 4, 4096, &hints->height));
    RT_TRY(rt_command_option_uint(command, "width", 4, 4096, &hints->width));
    RT_TRY(rt_command_option_floats(command, "mean", 1, 4, c->mean, &means));
    RT_TRY(rt_command_option_floats(command, "std", 1, 4, c->std, &stds));
    if (means > 0 && stds > 0 && means != stds)
        return rt_fail(RT_ERROR_INPUT, "'--mean' has %u numbers and '--std' %u; give one a channel",
                       means, stds);
    if (means > 0) hints->mean = c->mean;
    if (stds > 0) hints->std = c->std;
    hints->channels = means > 0 ? means : stds;
    return RT_OK;
}

/* Where neither file nor flags say how large the images are: what is usual, and the user is told.
 */
static rt_status guess_size(const conversion *c, rt_arena *arena, rt_model_hints *hints)
{
    rt_recognition found;
    if (hints->height == 0 && rt_weights_metadata(&c->weights, "height") != NULL) return RT_OK;
    if (hints->height > 0 && hints->width > 0) return RT_OK;
    const char *arch = hints->arch != NULL ? hints->arch : rt_weights_metadata(&c->weights, "arch");
    RT_TRY(rt_recognise(&found, arena, &c->weights, arch));
    if (found.description.arch == NULL) /* a wrong name says nothing of the images */
        RT_TRY(rt_recognise(&found, arena, &c->weights, NULL));
    if (found.description.arch == NULL || found.stem_hidden) return RT_OK;
    if (hints->height == 0)
        hints->height = hints->width > 0 ? hints->width : found.description.height;
    if (hints->width == 0) hints->width = hints->height;
    rt_log("the images' size is taken to be %ux%u; say --height and --width if it is another",
           hints->height, hints->width);
    return RT_OK;
}

static rt_status report(rt_command *command, const conversion *c)
{
    const rt_network_description *d = &c->description;
    const double shape[] = {d->height, d->width, d->channels};
    RT_TRY(rt_command_result_text(command, "model", c->out));
    RT_TRY(rt_command_result_text(command, "format", rt_weights_format_name(c->weights.format)));
    RT_TRY(rt_command_result_text(command, "arch", d->arch));
    RT_TRY(rt_command_result_numbers(command, "shape", shape, RT_COUNT(shape)));
    RT_TRY(rt_command_result_number(command, "classes", d->classes));
    RT_TRY(rt_command_result_text(command, "sha256", c->sha256));
    if (!command->json)
        printf("'%s' (%s): %s of %ux%ux%u images in %u classes, as '%s'\n", c->in,
               rt_weights_format_name(c->weights.format), d->arch, d->height, d->width, d->channels,
               d->classes, c->out);
    return RT_OK;
}

static rt_status convert(rt_command *command, conversion *c)
{
    rt_model_hints hints;
    rt_status (*write)(conversion * c) = NULL;
    RT_TRY(find_writer(c->out, &write));
    RT_TRY(read_hints(command, c, &hints));
    RT_TRY(rt_model_open(&c->weights, c->in, &hints));
    RT_TRY(guess_size(c, &command->arena, &hints));
    rt_status status = rt_model_describe(&c->description, &command->arena, &c->weights, &hints);
    if (status == RT_OK) status = write(c);
    if (status == RT_ERROR_INPUT) rt_error_prefix("model '%s': ", c->in);
    return status == RT_OK ? report(command, c) : status;
}

static rt_status run(rt_command *command)
{
    conversion c = {.in = command->arguments[0], .out = command->arguments[1]};
    const rt_status status = convert(command, &c);
    rt_weights_close(&c.weights);
    return status;
}

static const rt_option own_options[] = {
    {"arch", "NAME", "architecture, if it is not recognised"},
    {"shortcut", "A|B|raw", "of a CIFAR ResNet or a WRN"},
    {"stem", "small|large", "for images of what size it begins"},
    {"base-width", "N", "channels of the first stage"},
    {"height", "N", "of the images"},
    {"width", "N", "of the images"},
    {"mean", "M,M,M", "what the model subtracts from pixels in [0,1], a number a channel"},
    {"std", "S,S,S", "what it divides by"},
    {"external-data", NULL, "ONNX: tensors may lie in other files of its folder"},
};

const rt_command_description rt_convert_command = {
    .name = "convert",
    .summary = "write any model that can be read as safetensors or ONNX",
    .usage = "IN OUT",
    .example = "retort convert resnet20.pth resnet20.safetensors --mean 0.485,0.456,0.406 --std "
               "0.229,0.224,0.225",
    .detail =
        "IN: safetensors, model.safetensors.index.json, ONNX, or a checkpoint of torch.save\n"
        "(.pth, .pt, .th). OUT gets Retort's names for the tensors, float32, and what the flags\n"
        "say in its metadata, so that no later command needs them. A flag goes before what IN\n"
        "says itself. Where OUT ends in .onnx it is ONNX (opset 17) for other runtimes, with the\n"
        "normalisation inside.\n",
    .options = own_options,
    .option_count = RT_COUNT(own_options),
    .arguments_minimum = 2,
    .arguments_maximum = 2,
    .run = run,
};
