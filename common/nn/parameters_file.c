/* Parameter sets inside of larger files: a run's checkpoint (common/nn/model_file.h). */
#include "common/nn/model_file.h"

#include <math.h>
#include <stdio.h>

static bool shape_fits(const rt_parameter *parameter, const rt_safetensors_entry *entry)
{
    if (entry->rank != parameter->rank) return false;
    for (uint32_t i = 0; i < entry->rank; i++)
        if (entry->shape[i] != parameter->dims[i]) return false;
    return true;
}

static rt_status load_tensor(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                             const char *name, const rt_safetensors *file)
{
    const rt_safetensors_entry *entry = rt_safetensors_find(file, name);
    if (entry == NULL) return rt_fail(RT_ERROR_INPUT, "tensor '%s' is missing", name);
    if (!shape_fits(rt_parameters_row(parameters, row), entry))
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has another shape than the architecture", name);
    float *values;
    RT_TRY(RT_ALLOC(values, entry->count));
    rt_status status = rt_safetensors_floats(entry, values);
    if (status == RT_OK) status = rt_parameters_write(parameters, piece, row, values);
    rt_free(values);
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
