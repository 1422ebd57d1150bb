/* `retort inspect MODEL`: what a file of weights is, and the network that it is recognised as. */
#include "common/cli/inspect_model.h"

#include "common/base/config.h"
#include "common/base/escape.h"
#include "common/nn/model_file.h"

#include <stdio.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* Without the running statistics that batch norms keep beside what is trained. */
static uint64_t count_parameters(const rt_weights *weights)
{
    uint64_t parameters = 0;
    for (size_t i = 0; i < weights->entry_count; i++) {
        const char *name = weights->entries[i].name;
        if (ends_with(name, "running_mean") || ends_with(name, "running_var")) continue;
        if (!rt_name_is_ignored(name)) parameters += weights->entries[i].count;
    }
    return parameters;
}

/* The network as it would be loaded. Mean and deviation change nothing that is shown. */
static rt_status describe(rt_model_survey *s, rt_arena *arena)
{
    static const float zeros[4], ones[4] = {1, 1, 1, 1};
    const rt_network_description *d = &s->found.description;
    const char *said =
        rt_weights_metadata(&s->weights, "channels"); /* of a graph nothing is found */
    double channels = d->channels;
    if (channels == 0 && said != NULL && !rt_parse_number(said, &channels)) channels = 0;
    const bool named = rt_weights_metadata(&s->weights, "arch") != NULL;
    const rt_model_hints hints = {.channels =
                                      channels > 0 && channels <= 4 ? (uint32_t)channels : 0,
                                  .height = d->height,
                                  .width = d->width,
                                  .stem = named ? NULL : d->stem,
                                  .mean = zeros,
                                  .std = ones};
    s->size_guessed = rt_weights_metadata(&s->weights, "height") == NULL ||
                      rt_weights_metadata(&s->weights, "width") == NULL;
    return rt_model_describe(&s->description, arena, &s->weights, &hints);
}

static rt_status survey_layers(rt_model_survey *s, rt_arena *arena)
{
    rt_status status = RT_OK;
    rt_network *network = NULL;
    rt_fit fit;
    RT_TRY(describe(s, arena));
    RT_TRY_DONE(rt_network_create(&network, &s->description));
    RT_TRY_DONE(rt_weights_fit(&fit, arena, &s->weights, rt_network_parameters(network)));
    RT_TRY_DONE(rt_fit_check(&fit));
    s->tensor_count = fit.row_count;
    RT_TRY_DONE(rt_network_summarise(network, arena, &s->layers, &s->layer_count));
    for (size_t i = 0; i < s->layer_count; i++) {
        s->flops += s->layers[i].flops;
        s->batch_norms += strcmp(s->layers[i].kind, "batch_norm") == 0;
    }
done:
    rt_network_free(network);
    return status;
}

/* Weights of an unknown network are no error: the tensors can be shown all the same. */
static rt_status look(rt_model_survey *s, rt_arena *arena)
{
    RT_TRY(rt_recognise(&s->found, arena, &s->weights, rt_weights_metadata(&s->weights, "arch")));
    s->parameters = count_parameters(&s->weights);
    const rt_status status = survey_layers(s, arena);
    if (status != RT_ERROR_INPUT) return status;
    s->layer_count = 0;
    s->doubt = rt_arena_strdup(arena, rt_error_message());
    return s->doubt != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static void print_shape(const uint64_t *shape, uint32_t rank)
{
    printf("[");
    for (uint32_t d = 0; d < rank; d++)
        printf("%s%llu", d > 0 ? "," : "", (unsigned long long)shape[d]);
    printf("]");
}

static void print_tensors(const rt_weights *weights)
{
    char text[256];
    for (size_t i = 0; i < weights->entry_count; i++) {
        const rt_weights_entry *entry = &weights->entries[i];
        rt_text_escape(text, sizeof text, entry->name);
        printf("  %-40s %-4s ", text, rt_safetensors_type_name(entry->type));
        print_shape(entry->shape, entry->rank);
        printf("\n");
    }
}

static void print_layers(const rt_model_survey *s)
{
    printf("\n  %-28s %-20s %-16s %11s %9s  %s\n", "layer", "kind", "weight", "parameters",
           "MFLOPs", "output");
    for (size_t i = 0; i < s->layer_count; i++) {
        const rt_layer_summary *layer = &s->layers[i];
        char weight[64] = "";
        int length = 0;
        for (uint32_t d = 0; d < layer->rank; d++)
            length += snprintf(weight + length, sizeof weight - (size_t)length, "%s%u",
                               d > 0 ? "," : "", layer->dims[d]);
        printf("  %-28s %-20s %-16s %11llu %9.3f  %ux%ux%u\n", layer->name, layer->kind, weight,
               (unsigned long long)layer->parameters, 1e-6 * layer->flops, layer->output.h,
               layer->output.w, layer->output.c);
    }
}

static void print_network(const rt_model_survey *s)
{
    const rt_network_description *d = &s->description;
    printf("  network     %s%s%s", d->arch, d->shortcut != NULL ? ", shortcut " : "",
           d->shortcut != NULL ? d->shortcut : "");
    if (d->stem != NULL)
        printf(", stem %s%s", d->stem, s->found.stem_hidden ? " (weights do not show it)" : "");
    if (d->base_width > 0) printf(", base_width %u", d->base_width);
    printf(": all %u tensors fit%s\n", s->tensor_count,
           rt_weights_metadata(&s->weights, "arch") != NULL ? "" : " (recognised)");
    printf("  images      %ux%ux%u%s\n  classes     %u\n", d->height, d->width, d->channels,
           s->size_guessed ? " (guessed; weights do not say it)" : "", d->classes);
    printf("  batch norms %u\n  MFLOPs      %.1f an image, a multiplication and an addition being "
           "two\n",
           s->batch_norms, 1e-6 * s->flops);
}

static void print_model(const rt_model_survey *s)
{
    const rt_weights *weights = &s->weights;
    char text[256];
    rt_text_escape(text, sizeof text, s->path);
    printf("model '%s'\n  format      %s\n", text, rt_weights_format_name(weights->format));
    if (s->doubt == NULL) print_network(s);
    if (s->doubt != NULL) printf("  network     unknown: %s\n", s->doubt);
    printf("  parameters  %llu\n  sha256      %s\n", (unsigned long long)s->parameters,
           weights->sha256);
    if (weights->prefix[0] != '\0') printf("  prefix      %s (taken off)\n", weights->prefix);
    for (size_t i = 0; i < weights->metadata_count; i++) {
        rt_text_escape(text, sizeof text, weights->metadata[i].key);
        printf("  %-11s ", text);
        rt_text_escape(text, sizeof text, weights->metadata[i].value);
        printf("%s\n", text);
    }
    if (s->doubt == NULL) print_layers(s);
    if (s->doubt != NULL) print_tensors(weights);
}

static rt_status run(rt_command *command, rt_model_survey *s, const rt_inspect_options *options)
{
    /* A graph that leaves the size of its images open is shown at the usual one. */
    const rt_model_hints usual = {
        .channels = 3, .height = 224, .width = 224, .external_data = options->external_data};
    RT_TRY(rt_model_open(&s->weights, s->path, &usual));
    if (options->verify) RT_TRY(rt_weights_check_finite(&s->weights));
    RT_TRY(look(s, &command->arena));
    RT_TRY(rt_inspect_model_report(command, s));
    if (!command->json) print_model(s);
    return RT_OK;
}

rt_status rt_inspect_model(rt_command *command, const char *path, const rt_inspect_options *options)
{
    if (options->png != NULL || options->pictures != NULL || options->npy != NULL) {
        return rt_fail(RT_ERROR_INPUT, "'%s' is a file: only stores and runs have images", path);
    }
    rt_model_survey s = {.path = path};
    const rt_status status = run(command, &s, options);
    rt_weights_close(&s.weights);
    return status;
}
