/* The memory plan on random slots: what it promises, checked pair by pair. */

#include "common/graph/plan.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(graph_plan, .timeout = 60);

enum { SLOTS = 120, ROUNDS = 200 };

static const rt_plan_limits roomy = {.block_bytes = 1 << 30, .binding_bytes = 1 << 28};

static uint64_t draw(uint64_t seed, uint64_t position, uint64_t bound)
{
    return (uint64_t)(rt_test_uniform(seed, position) * (double)bound);
}

/* Sizes over four orders of magnitude, lifetimes from one step to all. */
static void draw_slots(uint64_t seed, rt_plan_slot *slots, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t scale = 1ull << (2 * draw(seed, 4 * i, 7));
        slots[i] = (rt_plan_slot){.size = 256 * (1 + draw(seed, 4 * i + 1, scale)),
                                  .first = (uint32_t)draw(seed, 4 * i + 2, 60)};
        slots[i].last = slots[i].first + (uint32_t)draw(seed, 4 * i + 3, 12);
    }
}

static bool share_a_byte(const rt_plan_slot *a, const rt_plan_slot *b)
{
    return a->block == b->block && a->offset < b->offset + b->size &&
           b->offset < a->offset + a->size;
}

static bool in_use_together(const rt_plan_slot *a, const rt_plan_slot *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static void check(const rt_plan *plan, const rt_plan_limits *limits)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < plan->block_count; i++) {
        cr_assert_leq(plan->block_bytes[i], limits->block_bytes);
        sum += plan->block_bytes[i];
    }
    cr_assert_eq(rt_plan_bytes(plan), sum);
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const rt_plan_slot *a = &plan->slots[i];
        cr_assert_lt(a->block, plan->block_count);
        cr_assert_eq(a->offset % 256, 0);
        cr_assert_geq(a->offset, (uint64_t)RT_GPU_ZERO_BYTES);
        cr_assert_leq(a->offset + a->size, plan->block_bytes[a->block]);
        for (uint32_t j = 0; j < i; j++) {
            const rt_plan_slot *b = &plan->slots[j];
            cr_assert(!share_a_byte(a, b) || (!limits->no_aliasing && !in_use_together(a, b)),
                      "slots %u and %u share memory", i, j);
        }
    }
}

static uint64_t place(uint64_t seed, uint32_t count, const rt_plan_limits *limits)
{
    rt_plan_slot slots[SLOTS] = {0}, again[SLOTS];
    rt_plan plan, second;
    draw_slots(seed, slots, count);
    memcpy(again, slots, sizeof slots);
    rt_test_ok(rt_plan_place(&plan, slots, count, limits));
    check(&plan, limits);
    rt_test_ok(rt_plan_place(&second, again, count, limits));
    cr_assert_eq(memcmp(slots, again, count * sizeof *slots), 0, "seed %llu: another plan",
                 (unsigned long long)seed);
    const uint64_t bytes = rt_plan_bytes(&plan);
    rt_plan_clear(&plan);
    rt_plan_clear(&second);
    return bytes;
}

Test(graph_plan, never_shares_memory_that_is_in_use)
{
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) place(seed, (uint32_t)(seed % SLOTS), &roomy);
}

Test(graph_plan, keeps_to_the_size_of_a_block)
{
    const rt_plan_limits narrow = {.block_bytes = 2 << 20, .binding_bytes = 2 << 20};
    for (uint64_t seed = 1; seed <= ROUNDS / 4; seed++) place(seed, SLOTS, &narrow);
}

Test(graph_plan, shares_nothing_without_aliasing)
{
    rt_plan_limits separate = roomy;
    separate.no_aliasing = true;
    for (uint64_t seed = 1; seed <= ROUNDS / 4; seed++)
        cr_assert_geq(place(seed, SLOTS, &separate), place(seed, SLOTS, &roomy));
}

/* What is in use at one step must fit at once; the plan needs little more than the worst step. */
Test(graph_plan, needs_little_more_than_the_worst_step)
{
    double worst_ratio = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        rt_plan_slot slots[SLOTS];
        uint64_t worst = 0;
        draw_slots(seed, slots, SLOTS);
        for (uint32_t step = 0; step < 80; step++) {
            uint64_t used = RT_GPU_ZERO_BYTES;
            for (uint32_t i = 0; i < SLOTS; i++)
                if (slots[i].first <= step && step <= slots[i].last) used += slots[i].size;
            if (used > worst) worst = used;
        }
        const uint64_t bytes = place(seed, SLOTS, &roomy);
        cr_assert_geq(bytes, worst);
        if ((double)bytes > worst_ratio * (double)worst)
            worst_ratio = (double)bytes / (double)worst;
    }
    cr_assert_lt(worst_ratio, 1.35, "a plan takes %.2f of the worst step", worst_ratio);
}

/* A chain of equal tensors, each read by the next step: two places are enough. */
Test(graph_plan, reuses_a_chain_of_tensors)
{
    rt_plan_slot slots[20];
    rt_plan plan;
    for (uint32_t i = 0; i < 20; i++)
        slots[i] = (rt_plan_slot){.size = 4096, .first = i, .last = i + 1};
    rt_test_ok(rt_plan_place(&plan, slots, 20, &roomy));
    check(&plan, &roomy);
    cr_assert_eq(rt_plan_bytes(&plan), RT_GPU_ZERO_BYTES + 2 * 4096);
    rt_plan_clear(&plan);
}

Test(graph_plan, proposes_a_batch_that_fits)
{
    cr_assert_eq(rt_plan_smaller_batch(256, 1000, 600), 128);
    cr_assert_eq(rt_plan_smaller_batch(256, 1000, 500), 64, "half exactly leaves no margin");
    cr_assert_eq(rt_plan_smaller_batch(200, 1000, 300), 32);
    cr_assert_eq(rt_plan_smaller_batch(256, 1000, 990), 128, "at most half");
    cr_assert_eq(rt_plan_smaller_batch(256, 1000, 1), 1);
    cr_assert_eq(rt_plan_smaller_batch(2, 1000, 900), 1);
    cr_assert_eq(rt_plan_smaller_batch(UINT32_MAX, 1000, 999), 1u << 30);
}

Test(graph_plan, refuses_what_no_binding_or_block_holds)
{
    const rt_plan_limits limits = {.block_bytes = 1 << 20, .binding_bytes = 1 << 16};
    rt_plan plan;
    rt_plan_slot slot = {.size = (1 << 16) + 256};
    cr_assert_eq(rt_plan_place(&plan, &slot, 1, &limits), RT_ERROR_DEVICE);
    cr_assert_not_null(strstr(rt_error_message(), "smaller batch"), "%s", rt_error_message());
    const rt_plan_limits wide = {.block_bytes = 1 << 16, .binding_bytes = 1 << 16};
    slot = (rt_plan_slot){.size = 1 << 16}; /* the zero bytes need room too */
    cr_assert_eq(rt_plan_place(&plan, &slot, 1, &wide), RT_ERROR_DEVICE);
    slot = (rt_plan_slot){.size = (1 << 16) - RT_GPU_ZERO_BYTES};
    rt_test_ok(rt_plan_place(&plan, &slot, 1, &wide));
    rt_plan_clear(&plan);
    rt_test_ok(rt_plan_place(&plan, NULL, 0, &wide));
    cr_assert_eq(rt_plan_bytes(&plan), 0);
    rt_plan_clear(&plan);
}
