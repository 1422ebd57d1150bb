#ifndef RT_OPS_GATHER_TABLES_H
#define RT_OPS_GATHER_TABLES_H

/**
 * The tables that gather's kernels read, made on the host. A *place* is a number's position in a
 * padded sample ({1,h,w,c} in memory), plus 1; 0: nowhere. All are whole numbers in float, exact up
 * to 2^24, so that a table is a constant of a graph like any other.
 */

#include "common/graph/graph.h"

/** Where each number of one sample comes from. */
typedef struct rt_gather_table {
    float *places;    ///< dense, h*w*c numbers: places in the other sample
    bool whole_vec4s; ///< each vec4 of this sample is one vec4 of the other, padding too, or 0
} rt_gather_table;

/** For the forward pass. `places` is released by the caller with rt_free. Errors: RT_ERROR_INPUT
 * for an index out of range, naming it. */
RT_CHECKED rt_status rt_gather_table_forward(rt_gather_table *table, rt_shape x, rt_shape y,
                                             const int32_t *indices);
/** Whether no number of x is taken twice: then the backward pass is a gather, too, by the next
 *  table. `indices` are known to be in range. */
RT_CHECKED rt_status rt_gather_taken_once(rt_shape x, rt_shape y, const int32_t *indices,
                                          bool *once);
RT_CHECKED rt_status rt_gather_table_backward(rt_gather_table *table, rt_shape x, rt_shape y,
                                              const int32_t *indices);

/** Where each number of x went, if to several: to places[first], ..., places[first + count - 1] in
 * a padded sample of y (without the 1 more), in ascending order. */
typedef struct rt_gather_lists {
    float *first, *count; ///< dense, h*w*c numbers of x
    float *places;        ///< as many as indices that are not -1; one, unused, if there are none
    uint32_t place_count; ///< at least 1
} rt_gather_lists;

/** Release with rt_gather_lists_clear, after an error too. */
RT_CHECKED rt_status rt_gather_lists_make(rt_gather_lists *lists, rt_shape x, rt_shape y,
                                          const int32_t *indices);
void rt_gather_lists_clear(rt_gather_lists *lists);

#endif
