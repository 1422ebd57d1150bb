#include "common/gpu/hazards.h"
#include "common/base/random.h"
#include "common/gpu/device_private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(gpu_hazards, .timeout = 120);

static rt_hazards hazards;
static rt_gpu_buffer first, second;

static void note(rt_gpu_buffer *buffer, uint64_t at, uint64_t size, bool writes)
{
    const rt_access access = rt_access_of(&(rt_gpu_range){buffer, at, size}, writes);
    rt_hazards_note(&hazards, &access);
}

/* A command that touches two ranges of 256 bytes of `first`, and whether it waits. */
static bool command(uint64_t read_at, uint64_t write_at)
{
    note(&first, read_at, 256, false);
    note(&first, write_at, 256, true);
    return rt_hazards_end_command(&hazards);
}

Test(gpu_hazards, only_what_meets_waits)
{
    cr_expect(command(0, 1024), "the first command waits for earlier programs");
    cr_expect_not(command(0, 2048), "both read 0");
    cr_expect(command(1024, 4096), "reads what the first wrote");
    cr_expect_not(command(2048, 5120), "what the second wrote is there since that barrier");
    cr_expect(command(0, 1024), "writes what the third reads");
    cr_expect_not(command(0, 4096), "the third ended before that barrier");
    cr_expect(command(0, 4096), "writes what the command before it wrote");
    cr_expect(command(4096 + 255, 8192), "overlaps by a byte");
    cr_expect_not(command(4096 + 256, 9216), "touches its end");
}

Test(gpu_hazards, a_command_may_write_what_it_reads)
{
    cr_expect(command(0, 0));
    cr_expect(command(0, 0));
    cr_expect_not(command(512, 512));
}

Test(gpu_hazards, buffers_are_apart)
{
    cr_expect(command(0, 1024));
    note(&second, 1024, 256, true);
    cr_expect_not(rt_hazards_end_command(&hazards));
}

/* Twenty bytes are two vec4: shaders may write the second whole. */
Test(gpu_hazards, ranges_end_with_whole_vec4s)
{
    note(&first, 0, 20, true);
    rt_hazards_end_command(&hazards);
    note(&first, 28, 4, false);
    cr_expect(rt_hazards_end_command(&hazards));
}

/* The list has an end: where it is full there is a barrier, and what came after it still counts. */
Test(gpu_hazards, forgets_nothing_when_full)
{
    const uint32_t commands = 3 * RT_HAZARDS_ACCESSES;
    uint32_t barriers = 0, since = 0;
    for (uint32_t i = 0; i < commands; i++, since++) {
        if (!command(0, 1024 + 256 * (uint64_t)i)) continue;
        barriers++;
        since = 0;
    }
    cr_expect_leq(barriers, 7);
    cr_expect_geq(barriers, 5);
    cr_expect(command(0, 1024 + 256 * (uint64_t)(commands - 1)), "written %u commands ago", since);
}

/* Two chains of commands, one after the other, that share nothing: side by side. */
Test(gpu_hazards, chains_go_side_by_side)
{
    rt_access accesses[8];
    uint32_t ends[4], order[4];
    rt_gpu_buffer *const buffers[] = {&first, &first, &second, &second};
    for (uint32_t i = 0; i < 4; i++) {
        accesses[2 * i] = rt_access_of(&(rt_gpu_range){buffers[i], 512 * (i % 2), 256}, false);
        accesses[2 * i + 1] =
            rt_access_of(&(rt_gpu_range){buffers[i], 512 * (i % 2) + 512, 256}, true);
        ends[i] = 2 * i + 2;
    }
    cr_assert_eq(rt_hazards_order(accesses, ends, 4, order), RT_OK);
    const uint32_t expected[] = {0, 2, 1, 3};
    cr_expect_arr_eq(order, expected, sizeof expected);
}

enum { COMMANDS = 60, ACCESSES = 3 };

static bool meet(const rt_access *a, const rt_access *b)
{
    for (uint32_t i = 0; i < ACCESSES; i++)
        for (uint32_t j = 0; j < ACCESSES; j++)
            if ((a[i].writes || b[j].writes) && a[i].buffer == b[j].buffer &&
                a[i].begin < b[j].end && b[j].begin < a[i].end)
                return true;
    return false;
}

static uint32_t barriers_of(const rt_access *accesses, const uint32_t *order)
{
    uint32_t barriers = 0;
    memset(&hazards, 0, sizeof hazards);
    for (uint32_t k = 0; k < COMMANDS; k++) {
        for (uint32_t a = 0; a < ACCESSES; a++)
            rt_hazards_note(&hazards, &accesses[ACCESSES * order[k] + a]);
        barriers += rt_hazards_end_command(&hazards);
    }
    return barriers;
}

/* Random programs over a few places: what meets keeps its order, and barriers become fewer. */
Test(gpu_hazards, order_keeps_what_meets)
{
    uint32_t sum_before = 0, sum_after = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        rt_access accesses[COMMANDS * ACCESSES];
        uint32_t ends[COMMANDS], order[COMMANDS], place[COMMANDS], straight[COMMANDS];
        for (uint32_t i = 0; i < COMMANDS * ACCESSES; i++) {
            uint32_t draws[4];
            rt_philox(seed, RT_STREAM_NOISE, 0, i, draws);
            accesses[i] = rt_access_of(
                &(rt_gpu_range){draws[0] % 2 ? &first : &second, 128 * (draws[1] % 40), 256},
                draws[2] % 3 == 0);
        }
        for (uint32_t i = 0; i < COMMANDS; i++) {
            ends[i] = ACCESSES * (i + 1);
            straight[i] = i;
            place[i] = UINT32_MAX;
        }
        cr_assert_eq(rt_hazards_order(accesses, ends, COMMANDS, order), RT_OK);
        for (uint32_t k = 0; k < COMMANDS; k++) place[order[k]] = k;
        for (uint32_t i = 0; i < COMMANDS; i++) {
            cr_assert_neq(place[i], UINT32_MAX, "seed %d lost command %u", (int)seed, i);
            for (uint32_t j = 0; j < i; j++)
                if (meet(&accesses[ACCESSES * j], &accesses[ACCESSES * i]))
                    cr_assert_lt(place[j], place[i], "seed %d: %u before %u", (int)seed, i, j);
        }
        sum_before += barriers_of(accesses, straight);
        sum_after += barriers_of(accesses, order);
    }
    cr_expect_lt(sum_after, sum_before);
}
