#ifndef RT_FORMATS_SAFETENSORS_SHARDS_H
#define RT_FORMATS_SAFETENSORS_SHARDS_H

/**
 * A model in several safetensors files: model.safetensors.index.json says in its "weight_map" which
 * tensor lies in which file of the same folder. Used by weights.c alone.
 * Rules: at most 4 MiB of JSON and 1,024 files, each named without a folder and ending in
 * .safetensors; every tensor of the map lies in the file that it names, and every tensor of a file
 * is in the map.
 */

#include "common/formats/weights.h"

/** Reads the index in weights->bytes and its files. `path` is the index's; NULL: there is none, an
 *  error. Errors: RT_ERROR_INPUT naming file or tensor. */
RT_CHECKED rt_status rt_safetensors_read_shards(rt_weights *weights, const char *path);

/** Adds all tensors of an open file, which must outlive `weights`' entries. */
RT_CHECKED rt_status rt_weights_add_safetensors(rt_weights *weights, const rt_safetensors *file);

#endif
