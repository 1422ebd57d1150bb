#include "common/nn/model_file.h"

#include "common/base/config.h"
#include "common/nn/blueprint.h"
#include "common/nn/onnx/import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_NUMBER = 1 << 20 };

/* A whole number of the metadata; `fallback` where the file does not say. */
static rt_status metadata_number(const rt_safetensors *file, const char *key, uint32_t fallback,
                                 uint32_t *number)
{
    const char *text = rt_safetensors_metadata(file, key);
    double value;
    *number = fallback;
    if (text == NULL) return RT_OK;
    if (!rt_parse_number(text, &value) || value < 0 || value > LARGEST_NUMBER ||
        value != floor(value))
        return rt_fail(RT_ERROR_INPUT, "metadata '%s' is '%s', not a whole number", key, text);
    *number = (uint32_t)value;
    return RT_OK;
}

/* "0.49 0.48 0.45": a number a channel. */
static rt_status metadata_floats(const rt_safetensors *file, const char *key, uint32_t count,
                                 const float *fallback, float *values)
{
    const char *text = rt_safetensors_metadata(file, key);
    if (text == NULL && fallback == NULL)
        return rt_fail(RT_ERROR_INPUT, "the file does not say its '%s'; give it", key);
    for (uint32_t i = 0; i < count; i++) {
        if (text == NULL) {
            values[i] = fallback[i];
            continue;
        }
        char *end;
        values[i] = strtof(text, &end);
        if (end == text || !isfinite(values[i]))
            return rt_fail(RT_ERROR_INPUT, "metadata '%s' has fewer than %u numbers", key, count);
        text = end;
    }
    return RT_OK;
}

/* As many classes as the last layer has outputs. */
static uint32_t classes_of(const rt_safetensors *file)
{
    static const char *const last_layers[] = {"linear.weight", "fc.weight", "classifier.weight"};
    for (size_t i = 0; i < RT_COUNT(last_layers); i++) {
        const rt_safetensors_entry *entry = rt_safetensors_find(file, last_layers[i]);
        if (entry != NULL && entry->rank == 2 && entry->shape[0] <= LARGEST_NUMBER)
            return (uint32_t)entry->shape[0];
    }
    return 0;
}

/* The layers of a network that came as a graph; lies in `arena`. */
static rt_status read_blueprint(const rt_safetensors *file, rt_arena *arena,
                                rt_network_description *d)
{
    const char *text = rt_safetensors_metadata(file, "graph");
    if (text == NULL) return RT_OK;
    rt_blueprint *blueprint = rt_arena_alloc(arena, 1, sizeof *blueprint);
    if (blueprint == NULL) return RT_ERROR_MEMORY;
    d->blueprint = blueprint;
    return rt_blueprint_read(blueprint, text, arena);
}

static rt_status read_description(const rt_safetensors *file, const rt_model_hints *hints,
                                  rt_arena *arena, rt_network_description *d)
{
    *d = (rt_network_description){.arch = rt_safetensors_metadata(file, "arch"),
                                  .shortcut = rt_safetensors_metadata(file, "shortcut")};
    if (d->arch == NULL) d->arch = hints->arch;
    if (d->arch == NULL)
        return rt_fail(RT_ERROR_INPUT, "the file does not say its architecture; give arch");
    if (d->shortcut == NULL) d->shortcut = hints->shortcut;
    RT_TRY(read_blueprint(file, arena, d));
    const uint32_t classes = hints->classes > 0 ? hints->classes : classes_of(file);
    RT_TRY(metadata_number(file, "base_width", hints->base_width, &d->base_width));
    RT_TRY(metadata_number(file, "channels", hints->channels, &d->channels));
    RT_TRY(metadata_number(file, "height", hints->height, &d->height));
    RT_TRY(metadata_number(file, "width", hints->width, &d->width));
    RT_TRY(metadata_number(file, "classes", classes, &d->classes));
    if (d->channels < 1 || d->channels > 4)
        return rt_fail(RT_ERROR_INPUT, "a model of %u-channel images cannot be read", d->channels);
    RT_TRY(metadata_floats(file, "mean", d->channels, hints->mean, d->mean));
    return metadata_floats(file, "std", d->channels, hints->std, d->std);
}

static bool shape_fits(const rt_parameter *parameter, const rt_safetensors_entry *entry)
{
    uint32_t rank = parameter->rank;
    if (entry->rank != rank) return false;
    for (uint32_t i = 0; i < rank; i++)
        if (entry->shape[i] != parameter->dims[i]) return false;
    return true;
}

static rt_status find_tensor(const rt_parameter *parameter, const char *name,
                             const rt_safetensors *file, const rt_safetensors_entry **entry)
{
    *entry = rt_safetensors_find(file, name);
    if (*entry == NULL) return rt_fail(RT_ERROR_INPUT, "tensor '%s' is missing", name);
    if (!shape_fits(parameter, *entry))
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has another shape than the architecture", name);
    return RT_OK;
}

/* Before memory is taken for them: a file's metadata may claim any width. */
static rt_status find_all(const rt_parameters *parameters, const rt_safetensors *file)
{
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *parameter = rt_parameters_row(parameters, row);
        const rt_safetensors_entry *entry;
        RT_TRY(find_tensor(parameter, parameter->name, file, &entry));
    }
    return RT_OK;
}

static rt_status load_tensor(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                             const char *name, const rt_safetensors *file)
{
    const rt_parameter *parameter = rt_parameters_row(parameters, row);
    const rt_safetensors_entry *entry;
    RT_TRY(find_tensor(parameter, name, file, &entry));
    float *values;
    RT_TRY(RT_ALLOC(values, entry->count));
    rt_status status = rt_safetensors_floats(entry, values);
    if (status == RT_OK) status = rt_parameters_write(parameters, piece, row, values);
    rt_free(values);
    return status;
}

/* A tensor that the architecture does not have means another architecture. PyTorch's counter of
 * batches is the exception: it is no weight. */
static rt_status refuse_unknown(const rt_safetensors *file, const rt_parameters *parameters)
{
    for (size_t i = 0; i < file->entry_count; i++) {
        const char *name = file->entries[i].name, *last = strrchr(name, '.');
        if (last != NULL && strcmp(last, ".num_batches_tracked") == 0) continue;
        if (rt_parameters_find(parameters, name) < 0)
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' does not belong to the architecture", name);
    }
    return RT_OK;
}

static rt_status load(rt_network **network, rt_device *device, const rt_safetensors *file,
                      const rt_model_hints *hints)
{
    rt_network_description description;
    rt_arena arena = {0};
    rt_status status = read_description(file, hints, &arena, &description);
    if (status == RT_OK) status = rt_network_create(network, &description);
    rt_arena_clear(&arena); /* the network has copies */
    RT_TRY(status);
    RT_TRY(refuse_unknown(file, rt_network_parameters(*network)));
    RT_TRY(find_all(rt_network_parameters(*network), file));
    const rt_status finite = rt_safetensors_check_finite(file);
    if (finite == RT_ERROR_NUMERIC) return RT_ERROR_INPUT; /* the file's fault, not a run's */
    RT_TRY(finite);
    RT_TRY(rt_network_allocate(*network, device));
    return rt_parameters_load(rt_network_parameters(*network), "", false, file);
}

rt_status rt_model_load(rt_network **network, rt_device *device, const char *path,
                        const rt_model_hints *hints, char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_safetensors file = {0};
    *network = NULL;
    if (rt_onnx_is_file(path)) return rt_onnx_load(network, device, path, hints, sha256);
    RT_TRY(rt_safetensors_open(&file, path));
    status = load(network, device, &file, hints);
    if (status != RT_OK) {
        rt_error_prefix("model '%s': ", path);
        rt_network_free(*network);
        *network = NULL;
    } else if (sha256 != NULL) {
        memcpy(sha256, file.sha256, RT_SHA256_TEXT);
    }
    rt_safetensors_close(&file);
    return status;
}

static rt_status add_number(rt_safetensors_writer *writer, const char *key, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    return rt_safetensors_add_metadata(writer, key, text);
}

static rt_status add_floats(rt_safetensors_writer *writer, const char *key, const float *values,
                            uint32_t count)
{
    char text[128] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%.9g", i > 0 ? " " : "",
                                   (double)values[i]);
    return rt_safetensors_add_metadata(writer, key, text);
}

static rt_status add_blueprint(rt_safetensors_writer *writer, const rt_blueprint *blueprint)
{
    rt_buffer json = {0};
    rt_status status = rt_blueprint_write(blueprint, &json);
    if (status == RT_OK)
        status = rt_safetensors_add_metadata(writer, "graph", (const char *)json.data);
    rt_buffer_clear(&json);
    return status;
}

static rt_status add_description(rt_safetensors_writer *writer, const rt_network_description *d)
{
    RT_TRY(rt_safetensors_add_metadata(writer, "arch", d->arch));
    if (d->shortcut != NULL) RT_TRY(rt_safetensors_add_metadata(writer, "shortcut", d->shortcut));
    if (d->blueprint != NULL) RT_TRY(add_blueprint(writer, d->blueprint));
    if (d->base_width > 0) RT_TRY(add_number(writer, "base_width", d->base_width));
    RT_TRY(add_number(writer, "channels", d->channels));
    RT_TRY(add_number(writer, "height", d->height));
    RT_TRY(add_number(writer, "width", d->width));
    RT_TRY(add_number(writer, "classes", d->classes));
    RT_TRY(add_floats(writer, "mean", d->mean, d->channels));
    return add_floats(writer, "std", d->std, d->channels);
}

rt_status rt_model_save(rt_network *network, const char *path, const rt_model_note *notes,
                        size_t note_count, char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    RT_TRY_DONE(add_description(&writer, rt_network_describe(network)));
    for (size_t i = 0; i < note_count; i++)
        RT_TRY_DONE(rt_safetensors_add_metadata(&writer, notes[i].key, notes[i].value));
    RT_TRY_DONE(rt_parameters_save(rt_network_parameters(network), "", false, &writer, &arena));
    RT_TRY_DONE(rt_safetensors_write(&writer, path, sha256));
done:
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return status;
}

static rt_status save_tensor(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                             const char *name, rt_safetensors_writer *writer, rt_arena *arena)
{
    const rt_parameter *parameter = rt_parameters_row(parameters, row);
    float *values = rt_arena_alloc(arena, rt_parameter_numbers(parameter), sizeof *values);
    if (values == NULL) return RT_ERROR_MEMORY;
    uint64_t shape[4];
    for (uint32_t i = 0; i < parameter->rank; i++) shape[i] = parameter->dims[i];
    RT_TRY(rt_parameters_read(parameters, piece, row, values));
    for (uint64_t i = 0; i < rt_parameter_numbers(parameter); i++)
        if (!isfinite(values[i]))
            return rt_fail(RT_ERROR_NUMERIC,
                           "'%s' has become %g; nothing was written: try a smaller learning rate",
                           name, (double)values[i]);
    return rt_safetensors_add(writer, name, RT_SAFETENSORS_F32, parameter->rank, shape, values);
}

/* What each piece is called in a checkpoint. */
static const struct {
    rt_parameters_piece piece;
    const char *infix;
} saved_pieces[] = {
    {RT_PIECE_VALUES, ""}, {RT_PIECE_MOMENT_1, "moment1."}, {RT_PIECE_MOMENT_2, "moment2."}};

rt_status rt_parameters_save(rt_parameters *parameters, const char *prefix, bool moments,
                             rt_safetensors_writer *writer, rt_arena *arena)
{
    for (size_t i = 0; i < (moments ? RT_COUNT(saved_pieces) : 1); i++) {
        if (!rt_parameters_has(parameters, saved_pieces[i].piece)) continue;
        for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
            const rt_parameter *parameter = rt_parameters_row(parameters, row);
            if (parameter->statistic && saved_pieces[i].piece != RT_PIECE_VALUES) continue;
            const char *name =
                rt_arena_printf(arena, "%s%s%s", prefix, saved_pieces[i].infix, parameter->name);
            if (name == NULL) return RT_ERROR_MEMORY;
            RT_TRY(save_tensor(parameters, saved_pieces[i].piece, row, name, writer, arena));
        }
    }
    return RT_OK;
}

rt_status rt_parameters_load(rt_parameters *parameters, const char *prefix, bool moments,
                             const rt_safetensors *file)
{
    for (size_t i = 0; i < (moments ? RT_COUNT(saved_pieces) : 1); i++) {
        if (!rt_parameters_has(parameters, saved_pieces[i].piece)) continue;
        for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
            const rt_parameter *parameter = rt_parameters_row(parameters, row);
            char name[256];
            if (parameter->statistic && saved_pieces[i].piece != RT_PIECE_VALUES) continue;
            snprintf(name, sizeof name, "%s%s%s", prefix, saved_pieces[i].infix, parameter->name);
            RT_TRY(load_tensor(parameters, saved_pieces[i].piece, row, name, file));
        }
    }
    return RT_OK;
}
