#ifndef RT_NN_MODEL_FILE_H
#define RT_NN_MODEL_FILE_H

/**
 * Model files: a network as safetensors, under PyTorch's names and layouts. The metadata says what
 * the network is (arch, classes, input, mean, std), so that a file of Retort's own needs no
 * explanation. A stranger's file may be of any kind that weights.h reads, under any names that
 * weight_names.c knows; its tensors say most of what it is (recognise.h), the hints the rest.
 */

#include "common/formats/weights.h"
#include "common/nn/network.h"

/** What the user says about a file; zeros and NULLs: not said. The file's metadata come first, what
 *  its tensors say last (but before `channels`). */
typedef struct rt_model_hints {
    const char *arch, *shortcut, *stem;
    uint32_t base_width;
    uint32_t channels, height, width; ///< of an image
    uint32_t classes;                 ///< 0: as many as the last layer has
    const float *mean, *std;          ///< `channels` each, or NULL
    bool override;                    ///< what is said here goes before the metadata
    bool external_data; ///< tensors of ONNX may lie in other files of its folder (onnx.h)
} rt_model_hints;

/**
 * Opens a file of any kind, so that its tensors and metadata are those of a model: what weights.h
 * reads, and ONNX, which becomes a network of arch "graph" (common/nn/onnx/import.h).
 * Errors: RT_ERROR_INPUT naming the file and the rule that is broken. Ownership: as
 * rt_weights_open.
 */
RT_CHECKED rt_status rt_model_open(rt_weights *weights, const char *path,
                                   const rt_model_hints *hints);

/**
 * Reads a model into a new network on the device; `sha256` of its data (weights.h) may be NULL.
 * Errors: RT_ERROR_INPUT naming the file and the tensor that is missing, unexpected, of another
 * shape or not finite, or the hint that is needed.
 */
RT_CHECKED rt_status rt_model_load(rt_network **network, rt_device *device, const char *path,
                                   const rt_model_hints *hints, char sha256[RT_SHA256_TEXT]);

/** What a file's network is, by its metadata, the hints and its tensors. Errors: as rt_model_load.
 *  Ownership: strings lie in `arena`, `weights` or `hints`. */
RT_CHECKED rt_status rt_model_describe(rt_network_description *description, rt_arena *arena,
                                       const rt_weights *weights, const rt_model_hints *hints);

/**
 * Writes open weights as a model file of Retort's own: its names for the tensors, float32, all
 * metadata. Notes in the metadata of the old file stay. No device is needed.
 * Errors: as rt_model_load; RT_ERROR_IO.
 */
RT_CHECKED rt_status rt_model_convert(const rt_weights *weights,
                                      const rt_network_description *description, const char *path,
                                      char sha256[RT_SHA256_TEXT]);

/** Whether a key of a file's metadata says nothing of the network: a note, which stays. */
bool rt_model_is_note(const char *key);

/** Adds what metadata say of a network; mean and std only with `normalisation`. */
RT_CHECKED rt_status rt_model_add_metadata(rt_safetensors_writer *writer,
                                           const rt_network_description *description,
                                           bool normalisation);

/** One more metadata entry for rt_model_save. */
typedef struct rt_model_note {
    const char *key, *value;
} rt_model_note;

/** Writes a network; `sha256` may be NULL. Errors: RT_ERROR_NUMERIC naming a tensor that is not
 *  finite; RT_ERROR_IO. */
RT_CHECKED rt_status rt_model_save(rt_network *network, const char *path,
                                   const rt_model_note *notes, size_t note_count,
                                   char sha256[RT_SHA256_TEXT]);

/* Parameter sets inside a larger file (checkpoints): tensors are named prefix + name. */

/** Adds the values, and with `moments` what the optimiser remembers ("<prefix>moment1.<name>"). The
 *  numbers lie in `arena` until the file is written. Errors: RT_ERROR_NUMERIC naming a tensor that
 *  is not finite: a step's loss may be fine and its update not. */
RT_CHECKED rt_status rt_parameters_save(rt_parameters *parameters, const char *prefix, bool moments,
                                        rt_safetensors_writer *writer, rt_arena *arena);
/** Reads them back. Errors: RT_ERROR_INPUT naming the tensor. */
RT_CHECKED rt_status rt_parameters_load(rt_parameters *parameters, const char *prefix, bool moments,
                                        const rt_safetensors *file);

#endif
