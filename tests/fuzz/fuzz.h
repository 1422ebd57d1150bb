#ifndef RT_TESTS_FUZZ_FUZZ_H
#define RT_TESTS_FUZZ_FUZZ_H

/**
 * Fuzz targets: one a reader of bytes from outside, one a file. Each hands any bytes to its reader
 * and uses what comes out; it must not crash, leak, hang or take memory out of proportion.
 * They have the form of libFuzzer's LLVMFuzzerTestOneInput and get that name when scripts/fuzz
 * builds one; tests/fuzz/mutations.c runs all of them for a moment in every test run.
 * To add one: a file with its function, a line here and in mutations.c, a row in scripts/fuzz.
 */

#include <stddef.h>
#include <stdint.h>

/** A safetensors file. */
int rt_fuzz_safetensors(const uint8_t *data, size_t size);
/** model.safetensors.index.json; the files that it names are not there. */
int rt_fuzz_shards(const uint8_t *data, size_t size);
/** A pickle with the classes of tensors. */
int rt_fuzz_pickle(const uint8_t *data, size_t size);
/** A zip archive, or a checkpoint in the older form. */
int rt_fuzz_pytorch(const uint8_t *data, size_t size);
/** The pickle within a checkpoint, in an archive that is right: checksums keep mutants of a whole
 *  file from getting this far. */
int rt_fuzz_pytorch_pickle(const uint8_t *data, size_t size);
/** An ONNX file, and its import. */
int rt_fuzz_onnx(const uint8_t *data, size_t size);
/** The graph in a model file's metadata. */
int rt_fuzz_blueprint(const uint8_t *data, size_t size);

#endif
