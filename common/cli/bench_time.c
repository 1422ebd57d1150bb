/* A step of `retort bench`: its wall clock, then its operators pass by pass. */
#include "common/cli/bench.h"

#include "common/base/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps that are not counted: one for each place of the inputs. */
enum { WARM_UP = 2, MAXIMUM_GROUPS = 128 };

/* Time of one kind of work within a step: all commands of an operator's pass. */
typedef struct group {
    char name[96];
    double *seconds; ///< of each repeat; sorted once the median is taken
    double median, flops, bytes;
    uint32_t commands;
} group;

typedef struct measured {
    rt_arena arena;
    group groups[MAXIMUM_GROUPS];
    uint32_t count, repeats;
    double wall;           ///< median
    double *stamped_walls; ///< of the steps with time stamps
    double stamped_wall;   ///< median
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

typedef struct stopwatch {
    double *seconds; ///< where the next step's go
    double last;
} stopwatch;

static rt_status step_done(void *state, const rt_training_step *step)
{
    (void)step;
    stopwatch *watch = state;
    const double now = rt_seconds();
    *watch->seconds++ = now - watch->last;
    watch->last = now;
    return RT_OK;
}

rt_status rt_bench_run_training(rt_training *training, const rt_sample_source *source,
                                uint32_t steps, double *seconds)
{
    stopwatch watch = {.seconds = seconds, .last = rt_seconds()};
    return rt_training_run(training, source, rt_training_step_count(training) + steps,
                           &(rt_training_listener){.state = &watch, .step_done = step_done});
}

/* As rt_bench_warm_up, with whole steps: their inputs must be written anew each time. */
static rt_status warm_up(const rt_bench_step *step)
{
    double unused;
    const double began = rt_seconds();
    while (rt_seconds() - began < RT_BENCH_WARM_UP_SECONDS)
        RT_TRY(step->run(step->state, 1, &unused));
    return RT_OK;
}

/* Without time stamps, as in a run: each of them may wait for the command before it. */
static rt_status time_wall(const rt_bench_step *step, measured *m)
{
    double *seconds = rt_arena_alloc(&m->arena, WARM_UP + m->repeats, sizeof *seconds);
    if (seconds == NULL) return RT_ERROR_MEMORY;
    rt_status status = step->create(step->state, false);
    if (status == RT_OK) status = warm_up(step);
    if (status == RT_OK) status = step->run(step->state, WARM_UP + m->repeats, seconds);
    step->destroy(step->state);
    m->wall = rt_bench_median(seconds + WARM_UP, m->repeats);
    return status;
}

static rt_status time_stamped(const rt_bench_step *step, measured *m)
{
    double seconds[WARM_UP];
    m->stamped_walls = rt_arena_alloc(&m->arena, m->repeats, sizeof *m->stamped_walls);
    if (m->stamped_walls == NULL) return RT_ERROR_MEMORY;
    RT_TRY(step->run(step->state, WARM_UP, seconds));
    for (uint32_t repeat = 0; repeat < m->repeats; repeat++) {
        rt_arena arena = {0};
        rt_phase_timing *timings;
        uint32_t count = 0;
        rt_status status = step->run(step->state, 1, &m->stamped_walls[repeat]);
        if (status == RT_OK)
            status = rt_phase_timings(step->phase(step->state), &arena, &timings, &count);
        for (uint32_t i = 0; i < count && status == RT_OK; i++)
            status = add_command(m, &timings[i], repeat);
        rt_arena_clear(&arena);
        RT_TRY(status);
    }
    return RT_OK;
}

static rt_status time_operators(const rt_bench_step *step, measured *m)
{
    rt_status status = step->create(step->state, true);
    if (status == RT_OK) status = warm_up(step);
    if (status == RT_OK) status = time_stamped(step, m);
    step->destroy(step->state);
    if (status != RT_OK) return status;
    m->stamped_wall = rt_bench_median(m->stamped_walls, m->repeats);
    for (uint32_t i = 0; i < m->count; i++)
        m->groups[i].median = rt_bench_median(m->groups[i].seconds, m->repeats);
    qsort(m->groups, m->count, sizeof *m->groups, slowest_first);
    return RT_OK;
}

static rt_status report(rt_bench *bench, const rt_bench_step *step, const measured *m)
{
    double sum = 0, flops = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        sum += m->groups[i].median;
        flops += m->groups[i].flops;
    }
    RT_TRY(rt_bench_report(bench, &(rt_bench_result){.name = step->name,
                                                     .seconds = m->wall,
                                                     .flops = flops,
                                                     .remark = "wall clock"}));
    if (m->count == 0) return RT_OK;
    for (uint32_t i = 0; i < m->count; i++) {
        const group *g = &m->groups[i];
        char remark[32];
        snprintf(remark, sizeof remark, "%u commands", g->commands);
        RT_TRY(rt_bench_report(bench, &(rt_bench_result){.name = g->name,
                                                         .part_of = step->name,
                                                         .seconds = g->median,
                                                         .flops = g->flops,
                                                         .bytes = g->bytes,
                                                         .share = g->median / m->stamped_wall,
                                                         .remark = remark}));
    }
    RT_TRY(rt_bench_report(bench, &(rt_bench_result){.name = "sum of all",
                                                     .part_of = step->name,
                                                     .seconds = sum,
                                                     .share = sum / m->stamped_wall}));
    return rt_bench_report(bench, &(rt_bench_result){.name = "wall clock with time stamps",
                                                     .part_of = step->name,
                                                     .seconds = m->stamped_wall,
                                                     .share = 1});
}

rt_status rt_bench_time_step(rt_bench *bench, const rt_bench_step *step)
{
    measured *m;
    if (!rt_bench_wants(bench, step->name)) return RT_OK;
    RT_TRY(RT_ALLOC(m, 1));
    m->repeats = bench->repeats;
    rt_status status = time_wall(step, m);
    if (status == RT_OK && !bench->wall_only) status = time_operators(step, m);
    if (status == RT_OK) status = report(bench, step, m);
    rt_arena_clear(&m->arena);
    rt_free(m);
    return status;
}
