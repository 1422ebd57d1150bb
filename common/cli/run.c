/* `retort run`: the whole pipeline, round by round as RGAL does it. A round synthesises a batch
 * with the student of the round before as critic, then trains the student on everything made so
 * far. */
#include "common/cli/run_state.h"

#include "common/base/random.h"
#include "common/cli/roll_back.h"
#include "student/summary.h"

#include <stdio.h>

#define KEY(name, type_, field) .key = name, .type = type_, .offset = offsetof(rt_run_config, field)
static const rt_config_row rows[] = {
    RT_TEACHER_ROWS(rt_run_config, teacher),
    {KEY("evaluation_store", RT_STRING, evaluation_store), .no_effect = true,
     .help = "store on which the accuracy is measured at the end"},
    {KEY("evaluation_interval", RT_UINT, evaluation_interval), .fallback = 0, .max = 1000000,
     .no_effect = true,
     .help = "measure every so many rounds too, for metrics.csv; 0: only at the end"},
    {KEY("device", RT_STRING, device), .no_effect = true, .help = "number or part of a name"},
    {KEY("seed", RT_UINT64, seed), .fallback = 0, .help = "of all random draws"},
    {KEY("rounds", RT_UINT, rounds), .fallback = 200, .min = 1, .max = 1000000,
     .help = "of synthesis and training (epochs)"},
    {KEY("student_steps", RT_UINT, student_steps), .fallback = 400, .min = 1, .max = 1000000,
     .help = "of the student a round"},
    {KEY("log_interval", RT_UINT, log_interval), .fallback = 20, .min = 1, .max = 1000000,
     .no_effect = true,
     .help = "steps between rows of metrics.csv; a round's last step has one too"},
    {KEY("checkpoint_interval", RT_UINT, checkpoint_interval), .fallback = 200, .min = 1,
     .max = 1000000, .no_effect = true, .help = "student steps between checkpoints inside a round"},
    RT_ROLL_BACK_ROW(rt_run_config, on_nan),
    RT_SYNTHESIS_ROWS(rt_run_config, synthesis, "generate."),
    RT_STUDENT_ROWS(rt_run_config, student, "distill."),
};

static const rt_config_schema *schema(void)
{
    static const rt_config_schema run_schema = {
        .command = "run", .rows = rows, .count = RT_COUNT(rows), .size = sizeof(rt_run_config)};
    return &run_schema;
}

/* What the rows cannot say about two keys together, before any work is done. */
static rt_status check_config(const rt_run_config *c)
{
    if (c->student.batch_size > c->synthesis.batch_size)
        return rt_fail(RT_ERROR_INPUT,
                       "distill.batch_size %u is more than the %u images of the first round; lower "
                       "it or raise generate.batch_size",
                       c->student.batch_size, c->synthesis.batch_size);
    if (c->student.use_stored_logits && !c->synthesis.store_logits)
        return rt_fail(RT_ERROR_INPUT, "distill.use_stored_logits needs generate.store_logits");
    return rt_evaluation_check_interval(c->evaluation_interval, c->evaluation_store);
}

/* Makes networks, both stages, and the store or what the checkpoint left of it. */
static rt_status prepare(rt_run *r, const char *yaml)
{
    const rt_run_config *c = &r->config;
    RT_TRY(check_config(c));
    RT_TRY(rt_command_open_run_device(r->command, c->device, &r->directory, &r->device));
    RT_TRY(rt_teacher_load(&r->teacher, r->device, &c->teacher, r->teacher_sha256));
    if (c->evaluation_store != NULL)
        RT_TRY(rt_evaluation_check(c->evaluation_store, rt_network_describe(r->teacher)));
    RT_TRY(rt_student_make(&r->student, r->device, &c->student, r->teacher, c->seed));
    const rt_synthesizer_setup synthesis = {.device = r->device,
                                            .teacher = r->teacher,
                                            .teacher_sha256 = r->teacher_sha256,
                                            .student = r->student,
                                            .config = &c->synthesis,
                                            .seed = c->seed};
    RT_TRY(rt_synthesizer_create(&r->synthesizer, &synthesis));
    rt_distillation_options loss = c->student.loss;
    loss.teacher = r->teacher;
    const rt_training_setup training = {
        .device = r->device,
        .student = r->student,
        .recipe = &rt_distillation_recipe,
        .recipe_options = &loss,
        .batch_size = c->student.batch_size,
        .views = c->student.views,
        .augmentation = {.padding = c->student.padding, .flip = c->student.flip},
        .stored_logits = c->student.use_stored_logits,
        .optimiser = c->student.optimiser,
        .steps = (uint64_t)c->rounds * c->student_steps,
        .seed = c->seed,
    };
    RT_TRY(rt_training_create(&r->training, &training));
    r->evaluation =
        (rt_evaluation_schedule){.network = r->student,
                                 .device = r->device,
                                 .store = c->evaluation_store,
                                 .interval = (uint64_t)c->evaluation_interval * c->student_steps,
                                 .steps = training.steps};
    r->store_path = rt_run_path(&r->directory, "store");
    if (r->store_path == NULL) return RT_ERROR_MEMORY;
    rt_store_description description;
    rt_synthesizer_describe(r->synthesizer, yaml, &description);
    return rt_run_open_store(r, &description);
}

static rt_status student_step_done(void *state, const rt_training_step *step)
{
    rt_run *r = state;
    const rt_run_config *c = &r->config;
    const uint64_t done = step->step + 1, round = step->step / c->student_steps;
    char note[96];
    snprintf(note, sizeof note, "round %llu, student loss %.3f", (unsigned long long)round + 1,
             (double)step->loss);
    rt_progress_update(&r->progress, (round + 1) * c->synthesis.generator_steps + done, note);
    if (done % c->log_interval == 0 || done % c->student_steps == 0)
        RT_TRY(rt_run_log_student(r, (uint32_t)round, step));
    if (done % c->checkpoint_interval == 0 && done % c->student_steps != 0)
        RT_TRY(rt_run_write_checkpoint(r));
    return RT_OK;
}

/* The loader of a round: over all shards so far, in an order drawn for this round. */
static rt_status open_loader(rt_run *r, uint32_t round, rt_loader **loader)
{
    uint32_t draws[4];
    rt_philox(r->config.seed, RT_STREAM_SHUFFLE, round, 0, draws);
    if (r->reader == NULL)
        RT_TRY(rt_store_open(&r->reader, r->store_path));
    else
        RT_TRY(rt_store_refresh(r->reader));
    const rt_loader_options options = {.stores = &r->reader,
                                       .store_count = 1,
                                       .batch_size = r->config.student.batch_size,
                                       .training = true,
                                       .teacher_logits = r->config.student.use_stored_logits,
                                       .seed = (uint64_t)draws[1] << 32 | draws[0]};
    return rt_loader_create(loader, &options);
}

static rt_status train_student(rt_run *r, uint32_t round)
{
    const uint64_t first = (uint64_t)round * r->config.student_steps;
    const uint64_t until = first + r->config.student_steps;
    rt_loader *loader = NULL;
    rt_stopwatch_start(&r->clock.distill);
    RT_TRY(open_loader(r, round, &loader));
    const rt_sample_source source = rt_sample_source_from_loader(loader);
    rt_sample_source_seek(&source, 0, rt_training_step_count(r->training) - first);
    const rt_training_listener listener = {.state = r, .step_done = student_step_done};
    const rt_status status = rt_training_run(r->training, &source, until, &listener);
    rt_loader_free(loader);
    rt_stopwatch_stop(&r->clock.distill);
    return status;
}

static rt_status synthesise(rt_run *r, uint32_t round)
{
    const uint32_t batch = r->config.synthesis.batch_size;
    rt_round_log log = {.run = &r->directory,
                        .synthesizer = r->synthesizer,
                        .progress = &r->progress,
                        .generator_steps = r->config.synthesis.generator_steps,
                        .student_steps = r->config.student_steps,
                        .log_interval = r->config.log_interval,
                        .row = rt_run_log_synthesis,
                        .round_row = rt_run_log_round,
                        .row_state = r};
    const rt_synthesis_listener listener = rt_round_log_listener(&log);
    r->synthesising = true;
    rt_stopwatch_start(&r->clock.generate);
    RT_TRY(rt_synthesizer_round(r->synthesizer, round, r->store, &listener));
    RT_TRY(rt_round_log_picture(&log, round, batch, rt_network_describe(r->teacher)));
    r->synthesised = round + 1;
    r->synthesising = false;
    rt_stopwatch_stop(&r->clock.generate);
    return rt_run_write_checkpoint(r);
}

static rt_status run_rounds(rt_run *r)
{
    const rt_run_config *c = &r->config;
    const uint64_t trained = rt_training_step_count(r->training);
    rt_status status = RT_OK;
    bool evaluated;
    rt_progress_begin(&r->progress, "run",
                      (uint64_t)c->rounds * (c->synthesis.generator_steps + c->student_steps),
                      (uint64_t)r->synthesised * c->synthesis.generator_steps + trained);
    if (trained < (uint64_t)c->rounds * c->student_steps)
        rt_progress_say(&r->progress, RT_PHASE_FIRST_STEP);
    for (uint32_t round = (uint32_t)(trained / c->student_steps); round < c->rounds; round++) {
        /* Before a round, not behind one: so it is made up for where a stop prevented it. */
        RT_TRY_DONE(rt_run_evaluate(r, &evaluated));
        if (round >= r->synthesised) RT_TRY_DONE(synthesise(r, round));
        RT_TRY_DONE(train_student(r, round));
        RT_TRY_DONE(rt_run_write_checkpoint(r));
    }
    RT_TRY_DONE(rt_run_evaluate(r, &evaluated));
    if (evaluated) RT_TRY_DONE(rt_run_write_checkpoint(r));
done:
    rt_progress_end(&r->progress);
    if (status != RT_ERROR_INTERRUPTED) return status;
    /* What the student learned since the last checkpoint is kept. Half a synthesis is not: the warm
     * generator has moved on, and its round must begin where the checkpoint left it. */
    if (!r->synthesising) RT_TRY(rt_run_write_checkpoint(r));
    return rt_run_interrupted(&r->directory);
}

static rt_status report(rt_run *r, double seconds, uint64_t samples)
{
    const rt_model_note notes[] = {{"teacher_sha256", r->teacher_sha256}};
    RT_TRY(rt_model_save(r->student, r->directory.model, notes, RT_COUNT(notes), NULL));
    const rt_stopwatch *learning = &r->clock.distill;
    RT_TRY(rt_command_result_number(r->command, "generate_seconds",
                                    rt_stopwatch_total(&r->clock.generate)));
    RT_TRY(rt_command_result_number(r->command, "distill_seconds", rt_stopwatch_total(learning)));
    const rt_student_summary summary = {
        .network = r->student,
        .teacher = r->teacher,
        .evaluation_store = r->config.evaluation_store,
        .evaluator = r->evaluation.evaluator,
        .device = r->device,
        .samples = samples,
        .steps = rt_training_step_count(r->training),
        .seconds = seconds,
        .wait_share =
            learning->seconds > 0 ? rt_training_wait_seconds(r->training) / learning->seconds : 0,
        .store = r->store_path,
        .run = &r->directory,
    };
    return rt_student_summary_write(r->command, &summary);
}

static rt_status work(rt_run *r, const char *yaml)
{
    const double began = rt_seconds();
    const float rate = rt_roll_back_rate(&r->directory);
    r->config.synthesis.learning_rate_generator *= rate;
    r->config.synthesis.learning_rate_latent *= rate;
    r->config.student.optimiser.learning_rate *= rate;
    RT_TRY(prepare(r, yaml));
    RT_TRY(run_rounds(r));
    const uint64_t samples = rt_store_sample_count(r->store);
    rt_store *store = r->store;
    r->store = NULL;
    RT_TRY(rt_store_close(store));
    return report(r, rt_seconds() - began, samples);
}

static rt_status attempt(rt_command *command)
{
    rt_run r = {.command = command};
    rt_buffer yaml = {0}, stored = {0};
    rt_status status = rt_command_load_config(command, &r.config);
    if (status == RT_OK) status = rt_config_write(&r.config, schema(), false, &yaml);
    if (status == RT_OK) status = rt_config_write(&r.config, schema(), true, &stored);
    if (status == RT_OK) status = rt_buffer_append(&stored, "", 1);
    if (status == RT_OK) status = rt_run_open(&r.directory, command->out, command->resume, &yaml);
    if (status == RT_OK) {
        status = work(&r, (const char *)stored.data);
        rt_roll_back(command, &r.directory, r.config.on_nan, status);
    }
    rt_store_abandon(r.store);
    rt_store_reader_close(r.reader);
    rt_evaluation_schedule_clear(&r.evaluation);
    rt_training_free(r.training);
    rt_synthesizer_free(r.synthesizer);
    rt_network_free(r.student);
    rt_network_free(r.teacher);
    rt_run_close(&r.directory);
    rt_buffer_clear(&yaml);
    rt_buffer_clear(&stored);
    return status;
}

static rt_status run_run(rt_command *command) { return rt_roll_back_attempts(command, attempt); }

const rt_command_description rt_run_command = {
    .name = "run",
    .summary = "the whole pipeline: synthesise and distil, round by round",
    .usage = "CONFIG --out DIR",
    .example = "retort run configs/fashion-mnist/demo.yaml --out runs/demo",
    .flags = RT_FLAGS_CONFIG,
    .arguments_minimum = 1,
    .arguments_maximum = 1,
    .schema = schema,
    .run = run_run,
};
