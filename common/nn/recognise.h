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
    bool stem_hidden; ///< small and large stem have the same shapes: description.stem is a guess
    rt_fit fit;       ///< of that guess
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

/** A family in the table. Tensors are named as Retort names them; what is NULL or 0 has no part. */
typedef struct rt_recognise_row {
    const char *arch; ///< # stands for a number: the depth (if blocks is {0}), widening or growth
    /** What every block has once: the first # is the stage (from 1) and the second the block; or
     * with one # alone, in one stage. */
    const char *unit;
    uint32_t stages;      ///< how many
    uint32_t blocks[5];   ///< of each stage; {0}: equally many, n
    uint32_t times, plus; ///< depth = times * n + plus
    const char *needs;    ///< a tensor that tells the family from a similar one
    const char *lacks;    ///< one that must not be there
    const char *first;    ///< the first convolution: base_width outputs, the image's channels; the
                          ///< stem is large if it is larger than 3x3
    uint32_t width;       ///< base_width of the family's own
    const char *half; ///< a tensor of half as many outputs as base_width, where `first` has others
    bool only_own_width;    ///< where base_width is another one, another row is meant
    bool stem_hidden;       ///< the stems differ in their strides alone
    const char *widened;    ///< its outputs, divided by base_width, are the widening
    const char *growth;     ///< its outputs are the growth, and base_width is 0
    const char *choice;     ///< a tensor that the shortcut shows in
    const char *with;       ///< the shortcut if it is there
    const char *without;    ///< and if not
    const char *last;       ///< the last layer: as many outputs as classes
    const char *large_last; ///< the same in the large form, where it is another one
} rt_recognise_row;

extern const rt_recognise_row rt_recognise_rows[];
extern const size_t rt_recognise_row_count;

#endif
