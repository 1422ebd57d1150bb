#ifndef RT_NN_TEACHER_CONFIG_H
#define RT_NN_TEACHER_CONFIG_H

/** The keys that name the teacher, shared by generate, distill and run. */

#include "common/base/config.h"
#include "common/nn/model_file.h"

typedef struct rt_teacher_config {
    const char *path;
    const char *arch, *shortcut, *stem;
    uint32_t base_width, channels, height, width;
    rt_config_floats mean, std;
} rt_teacher_config;

#define RT_TEACHER_KEY(config, field, name_, type_, member)                                        \
    .key = name_, .type = type_, .offset = offsetof(config, field.member)

/* clang-format off: a row a line reads as the table that it is */
#define RT_TEACHER_ROWS(config, field)                                                             \
    {RT_TEACHER_KEY(config, field, "teacher", RT_STRING, path), .required = true,                  \
     .no_effect = true,                                                                            \
     .help = "model file of the teacher (a resumed run checks that it is the same)"},              \
        {RT_TEACHER_KEY(config, field, "teacher_arch", RT_STRING, arch),                           \
         .help = "its architecture; this and the following for a file that does not say it"},      \
        {RT_TEACHER_KEY(config, field, "teacher_shortcut", RT_STRING, shortcut),                   \
         .help = "of a CIFAR ResNet: A or B"},                                                     \
        {RT_TEACHER_KEY(config, field, "teacher_stem", RT_STRING, stem),                           \
         .help = "of the larger families: small, or large as in torchvision"},                     \
        {RT_TEACHER_KEY(config, field, "teacher_base_width", RT_UINT, base_width), .max = 1024,    \
         .help = "channels of its first stage; 0: the architecture's own"},                        \
        {RT_TEACHER_KEY(config, field, "teacher_channels", RT_UINT, channels), .fallback = 3,      \
         .min = 1, .max = 4, .help = "of an image"},                                               \
        {RT_TEACHER_KEY(config, field, "teacher_height", RT_UINT, height), .fallback = 32,         \
         .min = 4, .max = 4096, .help = "of an image"},                                            \
        {RT_TEACHER_KEY(config, field, "teacher_width", RT_UINT, width), .fallback = 32, .min = 4, \
         .max = 4096, .help = "of an image"},                                                      \
        {RT_TEACHER_KEY(config, field, "teacher_mean", RT_FLOAT_LIST, mean), .min = -10,           \
         .max = 10, .help = "what it subtracts from pixels in [0,1], a number a channel"},         \
    {                                                                                              \
        RT_TEACHER_KEY(config, field, "teacher_std", RT_FLOAT_LIST, std),                          \
            .min = 1e-6, .max = 10, .help = "what it divides by"                                   \
    }
/* clang-format on */

/** Whether the student in file `path` takes the teacher's images and knows as many classes.
 *  Errors: RT_ERROR_INPUT naming the file and both shapes. */
RT_CHECKED rt_status rt_teacher_check_student(const rt_network_description *teacher,
                                              const rt_network_description *student,
                                              const char *path);

/** Loads the teacher. Errors: as rt_model_load. */
RT_CHECKED rt_status rt_teacher_load(rt_network **teacher, rt_device *device,
                                     const rt_teacher_config *config, char sha256[RT_SHA256_TEXT]);

#endif
