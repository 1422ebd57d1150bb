#include "common/nn/teacher_config.h"

rt_status rt_teacher_check_student(const rt_network_description *teacher,
                                   const rt_network_description *student, const char *path)
{
    const rt_network_description *t = teacher, *s = student;
    if (s->height == t->height && s->width == t->width && s->channels == t->channels &&
        s->classes == t->classes)
        return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "the student in '%s' takes images of %ux%ux%u in %u classes, the teacher "
                   "%ux%ux%u in %u classes",
                   path, s->height, s->width, s->channels, s->classes, t->height, t->width,
                   t->channels, t->classes);
}

rt_status rt_teacher_load(rt_network **teacher, rt_device *device, const rt_teacher_config *config,
                          char sha256[RT_SHA256_TEXT])
{
    const rt_config_floats *const lists[] = {&config->mean, &config->std};
    for (size_t i = 0; i < RT_COUNT(lists); i++)
        if (lists[i]->count > 0 && lists[i]->count != config->channels)
            return rt_fail(RT_ERROR_INPUT,
                           "teacher_mean and teacher_std need %u numbers, one a channel",
                           config->channels);
    const rt_model_hints hints = {
        .arch = config->arch,
        .shortcut = config->shortcut,
        .stem = config->stem,
        .base_width = config->base_width,
        .channels = config->channels,
        .height = config->height,
        .width = config->width,
        .mean = config->mean.count > 0 ? config->mean.values : NULL,
        .std = config->std.count > 0 ? config->std.values : NULL,
    };
    return rt_model_load(teacher, device, config->path, &hints, sha256);
}
