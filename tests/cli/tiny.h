#ifndef RT_TESTS_CLI_TINY_H
#define RT_TESTS_CLI_TINY_H

/**
 * The smallest things that commands work on, in the test's own folder (which is the working folder
 * of the program that tests/child.h runs): 8x8 gray images of 3 classes, a ResNet-8 of width 4, and
 * configs of a few steps. All tests share these shapes, so that their kernels are compiled once.
 */

#include "datasets/samples.h"

#include <stddef.h>
#include <stdint.h>

enum { RT_TINY_SIDE = 8, RT_TINY_CLASSES = 3, RT_TINY_SAMPLES = 12 };

/** What a store or model has; 0: as the tiny ones. */
typedef struct rt_tiny {
    uint32_t side, channels, classes;
    const char *teacher_sha256; ///< of a store: its teacher
    const char *broken_tensor;  ///< of a model: one number of this tensor is NaN
    bool constant_logits;       ///< of a model: logit k is k, whatever the image
    bool huge_logits;           ///< of a model: weights are finite, logits are not
    const char *base_width;     ///< of a model: what its metadata claims instead of 4
} rt_tiny;

/** Writes a store of RT_TINY_SAMPLES samples with teacher logits in shards of 5, below the folder.
 */
void rt_tiny_store(const char *name, const rt_tiny *tiny);
/** Writes a model file without a device. `sha256` (of its data) may be NULL. */
void rt_tiny_model(const char *name, const rt_tiny *tiny, char sha256[RT_SHA256_TEXT]);
/** Writes NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte of `count` such images. */
void rt_tiny_idx(const char *name, uint32_t count);
/** Writes a text file. */
void rt_tiny_text(const char *name, const char *text);

/** Configs of all commands that have one: train.yaml, generate.yaml, distill.yaml and run.yaml,
 * over the model "teacher.safetensors" and the store "store" (not made here). */
void rt_tiny_configs(void);

#endif
