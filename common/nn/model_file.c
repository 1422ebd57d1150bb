#include "common/nn/model_file.h"

#include "common/base/config.h"
#include "common/nn/blueprint.h"
#include "common/nn/onnx/import.h"
#include "common/nn/recognise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_NUMBER = 1 << 20 };

/* What is known of a model before it is built. `known` is what its tensors say. */
typedef struct sources {
    const rt_weights *weights;
    const rt_model_hints *hints;
    rt_network_description known;
    bool stem_hidden; ///< known.stem is a guess
} sources;

/* The file's own words, unless the hints go first. */
static const char *said(const sources *s, const char *key, bool hinted)
{
    return hinted && s->hints->override ? NULL : rt_weights_metadata(s->weights, key);
}

/* What file, hints or tensors say, in that order. */
static const char *text_of(const sources *s, const char *key, const char *hint, const char *known)
{
    const char *text = said(s, key, hint != NULL);
    if (text != NULL) return text;
    return hint != NULL ? hint : known;
}

static rt_status number_of(const sources *s, const char *key, uint32_t hint, uint32_t known,
                           uint32_t *number)
{
    const char *text = said(s, key, hint > 0);
    double value;
    *number = hint > 0 ? hint : known;
    if (text == NULL) return RT_OK;
    if (!rt_parse_number(text, &value) || value < 0 || value > LARGEST_NUMBER ||
        value != floor(value))
        return rt_fail(RT_ERROR_INPUT, "metadata '%s' is '%s', not a whole number", key, text);
    *number = (uint32_t)value;
    return RT_OK;
}

/* "0.49 0.48 0.45": a number a channel. */
static rt_status floats_of(const sources *s, const char *key, const float *hint, uint32_t count,
                           float *values)
{
    const char *text = said(s, key, hint != NULL);
    if (text == NULL && hint == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "the file does not say its '%s'; give --%s (in a config teacher_%s)", key,
                       key, key);
    if (text == NULL && s->hints->channels != count)
        return rt_fail(RT_ERROR_INPUT, "'%s' has %u numbers, the model's images have %u channels",
                       key, s->hints->channels, count);
    for (uint32_t i = 0; i < count; i++) {
        if (text == NULL) {
            values[i] = hint[i];
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

/* What the tensors say, given the architecture that was named or none. A wrong name still leaves
 * the number of channels and classes. */
static rt_status look(sources *s, rt_arena *arena, const char *arch)
{
    rt_recognition found;
    RT_TRY(rt_recognise(&found, arena, s->weights, arch));
    s->known = found.description;
    s->stem_hidden = found.stem_hidden;
    if (arch == NULL && !found.certain) return rt_recognise_fail(&found);
    if (arch == NULL || found.description.arch != NULL) return RT_OK;
    RT_TRY(rt_recognise(&found, arena, s->weights, NULL));
    s->known = (rt_network_description){.channels = found.description.channels,
                                        .classes = found.description.classes};
    return RT_OK;
}

/* The layers of a network that came as a graph; they lie in `arena`. */
static rt_status read_blueprint(const rt_weights *weights, rt_arena *arena,
                                rt_network_description *d)
{
    const char *text = rt_weights_metadata(weights, "graph");
    if (text == NULL || strcmp(d->arch, "graph") != 0) return RT_OK;
    rt_blueprint *blueprint = rt_arena_alloc(arena, 1, sizeof *blueprint);
    if (blueprint == NULL) return RT_ERROR_MEMORY;
    d->blueprint = blueprint;
    return rt_blueprint_read(blueprint, text, arena);
}

/* A file that says its architecture but no stem means the small one; one that says nothing may come
 * from anywhere. */
static rt_status stem_of(const sources *s, const char **stem)
{
    const bool own = rt_weights_metadata(s->weights, "arch") != NULL;
    *stem = text_of(s, "stem", s->hints->stem, s->stem_hidden ? NULL : s->known.stem);
    if (*stem != NULL || !s->stem_hidden || own) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "the weights do not show whether the stem is for small images or "
                   "large ones; give --stem (in a config teacher_stem) small, or "
                   "large as in torchvision");
}

rt_status rt_model_describe(rt_network_description *d, rt_arena *arena, const rt_weights *weights,
                            const rt_model_hints *hints)
{
    sources s = {.weights = weights, .hints = hints};
    const char *arch = text_of(&s, "arch", hints->arch, NULL);
    const bool graph = arch != NULL && strcmp(arch, "graph") == 0; /* the file says all of it */
    if (!graph) RT_TRY(look(&s, arena, arch));
    *d = (rt_network_description){
        .arch = arch != NULL ? arch : s.known.arch,
        .shortcut = text_of(&s, "shortcut", hints->shortcut, s.known.shortcut),
    };
    RT_TRY(stem_of(&s, &d->stem));
    RT_TRY(read_blueprint(weights, arena, d));
    RT_TRY(number_of(&s, "base_width", hints->base_width, s.known.base_width, &d->base_width));
    /* A config always hints at its default; tensors know better. */
    const uint32_t channels = s.known.channels > 0 ? s.known.channels : hints->channels;
    RT_TRY(number_of(&s, "channels", 0, channels, &d->channels));
    RT_TRY(number_of(&s, "height", hints->height, 0, &d->height));
    RT_TRY(number_of(&s, "width", hints->width, 0, &d->width));
    RT_TRY(number_of(&s, "classes", hints->classes, s.known.classes, &d->classes));
    if (d->channels < 1 || d->channels > 4)
        return rt_fail(RT_ERROR_INPUT, "a model of %u-channel images cannot be read", d->channels);
    if (d->height == 0 || d->width == 0)
        return rt_fail(RT_ERROR_INPUT, "the file does not say the size of its images; give "
                                       "--height and --width (in a config teacher_height, "
                                       "teacher_width)");
    RT_TRY(floats_of(&s, "mean", hints->mean, d->channels, d->mean));
    return floats_of(&s, "std", hints->std, d->channels, d->std);
}

static rt_status read_finite(const rt_weights_entry *entry, float *values)
{
    RT_TRY(rt_weights_floats(entry, values));
    for (uint64_t i = 0; i < entry->count; i++)
        if (!isfinite(values[i])) /* the file's fault, not a run's */
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' holds %f at element %llu", entry->name,
                           (double)values[i], (unsigned long long)i);
    return RT_OK;
}

static rt_status load_tensor(rt_parameters *parameters, uint32_t row, const rt_weights_entry *entry)
{
    float *values;
    RT_TRY(RT_ALLOC(values, entry->count));
    rt_status status = read_finite(entry, values);
    if (status == RT_OK) status = rt_parameters_write(parameters, RT_PIECE_VALUES, row, values);
    rt_free(values);
    return status;
}

/* Names and shapes before memory is taken for them: a file's metadata may claim any width. */
static rt_status load(rt_network **network, rt_device *device, const rt_weights *weights,
                      const rt_model_hints *hints, rt_arena *arena)
{
    rt_network_description description;
    rt_fit fit;
    RT_TRY(rt_model_describe(&description, arena, weights, hints));
    RT_TRY(rt_network_create(network, &description));
    rt_parameters *parameters = rt_network_parameters(*network);
    RT_TRY(rt_weights_fit(&fit, arena, weights, parameters));
    RT_TRY(rt_fit_check(&fit));
    RT_TRY(rt_network_allocate(*network, device));
    for (uint32_t row = 0; row < fit.row_count; row++)
        RT_TRY(load_tensor(parameters, row, fit.entries[row]));
    return RT_OK;
}

rt_status rt_model_open(rt_weights *weights, const char *path, const rt_model_hints *hints)
{
    if (rt_onnx_is_file(path)) return rt_onnx_open_weights(weights, path, hints);
    return rt_weights_open(weights, path);
}

rt_status rt_model_load(rt_network **network, rt_device *device, const char *path,
                        const rt_model_hints *hints, char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_weights weights = {0};
    rt_arena arena = {0};
    *network = NULL;
    RT_TRY(rt_model_open(&weights, path, hints));
    status = load(network, device, &weights, hints, &arena);
    if (status != RT_OK) {
        rt_error_prefix("model '%s': ", path);
        rt_network_free(*network);
        *network = NULL;
    } else if (sha256 != NULL) {
        memcpy(sha256, weights.sha256, RT_SHA256_TEXT);
    }
    rt_arena_clear(&arena);
    rt_weights_close(&weights);
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

rt_status rt_model_add_metadata(rt_safetensors_writer *writer, const rt_network_description *d,
                                bool normalisation)
{
    RT_TRY(rt_safetensors_add_metadata(writer, "arch", d->arch));
    if (d->shortcut != NULL) RT_TRY(rt_safetensors_add_metadata(writer, "shortcut", d->shortcut));
    if (d->blueprint != NULL) RT_TRY(add_blueprint(writer, d->blueprint));
    if (d->stem != NULL) RT_TRY(rt_safetensors_add_metadata(writer, "stem", d->stem));
    if (d->base_width > 0) RT_TRY(add_number(writer, "base_width", d->base_width));
    RT_TRY(add_number(writer, "channels", d->channels));
    RT_TRY(add_number(writer, "height", d->height));
    RT_TRY(add_number(writer, "width", d->width));
    RT_TRY(add_number(writer, "classes", d->classes));
    if (!normalisation) return RT_OK;
    RT_TRY(add_floats(writer, "mean", d->mean, d->channels));
    return add_floats(writer, "std", d->std, d->channels);
}

bool rt_model_is_note(const char *key)
{
    static const char *const known[] = {"arch",   "shortcut", "stem",    "base_width", "channels",
                                        "height", "width",    "classes", "mean",       "std",
                                        "sha256", "format",   "graph"};
    for (size_t i = 0; i < RT_COUNT(known); i++)
        if (strcmp(key, known[i]) == 0) return false;
    return true;
}

static rt_status add_notes(rt_safetensors_writer *writer, const rt_weights *weights)
{
    for (size_t i = 0; i < weights->metadata_count; i++) {
        const rt_safetensors_metadata_entry *entry = &weights->metadata[i];
        if (rt_model_is_note(entry->key))
            RT_TRY(rt_safetensors_add_metadata(writer, entry->key, entry->value));
    }
    return RT_OK;
}

static rt_status add_tensors(rt_safetensors_writer *writer, rt_arena *arena, const rt_fit *fit,
                             const rt_parameters *parameters)
{
    for (uint32_t row = 0; row < fit->row_count; row++) {
        const rt_weights_entry *entry = fit->entries[row];
        float *values = rt_arena_alloc(arena, entry->count, sizeof *values);
        if (values == NULL) return RT_ERROR_MEMORY;
        RT_TRY(read_finite(entry, values));
        RT_TRY(rt_safetensors_add(writer, rt_parameters_row(parameters, row)->name,
                                  RT_SAFETENSORS_F32, entry->rank, entry->shape, values));
    }
    return RT_OK;
}

rt_status rt_model_convert(const rt_weights *weights, const rt_network_description *description,
                           const char *path, char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    rt_network *network = NULL;
    rt_fit fit;
    RT_TRY_DONE(rt_network_create(&network, description));
    RT_TRY_DONE(rt_weights_fit(&fit, &arena, weights, rt_network_parameters(network)));
    RT_TRY_DONE(rt_fit_check(&fit));
    RT_TRY_DONE(rt_model_add_metadata(&writer, description, true));
    RT_TRY_DONE(add_notes(&writer, weights));
    RT_TRY_DONE(add_tensors(&writer, &arena, &fit, rt_network_parameters(network)));
    RT_TRY_DONE(rt_safetensors_write(&writer, path, sha256));
done:
    rt_network_free(network);
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_model_save(rt_network *network, const char *path, const rt_model_note *notes,
                        size_t note_count, char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    RT_TRY_DONE(rt_model_add_metadata(&writer, rt_network_describe(network), true));
    for (size_t i = 0; i < note_count; i++)
        RT_TRY_DONE(rt_safetensors_add_metadata(&writer, notes[i].key, notes[i].value));
    RT_TRY_DONE(rt_parameters_save(rt_network_parameters(network), "", false, &writer, &arena));
    RT_TRY_DONE(rt_safetensors_write(&writer, path, sha256));
done:
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return status;
}
