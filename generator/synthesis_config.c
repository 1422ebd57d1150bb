#include "generator/synthesis_config.h"

#include "common/ops/mine_negatives.h"
#include "common/ops/triplet_loss.h"

#include <assert.h>

const char *const rt_generator_start_names[] = {"reinitialised", "warm", NULL};
const char *const rt_triplet_network_names[] = {"student", "teacher", NULL};
const char *const rt_triplet_feature_names[] = {"stages", "penultimate", NULL};
const char *const rt_synthesis_direction_names[] = {"released", "paper", NULL};
const char *const rt_synthesis_sampling_names[] = {"focal", "distance", "uniform", NULL};
const char *const rt_synthesis_form_names[] = {"stable", "compat", NULL};
const char *const rt_synthesis_embedding_names[] = {"logits", "features", NULL};
const char *const rt_pixel_rule_names[] = {"truncated", "rounded", NULL};
const char *const rt_collapse_rule_names[] = {"warn", "stop", NULL};

static_assert(RT_DIRECTION_RELEASED == 0 && RT_DIRECTION_PAPER == 1, "order of the names");
static_assert(RT_SAMPLING_FOCAL == 0 && RT_SAMPLING_DISTANCE == 1 && RT_SAMPLING_UNIFORM == 2,
              "order of the names");
static_assert(RT_MINER_STABLE == 0 && RT_MINER_COMPAT == 1, "order of the names");
