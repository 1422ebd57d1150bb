#include "common/formats/weights.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_pytorch(const uint8_t *data, size_t size)
{
    rt_weights weights = {0};
    if (rt_weights_parse(&weights, "fuzz.pth", data, size) != RT_OK) return 0;
    (void)!rt_weights_check_finite(&weights);
    rt_weights_close(&weights);
    return 0;
}
