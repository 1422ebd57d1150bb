/* Resize (opset 10 and later) and Upsample (9). */

#include "common/nn/onnx/import_private.h"

#include <math.h>
#include <string.h>

enum { LARGEST_SIDE = 1 << 14 };

typedef struct word {
    const char *name;
    int value;
} word;

static rt_status find_word(const char *what, const char *name, const word *words, size_t count,
                           int *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) != 0) continue;
        *value = words[i].value;
        return RT_OK;
    }
    return rt_fail(RT_ERROR_INPUT, "its %s is '%s', which is not possible", what, name);
}

/* The size of the output, from `sizes` (input `at` + 1) or `scales` (input `at`). A scale must give
 * a whole number of pixels: the place of a pixel is computed from the sizes. */
static rt_status read_size(const rt_importer *im, const rt_import_value *x, uint32_t at,
                           int64_t *dims)
{
    const rt_onnx_tensor *list;
    const bool sizes = rt_import_has(im, at + 1);
    if (!sizes && !rt_import_has(im, at))
        return rt_fail(RT_ERROR_INPUT, "it has neither scales nor sizes");
    RT_TRY(sizes ? rt_import_wholes(im, at + 1, "sizes", &list)
                 : rt_import_floats(im, at, "scales", &list));
    if (list->count != 4) return rt_fail(RT_ERROR_INPUT, "its sizes are not four numbers");
    for (uint32_t a = 0; a < 4; a++) {
        const double exact =
            sizes ? (double)list->wholes[a] : (double)list->floats[a] * (double)x->dims[a];
        dims[a] = exact >= 1 && exact <= (a == 0 ? 1e9 : LARGEST_SIDE) ? (int64_t)round(exact) : 0;
        if (dims[a] == 0 || fabs(exact - (double)dims[a]) > 1e-3)
            return rt_fail(RT_ERROR_INPUT,
                           "dimension %u would become %g; whole numbers up to %d "
                           "are possible",
                           a, exact, LARGEST_SIDE);
    }
    if (dims[0] != x->dims[0] || dims[1] != x->dims[1])
        return rt_fail(RT_ERROR_INPUT, "it resizes the batch or the channels");
    return RT_OK;
}

static rt_status read_form(const rt_importer *im, const int64_t *dims, const rt_import_value *x,
                           rt_blueprint_layer *made)
{
    static const word modes[] = {{"nearest", RT_RESIZE_NEAREST},
                                 {"linear", RT_RESIZE_BILINEAR},
                                 {"bilinear", RT_RESIZE_BILINEAR}};
    static const word places[] = {{"half_pixel", RT_RESIZE_HALF_PIXEL},
                                  {"pytorch_half_pixel", RT_RESIZE_HALF_PIXEL},
                                  {"align_corners", RT_RESIZE_ALIGN_CORNERS},
                                  {"asymmetric", RT_RESIZE_ASYMMETRIC}};
    static const word roundings[] = {{"round_prefer_floor", RT_RESIZE_ROUND_HALF_DOWN},
                                     {"round_prefer_ceil", RT_RESIZE_ROUND_HALF_UP},
                                     {"floor", RT_RESIZE_FLOOR},
                                     {"ceil", RT_RESIZE_CEILING}};
    const bool old = im->model->opset < 11; /* said nothing of places: o / scale, rounded down */
    const char *place =
        rt_import_string(im, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
    const char *rounding =
        rt_import_string(im, "nearest_mode", old ? "floor" : "round_prefer_floor");
    int mode, coordinates, round_to;
    RT_TRY(
        find_word("mode", rt_import_string(im, "mode", "nearest"), modes, RT_COUNT(modes), &mode));
    RT_TRY(
        find_word("coordinate_transformation_mode", place, places, RT_COUNT(places), &coordinates));
    RT_TRY(find_word("nearest_mode", rounding, roundings, RT_COUNT(roundings), &round_to));
    if (rt_import_int(im, "antialias", 0) != 0 || rt_import_int(im, "exclude_outside", 0) != 0 ||
        rt_import_attribute(im, "axes") != NULL ||
        strcmp(rt_import_string(im, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0)
        return rt_fail(RT_ERROR_INPUT, "antialias, exclude_outside, axes and "
                                       "keep_aspect_ratio_policy are not possible");
    if (strcmp(place, "pytorch_half_pixel") == 0) { /* differs where a side becomes one pixel */
        const bool one[] = {dims[2] == 1 && x->dims[2] > 1, dims[3] == 1 && x->dims[3] > 1};
        if (one[0] != one[1] && (one[0] || one[1]))
            return rt_fail(RT_ERROR_INPUT, "it makes one side a single pixel, and not the other");
        if (one[0]) coordinates = RT_RESIZE_ASYMMETRIC;
    }
    made->mode = (rt_resize_mode)mode;
    made->coordinates = (rt_resize_coordinates)coordinates;
    made->rounding = (rt_resize_rounding)round_to;
    return RT_OK;
}

rt_status rt_import_resize(rt_importer *im)
{
    rt_import_value *x = rt_import_input(im, 0);
    /* X, scales in opset 9 and 10; X, roi, scales, sizes from 11 on */
    const bool old = im->model->opset < 11;
    int64_t dims[RT_IMPORT_RANK] = {0};
    uint32_t from, layer;
    if (x->rank != 4) return rt_fail(RT_ERROR_INPUT, "it resizes what is no image [N,C,H,W]");
    RT_TRY(read_size(im, x, old ? 1 : 2, dims));
    rt_blueprint_layer made = {
        .kind = RT_LAYER_RESIZE, .height = (uint32_t)dims[2], .width = (uint32_t)dims[3]};
    RT_TRY(read_form(im, dims, x, &made));
    RT_TRY(rt_import_layer_of(im, x, &from));
    RT_TRY(rt_import_add_one(im, from, made, NULL, rt_import_canonical(4, dims), &layer));
    rt_import_output_layer(im, layer, 4, dims);
    return RT_OK;
}
