/* Pools, and reductions over pixels or channels. */

#include "common/nn/onnx/import_private.h"

#include <string.h>

enum { LARGEST_WINDOW = 1 << 14 };

/* Pixels of the output along one side; with ceil_mode a last window counts that begins inside the
 * image or its padding before it (PyTorch), and `*more` becomes what it reaches beyond. */
static rt_status pooled_side(int64_t size, const rt_import_window *w, uint32_t i, bool ceiling,
                             int64_t *out, uint32_t *more)
{
    const int64_t stride = w->strides[i], room = size + w->pads[i] + w->pads[i + 2] - w->kernel[i];
    if (room < 0) return rt_fail(RT_ERROR_INPUT, "its window is larger than the image");
    *out = room / stride + 1;
    *more = 0;
    if (ceiling && room % stride != 0 && *out * stride < size + w->pads[i]) {
        *more = (uint32_t)(*out * stride - room);
        (*out)++;
    }
    return RT_OK;
}

/* Padding that counts in an average must be on all sides alike; if it is not, it becomes a layer.
 */
static rt_status pad_before(rt_importer *im, rt_import_window *w, rt_import_shape *x,
                            uint32_t *from)
{
    const rt_blueprint_layer made = {.kind = RT_LAYER_PAD,
                                     .more = {w->pads[0], w->pads[1], w->pads[2], w->pads[3]}};
    x->h += w->pads[0] + w->pads[2];
    x->w += w->pads[1] + w->pads[3];
    memset(w->pads, 0, sizeof w->pads);
    return rt_import_add_one(im, *from, made, NULL, *x, from);
}

rt_status rt_import_pool(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    const bool maximum = strcmp(im->node->op, "MaxPool") == 0;
    const bool ceiling = rt_import_int(im, "ceil_mode", 0) != 0;
    const bool counted = rt_import_int(im, "count_include_pad", 0) != 0;
    rt_import_window w;
    uint32_t from, layer, more[2];
    RT_TRY(rt_import_read_window(im, x, NULL, LARGEST_WINDOW, &w));
    if (w.dilations[0] != 1 || w.dilations[1] != 1 || rt_import_int(im, "storage_order", 0) != 0)
        return rt_fail(RT_ERROR_INPUT, "a pool with dilation or storage_order is not possible");
    const uint32_t all = w.kernel[0] * w.kernel[1] * w.strides[0] * w.strides[1];
    if (all == 1 && (w.pads[0] | w.pads[1] | w.pads[2] | w.pads[3]) == 0)
        return rt_import_identity(im); /* PyTorch's adaptive pool to the size that is there */
    RT_TRY(rt_import_layer_of(im, x, &from));
    rt_import_shape shape = rt_import_canonical(4, x->dims);
    rt_blueprint_layer made = {.kind = maximum ? RT_LAYER_MAX_POOL : RT_LAYER_AVERAGE_POOL,
                               .kernel_h = w.kernel[0],
                               .kernel_w = w.kernel[1],
                               .stride = w.strides[0],
                               .stride_w = w.strides[1],
                               .skip_padding = !maximum && !counted};
    rt_sides sides;
    rt_import_common_padding(&w, &sides);
    if (counted && (sides.top | sides.left | sides.bottom | sides.right) != 0)
        RT_TRY(pad_before(im, &w, &shape, &from));
    int64_t dims[4] = {x->dims[0], x->dims[1]};
    RT_TRY(pooled_side(shape.h, &w, 0, ceiling, &dims[2], &more[0]));
    RT_TRY(pooled_side(shape.w, &w, 1, ceiling, &dims[3], &more[1]));
    made.padding = rt_import_common_padding(&w, &made.more);
    made.more.bottom += more[0];
    made.more.right += more[1];
    RT_TRY(rt_import_add_one(im, from, made, NULL, rt_import_canonical(4, dims), &layer));
    rt_import_output_layer(im, layer, 4, dims);
    return RT_OK;
}

rt_status rt_import_global_pool(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    uint32_t from, layer;
    RT_TRY(rt_import_layer_of(im, x, &from));
    if (x->rank < 3) return rt_fail(RT_ERROR_INPUT, "its input has no pixels");
    const rt_import_shape shape = rt_import_canonical(x->rank, x->dims);
    rt_blueprint_layer made = {.kind = RT_LAYER_GLOBAL_AVERAGE_POOL};
    if (strcmp(im->node->op, "GlobalMaxPool") == 0)
        made = (rt_blueprint_layer){.kind = RT_LAYER_MAX_POOL,
                                    .kernel_h = shape.h,
                                    .kernel_w = shape.w,
                                    .stride = 1,
                                    .stride_w = 1};
    RT_TRY(rt_import_add_one(im, from, made, NULL, (rt_import_shape){1, 1, shape.c}, &layer));
    int64_t dims[RT_IMPORT_RANK] = {x->dims[0], x->dims[1], 1, 1, 1, 1, 1, 1};
    rt_import_output_layer(im, layer, x->rank, dims);
    return RT_OK;
}

/* Which axes a reduction goes over: all but the batch where it does not say. */
static rt_status reduced_axes(const rt_importer *im, uint32_t rank, bool *reduced)
{
    const int64_t *axes;
    uint32_t count;
    RT_TRY(rt_import_list(im, "axes", 1, &axes, &count));
    if (axes == NULL || count == 0)
        return rt_fail(RT_ERROR_INPUT, "it reduces over all axes, and so over the batch");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t axis;
        RT_TRY(rt_import_axis(axes[i], rank, &axis));
        reduced[axis] = true;
    }
    if (reduced[0]) return rt_fail(RT_ERROR_INPUT, "it reduces over the batch");
    return RT_OK;
}

static rt_status add_mean(rt_importer *im, uint32_t from, rt_import_shape x, bool pixels,
                          bool channels, uint32_t *layer)
{
    const rt_import_shape y = {pixels ? 1 : x.h, pixels ? 1 : x.w, channels ? 1 : x.c};
    rt_blueprint_layer made = {.kind = RT_LAYER_GLOBAL_AVERAGE_POOL};
    if (channels)
        made = (rt_blueprint_layer){
            .kind = RT_LAYER_REDUCE_MEAN, .over_pixels = pixels, .over_channels = true};
    RT_TRY(rt_import_add_one(im, from, made, NULL, y, layer));
    if (strcmp(im->node->op, "ReduceSum") != 0) return RT_OK;
    const rt_blueprint_layer scale = {.kind = RT_LAYER_SCALE,
                                      .factor = (float)(pixels ? x.h * x.w : 1) *
                                                (float)(channels ? x.c : 1)};
    return rt_import_add_one(im, *layer, scale, NULL, y, layer);
}

rt_status rt_import_reduce(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    bool reduced[RT_IMPORT_RANK] = {false}, some = false, all = true;
    uint32_t from, layer, rank = 0;
    int64_t dims[RT_IMPORT_RANK] = {0};
    RT_TRY(reduced_axes(im, x->rank, reduced));
    for (uint32_t a = 2; a < x->rank; a++) {
        some |= reduced[a];
        all &= reduced[a];
    }
    if (some && !all)
        return rt_fail(RT_ERROR_INPUT, "it reduces over some of an image's axes; over all pixels, "
                                       "over the channels, or over both is possible");
    RT_TRY(rt_import_layer_of(im, x, &from));
    const rt_import_shape shape = rt_import_canonical(x->rank, x->dims);
    RT_TRY(add_mean(im, from, shape, some, reduced[1], &layer));
    const bool keep = rt_import_int(im, "keepdims", 1) != 0;
    int64_t kept[RT_IMPORT_RANK] = {0};
    for (uint32_t a = 0; a < x->rank; a++) {
        kept[a] = reduced[a] ? 1 : x->dims[a];
        if (keep || !reduced[a]) dims[rank++] = kept[a];
    }
    rt_import_value mean = {.rank = x->rank, .layer = layer}, output;
    memcpy(mean.dims, kept, sizeof kept);
    RT_TRY(rt_import_reshape(im, &mean, rank, dims, &output));
    rt_import_output(im, 0, &output);
    return RT_OK;
}
