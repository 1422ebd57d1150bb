/* `retort generate`: a store of synthetic images from a teacher, alone or with a student as critic.
 */
#include "common/cli/roll_back.h"
#include "common/nn/teacher_config.h"
#include "generator/commands.h"
#include "generator/round_log.h"
#include "generator/synthesis_checkpoint.h"

#include <stdio.h>
#include <string.h>

typedef struct generate_config {
    rt_teacher_config teacher;
    const char *student, *store, *device;
    uint64_t seed;
    uint32_t rounds, log_interval;
    int on_nan; ///< rt_nan_rule
    rt_synthesis_config synthesis;
} generate_config;

#define KEY(name, type_, field)                                                                    \
    .key = name, .type = type_, .offset = offsetof(generate_config, field)
static const rt_config_row rows[] = {
    RT_TEACHER_ROWS(generate_config, teacher),
    {KEY("student", RT_STRING, student), .no_effect = true,
     .help = "model file of a student as critic, without which there is no adversarial term (a "
             "resumed run checks that it is the same)"},
    {KEY("store", RT_STRING, store), .no_effect = true,
     .help = "folder to write; default: 'store' in the run's folder"},
    {KEY("device", RT_STRING, device), .no_effect = true, .help = "number or part of a name"},
    {KEY("seed", RT_UINT64, seed), .fallback = 0, .help = "of all random draws"},
    {KEY("rounds", RT_UINT, rounds), .fallback = 1, .min = 1, .max = 1000000,
     .help = "batches of images to make"},
    {KEY("log_interval", RT_UINT, log_interval), .fallback = 20, .min = 1, .max = 1000000,
     .no_effect = true,
     .help = "steps between rows of metrics.csv; a round's last step has one too"},
    RT_ROLL_BACK_ROW(generate_config, on_nan),
    RT_SYNTHESIS_ROWS(generate_config, synthesis, ""),
};

static const rt_config_schema *schema(void)
{
    static const rt_config_schema generate_schema = {.command = "generate",
                                                     .rows = rows,
                                                     .count = RT_COUNT(rows),
                                                     .size = sizeof(generate_config)};
    return &generate_schema;
}

typedef struct generate {
    rt_command *command;
    generate_config config;
    rt_device *device;
    rt_run_directory run;
    rt_network *teacher, *student;
    char teacher_sha256[RT_SHA256_TEXT], student_sha256[RT_SHA256_TEXT];
    rt_synthesizer *synthesizer;
    rt_store *store;
    const char *store_path;
    uint32_t first_round;
} generate;

static rt_status load_networks(generate *g)
{
    const generate_config *c = &g->config;
    RT_TRY(rt_teacher_load(&g->teacher, g->device, &c->teacher, g->teacher_sha256));
    if (c->student == NULL) return RT_OK;
    const rt_network_description *d = rt_network_describe(g->teacher);
    const rt_model_hints hints = {.channels = d->channels,
                                  .height = d->height,
                                  .width = d->width,
                                  .mean = d->mean,
                                  .std = d->std};
    RT_TRY(rt_model_load(&g->student, g->device, c->student, &hints, g->student_sha256));
    return rt_teacher_check_student(d, rt_network_describe(g->student), c->student);
}

static rt_status open_store(generate *g)
{
    rt_buffer yaml = {0};
    rt_store_description description;
    rt_status status = rt_config_write(&g->config, schema(), true, &yaml);
    if (status == RT_OK) status = rt_buffer_append(&yaml, "", 1);
    if (status == RT_OK) {
        rt_synthesizer_describe(g->synthesizer, (const char *)yaml.data, &description);
        status = rt_synthesis_open_store(&g->run, g->synthesizer, g->store_path, &description,
                                         &g->store, &g->first_round);
    }
    rt_buffer_clear(&yaml);
    return status;
}

static rt_status run_rounds(generate *g)
{
    const generate_config *c = &g->config;
    const uint32_t steps = c->synthesis.generator_steps;
    rt_progress progress;
    rt_round_log log = {.run = &g->run,
                        .synthesizer = g->synthesizer,
                        .progress = &progress,
                        .generator_steps = steps,
                        .log_interval = c->log_interval};
    const rt_synthesis_listener listener = rt_round_log_listener(&log);
    rt_status status = RT_OK;
    rt_progress_begin(&progress, "generate", (uint64_t)c->rounds * steps,
                      (uint64_t)g->first_round * steps);
    if (g->first_round < c->rounds) rt_progress_say(&progress, RT_PHASE_FIRST_STEP);
    for (uint32_t round = g->first_round; round < c->rounds; round++) {
        RT_TRY_DONE(rt_synthesizer_round(g->synthesizer, round, g->store, &listener));
        RT_TRY_DONE(rt_round_log_picture(&log, round, c->synthesis.batch_size,
                                         rt_network_describe(g->teacher)));
        RT_TRY_DONE(rt_synthesis_write_checkpoint(&g->run, g->synthesizer, g->store, round + 1));
    }
done:
    rt_progress_end(&progress);
    /* Half a round is not kept: it depends on more than a checkpoint holds. */
    if (status == RT_ERROR_INTERRUPTED) status = rt_run_interrupted(&g->run);
    return status;
}

static rt_status report(generate *g, double seconds, uint64_t samples)
{
    rt_command *command = g->command;
    rt_buffer text = {0};
    RT_TRY(rt_command_result_number(command, "samples", (double)samples));
    RT_TRY(rt_command_result_number(command, "seconds", seconds));
    RT_TRY(rt_command_result_text(command, "store", g->store_path));
    RT_TRY(rt_command_result_text(command, "device", rt_device_describe(g->device)->name));
    rt_status status = rt_command_result_print(command, &text);
    if (status == RT_OK) status = rt_file_replace(g->run.summary, text.data, text.size);
    rt_buffer_clear(&text);
    if (status == RT_OK && !command->json)
        printf("%-10s %llu\n%-10s %s\n", "images", (unsigned long long)samples, "store",
               g->store_path);
    return status;
}

static rt_status work(generate *g)
{
    const double began = rt_seconds();
    rt_synthesis_config synthesis = g->config.synthesis; /* the store says what was asked for */
    synthesis.learning_rate_generator *= rt_roll_back_rate(&g->run);
    synthesis.learning_rate_latent *= rt_roll_back_rate(&g->run);
    RT_TRY(rt_command_open_run_device(g->command, g->config.device, &g->run, &g->device));
    RT_TRY(load_networks(g));
    const rt_synthesizer_setup setup = {.device = g->device,
                                        .teacher = g->teacher,
                                        .teacher_sha256 = g->teacher_sha256,
                                        .student = g->student,
                                        .student_sha256 =
                                            g->student != NULL ? g->student_sha256 : NULL,
                                        .config = &synthesis,
                                        .seed = g->config.seed};
    RT_TRY(rt_synthesizer_create(&g->synthesizer, &setup));
    g->store_path = g->config.store != NULL ? g->config.store : rt_run_path(&g->run, "store");
    if (g->store_path == NULL) return RT_ERROR_MEMORY;
    RT_TRY(open_store(g));
    RT_TRY(run_rounds(g));
    const uint64_t samples = rt_store_sample_count(g->store);
    rt_store *store = g->store;
    g->store = NULL;
    RT_TRY(rt_store_close(store));
    return report(g, rt_seconds() - began, samples);
}

static rt_status attempt(rt_command *command)
{
    generate g = {.command = command};
    rt_buffer yaml = {0};
    rt_status status = rt_command_load_config(command, &g.config);
    if (status == RT_OK) status = rt_config_write(&g.config, schema(), false, &yaml);
    if (status == RT_OK) status = rt_run_open(&g.run, command->out, command->resume, &yaml);
    if (status == RT_OK) {
        status = work(&g);
        rt_roll_back(command, &g.run, g.config.on_nan, status);
    }
    rt_store_abandon(g.store);
    rt_synthesizer_free(g.synthesizer);
    rt_network_free(g.student);
    rt_network_free(g.teacher);
    rt_run_close(&g.run);
    rt_buffer_clear(&yaml);
    return status;
}

static rt_status run_generate(rt_command *command)
{
    return rt_roll_back_attempts(command, attempt);
}

const rt_command_description rt_generate_command = {
    .name = "generate",
    .summary = "synthesise a store of labelled images from a teacher alone",
    .usage = "CONFIG --out DIR",
    .example = "retort generate configs/fashion-mnist/generate.yaml --out runs/images",
    .flags = RT_FLAGS_CONFIG,
    .arguments_minimum = 1,
    .arguments_maximum = 1,
    .schema = schema,
    .run = run_generate,
};
