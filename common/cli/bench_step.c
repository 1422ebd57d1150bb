/* `retort bench step`: one synthesis step and one student step, by operator and pass. */
#include "common/cli/bench.h"

#include "common/base/random.h"
#include "common/cli/commands.h"
#include "common/cli/run_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    const char *name;
    uint32_t channels;
    const char *yaml; ///< of `retort run`; the teacher is built in
    const char *teacher_arch;
} pair;

static const pair pairs[] = {
    {"demo", 1,
     "{teacher: built-in, rounds: 1, student_steps: 1000, generate: {batch_size: 128, latent_size: "
     "128, generator_width: 16, generator_steps: 20, augment: {padding: 2}}, distill: {arch: "
     "resnet8, base_width: 8, batch_size: 128, augment: {padding: 2, flip: true}}}",
     "resnet8"},
    {"wrn", 3,
     "{teacher: built-in, rounds: 1, student_steps: 1000, generate: {batch_size: 128}, distill: "
     "{arch: wrn-16-1, batch_size: 128, augment: {padding: 4, flip: true}}}",
     "wrn-40-2"},
};

typedef struct stage {
    rt_network *teacher, *student;
    rt_synthesizer *synthesizer;
    rt_training *training;
    rt_run_config config;
    rt_arena arena;
} stage;

static rt_status make_networks(stage *s, rt_device *device, const pair *p)
{
    rt_network_description d = {.arch = p->teacher_arch,
                                .channels = p->channels,
                                .height = 32,
                                .width = 32,
                                .classes = 10,
                                .mean = {0.5f, 0.5f, 0.5f},
                                .std = {0.25f, 0.25f, 0.25f}};
    RT_TRY(rt_network_create(&s->teacher, &d));
    RT_TRY(rt_network_allocate(s->teacher, device));
    RT_TRY(rt_parameters_initialise(rt_network_parameters(s->teacher), 1, RT_STREAM_WEIGHTS, 0,
                                    false));
    return rt_student_make(&s->student, device, &s->config.student, &d, 1);
}

static rt_status make_stages(stage *s, rt_device *device)
{
    const rt_synthesizer_setup synthesis = {.device = device,
                                            .teacher = s->teacher,
                                            .teacher_sha256 = "",
                                            .student = s->student,
                                            .config = &s->config.synthesis,
                                            .timestamps = true};
    RT_TRY(rt_synthesizer_create(&s->synthesizer, &synthesis));
    rt_distillation_options loss = s->config.student.loss;
    loss.teacher = s->teacher;
    const rt_student_config *c = &s->config.student;
    const rt_training_setup training = {
        .device = device,
        .student = s->student,
        .recipe = &rt_distillation_recipe,
        .recipe_options = &loss,
        .batch_size = c->batch_size,
        .views = c->views,
        .augmentation = {.padding = c->padding, .flip = c->flip},
        .optimiser = c->optimiser,
        .steps = s->config.student_steps,
        .timestamps = true,
    };
    return rt_training_create(&s->training, &training);
}

static void clear_stage(stage *s)
{
    rt_training_free(s->training);
    rt_synthesizer_free(s->synthesizer);
    rt_network_free(s->student);
    rt_network_free(s->teacher);
    rt_arena_clear(&s->arena);
}

/* Time of one kind of work within a step: all commands of an operator's pass. */
typedef struct group {
    char name[96];
    double seconds, flops, bytes;
    uint32_t commands;
} group;

enum { MAXIMUM_GROUPS = 128 };

static int slowest_first(const void *left, const void *right)
{
    const double a = ((const group *)left)->seconds, b = ((const group *)right)->seconds;
    return (a < b) - (a > b);
}

static void add_command(group *groups, uint32_t *count, const rt_phase_timing *t)
{
    char name[96];
    snprintf(name, sizeof name, "%s %s", t->operator_name, t->pass);
    uint32_t i = 0;
    while (i < *count && strcmp(groups[i].name, name) != 0) i++;
    if (i == MAXIMUM_GROUPS) return;
    if (i == *count) {
        groups[(*count)++] = (group){0};
        snprintf(groups[i].name, sizeof groups[i].name, "%s", name);
    }
    groups[i].seconds += t->seconds;
    groups[i].flops += t->cost.flops;
    groups[i].bytes += t->cost.bytes;
    groups[i].commands++;
}

static rt_status report_step(rt_bench *bench, const char *name, double wall, const group *groups,
                             uint32_t count)
{
    double sum = 0, flops = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += groups[i].seconds;
        flops += groups[i].flops;
    }
    RT_TRY(rt_bench_report(
        bench, &(rt_bench_result){.name = name, .seconds = wall, .flops = flops, .share = 1}));
    for (uint32_t i = 0; i < count; i++) {
        char label[160], remark[32];
        snprintf(label, sizeof label, "  %.90s", groups[i].name);
        snprintf(remark, sizeof remark, "%u commands", groups[i].commands);
        const rt_bench_result result = {.name = label,
                                        .seconds = groups[i].seconds,
                                        .flops = groups[i].flops,
                                        .bytes = groups[i].bytes,
                                        .share = groups[i].seconds / wall,
                                        .remark = remark};
        RT_TRY(rt_bench_report(bench, &result));
    }
    return rt_bench_report(
        bench, &(rt_bench_result){.name = "  sum of all", .seconds = sum, .share = sum / wall});
}

/* Runs the phase as it stands: one step to warm up, then the median step's table. */
static rt_status time_phase(rt_bench *bench, const char *name, rt_phase *phase)
{
    double walls[1000];
    const uint32_t repeats = bench->repeats < 1000 ? bench->repeats : 1000;
    rt_arena arena = {0};
    rt_phase_timing *timings;
    uint32_t timing_count, count = 0;
    group groups[MAXIMUM_GROUPS];
    rt_status status = RT_OK;
    for (uint32_t i = 0; i <= repeats; i++) {
        const double began = rt_seconds();
        RT_TRY(rt_phase_submit(phase));
        RT_TRY(rt_phase_wait(phase));
        if (i > 0) walls[i - 1] = rt_seconds() - began;
    }
    RT_TRY_DONE(rt_phase_timings(phase, &arena, &timings, &timing_count));
    for (uint32_t i = 0; i < timing_count; i++) add_command(groups, &count, &timings[i]);
    qsort(groups, count, sizeof *groups, slowest_first);
    RT_TRY_DONE(report_step(bench, name, rt_bench_median(walls, repeats), groups, count));
done:
    rt_arena_clear(&arena);
    return status;
}

static rt_status bench_pair(rt_bench *bench, const pair *p)
{
    stage s = {0};
    char synthesis[64], student[64];
    snprintf(synthesis, sizeof synthesis, "%s-synthesis-step", p->name);
    snprintf(student, sizeof student, "%s-student-step", p->name);
    if (!rt_bench_wants(bench, synthesis) && !rt_bench_wants(bench, student)) return RT_OK;
    rt_status status =
        rt_config_parse(&s.config, rt_run_command.schema(), p->name, p->yaml, strlen(p->yaml),
                        bench->command->overrides, bench->command->override_count, &s.arena);
    if (status == RT_OK) status = make_networks(&s, bench->device, p);
    if (status == RT_OK) status = make_stages(&s, bench->device);
    if (status == RT_OK && rt_bench_wants(bench, synthesis))
        status = time_phase(bench, synthesis, rt_synthesizer_phase(s.synthesizer));
    if (status == RT_OK && rt_bench_wants(bench, student))
        status = time_phase(bench, student, rt_training_phase(s.training));
    clear_stage(&s);
    return status;
}

rt_status rt_bench_step(rt_bench *bench)
{
    for (size_t i = 0; i < RT_COUNT(pairs); i++) RT_TRY(bench_pair(bench, &pairs[i]));
    return RT_OK;
}
