#include "student/student_config.h"

#include "common/base/log.h"
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

/* The student in the file `initial`, which must take the images and know the classes of `d`. */
static rt_status load_initial(rt_network **student, rt_device *device, const char *initial,
                              const rt_network_description *d)
{
    const rt_model_hints hints = {.arch = d->arch,
                                  .shortcut = d->shortcut,
                                  .stem = d->stem,
                                  .base_width = d->base_width,
                                  .channels = d->channels,
                                  .height = d->height,
                                  .width = d->width,
                                  .classes = d->classes,
                                  .mean = d->mean,
                                  .std = d->std};
    RT_TRY(rt_model_load(student, device, initial, &hints, NULL));
    return rt_teacher_check_student(d, rt_network_describe(*student), initial);
}

rt_status rt_student_make(rt_network **student, rt_device *device, const rt_student_config *config,
                          rt_network *teacher, uint64_t seed)
{
    rt_network_description d = *rt_network_describe(teacher);
    d.arch = config->arch;
    d.shortcut = config->shortcut;
    d.stem = config->stem;
    d.base_width = config->base_width;
    if (config->initial != NULL && config->start == RT_STUDENT_TEACHER)
        return rt_fail(RT_ERROR_INPUT, "initial and start: teacher exclude each other");
    if (config->initial != NULL) return load_initial(student, device, config->initial, &d);
    RT_TRY(rt_network_create(student, &d));
    RT_TRY(rt_network_allocate(*student, device));
    RT_TRY(rt_parameters_initialise(rt_network_parameters(*student), seed, RT_STREAM_WEIGHTS, 0,
                                    false));
    if (config->start != RT_STUDENT_TEACHER) return RT_OK;
    uint32_t copied;
    RT_TRY(rt_student_take_from_teacher(*student, teacher, &copied));
    rt_log("the student begins with the teacher's values in %u of its %u tensors", copied,
           rt_parameters_count(rt_network_parameters(*student)));
    return RT_OK;
}
