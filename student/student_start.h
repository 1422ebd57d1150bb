#ifndef RT_STUDENT_STUDENT_START_H
#define RT_STUDENT_STUDENT_START_H

/**
 * Where a student's weights begin: drawn, read from a file, or taken from the teacher. A student
 * that is a shorter network of the teacher's family has its first blocks: it begins with their
 * weights and running statistics, as Sanh et al. 2019 (DistilBERT, section 3) begin a language
 * model with half of its teacher's layers.
 */

#include "common/nn/network.h"

typedef enum rt_student_start {
    RT_STUDENT_DRAWN,   ///< all weights drawn from the seed
    RT_STUDENT_TEACHER, ///< those that the teacher has too are the teacher's, the rest is drawn
} rt_student_start;

extern const char *const rt_student_start_names[];

/**
 * Copies the teacher's values, running statistics too, to the student's tensors of the same name,
 * layout and shape; others stay as they are. `copied` counts the tensors. Both are on the device.
 * Errors: RT_ERROR_INPUT if there is none (networks of different families).
 */
RT_CHECKED rt_status rt_student_take_from_teacher(rt_network *student, rt_network *teacher,
                                                  uint32_t *copied);

#endif
