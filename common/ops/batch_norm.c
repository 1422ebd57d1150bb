#include "common/ops/batch_norm.h"

#include "common/ops/channels.h"
#include "common/ops/elementwise.h"

enum { X, WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, RESIDUAL = RT_BATCH_NORM_RESIDUAL, INPUT_COUNT };
enum { Y, MEAN, VARIANCE }; ///< outputs; the last two (of the batch) only while training

typedef struct attributes {
    bool training, update;
    bool frozen; ///< running statistics, and weight and bias are not trained
    float momentum, epsilon;
    float negative_slope; ///< below 0: 1 without an activation, 0 for ReLU
    float ceiling;        ///< 6 for ReLU6, RT_NO_CEILING for the others
} attributes;

static rt_status check_vector(const rt_node *node, uint32_t input, const char *name)
{
    const attributes *a = node->attributes;
    const rt_tensor *tensor = node->inputs[input];
    const rt_shape x = node->inputs[X]->shape;
    const bool needed = input <= BIAS || !a->training || a->update;
    if (tensor == NULL)
        return needed ? rt_fail(RT_ERROR_INPUT, "batch norm has no %s", name) : RT_OK;
    if (rt_shape_pixels(tensor->shape) != 1 || tensor->shape.c != x.c)
        return rt_fail(RT_ERROR_INPUT, "batch norm of %u channels has a %s of shape %ux%ux%ux%u",
                       x.c, name, tensor->shape.n, tensor->shape.h, tensor->shape.w,
                       tensor->shape.c);
    return RT_OK;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[X]->shape;
    RT_TRY(check_vector(node, WEIGHT, "weight"));
    RT_TRY(check_vector(node, BIAS, "bias"));
    RT_TRY(check_vector(node, RUNNING_MEAN, "running mean"));
    RT_TRY(check_vector(node, RUNNING_VAR, "running variance"));
    if (!(a->epsilon > 0) || !(a->negative_slope >= 0))
        return rt_fail(RT_ERROR_INPUT, "batch norm with an epsilon of %g and a slope of %g",
                       (double)a->epsilon, (double)a->negative_slope);
    const rt_tensor *residual = node->inputs[RESIDUAL];
    if (residual != NULL && !rt_shape_equal(residual->shape, x))
        return rt_fail(RT_ERROR_INPUT, "batch norm of %ux%ux%ux%u with a residual of %ux%ux%ux%u",
                       x.n, x.h, x.w, x.c, residual->shape.n, residual->shape.h, residual->shape.w,
                       residual->shape.c);
    if (a->training && rt_shape_pixels(x) == 1)
        return rt_fail(RT_ERROR_INPUT, "batch norm needs more than one value a channel to train");
    RT_TRY(rt_node_output(graph, node, "batch_norm", x));
    if (!a->training) return RT_OK;
    RT_TRY(rt_node_output(graph, node, "batch_mean", (rt_shape){1, 1, 1, x.c}));
    return rt_node_output(graph, node, "batch_variance", (rt_shape){1, 1, 1, x.c});
}

static rt_gpu_range mean_of(const rt_node *node)
{
    const attributes *a = node->attributes;
    return rt_bind(a->training ? node->outputs[MEAN] : node->inputs[RUNNING_MEAN]);
}

static rt_gpu_range variance_of(const rt_node *node)
{
    const attributes *a = node->attributes;
    return rt_bind(a->training ? node->outputs[VARIANCE] : node->inputs[RUNNING_VAR]);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    if (a->training) {
        rt_channel_statistics statistics = {
            .x = node->inputs[X],
            .mean = mean_of(node),
            .variance = variance_of(node),
            .momentum = a->momentum,
            .scratch = node->scratch,
            .label = node->label,
        };
        if (a->update) {
            statistics.running_mean = rt_bind(node->inputs[RUNNING_MEAN]);
            statistics.running_var = rt_bind(node->inputs[RUNNING_VAR]);
        }
        RT_TRY(rt_record_channel_statistics(program, &statistics));
    }
    const rt_tensor *residual = node->inputs[RESIDUAL];
    const rt_dispatch dispatch = {
        .shader = "batch_norm_forward",
        .constants = {RT_CONSTANT("ADD", residual != NULL)},
        .push = {RT_CONSTANT("epsilon", a->epsilon),
                 RT_CONSTANT("negative_slope", a->negative_slope),
                 RT_CONSTANT("ceiling", a->ceiling)},
        .bindings = {rt_bind(node->inputs[X]), mean_of(node), variance_of(node),
                     rt_bind(node->inputs[WEIGHT]), rt_bind(node->inputs[BIAS]),
                     rt_bind(residual != NULL ? residual : node->inputs[X]),
                     rt_bind(node->outputs[Y])},
        .label = node->label,
    };
    return rt_dispatch_channels(program, node->inputs[X]->shape, 0, &dispatch);
}

/* Scratch of the backward pass: sums of blocks, then two vectors. None for frozen statistics. */
static uint64_t sums_bytes(const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape shape = node->inputs[X]->shape;
    if (a->frozen) return 0;
    return rt_channel_blocks_bytes(shape) + 2 * rt_channel_vector_bytes(shape);
}

/* What reaches the kernels of the backward pass: a gradient, and the activation that it still has
 * to pass through. */
typedef struct incoming {
    rt_gpu_range gradient;
    float negative_slope, ceiling;
} incoming;

/* Nothing left to pass through. */
static incoming passed_already(rt_gpu_range gradient)
{
    return (incoming){gradient, 1, RT_NO_CEILING};
}

static bool has_activation(const incoming *in)
{
    return in->negative_slope != 1 || in->ceiling < RT_NO_CEILING;
}

/* Behind a residual the gradient of the activation's input is the residual's gradient too: it is
 * written once, for both, and there is no activation left. */
static rt_status pass_activation(rt_program *program, const rt_node *node, incoming *in)
{
    const attributes *a = node->attributes;
    *in = (incoming){rt_bind(node->output_gradients[Y]), a->negative_slope, a->ceiling};
    if (node->inputs[RESIDUAL] == NULL) return RT_OK;
    const rt_gpu_range passed =
        node->input_gradients[RESIDUAL] != NULL
            ? rt_bind(node->input_gradients[RESIDUAL])
            : rt_subrange(node->scratch, sums_bytes(node), rt_shape_bytes(node->outputs[Y]->shape));
    const rt_dispatch dispatch = {
        .shader = "leaky_relu_backward",
        .push = {RT_CONSTANT("negative_slope", a->negative_slope),
                 RT_CONSTANT("ceiling", a->ceiling)},
        .bindings = {rt_bind(node->outputs[Y]), in->gradient, passed},
        .label = node->label,
    };
    *in = passed_already(passed);
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[Y]->shape), &dispatch);
}

/* Whether x's gradient has something to add, and what stands in its place if not. */
static rt_gpu_range addend_of(const rt_node *node, const incoming *in)
{
    return node->addends[X] != NULL ? rt_bind(node->addends[X]) : in->gradient;
}

/* x's gradient where mean and variance do not depend on x. */
static rt_status record_frozen(rt_program *program, const rt_node *node, const incoming *in)
{
    const attributes *a = node->attributes;
    if (node->input_gradients[X] == NULL) return RT_OK;
    const rt_dispatch dispatch = {
        .shader = "batch_norm_backward_frozen",
        .constants = {RT_CONSTANT("ADD", node->addends[X] != NULL)},
        .push = {RT_CONSTANT("epsilon", a->epsilon),
                 RT_CONSTANT("negative_slope", in->negative_slope),
                 RT_CONSTANT("ceiling", in->ceiling)},
        /* Without an activation y is not asked, and may be gone. */
        .bindings = {has_activation(in) ? rt_bind(node->outputs[Y]) : in->gradient, in->gradient,
                     variance_of(node), rt_bind(node->inputs[WEIGHT]), addend_of(node, in),
                     rt_bind(node->input_gradients[X])},
        .label = node->label,
    };
    return rt_dispatch_channels(program, node->inputs[X]->shape, 0, &dispatch);
}

rt_status rt_batch_norm_fixed_backward(rt_program *program, const rt_node *node,
                                       rt_gpu_range passed)
{
    const incoming in = passed_already(passed);
    return record_frozen(program, node, &in);
}

/* The sums that are the gradients of weight and bias, and that x's needs while training. */
static rt_status record_sums(rt_program *program, const rt_node *node, const incoming *in,
                             rt_gpu_range weight_gradient, rt_gpu_range bias_gradient)
{
    const attributes *a = node->attributes;
    const rt_shape shape = node->inputs[X]->shape;
    const rt_channel_blocks blocks = rt_channel_reduction(program, shape);
    const uint32_t vec4s = rt_vec4s(shape.c);
    const rt_dispatch first = {
        .shader = "batch_norm_backward_blocks",
        .push = {RT_CONSTANT("epsilon", a->epsilon),
                 RT_CONSTANT("negative_slope", in->negative_slope),
                 RT_CONSTANT("ceiling", in->ceiling)},
        .bindings = {rt_bind(node->inputs[X]), in->gradient, mean_of(node), variance_of(node),
                     rt_bind(node->inputs[WEIGHT]), rt_bind(node->inputs[BIAS]), node->scratch},
        .label = node->label,
    };
    const rt_dispatch total = {
        .shader = "batch_norm_backward_total",
        .push = {RT_CONSTANT("vec4s", vec4s), RT_CONSTANT("blocks", blocks.count)},
        .bindings = {node->scratch, weight_gradient, bias_gradient},
        .groups = {rt_groups(vec4s, RT_CHANNEL_TOTAL_COLUMNS), 1, 1},
        .label = node->label,
    };
    RT_TRY(rt_dispatch_channels(program, shape, blocks.block, &first));
    return rt_program_dispatch(program, &total);
}

static rt_status record_training(rt_program *program, const rt_node *node, const incoming *in,
                                 rt_gpu_range weight_gradient, rt_gpu_range bias_gradient)
{
    const attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "batch_norm_backward_training",
        .constants = {RT_CONSTANT("ADD", node->addends[X] != NULL)},
        .push = {RT_CONSTANT("epsilon", a->epsilon),
                 RT_CONSTANT("negative_slope", in->negative_slope),
                 RT_CONSTANT("ceiling", in->ceiling)},
        .bindings = {rt_bind(node->inputs[X]), in->gradient, mean_of(node), variance_of(node),
                     rt_bind(node->inputs[WEIGHT]), rt_bind(node->inputs[BIAS]), weight_gradient,
                     bias_gradient, addend_of(node, in), rt_bind(node->input_gradients[X])},
        .label = node->label,
    };
    return rt_dispatch_channels(program, node->inputs[X]->shape, 0, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape shape = node->inputs[X]->shape;
    incoming in;
    RT_TRY(pass_activation(program, node, &in));
    if (a->frozen) return record_frozen(program, node, &in);
    const uint64_t blocks = rt_channel_blocks_bytes(shape), vector = rt_channel_vector_bytes(shape);
    rt_gpu_range weight_gradient = rt_subrange(node->scratch, blocks, vector);
    rt_gpu_range bias_gradient = rt_subrange(node->scratch, blocks + vector, vector);
    if (node->input_gradients[WEIGHT] != NULL)
        weight_gradient = rt_bind(node->input_gradients[WEIGHT]);
    if (node->input_gradients[BIAS] != NULL) bias_gradient = rt_bind(node->input_gradients[BIAS]);
    RT_TRY(record_sums(program, node, &in, weight_gradient, bias_gradient));
    if (!a->training) return record_frozen(program, node, &in);
    if (node->input_gradients[X] == NULL) return RT_OK;
    return record_training(program, node, &in, weight_gradient, bias_gradient);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    const attributes *a = node->attributes;
    const rt_shape shape = node->inputs[X]->shape;
    if (pass == RT_PASS_FORWARD) return a->training ? rt_channel_blocks_bytes(shape) : 0;
    const bool needs_passed =
        node->inputs[RESIDUAL] != NULL && node->input_gradients[RESIDUAL] == NULL;
    return sums_bytes(node) + (needs_passed ? rt_shape_bytes(shape) : 0);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const attributes *a = node->attributes;
    const rt_shape shape = node->inputs[X]->shape;
    const double numbers = (double)rt_shape_pixels(shape) * shape.c;
    const double bytes = (double)rt_shape_bytes(shape);
    const int residual = node->inputs[RESIDUAL] != NULL;
    if (pass == RT_PASS_FORWARD)
        return (rt_cost){.flops = ((a->training ? 7 : 3) + residual) * numbers,
                         .bytes = ((a->training ? 3 : 2) + residual) * bytes};
    return (rt_cost){.flops = ((a->training ? 12 : 2) + residual) * numbers,
                     .bytes = ((a->training ? 5 : 3) + 2 * residual) * bytes};
}

enum {
    NO_GRADIENT = RT_READS_INPUT(RUNNING_MEAN) | RT_READS_INPUT(RUNNING_VAR),
    FROZEN_READS = RT_READS_INPUT(WEIGHT) | RT_READS_INPUT(RUNNING_VAR),
    AFFINE_READS = RT_READS_INPUT(X) | RT_READS_INPUT(WEIGHT) | RT_READS_INPUT(BIAS),
    TRAINING_READS = AFFINE_READS | RT_READS_OUTPUT(MEAN) | RT_READS_OUTPUT(VARIANCE),
};

const rt_operator rt_batch_norm_frozen_operator = {
    .name = "batch_norm_frozen",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = FROZEN_READS,
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .cost = cost,
};

const rt_operator rt_batch_norm_frozen_activated_operator = {
    .name = "batch_norm_frozen_activated",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = FROZEN_READS | RT_READS_OUTPUT(Y),
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .scratch = scratch,
    .cost = cost,
};

const rt_operator rt_batch_norm_running_operator = {
    .name = "batch_norm_running",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = AFFINE_READS | NO_GRADIENT | RT_READS_OUTPUT(Y),
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .scratch = scratch,
    .cost = cost,
};

const rt_operator rt_batch_norm_training_operator = {
    .name = "batch_norm_training",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = TRAINING_READS,
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .scratch = scratch,
    .cost = cost,
};

const rt_operator rt_batch_norm_training_residual_operator = {
    .name = "batch_norm_training_residual",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = TRAINING_READS | RT_READS_OUTPUT(Y),
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .scratch = scratch,
    .cost = cost,
};

const rt_operator rt_batch_norm_updating_operator = {
    .name = "batch_norm_updating",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = TRAINING_READS,
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .side_effects = true,
    .scratch = scratch,
    .cost = cost,
};

const rt_operator rt_batch_norm_updating_residual_operator = {
    .name = "batch_norm_updating_residual",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = TRAINING_READS | RT_READS_OUTPUT(Y),
    .no_gradient_inputs = NO_GRADIENT,
    .adds = RT_READS_INPUT(X),
    .side_effects = true,
    .scratch = scratch,
    .cost = cost,
};

bool rt_batch_norm_is_fixed(const rt_node *node)
{
    return node->operator_ == &rt_batch_norm_frozen_operator ||
           node->operator_ == &rt_batch_norm_frozen_activated_operator;
}

rt_batch_norm_fixed rt_batch_norm_fixed_of(const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_tensor *residual = node->inputs[RESIDUAL];
    return (rt_batch_norm_fixed){
        .mean = mean_of(node),
        .variance = variance_of(node),
        .weight = rt_bind(node->inputs[WEIGHT]),
        .bias = rt_bind(node->inputs[BIAS]),
        .residual = residual != NULL ? rt_bind(residual) : (rt_gpu_range){0},
        .epsilon = a->epsilon,
        .negative_slope = a->negative_slope,
        .ceiling = a->ceiling,
    };
}

static bool is_trained(const rt_tensor *tensor)
{
    return tensor != NULL && tensor->requires_gradient;
}

static const rt_operator *choose(const rt_batch_norm_inputs *inputs, const attributes *a)
{
    const bool residual = inputs->residual != NULL;
    if (a->training && a->update)
        return residual ? &rt_batch_norm_updating_residual_operator
                        : &rt_batch_norm_updating_operator;
    if (a->training)
        return residual ? &rt_batch_norm_training_residual_operator
                        : &rt_batch_norm_training_operator;
    if (!a->frozen) return &rt_batch_norm_running_operator;
    const bool activated = a->negative_slope != 1 || a->ceiling < RT_NO_CEILING;
    return activated || residual ? &rt_batch_norm_frozen_activated_operator
                                 : &rt_batch_norm_frozen_operator;
}

rt_tensor *rt_batch_norm(rt_graph *graph, rt_tensor *x, const rt_batch_norm_inputs *inputs,
                         const rt_batch_norm_options *options)
{
    const float slopes[] = {[RT_ACTIVATION_NONE] = 1,
                            [RT_ACTIVATION_RELU] = 0,
                            [RT_ACTIVATION_LEAKY_RELU] = options->negative_slope,
                            [RT_ACTIVATION_RELU6] = 0};
    const attributes a = {
        .training = options->training,
        .update = options->training && options->update_statistics,
        .frozen = !options->training && !is_trained(inputs->weight) && !is_trained(inputs->bias),
        .momentum = options->momentum,
        .epsilon = options->epsilon,
        .negative_slope = slopes[options->activation],
        .ceiling = options->activation == RT_ACTIVATION_RELU6 ? 6 : RT_NO_CEILING,
    };
    rt_tensor *const all[INPUT_COUNT] = {[X] = x,
                                         [WEIGHT] = inputs->weight,
                                         [BIAS] = inputs->bias,
                                         [RUNNING_MEAN] = inputs->running_mean,
                                         [RUNNING_VAR] = inputs->running_var,
                                         [RESIDUAL] = inputs->residual};
    return rt_graph_apply(graph, choose(inputs, &a), all, INPUT_COUNT, &a, sizeof a);
}
