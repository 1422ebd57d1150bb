#ifndef RT_NN_BLUEPRINT_PRIVATE_H
#define RT_NN_BLUEPRINT_PRIVATE_H

/** One table says what every kind of layer has (blueprint_kinds.c); the check, the writer and the
 *  reader walk it. */

#include "common/nn/blueprint.h"

typedef enum rt_attribute_type {
    RT_ATTRIBUTE_WHOLE,  ///< uint32_t
    RT_ATTRIBUTE_REAL,   ///< float, finite
    RT_ATTRIBUTE_FLAG,   ///< bool
    RT_ATTRIBUTE_CHOICE, ///< an enum; `words` names its values
    RT_ATTRIBUTE_SIDES,  ///< rt_sides: four whole numbers
} rt_attribute_type;

typedef struct rt_attribute {
    const char *key;
    rt_attribute_type type;
    size_t offset;           ///< in rt_blueprint_layer
    double minimum, maximum; ///< of WHOLE, REAL and each of SIDES
    const char *const *words;
    uint32_t word_count;
} rt_attribute;

typedef struct rt_layer_form {
    const char *name;
    uint32_t least_inputs, most_inputs;
    bool indices; ///< has the table of a gather
    uint32_t attribute_count;
    rt_attribute attributes[10]; ///< in the order in which they are written
} rt_layer_form;

extern const rt_layer_form rt_layer_forms[RT_LAYER_KIND_COUNT];

/** Runs of indices: first, first + step, ... `count` of them. The table of a gather is written as
 *  runs, each as long as it can be. */
typedef struct rt_index_run {
    int32_t first, step;
    uint32_t count;
} rt_index_run;

/** The run that begins at `indices[0]`; `left` of them are there, at least 1. */
rt_index_run rt_index_run_of(const int32_t *indices, uint32_t left);

#endif
