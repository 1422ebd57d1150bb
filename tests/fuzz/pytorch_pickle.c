#include "tests/formats/checkpoint_maker.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_pytorch_pickle(const uint8_t *data, size_t size)
{
    static const float storage[64];
    const rt_buffer pickle = {.data = (uint8_t *)data, .size = size};
    rt_buffer bytes = {0};
    if (size > 1 << 20) return 0;
    rt_make_checkpoint(&bytes, &pickle, storage, sizeof storage);
    rt_fuzz_pytorch(bytes.data, bytes.size);
    rt_buffer_clear(&bytes);
    return 0;
}
