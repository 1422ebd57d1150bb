#include "common/nn/onnx/import.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_onnx(const uint8_t *data, size_t size)
{
    const rt_model_hints hints = {.channels = 3, .height = 8, .width = 8};
    rt_onnx model = {0};
    rt_onnx_network imported = {0};
    rt_buffer json = {0};
    if (rt_onnx_parse(&model, data, size) != RT_OK) return 0;
    if (rt_onnx_import(&imported, &model, &hints) == RT_OK)
        (void)!rt_blueprint_write(&imported.blueprint, &json);
    rt_buffer_clear(&json);
    rt_onnx_network_clear(&imported);
    rt_onnx_close(&model);
    return 0;
}
