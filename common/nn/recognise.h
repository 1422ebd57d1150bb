#ifndef RT_NN_RECOGNISE_H
#define RT_NN_RECOGNISE_H

/**
 * What network a file of weights is, from the names and shapes of its tensors alone.
 *     RT_TRY(rt_recognise(&found, &arena, &weights, NULL));
 *     if (found.certain) ... found.description ...
 * A table has a row a family (recognise_table.c). Each row makes a guess of depth, width and so on,
 * the network of that guess is built, and its parameters are compared with the tensors. A guess is
 * certain if every tensor has a parameter and every parameter a tensor of its shape.
 *
 * What weights do not say: the size and normalisation of the images (the size is guessed: large for
 * a large stem), and whatever a network does without weights, so that two programs' networks can
 * look alike and compute something else (docs/models.md).
 */

#include "common/nn/network.h"
#include "common/nn/weight_names.h"

typedef struct rt_recognition {
    /** The best guess; arch is NULL where no row fits at all. mean is 0, std 1. */
    rt_network_description description;
    bool certain;
    rt_fit fit; ///< of that guess
} rt_recognition;

/**
 * Looks what `weights` are. `arch`: only what this architecture may be; NULL: any.
 * Errors: RT_ERROR_MEMORY alone; a file of an unknown network is none.
 * Ownership: what `*found` points to lies in `arena` or in `weights`.
 */
RT_CHECKED rt_status rt_recognise(rt_recognition *found, rt_arena *arena, const rt_weights *weights,
                                  const char *arch);
/** RT_ERROR_INPUT that says what is nearest and what does not fit, and which flag helps. */
rt_status rt_recognise_fail(const rt_recognition *found);

/** A family in the table. Tensors are named as Retort names them. */
typedef struct rt_recognise_row {
    const char *arch;     ///< # stands for the depth, a second one for the widening
    const char *unit;     ///< what every block has once: the first # is the stage (from 1) and the
                          ///< second the block; or with one # alone, in one stage
    uint32_t stages;      ///< how many
    uint32_t blocks[5];   ///< of each stage; {0}: equally many, n
    uint32_t times, plus; ///< depth = times * n + plus
    const char *needs;    ///< a tensor that tells the family from a similar one; NULL: none
    const char *lacks;    ///< likewise, one that must not be there
    const char *first;    ///< the first convolution: base_width outputs, the image's channels
    uint32_t width;       ///< base_width of the family's own
    const char *widened;  ///< its outputs, divided by base_width, are the widening
    const char *choice; ///< if it is there the shortcut is "B", else "A"; NULL: there is no choice
    const char *last;   ///< the last layer: as many outputs as classes
} rt_recognise_row;

extern const rt_recognise_row rt_recognise_rows[];
extern const size_t rt_recognise_row_count;

#endif
