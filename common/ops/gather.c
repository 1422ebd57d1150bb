/* Two ways back. Where no number of x is taken twice the backward pass is a gather as well, by the
 * inverse table. Else each number of x has the list of those that were made of it. */

#include "common/ops/gather.h"

#include "common/ops/elementwise.h"
#include "common/ops/gather_tables.h"

#include <string.h>

/* Inputs. Of those for the backward pass either BACK or the last three are there; none where x
 * requires no gradient. */
enum { X, TABLE, BACK, FIRST, COUNT, PLACES, INPUT_COUNT };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_gather_attributes *a = node->attributes;
    return rt_node_output(graph, node, "gathered", a->shape);
}

static uint64_t sample_vec4s(rt_shape shape) { return rt_shape_vec4_count(shape) / shape.n; }

/* `to` = numbers of `from`; a workgroup's samples are all one: its number is the y of workgroups.
 */
static rt_status gather(rt_program *program, const rt_node *node, const rt_tensor *from,
                        const rt_tensor *table, bool whole_vec4s, const rt_tensor *to)
{
    const uint64_t from_vec4s = sample_vec4s(from->shape);
    const rt_dispatch dispatch = {
        .shader = "gather_forward",
        .constants = {RT_CONSTANT("WHOLE_VEC4S", whole_vec4s)},
        .push = {RT_CONSTANT("from_vec4s", from_vec4s)},
        .bindings = {rt_bind(from), rt_bind(table), rt_bind(to)},
        .groups = {1, to->shape.n},
        .label = node->label,
    };
    return rt_dispatch_items(program, sample_vec4s(to->shape), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_gather_attributes *a = node->attributes;
    return gather(program, node, node->inputs[X], node->inputs[TABLE], a->whole_vec4s,
                  node->outputs[0]);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_gather_attributes *a = node->attributes;
    const rt_tensor *g = node->output_gradients[0], *x = node->input_gradients[X];
    if (node->inputs[BACK] != NULL)
        return gather(program, node, g, node->inputs[BACK], a->back_whole, x);
    const uint64_t from_vec4s = sample_vec4s(g->shape);
    const rt_dispatch dispatch = {
        .shader = "gather_backward",
        .push = {RT_CONSTANT("from_vec4s", from_vec4s)},
        .bindings = {rt_bind(g), rt_bind(node->inputs[FIRST]), rt_bind(node->inputs[COUNT]),
                     rt_bind(node->inputs[PLACES]), rt_bind(x)},
        .groups = {1, x->shape.n},
        .label = node->label,
    };
    return rt_dispatch_items(program, sample_vec4s(x->shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const bool sums = pass == RT_PASS_BACKWARD && node->inputs[BACK] == NULL;
    rt_cost total = rt_elementwise_cost(node->outputs[0]->shape, sums ? 1 : 0, 1);
    total.bytes += (double)rt_shape_bytes(node->inputs[X]->shape);
    return total;
}

const rt_operator rt_gather_operator = {
    .name = "gather",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(BACK) | RT_READS_INPUT(FIRST) | RT_READS_INPUT(COUNT) |
                      RT_READS_INPUT(PLACES),
    .no_gradient_inputs = RT_READS_INPUT(TABLE) | RT_READS_INPUT(BACK) | RT_READS_INPUT(FIRST) |
                          RT_READS_INPUT(COUNT) | RT_READS_INPUT(PLACES),
    .cost = cost,
};

static rt_shape sample_of(rt_shape shape) { return (rt_shape){1, shape.h, shape.w, shape.c}; }

static rt_status make_back(rt_graph *graph, rt_gather_attributes *a, const rt_tensor *x,
                           rt_tensor **inputs)
{
    bool once;
    RT_TRY(rt_gather_taken_once(x->shape, a->shape, a->indices, &once));
    const rt_shape sample = sample_of(x->shape);
    if (once) {
        rt_gather_table table;
        RT_TRY(rt_gather_table_backward(&table, x->shape, a->shape, a->indices));
        inputs[BACK] = rt_graph_constant(graph, "table_back", sample, table.places);
        a->back_whole = table.whole_vec4s;
        rt_free(table.places);
        return RT_OK;
    }
    rt_gather_lists lists;
    const rt_status status = rt_gather_lists_make(&lists, x->shape, a->shape, a->indices);
    if (status == RT_OK) {
        inputs[FIRST] = rt_graph_constant(graph, "first", sample, lists.first);
        inputs[COUNT] = rt_graph_constant(graph, "count", sample, lists.count);
        inputs[PLACES] = rt_graph_constant(graph, "places", (rt_shape){1, 1, 1, lists.place_count},
                                           lists.places);
    }
    rt_gather_lists_clear(&lists);
    return status;
}

static rt_status make_inputs(rt_graph *graph, rt_gather_attributes *a, rt_tensor *x,
                             rt_tensor **inputs)
{
    rt_gather_table table;
    inputs[X] = x;
    RT_TRY(rt_gather_table_forward(&table, x->shape, a->shape, a->indices));
    inputs[TABLE] = rt_graph_constant(graph, "table", sample_of(a->shape), table.places);
    a->whole_vec4s = table.whole_vec4s;
    rt_free(table.places);
    return x->requires_gradient ? make_back(graph, a, x, inputs) : RT_OK;
}

static rt_status check(const rt_tensor *x, rt_shape shape)
{
    const double most = 1u << 24; /* what is a whole number in float */
    const double from = (double)x->shape.h * x->shape.w * rt_vec4s(x->shape.c);
    const double to = (double)shape.h * shape.w * rt_vec4s(shape.c); /* may come from a file */
    if (to == 0)
        return rt_fail(RT_ERROR_INPUT, "gather: an empty shape %ux%ux%u", shape.h, shape.w,
                       shape.c);
    if (4 * from >= most || 4 * to >= most)
        return rt_fail(
            RT_ERROR_INPUT,
            "gather: samples of %ux%ux%u and %ux%ux%u numbers; at most 2^24 are possible",
            x->shape.h, x->shape.w, x->shape.c, shape.h, shape.w, shape.c);
    if (x->shape.n > 65535) /* workgroups along y that every device has */
        return rt_fail(RT_ERROR_INPUT, "gather: %u samples; at most 65535 are possible",
                       x->shape.n);
    return RT_OK;
}

static rt_status apply(rt_graph *graph, rt_tensor *x, rt_shape shape, const int32_t *indices,
                       rt_tensor **y)
{
    rt_gather_attributes *a = NULL;
    rt_tensor *inputs[INPUT_COUNT] = {0};
    RT_TRY(check(x, shape));
    const size_t bytes = (size_t)shape.h * shape.w * shape.c * sizeof *indices;
    a = rt_alloc(sizeof *a + bytes, 1);
    if (a == NULL) return RT_ERROR_MEMORY;
    a->shape = (rt_shape){x->shape.n, shape.h, shape.w, shape.c};
    memcpy(a->indices, indices, bytes);
    const rt_status status = make_inputs(graph, a, x, inputs);
    if (status == RT_OK)
        *y = rt_graph_apply(graph, &rt_gather_operator, inputs, INPUT_COUNT, a, sizeof *a + bytes);
    rt_free(a);
    return status;
}

rt_tensor *rt_gather(rt_graph *graph, rt_tensor *x, rt_shape shape, const int32_t *indices)
{
    rt_tensor *y = NULL;
    if (x == NULL) return NULL;
    const rt_status status = apply(graph, x, shape, indices, &y);
    return status == RT_OK ? y : rt_graph_fail(graph, status);
}
