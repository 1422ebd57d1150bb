#include "tests/formats/safetensors_maker.h"

#include <string.h>

size_t rt_test_safetensors(uint8_t *bytes, const char *header, size_t header_size, size_t data_size)
{
    const uint64_t length = header_size;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, header_size);
    for (size_t i = 0; i < data_size; i++) bytes[8 + header_size + i] = (uint8_t)i;
    return 8 + header_size + data_size;
}
