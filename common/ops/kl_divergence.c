#include "common/ops/kl_divergence.h"

#include "common/ops/elementwise.h"
#include "common/ops/samples.h"

typedef struct attributes {
    double temperature;
} attributes;

enum { TEACHER, STUDENT, MASK, INPUTS };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_tensor *teacher = node->inputs[TEACHER];
    RT_TRY(rt_check_rows(teacher));
    RT_TRY(rt_check_same_shape(node->inputs[STUDENT], teacher));
    RT_TRY(rt_check_one_a_sample(node->inputs[MASK], teacher->shape.n));
    if (!(a->temperature > 0))
        return rt_fail(RT_ERROR_INPUT, "temperature is %g, must be above 0", a->temperature);
    return rt_node_output(graph, node, "kl_divergence", (rt_shape){1, 1, 1, 1});
}

/* Without a mask the kernels read none: any range will do. */
static rt_gpu_range mask_of(const rt_node *node)
{
    return rt_bind(node->inputs[node->inputs[MASK] != NULL ? MASK : TEACHER]);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape logits = node->inputs[TEACHER]->shape;
    const rt_dispatch dispatch = {
        .shader = "kl_divergence_samples",
        .push = {RT_CONSTANT("masked", node->inputs[MASK] != NULL),
                 RT_CONSTANT("inverse_temperature", 1 / a->temperature)},
        .bindings = {rt_bind(node->inputs[TEACHER]), rt_bind(node->inputs[STUDENT]), mask_of(node),
                     node->scratch},
        .label = node->label,
    };
    RT_TRY(rt_dispatch_rows(program, logits, &dispatch));
    return rt_record_mean(program, node, logits.n, logits.n / (a->temperature * a->temperature));
}

static rt_status backward_side(rt_program *program, const rt_node *node, uint32_t side)
{
    const attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "kl_divergence_backward",
        .push = {RT_CONSTANT("masked", node->inputs[MASK] != NULL),
                 RT_CONSTANT("teacher_side", side == TEACHER),
                 RT_CONSTANT("inverse_temperature", 1 / a->temperature)},
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[TEACHER]),
                     rt_bind(node->inputs[STUDENT]), mask_of(node),
                     rt_bind(node->input_gradients[side])},
        .label = node->label,
    };
    return rt_dispatch_rows(program, node->inputs[side]->shape, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    for (uint32_t side = TEACHER; side <= STUDENT; side++)
        if (node->input_gradients[side] != NULL) RT_TRY(backward_side(program, node, side));
    return RT_OK;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->inputs[TEACHER]->shape, 10, pass == RT_PASS_FORWARD ? 2 : 3);
}

const rt_operator rt_kl_divergence_operator = {
    .name = "kl_divergence",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(TEACHER) | RT_READS_INPUT(STUDENT) | RT_READS_INPUT(MASK),
    .no_gradient_inputs = RT_READS_INPUT(MASK),
    .scratch = rt_samples_scratch,
    .cost = cost,
};

rt_tensor *rt_kl_divergence(rt_graph *graph, rt_tensor *teacher_logits, rt_tensor *student_logits,
                            rt_tensor *mask, const rt_kl_options *options)
{
    const bool given = options != NULL && options->temperature != 0;
    const attributes a = {.temperature = given ? (double)options->temperature : 1};
    rt_tensor *const inputs[INPUTS] = {teacher_logits, student_logits, mask};
    return rt_graph_apply(graph, &rt_kl_divergence_operator, inputs, INPUTS, &a, sizeof a);
}
