/* `retort distill`: a student from stores and the teacher; no generator is needed. */
#include "common/cli/roll_back.h"
#include "common/nn/teacher_config.h"
#include "student/checkpoint.h"
#include "student/commands.h"
#include "student/noise_source.h"
#include "student/student_config.h"
#include "student/summary.h"

#include <string.h>

typedef struct distill_config {
    rt_teacher_config teacher;
    const char *evaluation_store, *device;
    rt_config_strings stores;
    bool noise, allow_other_teacher;
    uint64_t seed;
    uint32_t steps, log_interval, checkpoint_interval, evaluation_interval;
    int on_nan; ///< rt_nan_rule
    rt_student_config student;
} distill_config;

#define KEY(name, type_, field)                                                                    \
    .key = name, .type = type_, .offset = offsetof(distill_config, field)
static const rt_config_row rows[] = {
    RT_TEACHER_ROWS(distill_config, teacher),
    {KEY("stores", RT_STRING_LIST, stores), .help = "folders of images, synthetic or real"},
    {KEY("noise", RT_BOOL, noise), .fallback = 0,
     .help = "uniform noise instead of stores (a control)"},
    {KEY("allow_other_teacher", RT_BOOL, allow_other_teacher), .fallback = 0,
     .help = "accept stores that were made with another teacher"},
    {KEY("evaluation_store", RT_STRING, evaluation_store), .no_effect = true,
     .help = "store on which the accuracy is measured at the end"},
    {KEY("evaluation_interval", RT_UINT, evaluation_interval), .fallback = 0, .max = 100000000,
     .no_effect = true,
     .help = "measure every so many steps too, for metrics.csv; 0: only at the end"},
    {KEY("device", RT_STRING, device), .no_effect = true, .help = "number or part of a name"},
    {KEY("seed", RT_UINT64, seed), .fallback = 0, .help = "of weights, order and augmentation"},
    {KEY("steps", RT_UINT, steps), .fallback = 2000, .min = 1, .max = 100000000,
     .help = "of the student"},
    {KEY("log_interval", RT_UINT, log_interval), .fallback = 20, .min = 1, .max = 1000000,
     .no_effect = true, .help = "steps between rows of metrics.csv"},
    {KEY("checkpoint_interval", RT_UINT, checkpoint_interval), .fallback = 200, .min = 1,
     .max = 1000000, .no_effect = true, .help = "steps between checkpoints"},
    RT_ROLL_BACK_ROW(distill_config, on_nan),
    RT_STUDENT_ROWS(distill_config, student, ""),
};

static const rt_config_schema *schema(void)
{
    static const rt_config_schema distill_schema = {.command = "distill",
                                                    .rows = rows,
                                                    .count = RT_COUNT(rows),
                                                    .size = sizeof(distill_config)};
    return &distill_schema;
}

enum { MAXIMUM_STORES = 64 };

typedef struct distill {
    rt_command *command;
    distill_config config;
    rt_device *device;
    rt_run_directory run;
    rt_store_reader *readers[MAXIMUM_STORES];
    uint32_t reader_count;
    rt_loader *loader;
    rt_noise_source noise;
    rt_network *teacher, *student;
    char teacher_sha256[RT_SHA256_TEXT];
    rt_training *training;
    rt_evaluation_schedule evaluation;
    rt_run_clock clock;
} distill;

static rt_status open_stores(distill *d)
{
    const distill_config *c = &d->config;
    if (c->noise && c->stores.count > 0)
        return rt_fail(RT_ERROR_INPUT, "give stores or noise, not both");
    if (!c->noise && c->stores.count == 0)
        return rt_fail(RT_ERROR_INPUT, "no stores to learn from: set stores: [FOLDER, ...]");
    if (c->stores.count > MAXIMUM_STORES)
        return rt_fail(RT_ERROR_INPUT, "%u stores are more than %d", c->stores.count,
                       MAXIMUM_STORES);
    for (uint32_t i = 0; i < c->stores.count; i++) {
        RT_TRY(rt_store_open(&d->readers[i], c->stores.values[i]));
        d->reader_count++;
    }
    if (c->noise) return RT_OK;
    const rt_loader_options options = {.stores = d->readers,
                                       .store_count = d->reader_count,
                                       .batch_size = c->student.batch_size,
                                       .training = true,
                                       .teacher_logits = c->student.use_stored_logits,
                                       .seed = c->seed};
    return rt_loader_create(&d->loader, &options);
}

/* A store's images must suit the teacher; its logits must be this teacher's. */
static rt_status check_stores(const distill *d)
{
    const rt_network_description *t = rt_network_describe(d->teacher);
    for (uint32_t i = 0; i < d->reader_count; i++) {
        const rt_store_description *s = rt_store_reader_description(d->readers[i]);
        const char *path = rt_store_reader_path(d->readers[i]);
        if (s->height != t->height || s->width != t->width || s->channels != t->channels ||
            s->classes != t->classes)
            return rt_fail(RT_ERROR_INPUT,
                           "store '%s' has images of %ux%ux%u in %u classes, the teacher takes "
                           "%ux%ux%u in %u classes",
                           path, s->height, s->width, s->channels, s->classes, t->height, t->width,
                           t->channels, t->classes);
        const bool other = s->teacher_sha256 != NULL && s->teacher_sha256[0] != '\0' &&
                           strcmp(s->teacher_sha256, d->teacher_sha256) != 0;
        if (other && d->config.student.use_stored_logits)
            return rt_fail(RT_ERROR_INPUT,
                           "the logits stored in '%s' are those of another teacher; set "
                           "use_stored_logits: false",
                           path);
        if (other && !d->config.allow_other_teacher)
            return rt_fail(RT_ERROR_INPUT,
                           "store '%s' was made with another teacher; set allow_other_teacher: "
                           "true to use it all the same",
                           path);
    }
    return RT_OK;
}

static rt_sample_source make_source(distill *d)
{
    const rt_network_description *t = rt_network_describe(d->teacher);
    if (!d->config.noise) return rt_sample_source_from_loader(d->loader);
    d->noise = (rt_noise_source){.description = {.height = t->height,
                                                 .width = t->width,
                                                 .channels = t->channels,
                                                 .classes = t->classes},
                                 .batch_size = d->config.student.batch_size,
                                 .seed = d->config.seed};
    return rt_sample_source_from_noise(&d->noise);
}

static rt_status fit(distill *d, const rt_sample_source *source)
{
    const distill_config *c = &d->config;
    rt_distillation_options loss = c->student.loss;
    loss.teacher = d->teacher;
    const rt_training_setup setup = {
        .device = d->device,
        .student = d->student,
        .recipe = &rt_distillation_recipe,
        .recipe_options = &loss,
        .batch_size = c->student.batch_size,
        .views = c->student.views,
        .augmentation = {.padding = c->student.padding, .flip = c->student.flip},
        .stored_logits = c->student.use_stored_logits,
        .optimiser = c->student.optimiser,
        .steps = c->steps,
        .seed = c->seed,
    };
    RT_TRY(rt_training_create(&d->training, &setup));
    d->evaluation = (rt_evaluation_schedule){.network = d->student,
                                             .device = d->device,
                                             .store = c->evaluation_store,
                                             .interval = c->evaluation_interval,
                                             .steps = c->steps};
    const rt_student_run run = {.directory = &d->run,
                                .training = d->training,
                                .source = source,
                                .samples = d->loader != NULL ? rt_loader_samples(d->loader) : 0,
                                .batch_size = c->student.batch_size,
                                .teacher_sha256 = d->teacher_sha256,
                                .steps = c->steps,
                                .log_interval = c->log_interval,
                                .checkpoint_interval = c->checkpoint_interval,
                                .evaluation = &d->evaluation,
                                .clock = &d->clock,
                                .label = "distill"};
    return rt_student_run_execute(&run);
}

static rt_status work(distill *d)
{
    const double began = rt_seconds();
    RT_TRY(rt_evaluation_check_interval(d->config.evaluation_interval, d->config.evaluation_store));
    RT_TRY(open_stores(d));
    RT_TRY(rt_command_open_run_device(d->command, d->config.device, &d->run, &d->device));
    RT_TRY(rt_teacher_load(&d->teacher, d->device, &d->config.teacher, d->teacher_sha256));
    RT_TRY(check_stores(d));
    if (d->config.evaluation_store != NULL)
        RT_TRY(rt_evaluation_check(d->config.evaluation_store, rt_network_describe(d->teacher)));
    RT_TRY(rt_student_make(&d->student, d->device, &d->config.student, d->teacher, d->config.seed));
    const rt_sample_source source = make_source(d);
    RT_TRY(fit(d, &source));
    const double fit_seconds = d->clock.distill.seconds;
    const rt_model_note notes[] = {{"teacher_sha256", d->teacher_sha256}};
    RT_TRY(rt_model_save(d->student, d->run.model, notes, RT_COUNT(notes), NULL));
    const double waited = d->loader != NULL ? rt_training_wait_seconds(d->training) : 0;
    const rt_student_summary summary = {
        .network = d->student,
        .teacher = d->teacher,
        .evaluation_store = d->config.evaluation_store,
        .evaluator = d->evaluation.evaluator,
        .device = d->device,
        .samples = d->loader != NULL ? rt_loader_samples(d->loader)
                                     : (uint64_t)d->config.steps * d->config.student.batch_size,
        .steps = d->config.steps,
        .seconds = rt_seconds() - began,
        .wait_share = fit_seconds > 0 ? waited / fit_seconds : 0,
        .run = &d->run,
    };
    return rt_student_summary_write(d->command, &summary);
}

static rt_status attempt(rt_command *command)
{
    distill d = {.command = command};
    rt_buffer yaml = {0};
    rt_status status = rt_command_load_config(command, &d.config);
    if (status == RT_OK) status = rt_config_write(&d.config, schema(), false, &yaml);
    if (status == RT_OK) status = rt_run_open(&d.run, command->out, command->resume, &yaml);
    if (status == RT_OK) {
        d.config.student.optimiser.learning_rate *= rt_roll_back_rate(&d.run);
        status = work(&d);
        rt_roll_back(command, &d.run, d.config.on_nan, status);
    }
    rt_evaluation_schedule_clear(&d.evaluation);
    rt_training_free(d.training);
    rt_network_free(d.student);
    rt_network_free(d.teacher);
    rt_loader_free(d.loader);
    for (uint32_t i = 0; i < d.reader_count; i++) rt_store_reader_close(d.readers[i]);
    rt_run_close(&d.run);
    rt_buffer_clear(&yaml);
    return status;
}

static rt_status run_distill(rt_command *command)
{
    return rt_roll_back_attempts(command, attempt);
}

const rt_command_description rt_distill_command = {
    .name = "distill",
    .summary = "train a student from stores and the teacher",
    .usage = "CONFIG --out DIR",
    .example = "retort distill configs/fashion-mnist/distill.yaml --out runs/student",
    .flags = RT_FLAGS_CONFIG,
    .arguments_minimum = 1,
    .arguments_maximum = 1,
    .schema = schema,
    .run = run_distill,
};
