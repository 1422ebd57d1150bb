#ifndef RT_CLI_INSPECT_MODEL_H
#define RT_CLI_INSPECT_MODEL_H

/** What `retort inspect MODEL` found out; made by inspect_model.c, made JSON by
 *  inspect_model_report.c. */

#include "common/cli/inspect.h"
#include "common/nn/layer_summary.h"
#include "common/nn/recognise.h"

typedef struct rt_model_survey {
    const char *path;
    rt_weights weights;
    rt_recognition found;
    const char *doubt; ///< why nothing is known layer by layer; NULL: all below is known
    uint64_t parameters;
    rt_network_description description;
    bool size_guessed; ///< height and width of the images
    rt_layer_summary *layers;
    size_t layer_count;
    double flops;          ///< of one image
    uint32_t tensor_count; ///< of the network, all of which the file has
    uint32_t batch_norms;
} rt_model_survey;

/** Puts all of it into the command's object. */
RT_CHECKED rt_status rt_inspect_model_report(rt_command *command, const rt_model_survey *survey);

#endif
