#include "common/ops/difference_loss.h"

#include "common/ops/elementwise.h"
#include "common/ops/samples.h"

enum { A, B, MASK };

/* Workgroups of the first kernel, one partial sum each: few enough for one workgroup to add up. */
enum { MOST_PARTIAL_SUMS = 128, VEC4S_A_PARTIAL_SUM = 4096 };

static uint32_t partial_sums(const rt_node *node)
{
    const uint32_t wanted =
        rt_groups(rt_shape_vec4_count(node->inputs[A]->shape), VEC4S_A_PARTIAL_SUM);
    return wanted < MOST_PARTIAL_SUMS ? wanted : MOST_PARTIAL_SUMS;
}

static double numbers(rt_shape shape) { return (double)rt_shape_pixels(shape) * shape.c; }

static uint64_t sample_vec4s(rt_shape shape) { return rt_shape_vec4_count(shape) / shape.n; }

/* Without a mask the kernels read none: any range will do. */
static rt_gpu_range mask_of(const rt_node *node)
{
    return rt_bind(node->inputs[node->inputs[MASK] != NULL ? MASK : A]);
}

rt_status rt_difference_infer_shape(rt_graph *graph, rt_node *node)
{
    RT_TRY(rt_check_same_shape(node->inputs[B], node->inputs[A]));
    RT_TRY(rt_check_one_a_sample(node->inputs[MASK], node->inputs[A]->shape.n));
    return rt_node_output(graph, node, node->operator_->name, (rt_shape){1, 1, 1, 1});
}

rt_status rt_difference_forward(rt_program *program, const rt_node *node)
{
    const rt_difference_attributes *a = node->attributes;
    const rt_shape shape = node->inputs[A]->shape;
    const uint32_t partials = partial_sums(node);
    const rt_dispatch dispatch = {
        .shader = "difference_loss_sums",
        .constants = {RT_CONSTANT("SQUARED", a->squared),
                      RT_CONSTANT("MASKED", node->inputs[MASK] != NULL)},
        .push = {RT_CONSTANT("count", rt_shape_vec4_count(shape)),
                 RT_CONSTANT("sample_vec4s", sample_vec4s(shape))},
        .bindings = {rt_bind(node->inputs[A]), rt_bind(node->inputs[B]), mask_of(node),
                     node->scratch},
        .groups = {partials},
        .label = node->label,
    };
    RT_TRY(rt_program_dispatch(program, &dispatch));
    return rt_record_mean(program, node, partials, numbers(shape));
}

static rt_status backward_side(rt_program *program, const rt_node *node, uint32_t side)
{
    const rt_difference_attributes *a = node->attributes;
    const rt_shape shape = node->inputs[side]->shape;
    const double scale = (a->squared ? 2 : 1) / numbers(shape);
    const rt_dispatch dispatch = {
        .shader = "difference_loss_backward",
        .constants = {RT_CONSTANT("SQUARED", a->squared),
                      RT_CONSTANT("MASKED", node->inputs[MASK] != NULL)},
        .push = {RT_CONSTANT("sample_vec4s", sample_vec4s(shape)),
                 RT_CONSTANT("scale", side == A ? scale : -scale)},
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[A]),
                     rt_bind(node->inputs[B]), mask_of(node), rt_bind(node->input_gradients[side])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(shape), &dispatch);
}

rt_status rt_difference_backward(rt_program *program, const rt_node *node)
{
    for (uint32_t side = A; side <= B; side++)
        if (node->input_gradients[side] != NULL) RT_TRY(backward_side(program, node, side));
    return RT_OK;
}

uint64_t rt_difference_scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_FORWARD ? 16 * (uint64_t)partial_sums(node) : 0;
}

rt_cost rt_difference_cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->inputs[A]->shape, 2, pass == RT_PASS_FORWARD ? 2 : 3);
}
