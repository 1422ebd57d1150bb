#ifndef RT_STUDENT_SUMMARY_H
#define RT_STUDENT_SUMMARY_H

/**
 * The end of train, distill and run: accuracy if an evaluation store is given, with what the
 * evaluations on the way say (student/evaluation_history.h), the --json object, summary.json, and a
 * few lines for people.
 */

#include "common/base/run_directory.h"
#include "common/cli/command.h"
#include "student/evaluation_schedule.h"

typedef struct rt_student_summary {
    rt_network *network;          ///< what was trained
    rt_network *teacher;          ///< NULL: there is none
    const char *evaluation_store; ///< NULL: no accuracy
    rt_evaluator *evaluator;      ///< of the network on that store; NULL: one is made
    rt_device *device;
    uint64_t samples;
    uint64_t steps;    ///< that the network has made
    double seconds;    ///< of this start's work, before the last evaluation
    double wait_share; ///< share of the time spent waiting for data
    const char *store; ///< made by this run; NULL: none
    const rt_run_directory *run;
} rt_student_summary;

/** Evaluates, fills the command's result, writes summary.json. */
RT_CHECKED rt_status rt_student_summary_write(rt_command *command,
                                              const rt_student_summary *summary);

#endif
