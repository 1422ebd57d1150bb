/* Index arithmetic is done on the host, once: neighbouring dimensions that are both repeated, or
 * that lie in the small tensor as in the large one, are one dimension. At most four are left, in
 * turn repeated and not. */

#include "common/ops/broadcast.h"

#include "common/ops/elementwise.h"

enum { DIMENSIONS = 4, RANGE_ALIGNMENT = 256 };

/* Of vec4, the outermost first; the outer ones that are not needed have an extent of 1. */
typedef struct dimensions {
    uint32_t extent[DIMENSIONS];
    uint32_t stride[DIMENSIONS]; /* in the small tensor; 0: repeated */
} dimensions;

bool rt_broadcasts(rt_shape small, rt_shape large)
{
    return (small.n == large.n || small.n == 1) && (small.h == large.h || small.h == 1) &&
           (small.w == large.w || small.w == 1) && (small.c == large.c || small.c == 1);
}

/* Whether one number stands for all channels. */
static bool is_scalar(rt_shape small, rt_shape large) { return small.c == 1 && large.c > 1; }

static dimensions merge(rt_shape small, rt_shape large)
{
    const uint32_t large_extent[DIMENSIONS] = {large.n, large.h, large.w, rt_vec4s(large.c)};
    const uint32_t small_extent[DIMENSIONS] = {small.n, small.h, small.w, rt_vec4s(small.c)};
    dimensions d = {.extent = {1, 1, 1, 1}};
    uint32_t at = DIMENSIONS, stride = 1;
    for (uint32_t k = DIMENSIONS; k-- > 0;) {
        const uint32_t own = small_extent[k] == 1 ? 0 : stride;
        stride *= small_extent[k];
        if (large_extent[k] == 1) continue;
        const bool same_kind = at < DIMENSIONS && (own == 0) == (d.stride[at] == 0);
        if (same_kind) {
            d.extent[at] *= large_extent[k];
            continue;
        }
        at--;
        d.extent[at] = large_extent[k];
        d.stride[at] = own;
    }
    return d;
}

void rt_broadcast_constants(rt_dispatch *dispatch, rt_shape large, rt_shape small, bool masked)
{
    const dimensions d = merge(small, large);
    const rt_constant added[] = {
        RT_CONSTANT("EXTENT_1", d.extent[1]),
        RT_CONSTANT("EXTENT_2", d.extent[2]),
        RT_CONSTANT("EXTENT_3", d.extent[3]),
        RT_CONSTANT("STRIDE_0", d.stride[0]),
        RT_CONSTANT("STRIDE_1", d.stride[1]),
        RT_CONSTANT("STRIDE_2", d.stride[2]),
        RT_CONSTANT("STRIDE_3", d.stride[3]),
        RT_CONSTANT("SCALAR", is_scalar(small, large)),
        RT_CONSTANT("CHANNELS", masked ? large.c : 4),
    };
    rt_constant *constants = dispatch->constants;
    while (constants->name != NULL) constants++;
    for (uint32_t i = 0; i < RT_COUNT(added); i++) constants[i] = added[i];
}

rt_status rt_record_broadcast(rt_program *program, const rt_broadcast *b)
{
    const bool repeats = b->kind == RT_BROADCAST_REPEAT;
    rt_dispatch dispatch = {
        .shader = "broadcast_forward",
        .constants = {RT_CONSTANT("KIND", b->kind)},
        .push = {RT_CONSTANT("factor", b->factor)},
        .bindings = {repeats ? b->small : b->x, b->small, b->y},
        .label = b->label,
    };
    /* Padding of x is 0, and of s unless it is one number for all channels: f(0, 0) is not 0 where
     * it is 0 / 0. */
    const bool masked = is_scalar(b->small_shape, b->large_shape) || b->kind == RT_BROADCAST_DIVIDE;
    rt_broadcast_constants(&dispatch, b->large_shape, b->small_shape, masked);
    return rt_dispatch_items(program, rt_shape_vec4_count(b->large_shape), &dispatch);
}

/* How the sums are cut: invocation (part, output) adds up one part of what belongs to the output.
 */
typedef struct cut {
    uint64_t outputs; /* vec4 of the small tensor */
    uint64_t terms;   /* vec4 of the large one a vec4 of the small one */
    uint64_t part;    /* terms of a part */
    uint64_t parts;
} cut;

/* Enough invocations to have work for all, but no more parts than terms in each: adding them up has
 * to stay the smaller work. */
static cut cut_for(rt_shape small, rt_shape large, bool cpu)
{
    const uint64_t wanted = cpu ? 16384 : 262144;
    cut c = {.outputs = rt_shape_vec4_count(small)};
    c.terms = rt_shape_vec4_count(large) / c.outputs;
    uint64_t parts = (wanted + c.outputs - 1) / c.outputs;
    while (parts > 1 && parts * parts > c.terms) parts = (parts + 1) / 2;
    c.part = (c.terms + parts - 1) / parts;
    c.parts = (c.terms + c.part - 1) / c.part;
    return c;
}

uint64_t rt_broadcast_sums_bytes(rt_shape small, rt_shape large)
{
    const cut cpu = cut_for(small, large, true), gpu = cut_for(small, large, false);
    const uint64_t parts = cpu.parts > gpu.parts ? cpu.parts : gpu.parts;
    const uint64_t bytes = 16 * cpu.outputs * parts;
    return (bytes + RANGE_ALIGNMENT - 1) / RANGE_ALIGNMENT * RANGE_ALIGNMENT;
}

/* The walk through the large tensor: over the outputs by the dimensions that are kept, over the
 * terms by those that are repeated; two of each at most, `outer` and `inner`. */
typedef struct walk {
    uint64_t inner_extent, inner_step, outer_step;
} walk;

static walk walk_for(const dimensions *d, bool repeated)
{
    walk w = {.inner_extent = 1};
    uint64_t step = 1;
    bool found = false;
    for (uint32_t k = DIMENSIONS; k-- > 0; step *= d->extent[k]) {
        if (d->extent[k] == 1 || (d->stride[k] == 0) != repeated) continue;
        if (!found) {
            w.inner_extent = d->extent[k];
            w.inner_step = step;
        } else {
            w.outer_step = step;
        }
        found = true;
    }
    return w;
}

static rt_status sum_parts(rt_program *program, const rt_broadcast_sums *s, const cut *c)
{
    const dimensions d = merge(s->small_shape, s->large_shape);
    const walk kept = walk_for(&d, false), repeated = walk_for(&d, true);
    const rt_dispatch dispatch = {
        .shader = "broadcast_sums",
        .constants = {RT_CONSTANT("KIND", s->kind)},
        .push = {RT_CONSTANT("outputs", c->outputs), RT_CONSTANT("terms", c->terms),
                 RT_CONSTANT("part", c->part), RT_CONSTANT("kept_extent", kept.inner_extent),
                 RT_CONSTANT("kept_inner", kept.inner_step),
                 RT_CONSTANT("kept_outer", kept.outer_step),
                 RT_CONSTANT("repeated_extent", repeated.inner_extent),
                 RT_CONSTANT("repeated_inner", repeated.inner_step),
                 RT_CONSTANT("repeated_outer", repeated.outer_step)},
        .bindings = {s->g, s->x.buffer != NULL ? s->x : s->g,
                     s->mean.buffer != NULL ? s->mean : s->g, s->scratch},
        .label = s->label,
    };
    return rt_dispatch_items(program, c->outputs * c->parts, &dispatch);
}

rt_status rt_record_broadcast_sums(rt_program *program, const rt_broadcast_sums *s)
{
    const bool cpu = rt_device_is_cpu(rt_device_describe(rt_program_device(program)));
    const cut c = cut_for(s->small_shape, s->large_shape, cpu);
    const bool parts_are_g = s->kind == RT_SUM_PLAIN && c.terms == 1;
    const bool zero_stays_zero = s->finish == RT_FINISH_PLAIN;
    if (!parts_are_g) RT_TRY(sum_parts(program, s, &c));
    const rt_dispatch total = {
        .shader = "broadcast_total",
        .constants = {RT_CONSTANT("SCALAR", is_scalar(s->small_shape, s->large_shape)),
                      RT_CONSTANT("FINISH", s->finish),
                      RT_CONSTANT("CHANNELS", zero_stays_zero ? 4 : s->small_shape.c)},
        .push = {RT_CONSTANT("parts", c.parts), RT_CONSTANT("factor", s->factor),
                 RT_CONSTANT("epsilon", s->epsilon)},
        .bindings = {parts_are_g ? s->g : s->scratch, s->divisor.buffer != NULL ? s->divisor : s->g,
                     s->total},
        .label = s->label,
    };
    return rt_dispatch_items(program, c.outputs, &total);
}
