#ifndef RT_STUDENT_COMMANDS_H
#define RT_STUDENT_COMMANDS_H

/** The student stage's subcommands; common/cli/main.c has a row for each. */

#include "common/cli/command.h"

extern const rt_command_description rt_train_command;
extern const rt_command_description rt_distill_command;
extern const rt_command_description rt_evaluate_command;

#endif
