#include "common/gpu/hazards.h"
#include "common/gpu/device_private.h"

#include <criterion/criterion.h>

TestSuite(gpu_hazards, .timeout = 120);

static rt_hazards hazards;
static rt_gpu_buffer first, second;

/* A command that touches two ranges of 256 bytes of `first`, and whether it waits. */
static bool command(uint64_t read_at, uint64_t write_at)
{
    rt_hazards_note(&hazards, &(rt_gpu_range){&first, read_at, 256}, false);
    rt_hazards_note(&hazards, &(rt_gpu_range){&first, write_at, 256}, true);
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
    rt_hazards_note(&hazards, &(rt_gpu_range){&second, 1024, 256}, true);
    cr_expect_not(rt_hazards_end_command(&hazards));
}

/* Twenty bytes are two vec4: shaders may write the second whole. */
Test(gpu_hazards, ranges_end_with_whole_vec4s)
{
    rt_hazards_note(&hazards, &(rt_gpu_range){&first, 0, 20}, true);
    rt_hazards_end_command(&hazards);
    rt_hazards_note(&hazards, &(rt_gpu_range){&first, 28, 4}, false);
    cr_expect(rt_hazards_end_command(&hazards));
}

/* The list has an end: where it is full there is a barrier, and what came after it still counts. */
Test(gpu_hazards, forgets_nothing_when_full)
{
    enum { COMMANDS = 3 * RT_HAZARDS_ACCESSES };
    uint32_t barriers = 0, since = 0;
    for (uint32_t i = 0; i < COMMANDS; i++, since++) {
        if (!command(0, 1024 + 256 * (uint64_t)i)) continue;
        barriers++;
        since = 0;
    }
    cr_expect_leq(barriers, 7);
    cr_expect_geq(barriers, 5);
    cr_expect(command(0, 1024 + 256 * (uint64_t)(COMMANDS - 1)), "written %u commands ago", since);
}
