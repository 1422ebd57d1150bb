#ifndef RT_CLI_ROLL_BACK_H
#define RT_CLI_ROLL_BACK_H

/**
 * on_nan: roll_back. A run whose numbers stop being finite goes back to its last checkpoint, once,
 * with half the learning rates; a second time ends it. That it went back stands in the run's folder
 * (rolled_back.txt), so that a resumed run goes on in the same way.
 *     static rt_status attempt(rt_command *command)
 *     {
 *         RT_TRY(rt_run_open(&r.directory, ...));
 *         config.learning_rate *= rt_roll_back_rate(&r.directory);
 *         rt_status status = work(...);
 *         rt_roll_back(command, &r.directory, config.on_nan, status);
 *         ... release everything ...
 *         return status;
 *     }
 *     static rt_status run(rt_command *command)
 *     {
 *         return rt_roll_back_attempts(command, attempt);
 *     }
 */

#include "common/cli/command.h"

typedef enum rt_nan_rule { RT_NAN_STOP, RT_NAN_ROLL_BACK } rt_nan_rule;

extern const char *const rt_nan_rule_names[];

/** The row of the key `on_nan`, an int of a config struct. */
#define RT_ROLL_BACK_ROW(config, field)                                                            \
    {                                                                                              \
        .key = "on_nan", .type = RT_ENUM, .offset = offsetof(config, field),                       \
        .fallback = RT_NAN_STOP, .choices = rt_nan_rule_names, .no_effect = true,                  \
        .help = "numbers that are not finite: stop, or go back once with half the rates"           \
    }

/** By what the learning rates are multiplied: 1, or 1/2 behind a roll back. */
float rt_roll_back_rate(const rt_run_directory *run);

/** Told how an attempt ended, with its error message still set: decides whether another one
 *  follows, and then notes it in the folder and warns. */
void rt_roll_back(rt_command *command, const rt_run_directory *run, int on_nan, rt_status status);

/** Runs `attempt`, and where rt_roll_back decided so once more, as with --resume. */
RT_CHECKED rt_status rt_roll_back_attempts(rt_command *command,
                                           rt_status (*attempt)(rt_command *command));

#endif
