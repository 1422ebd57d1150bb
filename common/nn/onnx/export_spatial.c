/* Operators that make images smaller or larger. */

#include "common/nn/onnx/export_private.h"

#include "common/ops/pool.h"
#include "common/ops/reduce_mean.h"
#include "common/ops/resize.h"
#include "common/ops/upsample_nearest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static rt_sides sum(rt_sides a, uint32_t everywhere)
{
    return (rt_sides){a.top + everywhere, a.left + everywhere, a.bottom + everywhere,
                      a.right + everywhere};
}

static bool is_nothing(rt_sides a) { return a.top + a.left + a.bottom + a.right == 0; }

static rt_status pool(rt_exporter *ex, const char *op, const char *x, rt_sides pads,
                      bool count_padding)
{
    const rt_pool_options *o = ex->node->attributes;
    const char *y;
    const rt_export_call call = {
        .op = op,
        .inputs = {x},
        .attributes = {
            RT_EXPORT_INTS("kernel_shape", o->kernel, o->kernel_w),
            RT_EXPORT_INTS("pads", pads.top, pads.left, pads.bottom, pads.right),
            RT_EXPORT_INTS("strides", o->stride, o->stride_w),
            {.name = count_padding ? "count_include_pad" : NULL, .type = RT_ONNX_INT, .whole = 1}}};
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

rt_status rt_export_max_pool(rt_exporter *ex)
{
    const rt_pool_options *o = ex->node->attributes;
    const char *x;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
    return pool(ex, "MaxPool", x, sum(o->more, o->padding), false);
}

/* Here `padding` may count and `more` never does, in ONNX all or nothing: where both are there the
 * part that counts becomes zeros of the image. */
rt_status rt_export_average_pool(rt_exporter *ex)
{
    const rt_pool_options *o = ex->node->attributes;
    const int64_t zeros[] = {0, 0, o->padding, o->padding, 0, 0, o->padding, o->padding};
    const char *x, *pads;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
    if (o->skip_padding || o->padding == 0)
        return pool(ex, "AveragePool", x, sum(o->more, o->padding), false);
    if (is_nothing(o->more)) return pool(ex, "AveragePool", x, sum(o->more, o->padding), true);
    RT_TRY(rt_export_wholes(ex, "pads", RT_COUNT(zeros), zeros, &pads));
    RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "Pad", .inputs = {x, pads}}, &x));
    return pool(ex, "AveragePool", x, o->more, false);
}

rt_status rt_export_global_average_pool(rt_exporter *ex)
{
    const char *x, *y;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &x));
    RT_TRY(rt_export_emit(ex, &(rt_export_call){.op = "GlobalAveragePool", .inputs = {x}}, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

rt_status rt_export_reduce_mean(rt_exporter *ex)
{
    const rt_reduce_mean_attributes *a = ex->node->attributes;
    const int64_t axes[] = {1, 2, 3}; /* channels, then pixels */
    rt_export_call call = {.op = "ReduceMean",
                           .attributes = {{.name = "axes",
                                           .type = RT_ONNX_INTS,
                                           .ints = axes + !a->over_channels,
                                           .count = a->over_channels + 2 * a->over_pixels},
                                          RT_EXPORT_INT("keepdims", 1)}};
    const char *y;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &call.inputs[0]));
    RT_TRY(rt_export_emit(ex, &call, &y));
    return rt_export_made(ex, y, RT_EXPORT_IMAGE);
}

/* The factor as ncnn's converter hands it on, in seven digits. */
static float printed(float factor)
{
    char text[32];
    snprintf(text, sizeof text, "%e", (double)factor);
    return strtof(text, NULL);
}

/* ONNX says the size as a factor (sizes would fix the batch) and rounds the product down: the least
 * float that gives `to`, printed or not. */
static float factor_of(uint32_t from, uint32_t to)
{
    float factor = (float)to / (float)from;
    while (factor * (float)from < (float)to || printed(factor) * (float)from < (float)to)
        factor = nextafterf(factor, INFINITY);
    return factor;
}

static rt_status resize(rt_exporter *ex, const char *mode, const char *coordinates,
                        const char *nearest)
{
    const rt_shape x = ex->node->inputs[0]->shape, y = ex->node->outputs[0]->shape;
    float *factors = rt_arena_alloc(&ex->arena, 4, sizeof *factors);
    if (factors == NULL) return RT_ERROR_MEMORY;
    factors[0] = factors[1] = 1;
    factors[2] = factor_of(x.h, y.h);
    factors[3] = factor_of(x.w, y.w);
    rt_export_call call = {
        .op = "Resize",
        .inputs = {NULL, ""},
        .attributes = {RT_EXPORT_TEXT("coordinate_transformation_mode", coordinates),
                       RT_EXPORT_TEXT("mode", mode)}};
    if (nearest != NULL)
        call.attributes[2] = (rt_onnx_attribute)RT_EXPORT_TEXT("nearest_mode", nearest);
    const char *value;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &call.inputs[0]));
    RT_TRY(rt_export_floats(ex, "scales", 1, (int64_t[]){4}, factors, &call.inputs[2]));
    RT_TRY(rt_export_emit(ex, &call, &value));
    return rt_export_made(ex, value, RT_EXPORT_IMAGE);
}

rt_status rt_export_upsample_nearest(rt_exporter *ex)
{
    return resize(ex, "nearest", "asymmetric", "floor");
}

/* Picks rows (axis 2) or columns (axis 3) by the table that the operator has as an input. */
static rt_status pick(rt_exporter *ex, const rt_tensor *table, int64_t axis, const char **value)
{
    const uint32_t count = table->shape.n;
    const char *indices;
    int64_t *places = rt_arena_alloc(&ex->arena, count, sizeof *places);
    if (places == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < count; i++) places[i] = (int64_t)table->initial[4 * (size_t)i];
    RT_TRY(rt_export_wholes(ex, "indices", count, places, &indices));
    return rt_export_emit(ex,
                          &(rt_export_call){.op = "Gather",
                                            .inputs = {*value, indices},
                                            .attributes = {RT_EXPORT_INT("axis", axis)}},
                          value);
}

/* The nearest pixel, exactly: a rounded factor could take its neighbour where two are as near. */
static rt_status resize_nearest(rt_exporter *ex)
{
    const char *value;
    RT_TRY(rt_export_image(ex, ex->node->inputs[0], &value));
    RT_TRY(pick(ex, ex->node->inputs[RT_RESIZE_ROWS], 2, &value));
    RT_TRY(pick(ex, ex->node->inputs[RT_RESIZE_COLUMNS], 3, &value));
    return rt_export_made(ex, value, RT_EXPORT_IMAGE);
}

rt_status rt_export_resize(rt_exporter *ex)
{
    static const char *const coordinates[] = {[RT_RESIZE_HALF_PIXEL] = "half_pixel",
                                              [RT_RESIZE_ALIGN_CORNERS] = "align_corners",
                                              [RT_RESIZE_ASYMMETRIC] = "asymmetric"};
    const rt_resize_options *o = ex->node->attributes;
    const rt_shape x = ex->node->inputs[0]->shape;
    if (o->mode == RT_RESIZE_BILINEAR)
        return resize(ex, "linear", coordinates[o->coordinates], NULL);
    /* By whole factors centres never lie half-way between two pixels: all that rounds to the
     * nearest repeats each pixel, as flooring from the corner does. */
    const bool whole = o->height % x.h == 0 && o->width % x.w == 0;
    const bool corner = o->coordinates == RT_RESIZE_ASYMMETRIC && o->rounding == RT_RESIZE_FLOOR;
    const bool centre =
        o->coordinates == RT_RESIZE_HALF_PIXEL &&
        (o->rounding == RT_RESIZE_ROUND_HALF_DOWN || o->rounding == RT_RESIZE_ROUND_HALF_UP);
    if (whole && (corner || centre)) return rt_export_upsample_nearest(ex);
    return resize_nearest(ex);
}
