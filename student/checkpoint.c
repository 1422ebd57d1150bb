#include "student/checkpoint.h"

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

static rt_status log_step(const rt_student_run *run, const rt_training_step *step)
{
    const rt_loss_terms *terms = rt_training_terms(run->training);
    char header[512], row[512];
    int header_length = snprintf(header, sizeof header, "step,loss");
    int row_length =
        snprintf(row, sizeof row, "%llu,%.6g", (unsigned long long)step->step, (double)step->loss);
    for (uint32_t i = 0; i < terms->count; i++) {
        header_length += snprintf(header + header_length, sizeof header - (size_t)header_length,
                                  ",%s", terms->names[i]);
        row_length += snprintf(row + row_length, sizeof row - (size_t)row_length, ",%.6g",
                               (double)step->terms[i]);
    }
    return rt_run_metrics(run->directory, header, "%s", row);
}

static rt_status step_done(void *state, const rt_training_step *step)
{
    listening *l = state;
    const rt_student_run *run = l->run;
    const uint64_t done = step->step + 1;
    char note[64];
    snprintf(note, sizeof note, "loss %.4f", (double)step->loss);
    rt_progress_update(&l->progress, done, note);
    if (done % run->log_interval == 0 || done == run->steps) RT_TRY(log_step(run, step));
    if (done % run->checkpoint_interval == 0 && done < run->steps) RT_TRY(write_checkpoint(run));
    return RT_OK;
}

static rt_status begin(const rt_student_run *run)
{
    if (rt_run_has_checkpoint(run->directory)) return read_checkpoint(run);
    RT_TRY(rt_run_metrics_cut(run->directory, 0));
    return write_checkpoint(run);
}

rt_status rt_student_run_execute(const rt_student_run *run)
{
    RT_TRY(begin(run));
    const uint64_t first = rt_training_step_count(run->training);
    listening l = {.run = run};
    rt_sample_source_seek(run->source, 0, first);
    rt_progress_begin(&l.progress, run->label, run->steps, first);
    if (first < run->steps) rt_progress_say(&l.progress, RT_PHASE_FIRST_STEP);
    rt_status status =
        rt_training_run(run->training, run->source, run->steps,
                        &(rt_training_listener){.state = &l, .step_done = step_done});
    rt_progress_end(&l.progress);
    if (status == RT_OK || status == RT_ERROR_INTERRUPTED) RT_TRY(write_checkpoint(run));
    return status == RT_ERROR_INTERRUPTED ? rt_run_interrupted(run->directory) : status;
}
