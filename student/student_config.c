#include "student/student_config.h"

#include "common/base/random.h"
#include "common/nn/teacher_config.h"

#include <assert.h>

const char *const rt_direction_names[] = {"released", "paper", NULL};
const char *const rt_sampling_names[] = {"focal", "distance", "uniform", NULL};
const char *const rt_miner_form_names[] = {"stable", "compat", NULL};

static_assert(RT_DIRECTION_RELEASED == 0 && RT_DIRECTION_PAPER == 1, "order of the names");
static_assert(RT_SAMPLING_FOCAL == 0 && RT_SAMPLING_DISTANCE == 1 && RT_SAMPLING_UNIFORM == 2,
              "order of the names");
static_assert(RT_MINER_STABLE == 0 && RT_MINER_COMPAT == 1, "order of the names");

rt_status rt_student_make(rt_network **student, rt_device *device, const rt_student_config *config,
                          const rt_network_description *teacher, uint64_t seed)
{
    rt_network_description d = *teacher;
    d.arch = config->arch;
    d.shortcut = config->shortcut;
    d.stem = config->stem;
    d.base_width = config->base_width;
    if (config->initial != NULL) {
        const rt_model_hints hints = {.arch = d.arch,
                                      .shortcut = d.shortcut,
                                      .stem = d.stem,
                                      .base_width = d.base_width,
                                      .channels = d.channels,
                                      .height = d.height,
                                      .width = d.width,
                                      .classes = d.classes,
                                      .mean = d.mean,
                                      .std = d.std};
        RT_TRY(rt_model_load(student, device, config->initial, &hints, NULL));
        return rt_teacher_check_student(teacher, rt_network_describe(*student), config->initial);
    }
    RT_TRY(rt_network_create(student, &d));
    RT_TRY(rt_network_allocate(*student, device));
    return rt_parameters_initialise(rt_network_parameters(*student), seed, RT_STREAM_WEIGHTS, 0,
                                    false);
}
