/* An ONNX file as open weights: the imported network written as a model file, in memory. So all
 * that is done with model files is done with it, and checked as they are. */

#include "common/base/log.h"
#include "common/nn/onnx/import.h"

#include <string.h>

static rt_status find(const rt_onnx_network *imported, const rt_parameter *wanted, uint32_t *from,
                      const rt_onnx_parameter **parameter)
{
    for (uint32_t i = 0; i < imported->parameter_count; i++) { /* mostly the next one */
        const uint32_t at = (*from + i) % imported->parameter_count;
        *parameter = &imported->parameters[at];
        if (strcmp((*parameter)->name, wanted->name) != 0) continue;
        *from = at + 1;
        if ((*parameter)->count == rt_parameter_numbers(wanted)) return RT_OK;
        return rt_fail(RT_ERROR_INPUT, "'%s' has %llu numbers where its layer needs %llu",
                       wanted->name, (unsigned long long)(*parameter)->count,
                       (unsigned long long)rt_parameter_numbers(wanted));
    }
    return rt_fail(RT_ERROR_INTERNAL, "the import made no '%s'", wanted->name);
}

static rt_status add_tensors(rt_safetensors_writer *writer, const rt_onnx_network *imported,
                             const rt_parameters *parameters)
{
    uint32_t from = 0;
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *wanted = rt_parameters_row(parameters, row);
        const rt_onnx_parameter *parameter = NULL;
        uint64_t shape[4];
        RT_TRY(find(imported, wanted, &from, &parameter));
        for (uint32_t i = 0; i < wanted->rank; i++) shape[i] = wanted->dims[i];
        RT_TRY(rt_safetensors_add(writer, wanted->name, RT_SAFETENSORS_F32, wanted->rank, shape,
                                  parameter->values));
    }
    return RT_OK;
}

static rt_status encode(const rt_onnx_network *imported, rt_buffer *bytes)
{
    rt_status status = RT_OK;
    rt_network *network = NULL;
    rt_safetensors_writer writer = {0};
    rt_network_description description = imported->description;
    if (!imported->normalised) /* not said by the file: only so that the network can be built */
        for (uint32_t c = 0; c < description.channels; c++) description.std[c] = 1;
    RT_TRY_DONE(rt_network_create(&network, &description));
    RT_TRY_DONE(rt_model_add_metadata(&writer, &description, imported->normalised));
    RT_TRY_DONE(add_tensors(&writer, imported, rt_network_parameters(network)));
    RT_TRY_DONE(rt_safetensors_encode(&writer, bytes, NULL));
done:
    rt_safetensors_writer_clear(&writer);
    rt_network_free(network);
    return status;
}

static void tell(const char *path, const rt_onnx_network *imported, const rt_model_hints *hints)
{
    if (imported->softmax_dropped)
        rt_log("model '%s': the softmax at its end is left out; Retort works with logits", path);
    if (imported->normalised && hints->mean != NULL && !hints->override)
        rt_log("model '%s' normalises its images itself; mean and std are not used", path);
    if (imported->batch_norm_count == 0)
        rt_log("model '%s' has no batch norm layers, and synthesis no statistics to go by; if they "
               "were folded into convolutions, export again with torch.onnx.export(model.eval(), "
               "..., training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)",
               path);
}

static rt_status read(rt_weights *weights, const char *path, const rt_model_hints *hints)
{
    rt_onnx model = {0};
    rt_onnx_network imported = {0};
    rt_buffer bytes = {0};
    rt_status status = RT_OK;
    RT_TRY_DONE(rt_onnx_open(&model, path, hints->external_data));
    RT_TRY_DONE(rt_onnx_import(&imported, &model, hints));
    RT_TRY_DONE(encode(&imported, &bytes));
    tell(path, &imported, hints);
done:
    rt_onnx_network_clear(&imported);
    rt_onnx_close(&model);
    if (status == RT_OK) status = rt_weights_parse(weights, path, bytes.data, bytes.size);
    rt_buffer_clear(&bytes);
    return status;
}

rt_status rt_onnx_open_weights(rt_weights *weights, const char *path, const rt_model_hints *hints)
{
    const rt_status status = read(weights, path, hints);
    if (status == RT_OK) weights->format = RT_WEIGHTS_ONNX;
    if (status == RT_ERROR_INPUT) rt_error_prefix("'%s': ", path);
    return status;
}
