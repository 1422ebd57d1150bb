#ifndef RT_STUDENT_EVALUATION_SCHEDULE_H
#define RT_STUDENT_EVALUATION_SCHEDULE_H

/**
 * When a student that learns is evaluated (key `evaluation_interval`). It changes no bit of the
 * student: the evaluation is a graph of its own over the same weights, which draws no random number
 * and moves no running statistic. That graph is made at the first evaluation and used by all.
 *     RT_TRY(rt_evaluation_schedule_begin(&schedule, run->metrics)); // metrics cut back already
 *     if (rt_evaluation_due(&schedule, steps)) RT_TRY(rt_evaluation_take(&schedule, steps,
 * &share)); rt_evaluation_schedule_clear(&schedule);
 */

#include "student/evaluation.h"

/** The caller fills the first part. `= {0}` never is due. */
typedef struct rt_evaluation_schedule {
    rt_network *network;
    rt_device *device;
    const char *store; ///< NULL: never
    uint64_t interval; ///< steps between evaluations; 0: never
    uint64_t steps;    ///< of the whole training; its end is always evaluated, unless never

    uint64_t taken;          ///< steps that the student had at the last evaluation
    rt_evaluator *evaluator; ///< NULL until the first
} rt_evaluation_schedule;

/** What the rows of a config cannot say. Errors: RT_ERROR_INPUT for an interval without a store. */
RT_CHECKED rt_status rt_evaluation_check_interval(uint64_t interval, const char *store);

/** Finds in metrics.csv which evaluation was the last: a stop may have come between a step and the
 *  evaluation behind it. */
RT_CHECKED rt_status rt_evaluation_schedule_begin(rt_evaluation_schedule *schedule,
                                                  const char *metrics);
void rt_evaluation_schedule_clear(rt_evaluation_schedule *schedule);

/** Whether a student that has made so many steps is to be evaluated and was not yet. */
bool rt_evaluation_due(const rt_evaluation_schedule *schedule, uint64_t steps);
/** Evaluates. Errors: as rt_evaluator_open and rt_evaluator_run. */
RT_CHECKED rt_status rt_evaluation_take(rt_evaluation_schedule *schedule, uint64_t steps,
                                        double *accuracy);

#endif
