#ifndef RT_STUDENT_RECIPE_H
#define RT_STUDENT_RECIPE_H

/**
 * A recipe: which losses train the student. It sees one batch inside a graph and adds the terms of
 * its loss; the training loop (training.h) does everything else.
 */

#include "common/nn/network.h"

enum { RT_MAXIMUM_TERMS = 11 }; ///< as many as rt_weighted_sum takes

/** The terms of a loss: total = sum of weight * term. */
typedef struct rt_loss_terms {
    rt_tensor *terms[RT_MAXIMUM_TERMS]; ///< scalars
    const char *names[RT_MAXIMUM_TERMS];
    float weights[RT_MAXIMUM_TERMS];
    uint32_t count;
} rt_loss_terms;

/** Adds a term. A recipe leaves out one of weight 0, so that nothing is computed for it. */
static inline void rt_loss_term(rt_loss_terms *terms, const char *name, float weight,
                                rt_tensor *term)
{
    terms->terms[terms->count] = term;
    terms->names[terms->count] = name;
    terms->weights[terms->count++] = weight;
}

/** What a recipe finds in the graph. N = batch size * views. */
typedef struct rt_recipe_batch {
    rt_graph *graph;
    rt_tensor *images;           ///< {N,H,W,C} in [0,1], augmented
    rt_tensor *labels;           ///< {N,1,1,1}
    rt_tensor *stored_logits;    ///< {N,1,1,K} from the store; NULL unless asked for
    rt_network_outputs *student; ///< in training mode
    rt_parameters *extra; ///< an empty set for parameters of the recipe's own, trained with the
                          ///< student and thrown away with the run
    uint64_t seed;
} rt_recipe_batch;

typedef struct rt_recipe {
    const char *name;
    void (*build)(const rt_recipe_batch *batch, const void *options, rt_loss_terms *terms);
} rt_recipe;

#endif
