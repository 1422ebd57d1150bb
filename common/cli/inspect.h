#ifndef RT_CLI_INSPECT_H
#define RT_CLI_INSPECT_H

/** `retort inspect`: what each kind of thing shows. Private to common/cli/inspect*.c. */

#include "common/cli/command.h"

typedef enum rt_pick_order { RT_PICK_FIRST, RT_PICK_RANDOM, RT_PICK_BOUNDARY } rt_pick_order;

typedef struct rt_inspect_options {
    const char *png;      ///< where the grid goes; NULL: no grid
    const char *pictures; ///< folder of PNG files, one a sample; NULL: none
    uint32_t rows, columns;
    bool by_class; ///< a row a class
    rt_pick_order order;
    const char *model; ///< whose logits judge the samples; NULL: those of the store
    const char *npy;   ///< folder of .npy files; NULL: none
    bool verify;
    bool external_data; ///< of an ONNX model
} rt_inspect_options;

RT_CHECKED rt_status rt_inspect_store(rt_command *command, const char *path,
                                      const rt_inspect_options *options);
RT_CHECKED rt_status rt_inspect_model(rt_command *command, const char *path,
                                      const rt_inspect_options *options);
RT_CHECKED rt_status rt_inspect_run(rt_command *command, const char *path,
                                    const rt_inspect_options *options);

/** True for a folder with a shard or an index in it. */
RT_CHECKED rt_status rt_inspect_is_store(rt_arena *arena, const char *path, bool *is_store);

#endif
