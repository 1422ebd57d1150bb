#include "common/ops/binary.h"

#include "common/ops/activation.h"
#include "common/ops/add.h"
#include "common/ops/broadcast.h"
#include "common/ops/elementwise.h"

enum { LARGE, SMALL };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape large = node->inputs[LARGE]->shape, small = node->inputs[SMALL]->shape;
    if (!rt_broadcasts(small, large))
        return rt_fail(RT_ERROR_INPUT, "%ux%ux%ux%u does not repeat to %ux%ux%ux%u", small.n,
                       small.h, small.w, small.c, large.n, large.h, large.w, large.c);
    return rt_infer_same_shape(graph, node);
}

/* y = x combined with `small`; x and y have the large tensor's shape. */
static rt_status combine(rt_program *program, rt_broadcast_kind kind, const rt_tensor *x,
                         const rt_tensor *small, const rt_tensor *y, const char *label)
{
    return rt_record_broadcast(program, &(rt_broadcast){.kind = kind,
                                                        .large_shape = x->shape,
                                                        .small_shape = small->shape,
                                                        .x = rt_bind(x),
                                                        .small = rt_bind(small),
                                                        .y = rt_bind(y),
                                                        .label = label});
}

static rt_status forward(rt_program *program, const rt_node *node, rt_broadcast_kind kind)
{
    return combine(program, kind, node->inputs[LARGE], node->inputs[SMALL], node->outputs[0],
                   node->label);
}

/* The large tensor's gradient, of products and quotients: the output's, times or by the small one.
 */
static rt_status back_to_large(rt_program *program, const rt_node *node, rt_broadcast_kind kind)
{
    if (node->input_gradients[LARGE] == NULL) return RT_OK;
    return combine(program, kind, node->output_gradients[0], node->inputs[SMALL],
                   node->input_gradients[LARGE], node->label);
}

/* The small tensor's gradient = factor * sum of the output's (`kind` product: times the large
 * tensor), divided by the square of the small tensor if `divides`. */
static rt_status sum_up(rt_program *program, const rt_node *node, rt_broadcast_sum_kind kind,
                        double factor, bool divides)
{
    const rt_tensor *small = node->inputs[SMALL];
    rt_broadcast_sums sums = {
        .kind = kind,
        .large_shape = node->inputs[LARGE]->shape,
        .small_shape = small->shape,
        .g = rt_bind(node->output_gradients[0]),
        .factor = factor,
        .total = rt_bind(node->input_gradients[SMALL]),
        .scratch = node->scratch,
        .label = node->label,
    };
    if (kind == RT_SUM_PRODUCT) sums.x = rt_bind(node->inputs[LARGE]);
    if (divides) {
        sums.finish = RT_FINISH_SQUARE_DIVISION;
        sums.divisor = rt_bind(small);
    }
    return rt_record_broadcast_sums(program, &sums);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_FORWARD) return 0;
    return rt_broadcast_sums_bytes(node->inputs[SMALL]->shape, node->inputs[LARGE]->shape);
}

static bool is_repeated(const rt_node *node)
{
    return !rt_shape_equal(node->inputs[SMALL]->shape, node->inputs[LARGE]->shape);
}

static uint64_t multiply_scratch(const rt_node *node, rt_pass pass)
{
    return is_repeated(node) ? scratch(node, pass) : 0;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const bool forward = pass == RT_PASS_FORWARD;
    rt_cost total = rt_elementwise_cost(node->inputs[LARGE]->shape, forward ? 1 : 2, 2);
    total.bytes += (double)rt_shape_bytes(node->inputs[SMALL]->shape);
    return total;
}

static rt_status add(rt_program *program, const rt_node *node)
{
    return forward(program, node, RT_BROADCAST_ADD);
}

static rt_status add_backward(rt_program *program, const rt_node *node)
{
    return sum_up(program, node, RT_SUM_PLAIN, 1, false);
}

const rt_operator rt_add_broadcast_operator = {
    .name = "add_broadcast",
    .infer_shape = infer_shape,
    .forward = add,
    .backward = add_backward,
    .passes_gradient = RT_READS_INPUT(LARGE),
    .scratch = scratch,
    .cost = cost,
};

static rt_status subtract(rt_program *program, const rt_node *node)
{
    return forward(program, node, RT_BROADCAST_SUBTRACT);
}

static rt_status subtract_backward(rt_program *program, const rt_node *node)
{
    return sum_up(program, node, RT_SUM_PLAIN, -1, false);
}

const rt_operator rt_subtract_operator = {
    .name = "subtract",
    .infer_shape = infer_shape,
    .forward = subtract,
    .backward = subtract_backward,
    .passes_gradient = RT_READS_INPUT(LARGE),
    .scratch = scratch,
    .cost = cost,
};

static rt_status multiply(rt_program *program, const rt_node *node)
{
    return forward(program, node, RT_BROADCAST_MULTIPLY);
}

static rt_status multiply_backward(rt_program *program, const rt_node *node)
{
    RT_TRY(back_to_large(program, node, RT_BROADCAST_MULTIPLY));
    if (node->input_gradients[SMALL] == NULL) return RT_OK;
    if (!is_repeated(node)) /* nothing to sum up */
        return combine(program, RT_BROADCAST_MULTIPLY, node->output_gradients[0],
                       node->inputs[LARGE], node->input_gradients[SMALL], node->label);
    return sum_up(program, node, RT_SUM_PRODUCT, 1, false);
}

const rt_operator rt_multiply_operator = {
    .name = "multiply",
    .infer_shape = infer_shape,
    .forward = multiply,
    .backward = multiply_backward,
    .backward_reads = RT_READS_INPUT(LARGE) | RT_READS_INPUT(SMALL),
    .scratch = multiply_scratch,
    .cost = cost,
};

static rt_status divide(rt_program *program, const rt_node *node)
{
    return forward(program, node, RT_BROADCAST_DIVIDE);
}

static rt_status divide_backward(rt_program *program, const rt_node *node)
{
    RT_TRY(back_to_large(program, node, RT_BROADCAST_DIVIDE));
    if (node->input_gradients[SMALL] == NULL) return RT_OK;
    return sum_up(program, node, RT_SUM_PRODUCT, -1, true);
}

const rt_operator rt_divide_operator = {
    .name = "divide",
    .infer_shape = infer_shape,
    .forward = divide,
    .backward = divide_backward,
    .backward_reads = RT_READS_INPUT(LARGE) | RT_READS_INPUT(SMALL),
    .scratch = scratch,
    .cost = cost,
};

static rt_tensor *apply(rt_graph *graph, const rt_operator *operator_, rt_tensor *large,
                        rt_tensor *small)
{
    return rt_graph_apply(graph, operator_, (rt_tensor *[]){large, small}, 2, NULL, 0);
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Makes *a as large as the output if neither is. False after an error. */
static bool repeat_one(rt_graph *graph, rt_tensor **a, rt_tensor *b)
{
    if (rt_graph_status(graph) != RT_OK) return false;
    const rt_shape s = (*a)->shape, t = b->shape;
    const rt_shape y = {larger(s.n, t.n), larger(s.h, t.h), larger(s.w, t.w), larger(s.c, t.c)};
    if (!rt_broadcasts(s, y) || !rt_broadcasts(t, y)) {
        rt_graph_fail(graph,
                      rt_fail(RT_ERROR_INPUT,
                              "shapes %ux%ux%ux%u and %ux%ux%ux%u do not fit together: where "
                              "they differ one must be 1",
                              s.n, s.h, s.w, s.c, t.n, t.h, t.w, t.c));
        return false;
    }
    if (!rt_shape_equal(s, y) && !rt_shape_equal(t, y))
        *a = apply(graph, &rt_add_broadcast_operator, rt_graph_state(graph, "zeros", y), *a);
    return *a != NULL;
}

static bool is_large(const rt_tensor *a, const rt_tensor *b)
{
    return rt_broadcasts(b->shape, a->shape);
}

rt_tensor *rt_add_broadcast(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    if (!repeat_one(graph, &a, b)) return NULL;
    if (rt_shape_equal(a->shape, b->shape)) return rt_add(graph, a, b);
    if (is_large(a, b)) return apply(graph, &rt_add_broadcast_operator, a, b);
    return apply(graph, &rt_add_broadcast_operator, b, a);
}

rt_tensor *rt_subtract(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    if (!repeat_one(graph, &a, b)) return NULL;
    if (is_large(a, b)) return apply(graph, &rt_subtract_operator, a, b);
    const rt_activation_options negate = {.kind = RT_ACTIVATE_NEGATE};
    return apply(graph, &rt_add_broadcast_operator, rt_activate(graph, b, &negate), a);
}

rt_tensor *rt_multiply(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    if (!repeat_one(graph, &a, b)) return NULL;
    const bool in_order = is_large(a, b);
    return apply(graph, &rt_multiply_operator, in_order ? a : b, in_order ? b : a);
}

rt_tensor *rt_divide(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    if (!repeat_one(graph, &a, b)) return NULL;
    if (is_large(a, b)) return apply(graph, &rt_divide_operator, a, b);
    const rt_activation_options reciprocal = {.kind = RT_ACTIVATE_RECIPROCAL};
    return apply(graph, &rt_multiply_operator, rt_activate(graph, b, &reciprocal), a);
}
