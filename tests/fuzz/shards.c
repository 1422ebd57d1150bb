#include "common/formats/safetensors_shards.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_shards(const uint8_t *data, size_t size)
{
    rt_weights weights = {0};
    if (rt_buffer_append(&weights.bytes, data, size) == RT_OK)
        (void)!rt_safetensors_read_shards(&weights, "/nonexistent/index.json");
    rt_weights_close(&weights);
    return 0;
}
