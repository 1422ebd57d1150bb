#ifndef RT_CLI_RUN_STATE_H
#define RT_CLI_RUN_STATE_H

/**
 * What `retort run` holds, and how it is kept on disk: one checkpoint with the student, the warm
 * generator, and the list of shards, written when a round's shard is complete, when the round's
 * student is trained, and now and then between.
 */

#include "common/base/run_clock.h"
#include "common/cli/command.h"
#include "common/nn/teacher_config.h"
#include "generator/round_log.h"
#include "generator/synthesis_checkpoint.h"
#include "student/evaluation_schedule.h"
#include "student/student_config.h"
#include "student/training.h"

typedef struct rt_run_config {
    rt_teacher_config teacher;
    const char *evaluation_store, *device;
    uint64_t seed;
    uint32_t rounds, student_steps, log_interval, checkpoint_interval, evaluation_interval;
    int on_nan; ///< rt_nan_rule
    rt_synthesis_config synthesis;
    rt_student_config student;
} rt_run_config;

typedef struct rt_run {
    rt_command *command;
    rt_run_config config;
    rt_device *device;
    rt_run_directory directory;
    rt_network *teacher, *student;
    char teacher_sha256[RT_SHA256_TEXT];
    rt_synthesizer *synthesizer;
    rt_training *training;
    rt_store *store;         ///< written by synthesis
    rt_store_reader *reader; ///< read by the student
    const char *store_path;
    uint32_t synthesised; ///< rounds whose shard is complete
    bool synthesising;    ///< a round is under way
    rt_progress progress;
    rt_evaluation_schedule evaluation;
    rt_run_clock clock;
} rt_run;

/** Makes the store, or goes on where the checkpoint says: sets store and synthesised and loads the
 *  student and the generator. */
RT_CHECKED rt_status rt_run_open_store(rt_run *run, const rt_store_description *description);
RT_CHECKED rt_status rt_run_write_checkpoint(rt_run *run);

/* Rows of metrics.csv: one table for both stages; a stage leaves the other's columns empty. */

RT_CHECKED rt_status rt_run_log_student(rt_run *run, uint32_t round, const rt_training_step *step);
/** For rt_round_log.row; `state` is the rt_run. */
RT_CHECKED rt_status rt_run_log_synthesis(void *state, const rt_synthesis_step *step);
/** For rt_round_log.round_row: what the round's images are like. */
RT_CHECKED rt_status rt_run_log_round(void *state, uint32_t round,
                                      const rt_round_measures *measures);
/** Measures the student if that is due after the rounds that it has learned from, and writes the
 *  row. `*taken` says whether it did. */
RT_CHECKED rt_status rt_run_evaluate(rt_run *run, bool *taken);

#endif
