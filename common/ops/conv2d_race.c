#include "common/ops/conv2d_race.h"

#include "common/base/log.h"

static const rt_conv2d_shape default_layers[RT_CONV2D_LAYERS] = {
    {.images = 16,
     .height = 32,
     .width = 32,
     .in_channels = 16,
     .out_channels = 16,
     .kernel_h = 3,
     .kernel_w = 3,
     .stride = 1,
     .padding = 1,
     .out_height = 32,
     .out_width = 32},
    {.images = 16,
     .height = 16,
     .width = 16,
     .in_channels = 64,
     .out_channels = 64,
     .kernel_h = 3,
     .kernel_w = 3,
     .stride = 1,
     .padding = 1,
     .out_height = 16,
     .out_width = 16},
};

/* How often slower than the leader so far a family may be: what is left of the race is alike. */
static const double hopeless = 4;

typedef struct entrant {
    bool wrong; ///< on this device
    bool out;
    double seconds; ///< so far
} entrant;

typedef struct running {
    rt_conv2d_race *race;
    bool found_wrong;
    rt_device *device;
    entrant entrants[RT_CONV2D_ENTRANTS];
} running;

static double flops_of(const rt_conv2d_shape *s)
{
    return 2.0 * s->images * s->out_height * s->out_width * s->out_channels * s->in_channels *
           s->kernel_h * s->kernel_w;
}

static uint32_t still_in(const running *r)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->race->count; i++) count += !r->entrants[i].out;
    return count;
}

static void note(running *r, const rt_conv2d_family *family, const rt_conv2d_shape *layer,
                 rt_conv2d_pass pass, double seconds)
{
    r->race->figures[r->race->figure_count++] =
        (rt_conv2d_figure){family, layer, pass, seconds, flops_of(layer)};
}

/* One family in one pass: checked, and timed unless it is the last one left. */
static rt_status run_entrant(running *r, uint32_t i, rt_conv2d_trial *trial,
                             const rt_conv2d_shape *layer, rt_conv2d_pass pass)
{
    const rt_conv2d_family *family = r->race->families[i];
    const rt_conv2d_choice best_known = {.family = family};
    entrant *e = &r->entrants[i];
    const bool alone = still_in(r) == 1 && !r->race->whole;
    double seconds = 0;
    bool right = true;
    if (family != &rt_conv2d_plain_family)
        RT_TRY(rt_conv2d_trial_check(trial, &best_known, pass, &right));
    if (!right) {
        rt_log_warning("the '%s' kernels are wrong on '%s' (%s): they are not used", family->name,
                       rt_device_describe(r->device)->name, rt_conv2d_pass_name(pass));
        e->wrong = e->out = r->found_wrong = true;
        note(r, family, layer, pass, 0);
        return RT_OK;
    }
    if (alone) return RT_OK;
    RT_TRY(rt_conv2d_trial_time(trial, &best_known, pass, &seconds));
    e->seconds += seconds;
    note(r, family, layer, pass, seconds);
    return RT_OK;
}

static uint32_t leader_of(const running *r)
{
    uint32_t leader = r->race->count;
    for (uint32_t i = 0; i < r->race->count; i++)
        if (!r->entrants[i].out &&
            (leader == r->race->count || r->entrants[i].seconds < r->entrants[leader].seconds))
            leader = i;
    return leader;
}

static void drop_the_hopeless(running *r)
{
    const uint32_t leader = leader_of(r);
    if (leader == r->race->count || r->race->whole) return;
    for (uint32_t i = 0; i < r->race->count; i++)
        if (r->entrants[i].seconds > hopeless * r->entrants[leader].seconds)
            r->entrants[i].out = true;
}

static rt_status run_layer(running *r, const rt_conv2d_shape *layer)
{
    rt_status status = RT_OK;
    rt_conv2d_trial *trial;
    RT_TRY(rt_conv2d_trial_create(&trial, r->device, layer));
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
        for (uint32_t i = 0; i < r->race->count; i++)
            if (!r->entrants[i].out)
                RT_TRY_DONE(run_entrant(r, i, trial, layer, (rt_conv2d_pass)pass));
        drop_the_hopeless(r);
    }
done:
    rt_conv2d_trial_free(trial);
    return status;
}

/* Without those that were wrong before. When one is left, each of its passes has been checked once:
 * another layer would tell nothing. */
static rt_status run_without_the_wrong(running *r)
{
    const rt_device_info *info = rt_device_describe(r->device);
    r->race->figure_count = 0;
    r->found_wrong = false;
    for (uint32_t i = 0; i < r->race->count; i++) {
        entrant *e = &r->entrants[i];
        *e = (entrant){.wrong = e->wrong, .out = e->wrong};
        for (uint32_t k = 0; k < r->race->layer_count; k++)
            for (int pass = 0; pass < RT_CONV2D_PASSES; pass++)
                if (r->race->families[i]->candidates(info, &r->race->layers[k],
                                                     (rt_conv2d_pass)pass) == 0)
                    e->out = true;
    }
    for (uint32_t k = 0; k < r->race->layer_count; k++)
        if (k == 0 || still_in(r) > 1 || r->race->whole) RT_TRY(run_layer(r, &r->race->layers[k]));
    return RT_OK;
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
    race->winner = race->families[leader_of(&r)];
    return RT_OK;
}
