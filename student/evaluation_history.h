#ifndef RT_STUDENT_EVALUATION_HISTORY_H
#define RT_STUDENT_EVALUATION_HISTORY_H

/**
 * The accuracies of a student while it learned, as metrics.csv tells them (key
 * `evaluation_interval`), and the three numbers that stand for all: last, mean of the last ten,
 * best. Without data nobody can stop at the best: it says what the choice would have been worth.
 *     rt_evaluation_history history = {0};
 *     RT_TRY(rt_evaluation_history_read(&history, run->metrics));
 *     const rt_evaluation_digest digest = rt_evaluation_history_digest(&history);
 *     rt_evaluation_history_clear(&history);
 */

#include "common/base/memory.h"

enum { RT_EVALUATION_LAST = 10 };

/** The columns of metrics.csv; always its last three. */
#define RT_EVALUATION_COLUMNS "evaluate.accuracy,evaluate.images,evaluate.seconds"

typedef struct rt_evaluation_point {
    uint64_t steps;  ///< that the student had made
    double accuracy; ///< 0 to 1
    double images;   ///< that it could have met: made so far (run), met so far (distill)
    double seconds;  ///< of synthesis and training till then, over all starts of the run
} rt_evaluation_point;

/** `= {0}` is a valid empty one. */
typedef struct rt_evaluation_history {
    rt_evaluation_point *points; ///< in their order
    size_t count, capacity;
} rt_evaluation_history;

/** Appends the file's evaluations; a file that is missing has none, and a row whose numbers are
 *  none is left out. Errors: as rt_metrics_open. */
RT_CHECKED rt_status rt_evaluation_history_read(rt_evaluation_history *history,
                                                const char *metrics);
RT_CHECKED rt_status rt_evaluation_history_add(rt_evaluation_history *history,
                                               const rt_evaluation_point *point);
void rt_evaluation_history_clear(rt_evaluation_history *history);

typedef struct rt_evaluation_digest {
    size_t count;
    double last, mean_of_last, best; ///< NaN without evaluations; the mean is of at most the last
                                     ///< RT_EVALUATION_LAST
} rt_evaluation_digest;
rt_evaluation_digest rt_evaluation_history_digest(const rt_evaluation_history *history);

/** Appends the fields of RT_EVALUATION_COLUMNS to a row, each with a comma before it; NULL: empty
 *  ones. Seconds have a fixed width, so that files differ in digits alone. */
RT_CHECKED rt_status rt_evaluation_point_print(const rt_evaluation_point *point, rt_buffer *row);

#endif
