#ifndef RT_CLI_COMPARE_H
#define RT_CLI_COMPARE_H

/** `retort compare`: what its files share. Private to common/cli/compare*.c. */

#include "common/cli/command.h"
#include "student/evaluation_history.h"

/** A key of a run's config.yaml, as the file has it. */
typedef struct rt_compared_key {
    const char *key, *value;
    const char *shown; ///< the value without the digits that make a float whole again
    bool ignored;      ///< cannot change a result: a path, a device, an interval
} rt_compared_key;

/** One run. Numbers that are not known are NaN. */
typedef struct rt_compared_run {
    const char *path;    ///< as given
    const char *name;    ///< without the folders that all runs share
    const char *command; ///< that made it: "run"
    rt_compared_key *keys;
    size_t key_count;
    const char *differs; ///< "weight.triplet=0 form=compat": keys in which it differs from others
    bool complete;
    double images, steps, generate_seconds, distill_seconds, agreement, teacher_accuracy;
    rt_evaluation_history history;
} rt_compared_run;

/** Runs that differ in their seed at most; without --group-seeds one run each. */
typedef struct rt_compared_group {
    const char *name, *differs;
    const rt_compared_run **runs;
    size_t run_count, complete_count;
} rt_compared_group;

typedef struct rt_comparison {
    rt_arena *arena;
    rt_compared_run *runs;
    size_t run_count;
    const char **differing; ///< keys whose values differ, whole
    size_t differing_count;
    bool grouped;
    rt_compared_group *groups;
    size_t group_count;
} rt_comparison;

/** Reads the run in the folder `path`, complete or not. Errors: RT_ERROR_INPUT for what is no run.
 *  Ownership: text lies in `arena`; the caller clears the history. */
RT_CHECKED rt_status rt_compare_read(rt_compared_run *run, const char *path, rt_arena *arena);
/** The value of a run's key, or NULL. */
const char *rt_compared_value(const rt_compared_run *run, const char *key);
/** The same as people want to see it. */
const char *rt_compared_shown(const rt_compared_run *run, const char *key);

/** Fills every run's name and `differs`, and the comparison's list of keys. */
RT_CHECKED rt_status rt_compare_name(rt_comparison *comparison);
/** Fills the groups. */
RT_CHECKED rt_status rt_compare_group(rt_comparison *comparison);

/** Whether the group's run number `i` counts: it is complete, or none is. */
bool rt_compared_counts(const rt_compared_group *group, size_t i);

/** Mean, least and greatest of a number over a group's runs that count and that know it. */
typedef struct rt_compared_number {
    double mean, low, high; ///< NaN if no run knows it
    size_t count;           ///< runs that know it
} rt_compared_number;
typedef double (*rt_compared_measure)(const rt_compared_run *run);
rt_compared_number rt_compared_group_number(const rt_compared_group *group,
                                            rt_compared_measure measure);
/** The numbers of a row, in the order of the table's columns. */
typedef struct rt_compared_column {
    const char *key;     ///< in JSON
    const char *heading; ///< in the table
    rt_compared_measure measure;
    bool share;  ///< 0 to 1, shown in percent
    bool ranged; ///< a group shows its range too
} rt_compared_column;
extern const rt_compared_column rt_compared_columns[];
extern const size_t rt_compared_column_count;

/** Prints the table to stdout. */
RT_CHECKED rt_status rt_compare_print(const rt_comparison *comparison);
/** Sets the command's result. */
RT_CHECKED rt_status rt_compare_result(const rt_comparison *comparison, rt_command *command);
/** Draws accuracy-by-images.png and accuracy-by-seconds.png in a folder and adds their paths to the
 *  result. Errors: RT_ERROR_INPUT if no run was evaluated. */
RT_CHECKED rt_status rt_compare_draw(const rt_comparison *comparison, const char *folder,
                                     rt_command *command);

#endif
