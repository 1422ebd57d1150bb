#ifndef RT_OPS_CONV2D_TABLE_H
#define RT_OPS_CONV2D_TABLE_H

/**
 * Which kernels do which work: a table in memory, whose rows are lines of text in files.
 *     64x32x32 16->32 3x3 stride 1 padding 1 forward: shuffle 2
 * The number is the candidate, which means the same for the same version of the program.
 */

#include "common/ops/conv2d_family.h"

/** One pass of one layer. */
typedef struct rt_conv2d_work {
    rt_conv2d_shape layer;
    rt_conv2d_pass pass;
} rt_conv2d_work;

enum { RT_CONV2D_WORK_TEXT = 128 };
/** "64x32x32 16->32 3x3 stride 1 padding 1 forward". A layer with other sides, or with distances
 *  between the taps, says more: "64x32x32 16->32 3x3 stride 2 padding 0x0 to 16x16 dilation 1
 *  forward" has no zeros above and left of its image, and what it needs below and right. */
void rt_conv2d_work_print(char text[RT_CONV2D_WORK_TEXT], const rt_conv2d_work *work);

bool rt_conv2d_work_equal(const rt_conv2d_work *a, const rt_conv2d_work *b);

typedef struct rt_conv2d_entry {
    rt_conv2d_work work;
    rt_conv2d_choice choice;
} rt_conv2d_entry;

/** `= {0}` is a valid empty one. */
typedef struct rt_conv2d_table {
    rt_conv2d_entry *entries; ///< in the order in which they came
    uint32_t count, capacity;
} rt_conv2d_table;

/** NULL if the table does not say. Valid until the next put. */
const rt_conv2d_choice *rt_conv2d_table_find(const rt_conv2d_table *table,
                                             const rt_conv2d_work *work);
/** Adds an entry, or replaces the one for the same work. */
RT_CHECKED rt_status rt_conv2d_table_put(rt_conv2d_table *table, const rt_conv2d_entry *entry);
void rt_conv2d_table_clear(rt_conv2d_table *table);

/** The line of an entry, in `arena`; NULL without memory. */
char *rt_conv2d_entry_print(const rt_conv2d_entry *entry, rt_arena *arena);
/** Reads such a line; false for any other text, an unknown family, or a candidate that the family
 *  does not have on this device. */
bool rt_conv2d_entry_read(rt_conv2d_entry *entry, const rt_device_info *device, const char *line);

#endif
