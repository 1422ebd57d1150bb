/* `retort compare`: several runs side by side, as a table and as pictures. */
#include "common/cli/compare.h"

#include "common/cli/commands.h"

enum { MAXIMUM_RUNS = 1000 };

static rt_status compare(rt_command *command, rt_comparison *c)
{
    const char *png = rt_command_option(command, "png");
    c->runs = rt_arena_alloc(&command->arena, command->argument_count, sizeof *c->runs);
    if (c->runs == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < command->argument_count; i++) {
        RT_TRY(rt_compare_read(&c->runs[i], command->arguments[i], &command->arena));
        c->run_count++;
    }
    RT_TRY(rt_compare_name(c));
    RT_TRY(rt_compare_group(c));
    RT_TRY(rt_compare_result(c, command));
    if (png != NULL) RT_TRY(rt_compare_draw(c, png, command));
    return command->json ? RT_OK : rt_compare_print(c);
}

static rt_status run(rt_command *command)
{
    rt_comparison c = {.arena = &command->arena,
                       .grouped = rt_command_option(command, "group-seeds") != NULL};
    const rt_status status = compare(command, &c);
    for (size_t i = 0; i < c.run_count; i++) rt_evaluation_history_clear(&c.runs[i].history);
    return status;
}

static const rt_option own_options[] = {
    {"group-seeds", NULL, "runs that differ in their seed alone are one row: mean and range"},
    {"png", "DIR", "draw accuracy-by-images.png and accuracy-by-seconds.png there"},
};

const rt_command_description rt_compare_command = {
    .name = "compare",
    .summary = "put several runs side by side, as a table and as pictures",
    .usage = "RUN...",
    .example = "retort compare runs/demo runs/demo-long --png runs/compared",
    .detail =
        "A row a run: images and student steps so far, seconds of both stages, the accuracy\n"
        "(last, mean of the last ten evaluations, best), agreement with the teacher, the\n"
        "teacher's accuracy, and the keys in which the runs differ. Runs under way are shown as\n"
        "far as they got. Lines in pictures need runs with evaluation_interval; others are dots.\n"
        "Each run is a row of its own unless --group-seeds is given; a group's numbers are\n"
        "those of its complete runs.\n",
    .options = own_options,
    .option_count = RT_COUNT(own_options),
    .arguments_minimum = 1,
    .arguments_maximum = MAXIMUM_RUNS,
    .run = run,
};
