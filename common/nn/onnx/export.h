#ifndef RT_NN_ONNX_EXPORT_H
#define RT_NN_ONNX_EXPORT_H

/**
 * A network as an ONNX file (opset 17): what other runtimes load.
 *     RT_TRY(rt_onnx_convert(&weights, &description, "student.onnx", sha256));
 * One way for the zoo and for networks that came as a graph: the network is built in a graph in
 * evaluation mode, and every node becomes one or a few of ONNX's (export_table.c). The file has
 *   - an input `image`, float32 [N,C,H,W], pixels from 0 to 1, N open; the normalisation is inside
 *   - an output `logits` [N,classes]
 *   - the parameters as initializers, under their names and in their layouts of PyTorch
 *   - metadata: retort.arch, retort.classes, retort.mean, retort.std, retort.normalised (inside),
 *     retort.version, and the notes, each as "retort.KEY"
 * and nothing outside itself. Equal models make equal bytes. No device is needed.
 */

#include "common/formats/weights.h"
#include "common/nn/model_file.h"

/** The parameters' numbers, a row each as in rt_network_parameters, in the file's layout. */
typedef const float *const *rt_onnx_numbers;

/**
 * Writes a network. Errors: RT_ERROR_INPUT naming an operator that ONNX has no form for here, or a
 * file of more than 2 GiB; RT_ERROR_IO. `sha256` of the file may be NULL.
 */
RT_CHECKED rt_status rt_onnx_write(rt_network *network, rt_onnx_numbers numbers,
                                   const rt_model_note *notes, size_t note_count, const char *path,
                                   char sha256[RT_SHA256_TEXT]);

/** Writes open weights, as rt_model_convert does; what the metadata hold besides the network's
 *  description become notes. Errors: those of both. */
RT_CHECKED rt_status rt_onnx_convert(const rt_weights *weights,
                                     const rt_network_description *description, const char *path,
                                     char sha256[RT_SHA256_TEXT]);

#endif
