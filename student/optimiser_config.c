#include "student/optimiser_config.h"

#include <math.h>

const char *const rt_schedule_names[] = {"constant", "cosine", "step", NULL};

/* How much of the highest rate is left when the share `done` of the run lies behind. Milestones are
 * floats: only as a float is 4/9 of the run the milestone 4/9. */
static double decay(const rt_optimiser_config *o, double done)
{
    double factor = 1;
    switch ((rt_schedule_kind)o->schedule) {
    case RT_SCHEDULE_CONSTANT:
        break;
    case RT_SCHEDULE_COSINE:
        factor = 0.5 * (1 + cos(M_PI * done));
        break;
    case RT_SCHEDULE_STEP:
        for (uint32_t i = 0; i < o->milestones.count; i++)
            if ((float)done >= o->milestones.values[i]) factor *= (double)o->gamma;
        break;
    }
    return factor;
}

double rt_learning_rate(const rt_optimiser_config *optimiser, uint64_t step, uint64_t steps)
{
    const rt_optimiser_config *o = optimiser;
    const double highest = (double)o->learning_rate;
    const double warmup = floor((double)o->warmup * (double)steps);
    const uint32_t interval = o->schedule_interval > 1 ? o->schedule_interval : 1;
    step -= step % interval;
    if ((double)step < warmup) return highest * fmin(1, ((double)step + interval) / warmup);
    return highest * decay(o, ((double)step - warmup) / ((double)steps - warmup));
}
