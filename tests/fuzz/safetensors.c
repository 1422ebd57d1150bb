#include "common/formats/safetensors.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_safetensors(const uint8_t *data, size_t size)
{
    rt_safetensors file = {0};
    if (rt_safetensors_parse(&file, "fuzz", data, size) != RT_OK) return 0;
    (void)!rt_safetensors_check_finite(&file);
    rt_safetensors_close(&file);
    return 0;
}
