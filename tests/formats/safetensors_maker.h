#ifndef RT_TESTS_FORMATS_SAFETENSORS_MAKER_H
#define RT_TESTS_FORMATS_SAFETENSORS_MAKER_H

/** safetensors files byte by byte, for tests of the reader. */

#include <stddef.h>
#include <stdint.h>

/** An entry of a header, of the first 8 bytes of the data. */
#define RT_TEST_TENSOR "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"

/** A header with metadata, that tensor and another; for 10 bytes of data. */
#define RT_TEST_HEADER                                                                             \
    "{\"__metadata__\":{\"arch\":\"r8\"}," RT_TEST_TENSOR                                          \
    ",\"b\":{\"dtype\":\"U8\",\"shape\":[2,1],\"data_offsets\":[8,10]}}  "

/** Writes a file from its parts and returns its size: 8 bytes of length, the header, `data_size`
 *  bytes 0, 1, 2, ... */
size_t rt_test_safetensors(uint8_t *bytes, const char *header, size_t header_size,
                           size_t data_size);

#endif
