/* Operators that move numbers. Here a pixel's channels lie side by side, in ONNX a channel's pixels
 * do. */

#include "common/nn/onnx/export_private.h"

#include "common/ops/channel_shuffle.h"
#include "common/ops/gather.h"
#include "common/ops/pad.h"
#include "common/ops/pad_channels.h"
#include "common/ops/slice_channels.h"

static bool is_vector(rt_shape s) { return s.h * s.w == 1; }

static rt_status reshape(rt_exporter *ex, const char *x, uint32_t rank, const int64_t *dims,
                         const char **y)
{
    const char *shape;
    RT_TRY(rt_export_wholes(ex, "shape", rank, dims, &shape));
    return rt_export_emit(ex, &(rt_export_call){.op = "Reshape", .inputs = {x, shape}}, y);
}

/* The tensor's numbers in the order of Retort's memory: [N,H,W,C], or what equals it. */
static rt_status in_memory_order(rt_exporter *ex, const rt_tensor *x, const char **value)
{
    if (is_vector(x->shape)) return rt_export_flat(ex, x, value);
    const char *image;
    RT_TRY(rt_export_image(ex, x, &image));
    *value = image;
    if (x->shape.c == 1) return RT_OK;
    return rt_export_emit(ex,
                          &(rt_export_call){.op = "Transpose",
                                            .inputs = {image},
                                            .attributes = {RT_EXPORT_INTS("perm", 0, 2, 3, 1)}},
                          value);
}

/* The same memory as another shape; pixels may become samples, and come back. */
rt_status rt_export_reshape(rt_exporter *ex)
{
    const rt_tensor *x = ex->node->inputs[0];
    const rt_shape from = x->shape, to = ex->node->outputs[0]->shape;
    const int64_t samples = from.n == to.n ? 0 : -1; /* as before, or as many as come out */
    rt_export_form form;
    const char *value;
    if (rt_export_softmax_image(ex->node) != NULL) return rt_export_softmax_of_image(ex);
    if (rt_shape_equal(from, to)) {
        RT_TRY(rt_export_any(ex, x, &value, &form));
        return rt_export_made(ex, value, form);
    }
    RT_TRY(in_memory_order(ex, x, &value));
    if (is_vector(to)) {
        RT_TRY(reshape(ex, value, 2, (int64_t[]){samples, to.c}, &value));
        return rt_export_made(ex, value, RT_EXPORT_FLAT);
    }
    if (to.c == 1) {
        RT_TRY(reshape(ex, value, 4, (int64_t[]){samples, 1, to.h, to.w}, &value));
        return rt_export_made(ex, value, RT_EXPORT_IMAGE);
    }
    RT_TRY(reshape(ex, value, 4, (int64_t[]){samples, to.h, to.w, to.c}, &value));
    RT_TRY(rt_export_emit(ex,
                          &(rt_export_call){.op = "Transpose",
                                            .inputs = {value},
                                            .attributes = {RT_EXPORT_INTS("perm", 0, 3, 1, 2)}},
                          &value));
    return rt_export_made(ex, value, RT_EXPORT_IMAGE);
}

/* What rt_gather's table is, counted channel by channel on both sides. */
typedef struct channel_table {
    int64_t *places; /* one a number of the output; `from` numbers are 0..count-1, a zero `count` */
    int64_t count;   /* of the output */
    bool identity, zeros;
} channel_table;

static rt_status make_table(rt_exporter *ex, channel_table *table)
{
    const rt_gather_attributes *a = ex->node->attributes;
    const rt_shape x = ex->node->inputs[0]->shape, y = a->shape;
    const int64_t numbers = (int64_t)x.h * x.w * x.c;
    table->count = (int64_t)y.h * y.w * y.c;
    table->identity = table->count == numbers;
    table->places = rt_arena_alloc(&ex->arena, (size_t)table->count, sizeof *table->places);
    if (table->places == NULL) return RT_ERROR_MEMORY;
    for (int64_t i = 0; i < table->count; i++) {
        const int64_t out = i % y.c * y.h * y.w + i / y.c, taken = a->indices[i];
        const int64_t in = taken < 0 ? numbers : taken % x.c * x.h * x.w + taken / x.c;
        table->places[out] = in;
        table->zeros |= taken < 0;
        table->identity &= in == out;
    }
    return RT_OK;
}

rt_status rt_export_gather(rt_exporter *ex)
{
    const rt_shape to = ex->node->outputs[0]->shape;
    channel_table table = {0};
    const char *value, *constant;
    RT_TRY(make_table(ex, &table));
    RT_TRY(rt_export_flat(ex, ex->node->inputs[0], &value));
    if (table.zeros) {
        RT_TRY(rt_export_wholes(ex, "pads", 4, (int64_t[]){0, 0, 0, 1}, &constant));
        RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Pad", .inputs = {value, constant}},
                              &value));
    }
    if (!table.identity) {
        RT_TRY(rt_export_wholes(ex, "indices", (uint32_t)table.count, table.places, &constant));
        RT_TRY(rt_export_emit(ex,
                              &(rt_export_call){.op = "Gather",
                                                .inputs = {value, constant},
                                                .attributes = {RT_EXPORT_INT("axis", 1)}},
                              &value));
    }
    if (is_vector(to)) return rt_export_made(ex, value, RT_EXPORT_FLAT);
    RT_TRY(reshape(ex, value, 4, (int64_t[]){0, to.c, to.h, to.w}, &value));
    return rt_export_made(ex, value, RT_EXPORT_IMAGE);
}

rt_status rt_export_concat(rt_exporter *ex)
{
    const rt_node *node = ex->node;
    rt_export_call call = {.op = "Concat", .attributes = {RT_EXPORT_INT("axis", 1)}};
    rt_export_form form;
    const char *y;
    RT_TRY(rt_export_any(ex, node->inputs[0], &call.inputs[0], &form));
    for (uint32_t i = 1; i < node->input_count; i++)
        RT_TRY(rt_export_as(ex, node->inputs[i], form, &call.inputs[i]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, form);
}

rt_status rt_export_slice_channels(rt_exporter *ex)
{
    const rt_slice_channels_attributes *a = ex->node->attributes;
    rt_export_call call = {.op = "Slice"};
    rt_export_form form;
    const char *y;
    RT_TRY(rt_export_any(ex, ex->node->inputs[0], &call.inputs[0], &form));
    RT_TRY(rt_export_wholes(ex, "starts", 1, (int64_t[]){a->first}, &call.inputs[1]));
    RT_TRY(rt_export_wholes(ex, "ends", 1, (int64_t[]){a->first + a->count}, &call.inputs[2]));
    RT_TRY(rt_export_wholes(ex, "axes", 1, (int64_t[]){1}, &call.inputs[3]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, form);
}

rt_status rt_export_channel_shuffle(rt_exporter *ex)
{
    const rt_channel_shuffle_attributes *a = ex->node->attributes;
    const rt_shape s = ex->node->outputs[0]->shape;
    const char *value;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &value));
    RT_TRY(reshape(ex, value, 5, (int64_t[]){0, a->groups, s.c / a->groups, s.h, s.w}, &value));
    RT_TRY(rt_export_emit(ex,
                          &(rt_export_call){.op = "Transpose",
                                            .inputs = {value},
                                            .attributes = {RT_EXPORT_INTS("perm", 0, 2, 1, 3, 4)}},
                          &value));
    RT_TRY(reshape(ex, value, 4, (int64_t[]){0, s.c, s.h, s.w}, &value));
    return rt_export_made(ex, value, RT_EXPORT_IMAGE);
}

rt_status rt_export_pad(rt_exporter *ex)
{
    const rt_pad_attributes *a = ex->node->attributes;
    const int64_t pads[] = {0, 0, a->sides.top,    a->sides.left,
                            0, 0, a->sides.bottom, a->sides.right};
    rt_export_call call = {.op = "Pad"};
    const char *y;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &call.inputs[0]));
    RT_TRY(rt_export_wholes(ex, "pads", RT_COUNT(pads), pads, &call.inputs[1]));
    if (a->value != 0) RT_TRY(rt_export_number(ex, "value", a->value, &call.inputs[2]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

/* Every stride-th pixel is a pooling of single pixels: converters that know no Slice with steps
 * (ncnn's) know it. */
rt_status rt_export_pad_channels(rt_exporter *ex)
{
    const rt_pad_channels_attributes *a = ex->node->attributes;
    const int64_t pads[] = {0, a->before, 0, 0, 0, a->after, 0, 0};
    const char *value, *constant;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &value));
    if (a->stride > 1) {
        const rt_export_call call = {
            .op = "MaxPool",
            .inputs = {value},
            .attributes = {RT_EXPORT_INTS("kernel_shape", 1, 1),
                           RT_EXPORT_INTS("strides", a->stride, a->stride)}};
        RT_TRY(rt_export_emit(ex, &call, &value));
    }
    if (a->before + a->after > 0) {
        RT_TRY(rt_export_wholes(ex, "pads", RT_COUNT(pads), pads, &constant));
        RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Pad", .inputs = {value, constant}},
                              &value));
    }
    return rt_export_made(ex, value, RT_EXPORT_IMAGE);
}
