#include "common/ops/conv2d_contest.h"

#include "common/base/log.h"
#include "common/base/progress.h"

#include <stdlib.h>
#include <string.h>

/* Less is no reason to leave what is known: noise of a shared machine is of that size. */
static const double clearly = 0.95;
/* Out after a few turns if so many times slower than the leader. Not less: on two cores a neighbour
 * that wants one makes a kernel twice as slow, for as long as it likes. */
static const double hopeless = 2.2;
static const double enough_seconds = 0.03; /* of runs for each */
enum { TURNS_TO_DROP = 3, TURNS = 5, MOST_TURNS = 20, TURNS_OF_A_FINAL = 15 };

typedef struct running {
    rt_conv2d_contest *contest;
    rt_device *device;
    rt_conv2d_trial *trial;
    rt_program *programs[RT_CONV2D_MOST_CHOICES]; ///< NULL: out
} running;

uint32_t rt_conv2d_clearly_fastest(const double *seconds, uint32_t count)
{
    uint32_t known = 0, fastest;
    while (known < count && seconds[known] == 0) known++;
    fastest = known;
    for (uint32_t i = known; i < count; i++)
        if (seconds[i] > 0 && seconds[i] < clearly * seconds[known] &&
            seconds[i] < seconds[fastest])
            fastest = i;
    return fastest;
}

static void warn(const running *r, uint32_t i, const char *why)
{
    const rt_conv2d_choice *choice = &r->contest->choices[i];
    char text[RT_CONV2D_WORK_TEXT];
    rt_conv2d_work_print(text, &r->contest->work);
    rt_log_warning("kernel %u of '%s' is not used on '%s' for %s: %s", choice->candidate,
                   choice->family->name, rt_device_describe(r->device)->name, text, why);
}

/* Compiles a kernel, compares it with the plain one and gets it ready to run. One that a driver
 * refuses is out; but where it refuses all, the device itself is at fault. */
static rt_status admit(running *r, uint32_t i)
{
    rt_conv2d_contest *c = r->contest;
    const rt_conv2d_choice *choice = &c->choices[i];
    bool right = true;
    rt_status status = RT_OK;
    if (choice->family != &rt_conv2d_plain_family)
        status = rt_conv2d_trial_check(r->trial, choice, c->work.pass, &right);
    if (status == RT_OK && right)
        status = rt_conv2d_trial_record(r->trial, choice, c->work.pass, &r->programs[i]);
    if (status == RT_ERROR_DEVICE && i > 0) {
        warn(r, i, rt_error_message());
        return RT_OK;
    }
    if (status == RT_OK && !right) warn(r, i, "it is wrong");
    return status;
}

/* Those that time allows, at least the best known. */
static rt_status admit_all(running *r)
{
    rt_conv2d_contest *c = r->contest;
    for (uint32_t i = 0; i < c->count; i++) {
        const double began = rt_seconds();
        if (began + c->check_seconds > c->deadline) {
            c->complete = false;
            if (i > 0) return RT_OK;
        }
        RT_TRY(admit(r, i));
        const double took = rt_seconds() - began;
        if (took > c->check_seconds) c->check_seconds = took;
    }
    return RT_OK;
}

/* The first that was admitted and has run; `count` if none has. */
static uint32_t best_known(const rt_conv2d_contest *c)
{
    uint32_t i = 0;
    while (i < c->count && c->seconds[i] == 0) i++;
    return i;
}

/* The best known stays, for the final. */
static void leave_out(running *r, double least)
{
    for (uint32_t i = best_known(r->contest) + 1; i < r->contest->count; i++)
        if (r->contest->seconds[i] > least) {
            rt_program_free(r->programs[i]);
            r->programs[i] = NULL;
        }
}

static double least_of(const rt_conv2d_contest *c)
{
    double least = 0;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->seconds[i] > 0 && (least == 0 || c->seconds[i] < least)) least = c->seconds[i];
    return least;
}

static rt_status run(running *r, uint32_t i, double *now)
{
    double *least = &r->contest->seconds[i];
    RT_TRY(rt_conv2d_trial_run(r->trial, r->programs[i], now));
    if (*least == 0 || *now < *least) *least = *now;
    return RT_OK;
}

/* Each of those that are in, once. */
static rt_status take_turns(running *r, double *spent)
{
    rt_conv2d_contest *c = r->contest;
    for (uint32_t i = 0; i < c->count; i++) {
        double now;
        if (r->programs[i] == NULL) continue;
        RT_TRY(run(r, i, &now));
        *spent += now;
    }
    return RT_OK;
}

static uint32_t still_in(const running *r)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->contest->count; i++) count += r->programs[i] != NULL;
    return count;
}

static rt_status time_all(running *r)
{
    double spent = 0;
    uint32_t first = 0;
    while (first < r->contest->count && r->programs[first] == NULL) first++;
    if (first == r->contest->count) return RT_OK;
    RT_TRY(rt_conv2d_trial_warm_up(r->trial, r->programs[first]));
    for (int turn = 0; turn < MOST_TURNS; turn++) {
        if (turn >= TURNS && spent >= enough_seconds * still_in(r)) break;
        RT_TRY(take_turns(r, &spent));
        if (turn + 1 == TURNS_TO_DROP) leave_out(r, hopeless * least_of(r->contest));
    }
    return RT_OK;
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Whether the challenger is faster than the best known turn by turn, too: on a busy machine the
 * least of several runs is luck, but neighbours in time share their luck. */
static rt_status hold_final(running *r, uint32_t known, uint32_t challenger, bool *faster)
{
    const double *seconds = r->contest->seconds;
    double ratios[TURNS_OF_A_FINAL];
    for (int turn = 0; turn < TURNS_OF_A_FINAL; turn++) {
        double before, now, after;
        RT_TRY(run(r, known, &before));
        RT_TRY(run(r, challenger, &now));
        RT_TRY(run(r, known, &after));
        ratios[turn] = 2 * now / (before + after);
    }
    qsort(ratios, TURNS_OF_A_FINAL, sizeof *ratios, ascending);
    *faster =
        ratios[TURNS_OF_A_FINAL / 2] < clearly && seconds[challenger] < clearly * seconds[known];
    return RT_OK;
}

/* The fastest that also wins a final against the best known. */
static rt_status find_winner(running *r)
{
    rt_conv2d_contest *c = r->contest;
    double standing[RT_CONV2D_MOST_CHOICES];
    const uint32_t known = best_known(c);
    bool faster = false;
    memcpy(standing, c->seconds, sizeof standing);
    while (!faster) {
        c->winner = rt_conv2d_clearly_fastest(standing, c->count);
        if (c->winner == known) return RT_OK;
        RT_TRY(hold_final(r, known, c->winner, &faster));
        standing[known] = c->seconds[known];
        standing[c->winner] = 0;
    }
    return RT_OK;
}

rt_status rt_conv2d_contest_run(rt_conv2d_contest *contest, rt_device *device)
{
    running r = {.contest = contest, .device = device};
    rt_status status = RT_OK;
    contest->complete = true;
    for (uint32_t i = 0; i < contest->count; i++) contest->seconds[i] = 0;
    RT_TRY(rt_conv2d_trial_create(&r.trial, device, &contest->work.layer));
    RT_TRY_DONE(admit_all(&r));
    RT_TRY_DONE(time_all(&r));
    RT_TRY_DONE(find_winner(&r));
done:
    for (uint32_t i = 0; i < contest->count; i++) rt_program_free(r.programs[i]);
    rt_conv2d_trial_free(r.trial);
    return status;
}
