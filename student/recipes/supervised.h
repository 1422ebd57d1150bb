#ifndef RT_STUDENT_RECIPES_SUPERVISED_H
#define RT_STUDENT_RECIPES_SUPERVISED_H

/** Plain supervised training: cross-entropy with the labels of the store. */

#include "student/recipe.h"

typedef struct rt_supervised_options {
    float label_smoothing;
} rt_supervised_options;

extern const rt_recipe rt_supervised_recipe;

#endif
