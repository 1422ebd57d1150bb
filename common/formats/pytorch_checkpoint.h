#ifndef RT_FORMATS_PYTORCH_CHECKPOINT_H
#define RT_FORMATS_PYTORCH_CHECKPOINT_H

/**
 * Checkpoints of torch.save: a pickle (pickle.h) that says which tensors there are, and the bytes
 * that they lie in ("storages"), as entries of a zip archive or one behind the other. Used by
 * weights.c alone, which opens them by their first bytes.
 *
 * What is taken: a state_dict, or the one under 'state_dict', 'model', 'net', 'model_state_dict' or
 * 'model_state' of a dict; other values (epoch, optimizer) are skipped. A storage belongs to a
 * tensor with an offset and strides, which must stay within it. All tensors together may hold four
 * times what the file does (tied weights), no more.
 */

#include "common/formats/weights.h"

/** Reads the zip archive in weights->bytes (torch.save since 1.6). Errors: RT_ERROR_INPUT naming
 *  what is wrong or refused. */
RT_CHECKED rt_status rt_pytorch_read_zip(rt_weights *weights);
/** Reads the older form in weights->bytes: five pickles, then the storages. */
RT_CHECKED rt_status rt_pytorch_read_legacy(rt_weights *weights);

#endif
