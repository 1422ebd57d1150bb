#include "common/ops/conv2d_choice.h"

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/progress.h"
#include "common/ops/conv2d_cache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double timing_seconds = 30; /* of a process, all in all */

/* Of the process: one device at a time, as the program uses them. */
static rt_conv2d_choice forced;
static struct {
    char device[256]; ///< whose plan it is, by its name; "": nothing is decided
    rt_conv2d_plan plan;
    char *record;     ///< path of the run's; NULL: none
    bool record_lags; ///< behind the plan
    double spent_seconds;
    bool everything; ///< rt_conv2d_tune
    void (*report)(void *context, const rt_conv2d_figure *figure);
    void *context;
} state;

/* A family for no layer in particular. */
static const rt_conv2d_work typical = {.layer = RT_CONV2D_3X3(1, 16, 16, 16),
                                       .pass = RT_CONV2D_FORWARD};

static void forget(void)
{
    rt_conv2d_table_clear(&state.plan.table);
    rt_free(state.record);
    memset(&state, 0, sizeof state);
}

/* Takes over plan->table. */
static void adopt(const rt_device *device, const rt_conv2d_plan *plan)
{
    const char *name = rt_device_describe(device)->name;
    rt_conv2d_table_clear(&state.plan.table);
    state.plan = *plan;
    memcpy(state.device, name, strlen(name) + 1);
}

void rt_conv2d_force(const rt_conv2d_family *family, uint32_t candidate)
{
    forced = (rt_conv2d_choice){family, candidate};
    if (family == NULL) forget();
}

/* The other family for GPUs does what this one does not: layers of few channels. */
static rt_status go_cooperative(const rt_device *device, rt_conv2d_plan *plan)
{
    const rt_device_info *info = rt_device_describe(device);
    if (!info->cooperative_matrix)
        return rt_fail(RT_ERROR_DEVICE,
                       "RETORT_CONV2D=cooperative: '%s' has no cooperative matrices of float16 "
                       "(VK_NV_cooperative_matrix); unset it to go on in float32",
                       info->name);
    plan->contenders.families[plan->contenders.count++] = &rt_conv2d_shared_family;
    return RT_OK;
}

/* No contender where the environment says nothing. */
static rt_status ask_environment(const rt_device *device, rt_conv2d_plan *plan)
{
    const char *name = getenv("RETORT_CONV2D");
    const rt_conv2d_family *family;
    *plan = (rt_conv2d_plan){0};
    if (name == NULL || name[0] == '\0') return RT_OK;
    if (strcmp(name, "untimed") == 0)
        family = rt_conv2d_best_known(&plan->contenders, device, &typical).family;
    else
        family = rt_conv2d_family_find(name);
    if (family == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "the environment asks for unknown kernels: RETORT_CONV2D=%s; there are "
                       "shuffle, shared, plain, cooperative, and untimed for the best known",
                       name);
    plan->contenders = (rt_conv2d_contenders){.families = {family}, .count = 1};
    return family == &rt_conv2d_cooperative_family ? go_cooperative(device, plan) : RT_OK;
}

static rt_status hold_race(rt_device *device, rt_conv2d_race *race, rt_conv2d_plan *plan)
{
    const double began = rt_seconds();
    race->families = rt_conv2d_families;
    race->count = rt_conv2d_family_count;
    RT_TRY(rt_conv2d_race_run(race, device));
    *plan = (rt_conv2d_plan){.contenders = race->contenders, .timed = true};
    rt_conv2d_cache_add(plan, device);
    state.spent_seconds += rt_seconds() - began;
    return RT_OK;
}

static rt_status decide_by_race(rt_device *device, rt_conv2d_plan *plan)
{
    rt_conv2d_race race = {0};
    const double began = rt_seconds();
    RT_TRY(hold_race(device, &race, plan));
    rt_log("kernels for '%s': %s convolutions, by timing (%.1f s)",
           rt_device_describe(device)->name, plan->contenders.families[0]->name,
           rt_seconds() - began);
    return RT_OK;
}

/* Which families; the table stays empty. */
static rt_status decide(rt_device *device)
{
    rt_conv2d_plan plan;
    if (strcmp(state.device, rt_device_describe(device)->name) == 0) return RT_OK;
    forget();
    RT_TRY(ask_environment(device, &plan));
    if (plan.contenders.count == 0) {
        if (rt_conv2d_cache_read(&plan, device)) {
            rt_conv2d_table_clear(&plan.table); /* has more than this process will use */
            plan.timed = true;
        } else {
            RT_TRY(decide_by_race(device, &plan));
        }
    }
    adopt(device, &plan);
    return RT_OK;
}

/* What the cache says about jobs goes into the plan; the others stay in the list. */
static rt_status ask_cache(const rt_device *device, rt_conv2d_job *jobs, uint32_t *count)
{
    rt_status status = RT_OK;
    rt_conv2d_plan cached;
    uint32_t left = 0;
    if (state.everything || !rt_conv2d_cache_read(&cached, device)) return RT_OK;
    for (uint32_t i = 0; i < *count; i++) {
        const rt_conv2d_choice *choice = rt_conv2d_table_find(&cached.table, &jobs[i].work);
        if (choice == NULL)
            jobs[left++] = jobs[i];
        else
            RT_TRY_DONE(
                rt_conv2d_table_put(&state.plan.table, &(rt_conv2d_entry){jobs[i].work, *choice}));
    }
    *count = left;
done:
    rt_conv2d_table_clear(&cached.table);
    return status;
}

static rt_status time_jobs(rt_device *device, rt_conv2d_job *jobs, uint32_t count)
{
    rt_status status = RT_OK;
    rt_conv2d_plan settled = {.contenders = state.plan.contenders};
    rt_conv2d_tuner tuner = {.contenders = &state.plan.contenders,
                             .seconds =
                                 state.everything ? INFINITY : timing_seconds - state.spent_seconds,
                             .everything = state.everything,
                             .report = state.report,
                             .context = state.context};
    const double began = rt_seconds();
    rt_conv2d_tuner_run(&tuner, device, jobs, count);
    state.spent_seconds += rt_seconds() - began;
    for (uint32_t i = 0; i < count; i++) {
        const rt_conv2d_entry entry = {jobs[i].work, jobs[i].choice};
        RT_TRY_DONE(rt_conv2d_table_put(&state.plan.table, &entry));
        if (jobs[i].settled) RT_TRY_DONE(rt_conv2d_table_put(&settled.table, &entry));
    }
    if (settled.table.count > 0) rt_conv2d_cache_add(&settled, device);
done:
    rt_conv2d_table_clear(&settled.table);
    return status;
}

/* The work that the plan does not know, each once, with its share of all. */
static uint32_t list_jobs(const rt_device *device, const rt_conv2d_work *work, uint32_t count,
                          rt_conv2d_job *jobs)
{
    uint32_t job_count = 0;
    double flops = 0;
    for (uint32_t i = 0; i < count; i++) flops += rt_conv2d_flops(&work[i].layer);
    for (uint32_t i = 0; i < count; i++) {
        rt_conv2d_job job = {.work = {rt_conv2d_trial_layer(device, &work[i].layer), work[i].pass},
                             .share = rt_conv2d_flops(&work[i].layer) / flops};
        uint32_t k = 0;
        if (rt_conv2d_table_find(&state.plan.table, &job.work) != NULL) continue;
        while (k < job_count && !rt_conv2d_work_equal(&jobs[k].work, &job.work)) k++;
        if (k < job_count)
            jobs[k].share += job.share;
        else
            jobs[job_count++] = job;
    }
    return job_count;
}

/* What a run depends on is on the disk first. */
static rt_status keep_record(const rt_device *device)
{
    if (state.record == NULL || !state.record_lags) return RT_OK;
    RT_TRY(rt_conv2d_plan_write(&state.plan, device, state.record));
    state.record_lags = false;
    return RT_OK;
}

rt_status rt_conv2d_prepare(rt_device *device, const rt_conv2d_work *work, uint32_t count)
{
    rt_status status = RT_OK;
    rt_conv2d_job *jobs;
    if (forced.family != NULL) return RT_OK;
    RT_TRY(decide(device));
    if (!state.plan.timed) return RT_OK;
    RT_TRY(RT_ALLOC(jobs, count));
    uint32_t job_count = list_jobs(device, work, count, jobs);
    if (job_count > 0) {
        state.record_lags = true;
        RT_TRY_DONE(ask_cache(device, jobs, &job_count));
        RT_TRY_DONE(time_jobs(device, jobs, job_count));
    }
    RT_TRY_DONE(keep_record(device));
done:
    rt_free(jobs);
    return status;
}

static rt_conv2d_choice forced_for(const rt_device *device, const rt_conv2d_work *work)
{
    const uint32_t candidates =
        forced.family->candidates(rt_device_describe(device), &work->layer, work->pass);
    if (candidates == 0) return rt_conv2d_best_known(&state.plan.contenders, device, work);
    return (rt_conv2d_choice){forced.family,
                              forced.candidate < candidates ? forced.candidate : candidates - 1};
}

rt_status rt_conv2d_choose(rt_device *device, const rt_conv2d_shape *shape, rt_conv2d_pass pass,
                           rt_conv2d_choice *choice)
{
    const rt_conv2d_work whole = {*shape, pass},
                         work = {rt_conv2d_trial_layer(device, shape), pass};
    if (forced.family != NULL) {
        *choice = forced_for(device, &work);
        return RT_OK;
    }
    RT_TRY(rt_conv2d_prepare(device, &whole, 1));
    const rt_conv2d_choice *row = rt_conv2d_table_find(&state.plan.table, &work);
    *choice = row != NULL ? *row : rt_conv2d_best_known(&state.plan.contenders, device, &work);
    return RT_OK;
}

/* What a run began with, from its file. */
static rt_status take_recorded(const rt_device *device, const char *path, rt_arena *arena)
{
    const rt_conv2d_record here = rt_conv2d_record_for(device);
    rt_conv2d_record found;
    rt_conv2d_plan plan;
    RT_TRY(rt_conv2d_record_read(&found, path, arena));
    RT_TRY(rt_conv2d_plan_read(&plan, device, &found, path));
    if (!rt_conv2d_record_matches(&found, &here))
        rt_log_warning("'%s' was made by Retort %s on '%s' (%s): from here on results may differ "
                       "in their last digits",
                       path, found.program, found.device, found.driver);
    adopt(device, &plan);
    return RT_OK;
}

rt_status rt_conv2d_keep(rt_device *device, const char *path)
{
    rt_arena arena = {0};
    rt_status status = RT_OK;
    if (rt_file_exists(path)) {
        RT_TRY_DONE(take_recorded(device, path, &arena));
    } else {
        RT_TRY_DONE(decide(device));
        RT_TRY_DONE(rt_conv2d_plan_write(&state.plan, device, path));
    }
    rt_free(state.record);
    state.record_lags = false;
    state.record = rt_strdup(path);
    if (state.record == NULL) status = RT_ERROR_MEMORY;
done:
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_conv2d_tune(rt_device *device, rt_conv2d_race *race,
                         void (*report)(void *context, const rt_conv2d_figure *figure),
                         void *context)
{
    rt_conv2d_plan plan;
    forget();
    *race = (rt_conv2d_race){.whole = true};
    RT_TRY(hold_race(device, race, &plan));
    adopt(device, &plan);
    state.everything = true;
    state.report = report;
    state.context = context;
    return RT_OK;
}
