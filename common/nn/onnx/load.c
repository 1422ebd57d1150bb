#include "common/base/log.h"
#include "common/nn/onnx/import.h"

#include <math.h>
#include <string.h>

/* The imported parameters in the order of their names are not sorted; a network has some hundred,
 * so a search from where the last one was found is short: both lists are in the graph's order. */
static const rt_onnx_parameter *find(const rt_onnx_network *imported, const char *name,
                                     uint32_t *from)
{
    for (uint32_t i = 0; i < imported->parameter_count; i++) {
        const uint32_t at = (*from + i) % imported->parameter_count;
        if (strcmp(imported->parameters[at].name, name) != 0) continue;
        *from = at + 1;
        return &imported->parameters[at];
    }
    return NULL;
}

static rt_status check_numbers(const rt_onnx_parameter *given, const rt_parameter *wanted)
{
    if (given == NULL || given->count != rt_parameter_numbers(wanted))
        return rt_fail(RT_ERROR_INPUT, "'%s' has another shape than the layer needs", wanted->name);
    for (uint64_t i = 0; i < given->count; i++)
        if (!isfinite(given->values[i]))
            return rt_fail(RT_ERROR_INPUT, "'%s' has a number that is not finite", wanted->name);
    return RT_OK;
}

/* All are checked before memory is taken on the device. */
static rt_status write_parameters(rt_network *network, rt_device *device,
                                  const rt_onnx_network *imported)
{
    rt_parameters *parameters = rt_network_parameters(network);
    uint32_t from = 0;
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *wanted = rt_parameters_row(parameters, row);
        RT_TRY(check_numbers(find(imported, wanted->name, &from), wanted));
    }
    RT_TRY(rt_network_allocate(network, device));
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *wanted = rt_parameters_row(parameters, row);
        const rt_onnx_parameter *given = find(imported, wanted->name, &from);
        RT_TRY(rt_parameters_write(parameters, RT_PIECE_VALUES, row, given->values));
    }
    return RT_OK;
}

static void tell(const char *path, const rt_onnx_network *imported, const rt_model_hints *hints)
{
    if (imported->softmax_dropped)
        rt_log("model '%s': the softmax at its end is left out; Retort works with logits", path);
    if (imported->normalised && hints->mean != NULL)
        rt_log("model '%s' normalises its images itself; mean and std are not used", path);
    if (imported->batch_norm_count == 0)
        rt_log_warning("model '%s' has no batch norm layers, so the term of their statistics "
                       "(weight_batch_norm) is not available; if they were folded into "
                       "convolutions, export again with torch.onnx.export(model.eval(), ..., "
                       "training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)",
                       path);
}

static rt_status load(rt_network **network, rt_device *device, const char *path,
                      const rt_onnx *model, const rt_model_hints *hints)
{
    rt_onnx_network imported = {0};
    RT_TRY(rt_onnx_import(&imported, model, hints));
    rt_status status = rt_network_create(network, &imported.description);
    if (status == RT_OK) status = write_parameters(*network, device, &imported);
    if (status == RT_OK) tell(path, &imported, hints);
    rt_onnx_network_clear(&imported);
    return status;
}

rt_status rt_onnx_load(rt_network **network, rt_device *device, const char *path,
                       const rt_model_hints *hints, char sha256[RT_SHA256_TEXT])
{
    rt_onnx model = {0};
    *network = NULL;
    RT_TRY(rt_onnx_open(&model, path));
    const rt_status status = load(network, device, path, &model, hints);
    if (status != RT_OK) {
        rt_error_prefix("model '%s': ", path);
        rt_network_free(*network);
        *network = NULL;
    } else if (sha256 != NULL) {
        memcpy(sha256, model.sha256, RT_SHA256_TEXT);
    }
    rt_onnx_close(&model);
    return status;
}
