#ifndef RT_CLI_COMMANDS_H
#define RT_CLI_COMMANDS_H

/** The subcommands that belong to neither stage; common/cli/main.c has a row for each. */

#include "common/cli/command.h"

extern const rt_command_description rt_import_command;
extern const rt_command_description rt_convert_command;
extern const rt_command_description rt_inspect_command;
extern const rt_command_description rt_compare_command;
extern const rt_command_description rt_devices_command;
extern const rt_command_description rt_run_command;
extern const rt_command_description rt_bench_command;

#endif
