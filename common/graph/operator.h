#ifndef RT_GRAPH_OPERATOR_H
#define RT_GRAPH_OPERATOR_H

/**
 * What an operator is: a table of functions in common/ops/<name>.c, its kernels in
 * shaders/<name>_*.comp, its checks in tests/ops/<name>.c (CONTRIBUTING.md, "An operator").
 *
 * An operator's public function builds a node:
 *     rt_tensor *rt_leaky_relu(rt_graph *graph, rt_tensor *x, float negative_slope)
 *     {
 *         const attributes a = {.negative_slope = negative_slope};
 *         return rt_graph_apply(graph, &rt_leaky_relu_operator, &x, 1, &a, sizeof a);
 *     }
 * The engine asks for the shapes at once, for the schedule and memory later, and records
 * `forward` and `backward` into a program when all tensors have their range.
 *
 * Rules for kernels
 *   - Write zeros into the padding channels of every output; sums and norms count real channels.
 *   - `backward` writes (does not add to) every node->input_gradients[i] that is not NULL, and
 *     skips the work for those that are NULL. The engine sums contributions, or hands the sum so
 *     far to an operator that `adds`.
 *   - Element counts are push constants; only tiles and shapes that unroll are specialization
 *     constants (each new set costs 0.1 to 0.5 s of compilation on CPU drivers).
 *   - Reductions run in a fixed order; no float atomics.
 */

#include "common/graph/tensor.h"

enum { RT_MAXIMUM_INPUTS = 12, RT_MAXIMUM_OUTPUTS = 4 };

typedef enum rt_pass { RT_PASS_FORWARD, RT_PASS_BACKWARD } rt_pass;

struct rt_operator;
struct rt_graph;

typedef struct rt_node {
    const struct rt_operator *operator_;
    const void *attributes; ///< a copy of what rt_graph_apply was given
    uint32_t input_count, output_count;
    rt_tensor *inputs[RT_MAXIMUM_INPUTS]; ///< NULL: an optional input that was left out
    rt_tensor *outputs[RT_MAXIMUM_OUTPUTS];
    /* Known from rt_graph_differentiate on: */
    rt_tensor *output_gradients[RT_MAXIMUM_OUTPUTS]; ///< NULL: no gradient flows into that output
    rt_tensor *input_gradients[RT_MAXIMUM_INPUTS];   ///< NULL: not wanted
    rt_tensor *addends[RT_MAXIMUM_INPUTS]; ///< what `backward` adds to input_gradients[i]; NULL:
                                           ///< nothing; may be that very tensor
    /* Known while a pass is recorded: */
    rt_gpu_range scratch; ///< as many bytes as the operator asked for in this pass
    uint32_t position;    ///< in the order of building
    const char *label;    ///< for timings, "conv2d teacher.layer1.0.conv1"
    bool update;          ///< runs after all gradients are known (optimisers, counters)
} rt_node;

/** Work of a pass, for `retort bench`. */
typedef struct rt_cost {
    double flops; ///< multiplications and additions
    double bytes; ///< least memory traffic
} rt_cost;

enum {
    RT_READS_OUTPUT_0 = 1u << 16, ///< backward_reads: outputs lie above the inputs
    RT_READS_ALL_INPUTS = 0xffff,
};
#define RT_READS_INPUT(i) (1u << (i))
#define RT_READS_OUTPUT(i) (RT_READS_OUTPUT_0 << (i))

/** A pass that a phase is going to run. */
typedef struct rt_work {
    const rt_node *node;
    rt_pass pass;
} rt_work;

typedef struct rt_operator {
    const char *name;
    /** Checks the inputs' shapes and the attributes; sets node->output_count and, through
     *  rt_node_output, the outputs' shapes. Errors: RT_ERROR_INPUT naming shapes. */
    rt_status (*infer_shape)(struct rt_graph *graph, rt_node *node);
    rt_status (*forward)(rt_program *program, const rt_node *node);
    rt_status (*backward)(rt_program *program, const rt_node *node); ///< NULL: no gradient passes
    uint32_t backward_reads; ///< inputs and outputs whose values `backward` reads
    /** Parameters whose transposed copy (rt_tensor.transposed) `forward` reads: a mask. `backward`
     *  finds that of every parameter that it reads. */
    uint32_t forward_transposes;
    /** Inputs that never receive a gradient (labels, masks, running statistics): a mask. */
    uint32_t no_gradient_inputs;
    /** Inputs for which `backward` adds node->addends[i] where there is one: a mask. Saves the pass
     *  over memory that would sum the contributions of several users. */
    uint32_t adds;
    /** Inputs whose gradient is the (first) output's gradient, bit for bit, perhaps in another
     *  shape of the same memory (add, reshape): a mask. `backward` is not called for them. */
    uint32_t passes_gradient;
    /** The (first) output is the first input's memory in another shape: `forward` is not called. */
    bool view;
    /** Does something besides its outputs (updates running statistics): never left out. */
    bool side_effects;
    /** Told of all that it is going to do in a phase, before memory is taken for it: for choices
     *  that need timing. NULL: there is nothing to choose. */
    rt_status (*prepare)(rt_device *device, const rt_work *work, uint32_t count);
    /** Whether the device can do `node`'s pass and the same pass of `next`, which takes what comes
     *  out of it, as one command (join.c). What passes between them, the output or its gradient, is
     *  not stored, unless others read it (`keeps`; forward only). Asked after `prepare`, of nodes
     * of this operator. NULL: never. */
    bool (*joins)(rt_device *device, const rt_node *node, const rt_node *next, rt_pass pass,
                  bool keeps);
    /** Records both, with the scratch memory of `node`. */
    rt_status (*record_joined)(rt_program *program, const rt_node *node, const rt_node *next,
                               rt_pass pass, bool keeps);
    /** Bytes of scratch memory a pass needs; NULL: none. */
    uint64_t (*scratch)(const rt_node *node, rt_pass pass);
    rt_cost (*cost)(const rt_node *node, rt_pass pass); ///< may be NULL
} rt_operator;

#endif
