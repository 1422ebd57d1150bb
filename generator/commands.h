#ifndef RT_GENERATOR_COMMANDS_H
#define RT_GENERATOR_COMMANDS_H

/** The synthesis stage's subcommand; common/cli/main.c has a row for it. */

#include "common/cli/command.h"

extern const rt_command_description rt_generate_command;

#endif
