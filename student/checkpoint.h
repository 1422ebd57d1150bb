#ifndef RT_STUDENT_CHECKPOINT_H
#define RT_STUDENT_CHECKPOINT_H

/**
 * A student run on disk: a training in a run directory, with its metrics, checkpoints and progress.
 * Used by `train` and `distill`; `run` has its own loop over both stages.
 */

#include "common/base/progress.h"
#include "common/base/run_clock.h"
#include "student/evaluation_schedule.h"
#include "student/training.h"

typedef struct rt_student_run {
    rt_run_directory *directory;
    rt_training *training;
    const rt_sample_source *source;
    uint64_t samples;           ///< of the source, 0: endless; a resumed run must meet as many
    uint32_t batch_size;        ///< samples of the source a step
    const char *teacher_sha256; ///< a resumed run must have the same; NULL: there is no teacher
    uint64_t steps;
    uint32_t log_interval;              ///< steps between rows of metrics.csv
    uint32_t checkpoint_interval;       ///< steps between checkpoints
    rt_evaluation_schedule *evaluation; ///< the accuracy on the way; NULL: no columns for it
    rt_run_clock *clock;                ///< set here: how long it learned, over all starts
    const char *label;                  ///< of the progress bar
} rt_student_run;

/** Goes on from the run's checkpoint if there is one, trains to the end, checkpoints at the
 *  beginning, on the way and when a signal comes. Errors: RT_ERROR_INPUT if the checkpoint is of
 *  another teacher or of other samples; else as rt_training_run. */
RT_CHECKED rt_status rt_student_run_execute(const rt_student_run *run);

#endif
