/* `retort bench step`: one synthesis step and one student step of a run. */
#include "common/cli/bench.h"
#include "common/cli/bench_images.h"

#include "common/base/random.h"
#include "common/cli/commands.h"
#include "common/cli/run_state.h"

#include <stdio.h>
#include <string.h>

/* Made by scripts/embed.cmake from configs/. */
typedef struct embedded_config {
    const char *name, *begin, *end;
} embedded_config;
extern const embedded_config rt_embedded_configs[];
extern const uint32_t rt_embedded_config_count;

enum { MAXIMUM_SETTINGS = 4, RANDOM_TEACHER_CLASSES = 10 };

/* What is measured without a CONFIG: a file of configs/, and what is set in it. */
typedef struct pair {
    const char *name, *config;
    const char *settings[MAXIMUM_SETTINGS];
} pair;

static const pair pairs[] = {
    /* The demo's teacher file says what these say. */
    {"demo",
     "demo",
     {"teacher_arch=resnet8", "teacher_channels=1", "teacher_height=28", "teacher_width=28"}},
    /* 128 images in both steps, each once. */
    {"wrn",
     "rgal-wrn-40-2-wrn-16-1",
     {"generate.batch_size=128", "distill.batch_size=128", "distill.views=1"}},
};

typedef struct stage {
    rt_device *device;
    bool random_teacher;
    rt_run_config config;
    rt_arena arena;
    rt_network *teacher, *student;
    rt_bench_images images;
    rt_synthesizer *synthesizer;
    rt_training *training;
    uint64_t student_steps; ///< of the schedule
    uint32_t step;          ///< of synthesis, over all rounds
} stage;

/* Speed does not depend on the weights, so a teacher of random ones will do. */
static rt_status make_random_teacher(stage *s)
{
    const rt_teacher_config *c = &s->config.teacher;
    rt_network_description d = {.arch = c->arch,
                                .base_width = c->base_width,
                                .shortcut = c->shortcut,
                                .stem = c->stem,
                                .channels = c->channels,
                                .height = c->height,
                                .width = c->width,
                                .classes = RANDOM_TEACHER_CLASSES};
    if (c->arch == NULL)
        return rt_fail(RT_ERROR_INPUT, "a random teacher needs teacher_arch: set it in the config "
                                       "or with --set teacher_arch=NAME");
    for (uint32_t i = 0; i < d.channels; i++) {
        d.mean[i] = i < c->mean.count ? c->mean.values[i] : 0.5f;
        d.std[i] = i < c->std.count ? c->std.values[i] : 0.25f;
    }
    RT_TRY(rt_network_create(&s->teacher, &d));
    RT_TRY(rt_network_allocate(s->teacher, s->device));
    return rt_parameters_initialise(rt_network_parameters(s->teacher), 1, RT_STREAM_WEIGHTS, 0,
                                    false);
}

/* Once, when the first step is made: --match and --list may want none. */
static rt_status make_networks(stage *s)
{
    char sha256[RT_SHA256_TEXT];
    if (s->student != NULL) return RT_OK;
    if (s->random_teacher)
        RT_TRY(make_random_teacher(s));
    else
        RT_TRY(rt_teacher_load(&s->teacher, s->device, &s->config.teacher, sha256));
    const rt_network_description *d = rt_network_describe(s->teacher);
    RT_TRY(rt_student_make(&s->student, s->device, &s->config.student, s->teacher, 1));
    return rt_bench_images_init(&s->images, d, s->config.student.batch_size);
}

static rt_status create_synthesis(void *state, bool timestamps)
{
    stage *s = state;
    RT_TRY(make_networks(s));
    const rt_synthesizer_setup setup = {.device = s->device,
                                        .teacher = s->teacher,
                                        .teacher_sha256 = "",
                                        .student = s->student,
                                        .config = &s->config.synthesis,
                                        .timestamps = timestamps};
    s->step = 0;
    return rt_synthesizer_create(&s->synthesizer, &setup);
}

static void destroy_synthesis(void *state)
{
    stage *s = state;
    rt_synthesizer_free(s->synthesizer);
    s->synthesizer = NULL;
}

static rt_status run_synthesis(void *state, uint32_t steps, double *seconds)
{
    stage *s = state;
    const uint32_t steps_a_round = s->config.synthesis.generator_steps;
    for (uint32_t i = 0; i < steps; i++, s->step++) {
        const uint32_t round = s->step / steps_a_round, step = s->step % steps_a_round;
        if (step == 0) RT_TRY(rt_synthesizer_begin(s->synthesizer, round));
        const double began = rt_seconds();
        RT_TRY(rt_synthesizer_step(s->synthesizer, round, step, NULL));
        seconds[i] = rt_seconds() - began;
    }
    return RT_OK;
}

static rt_phase *synthesis_phase(void *state)
{
    return rt_synthesizer_phase(((stage *)state)->synthesizer);
}

static rt_status create_training(void *state, bool timestamps)
{
    stage *s = state;
    RT_TRY(make_networks(s));
    const rt_student_config *c = &s->config.student;
    rt_distillation_options loss = c->loss;
    rt_optimiser_config optimiser = c->optimiser;
    loss.teacher = s->teacher;
    /* What a deep network of random weights says would throw the student out of float's range. */
    if (s->random_teacher) optimiser.learning_rate = 0;
    const rt_training_setup setup = {
        .device = s->device,
        .student = s->student,
        .recipe = &rt_distillation_recipe,
        .recipe_options = &loss,
        .batch_size = c->batch_size,
        .views = c->views,
        .augmentation = {.padding = c->padding, .flip = c->flip},
        .optimiser = optimiser,
        .steps = s->student_steps,
        .timestamps = timestamps,
    };
    return rt_training_create(&s->training, &setup);
}

static void destroy_training(void *state)
{
    stage *s = state;
    rt_training_free(s->training);
    s->training = NULL;
}

static rt_status run_training(void *state, uint32_t steps, double *seconds)
{
    stage *s = state;
    const rt_sample_source source = rt_bench_images_source(&s->images);
    return rt_bench_run_training(s->training, &source, steps, seconds);
}

static rt_phase *training_phase(void *state)
{
    return rt_training_phase(((stage *)state)->training);
}

static rt_status time_steps(rt_bench *bench, stage *s, const char *name)
{
    char synthesis_name[300], student_name[300];
    snprintf(synthesis_name, sizeof synthesis_name, "%.250s-synthesis-step", name);
    snprintf(student_name, sizeof student_name, "%.250s-student-step", name);
    const rt_bench_step synthesis = {.name = synthesis_name,
                                     .state = s,
                                     .create = create_synthesis,
                                     .destroy = destroy_synthesis,
                                     .run = run_synthesis,
                                     .phase = synthesis_phase};
    const rt_bench_step student = {.name = student_name,
                                   .state = s,
                                   .create = create_training,
                                   .destroy = destroy_training,
                                   .run = run_training,
                                   .phase = training_phase};
    RT_TRY(rt_bench_time_step(bench, &synthesis));
    return rt_bench_time_step(bench, &student);
}

/* The config's file, or that of a pair, with the pair's settings and then the user's. */
static rt_status load_config(const rt_bench *bench, stage *s, const pair *p, const char *path)
{
    const rt_config_schema *schema = rt_run_command.schema();
    const char *const *overrides = bench->command->overrides;
    const size_t count = bench->command->override_count;
    if (p == NULL) return rt_config_load(&s->config, schema, path, overrides, count, &s->arena);
    const char **settings = rt_arena_alloc(&s->arena, MAXIMUM_SETTINGS + count, sizeof *settings);
    if (settings == NULL) return RT_ERROR_MEMORY;
    size_t set = 0;
    while (set < MAXIMUM_SETTINGS && p->settings[set] != NULL) {
        settings[set] = p->settings[set];
        set++;
    }
    for (size_t i = 0; i < count; i++) settings[set++] = overrides[i];
    for (uint32_t i = 0; i < rt_embedded_config_count; i++) {
        const embedded_config *e = &rt_embedded_configs[i];
        if (strcmp(e->name, p->config) == 0)
            return rt_config_parse(&s->config, schema, p->config, e->begin,
                                   (size_t)(e->end - e->begin), settings, set, &s->arena);
    }
    return rt_fail(RT_ERROR_INTERNAL, "the program lacks the config '%s'", p->config);
}

static void clear_stage(stage *s)
{
    rt_bench_images_clear(&s->images);
    rt_network_free(s->student);
    rt_network_free(s->teacher);
    rt_arena_clear(&s->arena);
}

/* The steps of a pair, or of the run config `path` where `p` is NULL. */
static rt_status bench_pair(rt_bench *bench, const pair *p, const char *path)
{
    enum { ENOUGH_STEPS = 10000 }; /* more than any --repeats */
    stage s = {.device = bench->device,
               .random_teacher = p != NULL || bench->random_teacher,
               .student_steps = ENOUGH_STEPS};
    rt_status status = load_config(bench, &s, p, path);
    if (status == RT_OK) status = time_steps(bench, &s, p != NULL ? p->name : path);
    clear_stage(&s);
    return status;
}

rt_status rt_bench_step_rows(rt_bench *bench)
{
    const rt_command *command = bench->command;
    if (command->argument_count > 1) return bench_pair(bench, NULL, command->arguments[1]);
    for (size_t i = 0; i < RT_COUNT(pairs); i++) RT_TRY(bench_pair(bench, &pairs[i], NULL));
    return RT_OK;
}

rt_status rt_bench_make_steps(rt_bench *bench, const char *path)
{
    stage s = {.device = bench->device, .student_steps = 1};
    rt_status status = load_config(bench, &s, NULL, path);
    s.random_teacher = s.config.teacher.arch != NULL; /* then nothing in its file is needed */
    if (status == RT_OK) status = create_synthesis(&s, false);
    destroy_synthesis(&s);
    if (status == RT_OK) status = create_training(&s, false);
    destroy_training(&s);
    clear_stage(&s);
    return status;
}
