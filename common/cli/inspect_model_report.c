#include "common/cli/inspect_model.h"

#include <cjson/cJSON.h>

/* These make JSON; NULL or false when memory runs out, as cJSON has it. */

static cJSON *describe_metadata(const rt_weights *weights)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; object != NULL && i < weights->metadata_count; i++) {
        const rt_safetensors_metadata_entry *entry = &weights->metadata[i];
        if (cJSON_AddStringToObject(object, entry->key, entry->value) == NULL) {
            cJSON_Delete(object);
            return NULL;
        }
    }
    return object;
}

static bool add_numbers(cJSON *object, const char *key, const double *numbers, uint32_t count)
{
    cJSON *array = cJSON_AddArrayToObject(object, key);
    for (uint32_t i = 0; array != NULL && i < count; i++)
        if (!cJSON_AddItemToArray(array, cJSON_CreateNumber(numbers[i]))) return false;
    return array != NULL;
}

static bool fill_tensor(cJSON *object, const void *item)
{
    const rt_weights_entry *entry = item;
    double shape[RT_SAFETENSORS_MAX_RANK];
    for (uint32_t i = 0; i < entry->rank; i++) shape[i] = (double)entry->shape[i];
    return cJSON_AddStringToObject(object, "name", entry->name) != NULL &&
           cJSON_AddStringToObject(object, "type", rt_safetensors_type_name(entry->type)) != NULL &&
           add_numbers(object, "shape", shape, entry->rank);
}

static bool fill_layer(cJSON *object, const void *item)
{
    const rt_layer_summary *layer = item;
    const double shape[4] = {layer->dims[0], layer->dims[1], layer->dims[2], layer->dims[3]};
    const double output[3] = {layer->output.h, layer->output.w, layer->output.c};
    return cJSON_AddStringToObject(object, "name", layer->name) != NULL &&
           cJSON_AddStringToObject(object, "kind", layer->kind) != NULL &&
           add_numbers(object, "shape", shape, layer->rank) &&
           add_numbers(object, "output", output, 3) &&
           cJSON_AddNumberToObject(object, "parameters", (double)layer->parameters) != NULL &&
           cJSON_AddNumberToObject(object, "flops", layer->flops) != NULL;
}

/* An array with an object an item, filled by `fill`. */
static cJSON *describe_items(const void *items, size_t count, size_t size,
                             bool (*fill)(cJSON *object, const void *item))
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < count; i++) {
        cJSON *object = cJSON_CreateObject();
        const bool added = object != NULL && cJSON_AddItemToArray(array, object);
        if (!added) cJSON_Delete(object);
        if (!added || !fill(object, (const char *)items + i * size)) {
            cJSON_Delete(array);
            return NULL;
        }
    }
    return array;
}

static rt_status report_network(rt_command *command, const rt_model_survey *s)
{
    const rt_network_description *d = &s->description;
    const double shape[] = {d->height, d->width, d->channels};
    RT_TRY(rt_command_result_number(command, "flops", s->flops));
    RT_TRY(rt_command_result_number(command, "batch_norms", s->batch_norms));
    RT_TRY(rt_command_result_number(command, "classes", d->classes));
    RT_TRY(rt_command_result_numbers(command, "shape", shape, RT_COUNT(shape)));
    RT_TRY(rt_command_result_bool(command, "shape_guessed", s->size_guessed));
    RT_TRY(rt_command_result_number(command, "base_width", d->base_width));
    RT_TRY(rt_command_result_text(command, "shortcut", d->shortcut));
    RT_TRY(rt_command_result_text(command, "stem", d->stem));
    return rt_command_result_item(
        command, "layers",
        describe_items(s->layers, s->layer_count, sizeof *s->layers, fill_layer));
}

rt_status rt_inspect_model_report(rt_command *command, const rt_model_survey *s)
{
    const rt_weights *weights = &s->weights;
    const char *arch = rt_weights_metadata(weights, "arch");
    if (arch == NULL && s->found.certain) arch = s->found.description.arch;
    RT_TRY(rt_command_result_text(command, "arch", arch));
    RT_TRY(rt_command_result_text(command, "format", rt_weights_format_name(weights->format)));
    RT_TRY(rt_command_result_bool(command, "recognised", s->found.certain));
    RT_TRY(rt_command_result_text(command, "nearest", s->found.description.arch));
    RT_TRY(rt_command_result_number(command, "parameters", (double)s->parameters));
    RT_TRY(rt_command_result_text(command, "sha256", weights->sha256));
    RT_TRY(rt_command_result_item(command, "metadata", describe_metadata(weights)));
    RT_TRY(rt_command_result_item(command, "tensors",
                                  describe_items(weights->entries, weights->entry_count,
                                                 sizeof *weights->entries, fill_tensor)));
    return s->doubt == NULL ? report_network(command, s) : RT_OK;
}
