#include "student/evaluation_schedule.h"

#include "student/evaluation_history.h"

rt_status rt_evaluation_check_interval(uint64_t interval, const char *store)
{
    if (interval == 0 || store != NULL) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "evaluation_interval needs evaluation_store: a store of labelled "
                   "images to measure on");
}

rt_status rt_evaluation_schedule_begin(rt_evaluation_schedule *schedule, const char *metrics)
{
    rt_evaluation_history history = {0};
    const rt_status status = rt_evaluation_history_read(&history, metrics);
    schedule->taken = history.count > 0 ? history.points[history.count - 1].steps : 0;
    rt_evaluation_history_clear(&history);
    return status;
}

void rt_evaluation_schedule_clear(rt_evaluation_schedule *schedule)
{
    rt_evaluator_free(schedule->evaluator);
    *schedule = (rt_evaluation_schedule){0};
}

bool rt_evaluation_due(const rt_evaluation_schedule *schedule, uint64_t steps)
{
    if (schedule->store == NULL || schedule->interval == 0) return false;
    if (steps == 0 || steps <= schedule->taken) return false;
    return steps % schedule->interval == 0 || steps == schedule->steps;
}

rt_status rt_evaluation_take(rt_evaluation_schedule *schedule, uint64_t steps, double *accuracy)
{
    rt_evaluation evaluation;
    if (schedule->evaluator == NULL)
        RT_TRY(rt_evaluator_open(&schedule->evaluator, schedule->network, schedule->device,
                                 schedule->store, RT_EVALUATION_BATCH));
    RT_TRY(rt_evaluator_run(schedule->evaluator, &evaluation));
    *accuracy = evaluation.accuracy;
    schedule->taken = steps;
    rt_evaluation_clear(&evaluation);
    return RT_OK;
}
