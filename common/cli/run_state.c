#include "common/cli/run_state.h"

#include "student/evaluation_history.h"

rt_status rt_run_write_checkpoint(rt_run *run)
{
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    rt_status status = rt_synthesis_save(&run->directory, run->synthesizer, run->store,
                                         run->synthesised, &writer, &arena);
    if (status == RT_OK) status = rt_run_clock_save(&run->clock, &run->directory);
    if (status == RT_OK) status = rt_training_save(run->training, &writer, &arena);
    if (status == RT_OK) status = rt_safetensors_write(&writer, run->directory.checkpoint, NULL);
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_run_open_store(rt_run *run, const rt_store_description *description)
{
    rt_status status = RT_OK;
    rt_safetensors checkpoint = {0};
    rt_arena arena = {0};
    rt_synthesis_state state = {0};
    RT_TRY_DONE(rt_run_clock_load(&run->clock, &run->directory));
    if (rt_run_has_checkpoint(&run->directory)) {
        RT_TRY_DONE(rt_safetensors_open(&checkpoint, run->directory.checkpoint));
        RT_TRY_DONE(rt_synthesis_load(run->synthesizer, &checkpoint, &state, &arena));
        RT_TRY_DONE(rt_training_load(run->training, &checkpoint));
    }
    RT_TRY_DONE(rt_run_metrics_cut(&run->directory, state.metrics_bytes));
    RT_TRY_DONE(rt_evaluation_schedule_begin(&run->evaluation, run->directory.metrics));
    run->synthesised = state.rounds;
    RT_TRY_DONE(rt_synthesis_continue_store(run->store_path, description, &state, &run->store));
    if (!state.begun) RT_TRY_DONE(rt_run_write_checkpoint(run));
done:
    rt_safetensors_close(&checkpoint);
    rt_arena_clear(&arena);
    return status;
}

static rt_status add_names(rt_buffer *header, const char *stage, const char *const *names,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        RT_TRY(rt_buffer_printf(header, ",%s.%s", stage, names[i]));
    return RT_OK;
}

/* NULL: the columns of the other stage, empty. */
static rt_status add_values(rt_buffer *row, const float *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values != NULL)
            RT_TRY(rt_buffer_printf(row, ",%.6g", (double)values[i]));
        else
            RT_TRY(rt_buffer_printf(row, ","));
    }
    return RT_OK;
}

/* What a row knows; NULL: empty columns. */
typedef struct run_row {
    const char *stage;
    uint32_t round;
    uint64_t step; ///< of the row's stage; a round's last
    const float *loss, *synthesis_terms, *student_terms;
    const rt_round_measures *measures;
    const rt_evaluation_point *evaluation;
} run_row;

static rt_status log_row(rt_run *run, const run_row *r)
{
    rt_status status = RT_OK;
    rt_buffer header = {0}, row = {0};
    const rt_synthesis_terms *synthesis = rt_synthesizer_terms(run->synthesizer);
    const rt_loss_terms *student = rt_training_terms(run->training);
    RT_TRY_DONE(rt_buffer_printf(&header, "stage,round,step,loss"));
    RT_TRY_DONE(add_names(&header, "generate", synthesis->names, synthesis->count));
    RT_TRY_DONE(add_names(&header, "distill", student->names, student->count));
    RT_TRY_DONE(
        add_names(&header, "round", rt_round_measure_names, RT_COUNT(rt_round_measure_names)));
    RT_TRY_DONE(rt_buffer_printf(&header, "," RT_EVALUATION_COLUMNS));
    RT_TRY_DONE(
        rt_buffer_printf(&row, "%s,%u,%llu", r->stage, r->round, (unsigned long long)r->step));
    RT_TRY_DONE(add_values(&row, r->loss, 1));
    RT_TRY_DONE(add_values(&row, r->synthesis_terms, synthesis->count));
    RT_TRY_DONE(add_values(&row, r->student_terms, student->count));
    RT_TRY_DONE(rt_round_measures_print(r->measures, &row));
    RT_TRY_DONE(rt_evaluation_point_print(r->evaluation, &row));
    RT_TRY_DONE(
        rt_run_metrics(&run->directory, (const char *)header.data, "%s", (const char *)row.data));
done:
    rt_buffer_clear(&header);
    rt_buffer_clear(&row);
    return status;
}

rt_status rt_run_log_student(rt_run *run, uint32_t round, const rt_training_step *step)
{
    return log_row(run, &(run_row){.stage = "distill",
                                   .round = round,
                                   .step = step->step,
                                   .loss = &step->loss,
                                   .student_terms = step->terms});
}

rt_status rt_run_log_synthesis(void *state, const rt_synthesis_step *step)
{
    return log_row(state, &(run_row){.stage = "generate",
                                     .round = step->round,
                                     .step = step->step,
                                     .loss = &step->loss,
                                     .synthesis_terms = step->terms});
}

rt_status rt_run_log_round(void *state, uint32_t round, const rt_round_measures *measures)
{
    const rt_run *run = state;
    return log_row(state, &(run_row){.stage = "round",
                                     .round = round,
                                     .step = run->config.synthesis.generator_steps - 1,
                                     .measures = measures});
}

rt_status rt_run_evaluate(rt_run *run, bool *taken)
{
    const uint64_t steps = rt_training_step_count(run->training);
    *taken = rt_evaluation_due(&run->evaluation, steps);
    if (!*taken) return RT_OK;
    rt_evaluation_point point = {.steps = steps,
                                 .images = (double)rt_store_sample_count(run->store),
                                 .seconds = rt_stopwatch_total(&run->clock.generate) +
                                            rt_stopwatch_total(&run->clock.distill)};
    RT_TRY(rt_evaluation_take(&run->evaluation, steps, &point.accuracy));
    return log_row(run, &(run_row){.stage = "evaluate",
                                   .round = (uint32_t)(steps / run->config.student_steps) - 1,
                                   .step = steps - 1,
                                   .evaluation = &point});
}
