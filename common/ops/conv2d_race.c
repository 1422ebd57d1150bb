#include "common/ops/conv2d_race.h"

#include "common/base/log.h"

static const rt_conv2d_shape default_layers[RT_CONV2D_LAYERS] = {
    RT_CONV2D_3X3(16, 32, 16, 16),
    RT_CONV2D_3X3(16, 16, 64, 64),
};

/* How often slower than the leader so far a family may be: what is left of the race is alike. */
static const double hopeless = 4;

typedef struct entrant {
    bool wrong;   ///< on this device
    bool partial; ///< does not do every pass of every layer: cannot win
    bool out;
    double seconds[RT_CONV2D_LAYERS][RT_CONV2D_PASSES]; ///< 0: not timed
} entrant;

typedef struct running {
    rt_conv2d_race *race;
    bool found_wrong;
    rt_device *device;
    entrant entrants[RT_CONV2D_ENTRANTS];
} running;

/* One pass of one layer. */
typedef struct heat {
    uint32_t layer;
    rt_conv2d_pass pass;
} heat;

static uint32_t still_in(const running *r)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->race->count; i++) count += !r->entrants[i].out;
    return count;
}

static bool does(const running *r, uint32_t i, const heat *h)
{
    return r->race->families[i]->candidates(rt_device_describe(r->device),
                                            &r->race->layers[h->layer], h->pass) > 0;
}

static void note(running *r, uint32_t i, const heat *h, double seconds)
{
    r->entrants[i].seconds[h->layer][h->pass] = seconds;
    r->race->figures[r->race->figure_count++] =
        (rt_conv2d_figure){.choice = {.family = r->race->families[i]},
                           .layer = r->race->layers[h->layer],
                           .pass = h->pass,
                           .seconds = seconds};
}

/* One family in one pass: checked, and timed unless it is the last one left. */
static rt_status run_entrant(running *r, uint32_t i, rt_conv2d_trial *trial, const heat *h)
{
    const rt_conv2d_choice best_known = {.family = r->race->families[i]};
    const bool alone = still_in(r) == 1 && !r->race->whole;
    double seconds = 0;
    bool right = true;
    if (best_known.family != &rt_conv2d_plain_family)
        RT_TRY(rt_conv2d_trial_check(trial, &best_known, h->pass, &right));
    if (!right) {
        rt_log_warning("the '%s' kernels are wrong on '%s' (%s): they are not used",
                       best_known.family->name, rt_device_describe(r->device)->name,
                       rt_conv2d_pass_name(h->pass));
        r->entrants[i].wrong = r->entrants[i].out = r->found_wrong = true;
        note(r, i, h, 0);
        return RT_OK;
    }
    if (alone) return RT_OK;
    RT_TRY(rt_conv2d_trial_time(trial, &best_known, h->pass, &seconds));
    note(r, i, h, seconds);
    return RT_OK;
}

/* How often slower one is than another, over what both did so far; 0 if that is nothing. */
static double times_slower(const entrant *one, const entrant *other)
{
    double seconds = 0, others = 0;
    for (int layer = 0; layer < RT_CONV2D_LAYERS; layer++)
        for (int pass = 0; pass < RT_CONV2D_PASSES; pass++)
            if (one->seconds[layer][pass] > 0 && other->seconds[layer][pass] > 0) {
                seconds += one->seconds[layer][pass];
                others += other->seconds[layer][pass];
            }
    return others > 0 ? seconds / others : 0;
}

/* The number of entrants if there is none. */
static uint32_t leader_of(const running *r)
{
    uint32_t leader = r->race->count;
    for (uint32_t i = 0; i < r->race->count; i++) {
        if (r->entrants[i].out || r->entrants[i].partial) continue;
        if (leader == r->race->count || times_slower(&r->entrants[leader], &r->entrants[i]) > 1)
            leader = i;
    }
    return leader;
}

static void drop_the_hopeless(running *r)
{
    const uint32_t leader = leader_of(r);
    if (leader == r->race->count) return;
    for (uint32_t i = 0; i < r->race->count; i++)
        if (times_slower(&r->entrants[i], &r->entrants[leader]) > hopeless)
            r->entrants[i].out = true;
}

static rt_status run_layer(running *r, uint32_t layer)
{
    rt_status status = RT_OK;
    rt_conv2d_trial *trial;
    RT_TRY(rt_conv2d_trial_create(&trial, r->device, &r->race->layers[layer]));
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
        const heat h = {layer, (rt_conv2d_pass)pass};
        for (uint32_t i = 0; i < r->race->count; i++)
            if (!r->entrants[i].out && does(r, i, &h)) RT_TRY_DONE(run_entrant(r, i, trial, &h));
        if (!r->race->whole) drop_the_hopeless(r);
    }
done:
    rt_conv2d_trial_free(trial);
    return status;
}

/* Without those that were wrong before. When one is left, each of its passes has been checked once:
 * another layer would tell nothing. */
static rt_status run_without_the_wrong(running *r)
{
    r->race->figure_count = 0;
    r->found_wrong = false;
    for (uint32_t i = 0; i < r->race->count; i++) {
        entrant *e = &r->entrants[i];
        *e = (entrant){.wrong = e->wrong, .out = e->wrong};
        for (uint32_t k = 0; k < r->race->layer_count; k++)
            for (int pass = 0; pass < RT_CONV2D_PASSES; pass++)
                if (!does(r, i, &(heat){k, (rt_conv2d_pass)pass})) e->partial = true;
    }
    for (uint32_t k = 0; k < r->race->layer_count; k++)
        if (k == 0 || still_in(r) > 1 || r->race->whole) RT_TRY(run_layer(r, k));
    return RT_OK;
}

/* Those that are left, the fastest first, and behind them those that do only a part of the work. */
static void rank(running *r)
{
    rt_conv2d_contenders *contenders = &r->race->contenders;
    contenders->count = 0;
    for (uint32_t next = leader_of(r); next < r->race->count; next = leader_of(r)) {
        contenders->families[contenders->count++] = r->race->families[next];
        r->entrants[next].out = true;
    }
    for (uint32_t i = 0; i < r->race->count; i++)
        if (!r->entrants[i].out) contenders->families[contenders->count++] = r->race->families[i];
}

rt_status rt_conv2d_race_run(rt_conv2d_race *race, rt_device *device)
{
    running r = {.race = race, .device = device};
    if (race->layers == NULL) {
        race->layers = default_layers;
        race->layer_count = RT_COUNT(default_layers);
    }
    do {
        RT_TRY(run_without_the_wrong(&r));
    } while (r.found_wrong); /* others may be out because of it */
    drop_the_hopeless(&r);
    rank(&r);
    return RT_OK;
}
