#ifndef RT_OPS_KL_DIVERGENCE_H
#define RT_OPS_KL_DIVERGENCE_H

#include "common/graph/graph.h"

extern const rt_operator rt_kl_divergence_operator;

typedef struct rt_kl_options {
    float temperature; ///< T, above 0; 0 counts as 1
} rt_kl_options;

/**
 * T^2/N sum_i mask_i KL(softmax(teacher_i / T) || softmax(student_i / T)), a scalar {1,1,1,1}
 * (Hinton et al. 2015). Masked samples count as 0 and N stays. Gradients to both sides where
 * wanted: d/d student_i = mask_i T/N (p_student - p_teacher) d/d teacher_i = mask_i T/N p_teacher
 * (log p_teacher - log p_student - KL_i) Shapes: both logits {N,1,1,K}; mask {N,1,1,1} or NULL for
 * all 1. `options` NULL: temperature 1. Errors: RT_ERROR_INPUT for other shapes or a temperature
 * below 0.
 */
rt_tensor *rt_kl_divergence(rt_graph *graph, rt_tensor *teacher_logits, rt_tensor *student_logits,
                            rt_tensor *mask, const rt_kl_options *options);

#endif
