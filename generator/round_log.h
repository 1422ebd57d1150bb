#ifndef RT_GENERATOR_ROUND_LOG_H
#define RT_GENERATOR_ROUND_LOG_H

/**
 * What a round leaves for people: rows in metrics.csv, a picture of some of its images, and the
 * progress bar. Used by generate and run.
 */

#include "common/base/progress.h"
#include "common/base/run_directory.h"
#include "generator/synthesizer.h"

typedef struct rt_round_log {
    rt_run_directory *run;
    rt_synthesizer *synthesizer;
    rt_progress *progress;    ///< counts synthesis steps of all rounds
    uint32_t generator_steps; ///< of a round
    uint32_t student_steps;   ///< of a round, which the progress counts too; 0: synthesis alone
    uint32_t log_interval;    ///< steps between rows; the last step of a round always has one
    /** Write a row of metrics.csv for a step and for a round; NULL: a table of synthesis alone. */
    rt_status (*row)(void *row_state, const rt_synthesis_step *step);
    rt_status (*round_row)(void *row_state, uint32_t round, const rt_round_measures *measures);
    void *row_state;
} rt_round_log;

/** For rt_synthesizer_round. The log must outlive the listener. */
rt_synthesis_listener rt_round_log_listener(rt_round_log *log);
/** Writes samples/round-NNNN.png: up to 100 images, by class. */
RT_CHECKED rt_status rt_round_log_picture(rt_round_log *log, uint32_t round, uint32_t samples,
                                          const rt_network_description *description);

#endif
