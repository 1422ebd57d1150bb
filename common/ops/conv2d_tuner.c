#include "common/ops/conv2d_tuner.h"

#include "common/base/log.h"
#include "common/base/progress.h"

#include <stdlib.h>

/* Less of all work cannot repay the second that compiling its candidates takes. */
static const double smallest_share = 0.001;
/* What compiling and checking a kernel takes before one was seen (docs/kernels.md, section 5). */
static const double first_guess_seconds = 0.5;

typedef struct running {
    rt_conv2d_tuner *tuner;
    rt_device *device;
    double deadline, check_seconds;
    uint32_t timed, changed, left; ///< jobs
} running;

rt_conv2d_choice rt_conv2d_best_known(const rt_conv2d_contenders *contenders,
                                      const rt_device *device, const rt_conv2d_work *work)
{
    const rt_device_info *info = rt_device_describe(device);
    for (uint32_t i = 0; i < contenders->count; i++)
        if (contenders->families[i]->candidates(info, &work->layer, work->pass) > 0)
            return (rt_conv2d_choice){.family = contenders->families[i]};
    for (uint32_t i = 0; i < rt_conv2d_family_count; i++)
        if (rt_conv2d_families[i]->candidates(info, &work->layer, work->pass) > 0)
            return (rt_conv2d_choice){.family = rt_conv2d_families[i]};
    return (rt_conv2d_choice){.family = &rt_conv2d_plain_family};
}

/* The candidates of all contenders, the best known first. */
static void gather(const running *r, rt_conv2d_contest *contest)
{
    const rt_device_info *info = rt_device_describe(r->device);
    const rt_conv2d_contenders *contenders = r->tuner->contenders;
    const rt_conv2d_work *work = &contest->work;
    for (uint32_t i = 0; i < contenders->count; i++) {
        const rt_conv2d_family *family = contenders->families[i];
        const uint32_t candidates = family->candidates(info, &work->layer, work->pass);
        for (uint32_t k = 0; k < candidates && contest->count < RT_CONV2D_MOST_CHOICES; k++)
            contest->choices[contest->count++] = (rt_conv2d_choice){family, k};
    }
}

static void report(const running *r, const rt_conv2d_contest *c)
{
    for (uint32_t i = 0; i < c->count && r->tuner->report != NULL; i++)
        r->tuner->report(r->tuner->context, &(rt_conv2d_figure){.choice = c->choices[i],
                                                                .layer = c->work.layer,
                                                                .pass = c->work.pass,
                                                                .seconds = c->seconds[i],
                                                                .chosen = i == c->winner});
}

static rt_status hold_contest(running *r, rt_conv2d_job *job, rt_conv2d_contest *contest)
{
    contest->deadline = r->deadline;
    contest->check_seconds = r->check_seconds;
    RT_TRY(rt_conv2d_contest_run(contest, r->device));
    r->check_seconds = contest->check_seconds;
    report(r, contest);
    r->timed++;
    r->changed += contest->winner != 0;
    r->left += !contest->complete; /* some of its candidates were */
    job->settled = true;
    job->choice = contest->winner < contest->count
                      ? contest->choices[contest->winner]
                      : (rt_conv2d_choice){.family = &rt_conv2d_plain_family};
    return RT_OK;
}

static void settle(running *r, rt_conv2d_job *job)
{
    rt_conv2d_contest contest = {.work = job->work};
    job->choice = rt_conv2d_best_known(r->tuner->contenders, r->device, &job->work);
    job->settled = false;
    gather(r, &contest);
    if (!r->tuner->everything && (contest.count < 2 || job->share < smallest_share)) return;
    if (rt_seconds() + r->check_seconds > r->deadline) {
        r->left++;
        job->settled = r->deadline > 0; /* not behind a contest that failed */
        return;
    }
    if (hold_contest(r, job, &contest) == RT_OK) return;
    rt_log_warning("no more kernels are timed: %s", rt_error_message());
    r->deadline = 0;
    r->left++;
}

static int heaviest_first(const void *left, const void *right)
{
    const double a = ((const rt_conv2d_job *)left)->share,
                 b = ((const rt_conv2d_job *)right)->share;
    return (a < b) - (a > b);
}

void rt_conv2d_tuner_run(rt_conv2d_tuner *tuner, rt_device *device, rt_conv2d_job *jobs,
                         uint32_t count)
{
    const double began = rt_seconds();
    running r = {.tuner = tuner,
                 .device = device,
                 .deadline = began + tuner->seconds,
                 .check_seconds = first_guess_seconds};
    rt_progress progress;
    rt_progress_begin(&progress, "choosing kernels", count, 0);
    qsort(jobs, count, sizeof *jobs, heaviest_first);
    for (uint32_t i = 0; i < count; i++) {
        char text[RT_CONV2D_WORK_TEXT];
        rt_conv2d_work_print(text, &jobs[i].work);
        rt_progress_update(&progress, i, text);
        settle(&r, &jobs[i]);
    }
    const double took = rt_seconds() - began;
    tuner->seconds = r.deadline > 0 ? tuner->seconds - took : 0;
    if (r.timed + r.left > 0) /* and so takes the bar away, if there is one */
        rt_log("kernels for '%s': passes of layers timed: %u, changed: %u, left as they are best "
               "known: %u (%.1f s)",
               rt_device_describe(device)->name, r.timed, r.changed, r.left, took);
}
