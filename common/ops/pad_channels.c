#include "common/ops/pad_channels.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_pad_channels_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (a->stride == 0) return rt_fail(RT_ERROR_INPUT, "a stride of 0 leads nowhere");
    if ((uint64_t)a->before + x.c + a->after > INT32_MAX)
        return rt_fail(RT_ERROR_INPUT, "cannot put %u and %u channels beside %u", a->before,
                       a->after, x.c);
    return rt_node_output(graph, node, "padded_channels",
                          (rt_shape){x.n, (x.h + a->stride - 1) / a->stride,
                                     (x.w + a->stride - 1) / a->stride,
                                     a->before + x.c + a->after});
}

/* x's pixels, every stride-th of both sides, with `before` channels before them. */
typedef struct place {
    rt_shape x, y;
    uint32_t stride, before;
} place;

static rt_status pad(rt_program *program, const place *p, const rt_tensor *x, const rt_tensor *y,
                     const char *label)
{
    const rt_dispatch dispatch = {
        .shader = "pad_channels_forward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(p->x.c)), RT_CONSTANT("H", p->x.h),
                      RT_CONSTANT("W", p->x.w), RT_CONSTANT("OUTPUT_C4", rt_vec4s(p->y.c)),
                      RT_CONSTANT("OUTPUT_H", p->y.h), RT_CONSTANT("OUTPUT_W", p->y.w),
                      RT_CONSTANT("STRIDE", p->stride), RT_CONSTANT("BEFORE", p->before)},
        .bindings = {rt_bind(x), rt_bind(y)},
        .label = label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(p->y), &dispatch);
}

static rt_status cut(rt_program *program, const place *p, const rt_tensor *y, const rt_tensor *x,
                     const char *label)
{
    const rt_dispatch dispatch = {
        .shader = "pad_channels_backward",
        .constants = {RT_CONSTANT("CHANNELS", p->x.c), RT_CONSTANT("H", p->x.h),
                      RT_CONSTANT("W", p->x.w), RT_CONSTANT("OUTPUT_C4", rt_vec4s(p->y.c)),
                      RT_CONSTANT("OUTPUT_H", p->y.h), RT_CONSTANT("OUTPUT_W", p->y.w),
                      RT_CONSTANT("STRIDE", p->stride), RT_CONSTANT("BEFORE", p->before)},
        .bindings = {rt_bind(y), rt_bind(x)},
        .label = label,
    };
    return rt_dispatch_items(program, rt_shape_pixels(p->y) * rt_vec4s(p->x.c), &dispatch);
}

static place place_of(const rt_node *node)
{
    const rt_pad_channels_attributes *a = node->attributes;
    return (place){node->inputs[0]->shape, node->outputs[0]->shape, a->stride, a->before};
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const place p = place_of(node);
    return pad(program, &p, node->inputs[0], node->outputs[0], node->label);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const place p = place_of(node);
    return cut(program, &p, node->output_gradients[0], node->input_gradients[0], node->label);
}

/* Where no pixel is left out each is taken for an image, so that the kernels divide by 1. */
static place place_of_channels(const rt_tensor *narrow, const rt_tensor *wide, uint32_t first)
{
    const uint32_t pixels = (uint32_t)rt_shape_pixels(narrow->shape);
    return (place){
        {pixels, 1, 1, narrow->shape.c}, {pixels, 1, 1, wide->shape.c}, .stride = 1, first};
}

rt_status rt_record_take_channels(rt_program *program, const rt_tensor *wide, uint32_t first,
                                  const rt_tensor *narrow, const char *label)
{
    const place p = place_of_channels(narrow, wide, first);
    return cut(program, &p, wide, narrow, label);
}

rt_status rt_record_place_channels(rt_program *program, const rt_tensor *narrow, uint32_t first,
                                   const rt_tensor *wide, const char *label)
{
    const place p = place_of_channels(narrow, wide, first);
    return pad(program, &p, narrow, wide, label);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_shape larger = node->outputs[0]->shape, x = node->inputs[0]->shape;
    return pass == RT_PASS_FORWARD ? rt_elementwise_cost(larger, 0, 2)
                                   : rt_elementwise_cost(x, 0, 2);
}

const rt_operator rt_pad_channels_operator = {
    .name = "pad_channels",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_pad_channels(rt_graph *graph, rt_tensor *x, uint32_t stride, uint32_t channels_before,
                           uint32_t channels_after)
{
    const rt_pad_channels_attributes a = {
        .stride = stride, .before = channels_before, .after = channels_after};
    return rt_graph_apply(graph, &rt_pad_channels_operator, &x, 1, &a, sizeof a);
}
