#ifndef RT_GENERATOR_METHODS_METHOD_H
#define RT_GENERATOR_METHODS_METHOD_H

/**
 * A synthesis method: which losses shape the generated images. It sees one batch inside a graph and
 * adds the terms; rounds, optimisers and stores are the synthesiser's (generator/synthesizer.h).
 */

#include "common/nn/network.h"
#include "generator/synthesis_config.h"

enum { RT_MAXIMUM_SYNTHESIS_TERMS = 8 };

/** The terms of a method's loss: total = sum of weight * term. */
typedef struct rt_synthesis_terms {
    rt_tensor *terms[RT_MAXIMUM_SYNTHESIS_TERMS]; ///< scalars
    const char *names[RT_MAXIMUM_SYNTHESIS_TERMS];
    float weights[RT_MAXIMUM_SYNTHESIS_TERMS];        ///< negative: the term is maximised
    uint32_t first_round[RT_MAXIMUM_SYNTHESIS_TERMS]; ///< before it the weight is 0
    uint32_t count;
} rt_synthesis_terms;

typedef struct rt_method_batch {
    rt_graph *graph;
    rt_tensor *images;           ///< {N,H,W,C} in [0,1], augmented
    rt_tensor *labels;           ///< {N,1,1,1}, asked for
    rt_network_outputs *teacher; ///< applied to the images, in evaluation mode
    rt_network_outputs *student; ///< the same; NULL: there is no student
    uint64_t seed;
} rt_method_batch;

typedef struct rt_method {
    const char *name;
    const char *summary;
    void (*build)(const rt_method_batch *batch, const rt_synthesis_config *config,
                  rt_synthesis_terms *terms);
} rt_method;

extern const rt_method rt_rgal_method;

/** The methods, for the key `method`: names ended by NULL, in the order of rt_methods. */
extern const char *const rt_method_names[];
extern const rt_method *const rt_methods[];

#endif
