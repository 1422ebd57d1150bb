#ifndef RT_GPU_HAZARDS_H
#define RT_GPU_HAZARDS_H

/**
 * Where a barrier must stand between commands, and where it need not: commands that touch other
 * memory, or only read the same, may run side by side. On a GPU that fills the gaps that small
 * kernels leave, and each barrier left out saves some microseconds.
 *     rt_hazards hazards = {0};
 *     rt_hazards_note(&hazards, &access); // for each access of a command
 *     if (rt_hazards_end_command(&hazards)) record the barrier, then the command
 * Inside common/gpu and its tests.
 */

#include "common/gpu/device.h"

/** A command's use of a part of a buffer. */
typedef struct rt_access {
    const rt_gpu_buffer *buffer;
    uint64_t begin, end; ///< bytes
    bool writes;
} rt_access;

rt_access rt_access_of(const rt_gpu_range *range, bool writes);

/** More accesses than this since the last barrier: then there is one, needed or not. */
enum { RT_HAZARDS_ACCESSES = 1024 };

/** `= {0}`: before the first command, which gets a barrier: it must see what ran earlier. */
typedef struct rt_hazards {
    rt_access accesses[RT_HAZARDS_ACCESSES]; ///< since the last barrier, this command's last
    uint32_t count;
    uint32_t before; ///< of them are of earlier commands
    bool begun;      ///< there was a command
    bool conflict;   ///< this command must wait for one of them
} rt_hazards;

/** The command under way does this. */
void rt_hazards_note(rt_hazards *hazards, const rt_access *access);
/** All its accesses are noted: whether a barrier must stand before it. */
bool rt_hazards_end_command(rt_hazards *hazards);

/**
 * An order of `count` commands that keeps every two apart that may not run side by side, and in
 * which few barriers do: by the length of the chain of commands that each must wait for, and those
 * of equal length as they came. `ends[i]` is where command i's accesses end and those of the next
 * begin; order[k] is the command to record as number k. Deterministic.
 */
RT_CHECKED rt_status rt_hazards_order(const rt_access *accesses, const uint32_t *ends,
                                      uint32_t count, uint32_t *order);

#endif
