#ifndef RT_BASE_RUN_CLOCK_H
#define RT_BASE_RUN_CLOCK_H

/**
 * How long the two stages of a run have worked, over all its starts: RUN/seconds.yaml, written with
 * every checkpoint. It is a file of its own because checkpoints of equal runs are equal bytes, and
 * no two runs take equally long.
 *     RT_TRY(rt_run_clock_load(&clock, &run)); // zeros where the run is new
 *     rt_stopwatch_start(&clock.distill);
 *     ...                                      // rt_run_clock_save may come here too
 *     rt_stopwatch_stop(&clock.distill);
 * What a killed process did behind its last checkpoint is done again and counts once.
 */

#include "common/base/run_directory.h"

/** `= {0}` stands at 0. */
typedef struct rt_stopwatch {
    double earlier; ///< seconds of earlier starts of the run
    double seconds; ///< of this one, without what runs now
    double began;   ///< rt_seconds when it was started; 0: it stands
} rt_stopwatch;

void rt_stopwatch_start(rt_stopwatch *watch);
void rt_stopwatch_stop(rt_stopwatch *watch);
/** Seconds in all, those of earlier starts and those that run now included. */
double rt_stopwatch_total(const rt_stopwatch *watch);

typedef struct rt_run_clock {
    rt_stopwatch generate; ///< synthesis
    rt_stopwatch distill;  ///< the student's training
} rt_run_clock;

/** Sets both to what the run's file says if the run has a checkpoint; else, and where the file is
 *  missing, to 0. Errors: RT_ERROR_INPUT for a file that is damaged. */
RT_CHECKED rt_status rt_run_clock_load(rt_run_clock *clock, const rt_run_directory *run);
/** The same of any folder of a run, for those who only look. */
RT_CHECKED rt_status rt_run_clock_read(rt_run_clock *clock, const char *folder);
/** Writes the file. To be called before the checkpoint is written: seconds that metrics.csv tells
 *  are then never ahead of it. */
RT_CHECKED rt_status rt_run_clock_save(const rt_run_clock *clock, const rt_run_directory *run);

#endif
