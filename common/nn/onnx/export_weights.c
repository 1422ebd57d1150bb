/* From a file of weights to an ONNX file, without a device. */

#include "common/nn/onnx/export.h"

#include "common/nn/weight_names.h"

#include <math.h>

static rt_status read_numbers(rt_arena *arena, const rt_weights_entry *entry, const float **numbers)
{
    float *values = rt_arena_alloc(arena, entry->count, sizeof *values);
    if (values == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_weights_floats(entry, values));
    for (uint64_t i = 0; i < entry->count; i++)
        if (!isfinite(values[i]))
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' holds %f at element %llu", entry->name,
                           (double)values[i], (unsigned long long)i);
    *numbers = values;
    return RT_OK;
}

static rt_status read_notes(rt_arena *arena, const rt_weights *weights, rt_model_note **notes,
                            size_t *count)
{
    *count = 0;
    *notes = rt_arena_alloc(arena, weights->metadata_count, sizeof **notes);
    if (*notes == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < weights->metadata_count; i++) {
        const rt_safetensors_metadata_entry *entry = &weights->metadata[i];
        if (rt_model_is_note(entry->key))
            (*notes)[(*count)++] = (rt_model_note){entry->key, entry->value};
    }
    return RT_OK;
}

static rt_status convert(const rt_weights *weights, rt_network *network, rt_arena *arena,
                         const char *path, char sha256[RT_SHA256_TEXT])
{
    rt_fit fit;
    rt_model_note *notes;
    size_t note_count;
    RT_TRY(rt_weights_fit(&fit, arena, weights, rt_network_parameters(network)));
    RT_TRY(rt_fit_check(&fit));
    const float **numbers = rt_arena_alloc(arena, fit.row_count, sizeof *numbers);
    if (numbers == NULL) return RT_ERROR_MEMORY;
    for (uint32_t row = 0; row < fit.row_count; row++)
        RT_TRY(read_numbers(arena, fit.entries[row], &numbers[row]));
    RT_TRY(read_notes(arena, weights, &notes, &note_count));
    return rt_onnx_write(network, numbers, notes, note_count, path, sha256);
}

rt_status rt_onnx_convert(const rt_weights *weights, const rt_network_description *description,
                          const char *path, char sha256[RT_SHA256_TEXT])
{
    rt_arena arena = {0};
    rt_network *network;
    RT_TRY(rt_network_create(&network, description));
    const rt_status status = convert(weights, network, &arena, path, sha256);
    rt_network_free(network);
    rt_arena_clear(&arena);
    return status;
}
