#include "student/checkpoint.h"

#include "student/evaluation_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct listening {
    const rt_student_run *run;
    rt_progress progress;
} listening;

static rt_status write_checkpoint(const rt_student_run *run)
{
    rt_status status = RT_OK;
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    char metrics[32], samples[32];
    snprintf(metrics, sizeof metrics, "%llu", (unsigned long long)run->directory->metrics_bytes);
    snprintf(samples, sizeof samples, "%llu", (unsigned long long)run->samples);
    RT_TRY_DONE(rt_run_metrics_sync(run->directory));
    RT_TRY_DONE(rt_run_clock_save(run->clock, run->directory));
    RT_TRY_DONE(rt_training_save(run->training, &writer, &arena));
    RT_TRY_DONE(rt_safetensors_add_metadata(&writer, "samples", samples));
    if (run->teacher_sha256 != NULL)
        RT_TRY_DONE(rt_safetensors_add_metadata(&writer, "teacher_sha256", run->teacher_sha256));
    RT_TRY_DONE(rt_safetensors_add_metadata(&writer, "metrics_bytes", metrics));
    RT_TRY_DONE(rt_safetensors_write(&writer, run->directory->checkpoint, NULL));
done:
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return status;
}

/* The rest of a run must meet the teacher and the samples that its beginning met. */
static rt_status check_same(const rt_student_run *run, const rt_safetensors *file)
{
    const char *teacher = rt_safetensors_metadata(file, "teacher_sha256");
    const char *samples = rt_safetensors_metadata(file, "samples");
    if (run->teacher_sha256 != NULL &&
        (teacher == NULL || strcmp(teacher, run->teacher_sha256) != 0))
        return rt_fail(RT_ERROR_INPUT,
                       "this run was begun with another teacher; give the same model file");
    if (samples == NULL || strtoull(samples, NULL, 10) != run->samples)
        return rt_fail(RT_ERROR_INPUT,
                       "this run was begun with %s samples, now there are %llu; restore its stores "
                       "or start a new run",
                       samples != NULL ? samples : "other", (unsigned long long)run->samples);
    return RT_OK;
}

static rt_status read_checkpoint(const rt_student_run *run)
{
    rt_status status = RT_OK;
    rt_safetensors file = {0};
    RT_TRY(rt_safetensors_open(&file, run->directory->checkpoint));
    const char *metrics = rt_safetensors_metadata(&file, "metrics_bytes");
    RT_TRY_DONE(check_same(run, &file));
    RT_TRY_DONE(rt_training_load(run->training, &file));
    RT_TRY_DONE(
        rt_run_metrics_cut(run->directory, metrics != NULL ? strtoull(metrics, NULL, 10) : 0));
done:
    rt_safetensors_close(&file);
    return status;
}

/* A row of a step, or (`step` NULL) of an evaluation behind the step `number`. */
static rt_status log_row(const rt_student_run *run, uint64_t number, const rt_training_step *step,
                         const rt_evaluation_point *evaluation)
{
    rt_status status = RT_OK;
    rt_buffer header = {0}, row = {0};
    const rt_loss_terms *terms = rt_training_terms(run->training);
    RT_TRY_DONE(rt_buffer_printf(&header, "step,loss"));
    RT_TRY_DONE(rt_buffer_printf(&row, "%llu,", (unsigned long long)number));
    if (step != NULL) RT_TRY_DONE(rt_buffer_printf(&row, "%.6g", (double)step->loss));
    for (uint32_t i = 0; i < terms->count; i++) {
        RT_TRY_DONE(rt_buffer_printf(&header, ",%s", terms->names[i]));
        RT_TRY_DONE(rt_buffer_printf(&row, ","));
        if (step != NULL) RT_TRY_DONE(rt_buffer_printf(&row, "%.6g", (double)step->terms[i]));
    }
    if (run->evaluation != NULL) {
        RT_TRY_DONE(rt_buffer_printf(&header, "," RT_EVALUATION_COLUMNS));
        RT_TRY_DONE(rt_evaluation_point_print(evaluation, &row));
    }
    RT_TRY_DONE(
        rt_run_metrics(run->directory, (const char *)header.data, "%s", (const char *)row.data));
done:
    rt_buffer_clear(&header);
    rt_buffer_clear(&row);
    return status;
}

/* Different samples that the student has met: a step draws none twice before all were drawn. */
static double samples_met(const rt_student_run *run, uint64_t steps)
{
    const double drawn = (double)steps * run->batch_size;
    return run->samples > 0 && drawn > (double)run->samples ? (double)run->samples : drawn;
}

/* The accuracy after `steps` steps, if it is wanted there; the clock stands meanwhile. */
static rt_status evaluate(const rt_student_run *run, uint64_t steps)
{
    if (run->evaluation == NULL || !rt_evaluation_due(run->evaluation, steps)) return RT_OK;
    rt_stopwatch_stop(&run->clock->distill);
    rt_evaluation_point point = {.steps = steps,
                                 .images = samples_met(run, steps),
                                 .seconds = rt_stopwatch_total(&run->clock->distill)};
    RT_TRY(rt_evaluation_take(run->evaluation, steps, &point.accuracy));
    RT_TRY(log_row(run, steps - 1, NULL, &point));
    rt_stopwatch_start(&run->clock->distill);
    return RT_OK;
}

static rt_status step_done(void *state, const rt_training_step *step)
{
    listening *l = state;
    const rt_student_run *run = l->run;
    const uint64_t done = step->step + 1;
    char note[64];
    snprintf(note, sizeof note, "loss %.4f", (double)step->loss);
    rt_progress_update(&l->progress, done, note);
    if (done % run->log_interval == 0 || done == run->steps)
        RT_TRY(log_row(run, step->step, step, NULL));
    RT_TRY(evaluate(run, done));
    if (done % run->checkpoint_interval == 0 && done < run->steps) RT_TRY(write_checkpoint(run));
    return RT_OK;
}

static rt_status begin(const rt_student_run *run)
{
    RT_TRY(rt_run_clock_load(run->clock, run->directory));
    if (rt_run_has_checkpoint(run->directory)) {
        RT_TRY(read_checkpoint(run));
    } else {
        RT_TRY(rt_run_metrics_cut(run->directory, 0));
        RT_TRY(write_checkpoint(run));
    }
    if (run->evaluation == NULL) return RT_OK;
    return rt_evaluation_schedule_begin(run->evaluation, run->directory->metrics);
}

/* From the checkpoint's step to the last. */
static rt_status train(const rt_student_run *run, listening *l)
{
    const uint64_t first = rt_training_step_count(run->training);
    rt_sample_source_seek(run->source, 0, first);
    rt_stopwatch_start(&run->clock->distill);
    /* A stop may have come between a step and its evaluation. */
    rt_status status = evaluate(run, first);
    if (status == RT_OK)
        status = rt_training_run(run->training, run->source, run->steps,
                                 &(rt_training_listener){.state = l, .step_done = step_done});
    rt_stopwatch_stop(&run->clock->distill);
    return status;
}

rt_status rt_student_run_execute(const rt_student_run *run)
{
    RT_TRY(begin(run));
    const uint64_t first = rt_training_step_count(run->training);
    listening l = {.run = run};
    rt_progress_begin(&l.progress, run->label, run->steps, first);
    if (first < run->steps) rt_progress_say(&l.progress, RT_PHASE_FIRST_STEP);
    const rt_status status = train(run, &l);
    rt_progress_end(&l.progress);
    if (status == RT_OK || status == RT_ERROR_INTERRUPTED) RT_TRY(write_checkpoint(run));
    return status == RT_ERROR_INTERRUPTED ? rt_run_interrupted(run->directory) : status;
}
