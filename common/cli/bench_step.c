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

/* The pair's own teacher, of random weights, or (`p` NULL) the teacher of the config. */
static rt_status make_networks(stage *s, rt_device *device, const pair *p)
{
    if (p == NULL) {
        char sha256[RT_SHA256_TEXT];
        RT_TRY(rt_teacher_load(&s->teacher, device, &s->config.teacher, sha256));
        return rt_student_make(&s->student, device, &s->config.student,
                               rt_network_describe(s->teacher), 1);
    }
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
    double *seconds; ///< of each repeat; sorted once the median is taken
    double median, flops, bytes;
    uint32_t commands;
} group;

enum { MAXIMUM_GROUPS = 128 };

typedef struct measured {
    rt_arena arena;
    group groups[MAXIMUM_GROUPS];
    uint32_t count, repeats;
    double *walls;
} measured;

static int slowest_first(const void *left, const void *right)
{
    const double a = ((const group *)left)->median, b = ((const group *)right)->median;
    return (a < b) - (a > b);
}

static rt_status add_command(measured *m, const rt_phase_timing *t, uint32_t repeat)
{
    char name[96];
    snprintf(name, sizeof name, "%s %s", t->operator_name, t->pass);
    uint32_t i = 0;
    while (i < m->count && strcmp(m->groups[i].name, name) != 0) i++;
    if (i == MAXIMUM_GROUPS)
        return rt_fail(RT_ERROR_INTERNAL, "a step has more than %d kinds of work", MAXIMUM_GROUPS);
    group *g = &m->groups[i];
    if (i == m->count) {
        snprintf(g->name, sizeof g->name, "%s", name);
        g->seconds = rt_arena_alloc(&m->arena, m->repeats, sizeof *g->seconds);
        if (g->seconds == NULL) return RT_ERROR_MEMORY;
        m->count++;
    }
    g->seconds[repeat] += t->seconds;
    if (repeat > 0) return RT_OK; /* the work is the same every time */
    g->flops += t->cost.flops;
    g->bytes += t->cost.bytes;
    g->commands++;
    return RT_OK;
}

static rt_status report_step(rt_bench *bench, const char *name, measured *m)
{
    double sum = 0, flops = 0;
    const double wall = rt_bench_median(m->walls, m->repeats);
    for (uint32_t i = 0; i < m->count; i++) {
        m->groups[i].median = rt_bench_median(m->groups[i].seconds, m->repeats);
        sum += m->groups[i].median;
        flops += m->groups[i].flops;
    }
    qsort(m->groups, m->count, sizeof *m->groups, slowest_first);
    RT_TRY(rt_bench_report(
        bench, &(rt_bench_result){.name = name, .seconds = wall, .flops = flops, .share = 1}));
    for (uint32_t i = 0; i < m->count; i++) {
        const group *g = &m->groups[i];
        char remark[32];
        snprintf(remark, sizeof remark, "%u commands", g->commands);
        const rt_bench_result result = {.name = g->name,
                                        .part_of = name,
                                        .seconds = g->median,
                                        .flops = g->flops,
                                        .bytes = g->bytes,
                                        .share = g->median / wall,
                                        .remark = remark};
        RT_TRY(rt_bench_report(bench, &result));
    }
    return rt_bench_report(
        bench, &(rt_bench_result){
                   .name = "sum of all", .part_of = name, .seconds = sum, .share = sum / wall});
}

static rt_status time_step(rt_phase *phase, measured *m, uint32_t repeat)
{
    rt_arena arena = {0};
    rt_phase_timing *timings;
    uint32_t count;
    rt_status status = RT_OK;
    const double began = rt_seconds();
    RT_TRY_DONE(rt_phase_submit(phase));
    RT_TRY_DONE(rt_phase_wait(phase));
    m->walls[repeat] = rt_seconds() - began;
    RT_TRY_DONE(rt_phase_timings(phase, &arena, &timings, &count));
    for (uint32_t i = 0; i < count; i++) RT_TRY_DONE(add_command(m, &timings[i], repeat));
done:
    rt_arena_clear(&arena);
    return status;
}

/* Runs the phase as it stands: two steps to warm up (one for each place of the inputs), then the
 * medians of the others. */
static rt_status time_phase(rt_bench *bench, const char *name, rt_phase *phase)
{
    enum { WARM_UP = 2 };
    measured *m;
    rt_status status = RT_OK;
    RT_TRY(RT_ALLOC(m, 1));
    m->repeats = bench->repeats;
    m->walls = rt_arena_alloc(&m->arena, bench->repeats, sizeof *m->walls);
    if (m->walls == NULL) status = RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < WARM_UP && status == RT_OK; i++) {
        status = rt_phase_submit(phase);
        if (status == RT_OK) status = rt_phase_wait(phase);
    }
    for (uint32_t i = 0; i < m->repeats && status == RT_OK; i++) status = time_step(phase, m, i);
    if (status == RT_OK) status = report_step(bench, name, m);
    rt_arena_clear(&m->arena);
    rt_free(m);
    return status;
}

static rt_status load_config(rt_bench *bench, stage *s, const pair *p, const char *path)
{
    const rt_config_schema *schema = rt_run_command.schema();
    const char *const *overrides = bench->command->overrides;
    const size_t count = bench->command->override_count;
    if (p == NULL) return rt_config_load(&s->config, schema, path, overrides, count, &s->arena);
    return rt_config_parse(&s->config, schema, p->name, p->yaml, strlen(p->yaml), overrides, count,
                           &s->arena);
}

/* The steps of a built-in pair, or of the run config `path` where `p` is NULL. */
static rt_status bench_pair(rt_bench *bench, const pair *p, const char *path)
{
    stage s = {0};
    char synthesis[300], student[300];
    const char *name = p != NULL ? p->name : path;
    snprintf(synthesis, sizeof synthesis, "%.250s-synthesis-step", name);
    snprintf(student, sizeof student, "%.250s-student-step", name);
    if (!rt_bench_wants(bench, synthesis) && !rt_bench_wants(bench, student)) return RT_OK;
    rt_status status = load_config(bench, &s, p, path);
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
    const rt_command *command = bench->command;
    if (command->argument_count > 1) return bench_pair(bench, NULL, command->arguments[1]);
    for (size_t i = 0; i < RT_COUNT(pairs); i++) RT_TRY(bench_pair(bench, &pairs[i], NULL));
    return RT_OK;
}
