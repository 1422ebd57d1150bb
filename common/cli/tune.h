#ifndef RT_CLI_TUNE_H
#define RT_CLI_TUNE_H

/**
 * `retort devices --tune`: the choice of kernels made ahead of time, with all its figures.
 */

#include "common/cli/command.h"

/** Times every family of kernels on a device, then every candidate for the layers of `bench conv2d`
 *  or, where the command has an argument, of that run config; --match leaves out what has not its
 *  text in its name. The cache keeps the choices. Adds a "conv2d" to the description, which --json
 *  will show, or prints tables. */
RT_CHECKED rt_status rt_tune_device(rt_command *command, rt_device *device,
                                    struct cJSON *description);

#endif
