/* What is done with the layers when all are there: a batch norm takes in the addition and the ReLU
 * (or leaky ReLU, ReLU6) that follow it (as the zoo's networks have it, and as fast), and what the
 * logits do not need goes.
 */

#include "common/nn/onnx/import_private.h"

#include <string.h>

typedef struct fusion {
    rt_importer *im;
    uint32_t *uses; ///< by value: how many layers read it
    bool *gone;     ///< by value
} fusion;

static rt_blueprint_layer *layer_of(const fusion *f, uint32_t value)
{
    return &f->im->layers[value - 1];
}

/* A batch norm, not yet with an activation, that nothing but one layer reads. */
static bool is_open_norm(const fusion *f, uint32_t value)
{
    if (value == 0) return false;
    const rt_blueprint_layer *l = layer_of(f, value);
    return l->kind == RT_LAYER_BATCH_NORM && l->activation == RT_ACTIVATION_NONE &&
           f->uses[value] == 1;
}

/* The layer at `to` becomes the batch norm that stood at `from`, perhaps with a residual. It must
 * stand there and not before: the residual is made in between. */
static rt_status move_norm(const fusion *f, uint32_t from, uint32_t to, const uint32_t *residual)
{
    uint32_t *inputs = rt_arena_alloc(f->im->arena, 2, sizeof *inputs);
    if (inputs == NULL) return RT_ERROR_MEMORY;
    rt_blueprint_layer *norm = layer_of(f, from), *into = layer_of(f, to);
    for (uint32_t i = 0; i < norm->input_count; i++) inputs[i] = norm->inputs[i];
    *into = *norm;
    into->inputs = inputs;
    if (residual != NULL) inputs[into->input_count++] = *residual;
    f->gone[from] = true;
    return RT_OK;
}

static bool same_shape(const fusion *f, uint32_t a, uint32_t b)
{
    return memcmp(&f->im->shapes[a], &f->im->shapes[b], sizeof f->im->shapes[a]) == 0;
}

/* norm(x) + residual. */
static rt_status fuse_addition(const fusion *f, uint32_t value)
{
    const rt_blueprint_layer *add = layer_of(f, value);
    for (uint32_t side = 0; side < 2; side++) {
        const uint32_t norm = add->inputs[side], residual = add->inputs[1 - side];
        if (!is_open_norm(f, norm) || layer_of(f, norm)->input_count != 1 ||
            !same_shape(f, norm, residual))
            continue;
        return move_norm(f, norm, value, &residual);
    }
    return RT_OK;
}

/* What a batch norm can do behind itself; NONE: not that. */
static rt_activation activation_of(const rt_blueprint_layer *l)
{
    if (l->kind == RT_LAYER_RELU) return RT_ACTIVATION_RELU;
    if (l->kind == RT_LAYER_LEAKY_RELU) return RT_ACTIVATION_LEAKY_RELU;
    const bool relu6 =
        l->kind == RT_LAYER_ACTIVATION && l->function == RT_ACTIVATE_CLIP && l->a == 0 && l->b == 6;
    return relu6 ? RT_ACTIVATION_RELU6 : RT_ACTIVATION_NONE;
}

static rt_status fuse_activation(const fusion *f, uint32_t value)
{
    rt_blueprint_layer *layer = layer_of(f, value);
    const rt_activation activation = activation_of(layer);
    const float slope = activation == RT_ACTIVATION_LEAKY_RELU ? layer->slope : 0;
    if (activation == RT_ACTIVATION_NONE || !is_open_norm(f, layer->inputs[0])) return RT_OK;
    RT_TRY(move_norm(f, layer->inputs[0], value, NULL));
    layer->activation = activation;
    layer->slope = slope;
    return RT_OK;
}

/* Marks what `logits` is made of; layers stand after what they read, so one walk is enough. */
static void find_needed(const fusion *f, uint32_t logits, bool *needed)
{
    needed[logits] = true;
    for (uint32_t value = logits; value > 0; value--) {
        if (!needed[value]) continue;
        const rt_blueprint_layer *l = layer_of(f, value);
        for (uint32_t i = 0; i < l->input_count; i++) needed[l->inputs[i]] = true;
    }
}

/* Closes the gaps: values get new numbers. */
static rt_status compact(const fusion *f, const bool *needed, uint32_t *logits)
{
    rt_importer *im = f->im;
    uint32_t *numbers, kept = 0;
    RT_TRY(RT_ALLOC(numbers, im->layer_count + 1));
    rt_status status = RT_OK;
    for (uint32_t value = 1; value <= im->layer_count && status == RT_OK; value++) {
        if (!needed[value]) continue;
        rt_blueprint_layer *l = layer_of(f, value);
        uint32_t *inputs = rt_arena_alloc(im->arena, l->input_count, sizeof *inputs);
        if (inputs == NULL) {
            status = RT_ERROR_MEMORY;
            break;
        }
        for (uint32_t i = 0; i < l->input_count; i++) inputs[i] = numbers[l->inputs[i]];
        l->inputs = inputs;
        numbers[value] = ++kept;
        im->shapes[kept] = im->shapes[value];
        im->layers[kept - 1] = *l;
    }
    im->layer_count = kept;
    *logits = numbers[*logits];
    rt_free(numbers);
    return status;
}

static void count_uses(const fusion *f, uint32_t logits, const bool *needed)
{
    for (uint32_t value = 1; value <= f->im->layer_count; value++)
        for (uint32_t i = 0; needed[value] && i < layer_of(f, value)->input_count; i++)
            f->uses[layer_of(f, value)->inputs[i]]++;
    f->uses[logits]++;
}

static rt_status fuse(const fusion *f, bool *needed, uint32_t *logits)
{
    find_needed(f, *logits, needed);
    count_uses(f, *logits, needed);
    for (uint32_t value = 1; value <= f->im->layer_count; value++) {
        if (!needed[value]) continue;
        const bool sum = layer_of(f, value)->kind == RT_LAYER_ADD;
        RT_TRY(sum ? fuse_addition(f, value) : fuse_activation(f, value));
    }
    for (uint32_t value = 1; value <= f->im->layer_count; value++) needed[value] &= !f->gone[value];
    return compact(f, needed, logits);
}

rt_status rt_import_fuse(rt_importer *im, uint32_t *logits)
{
    rt_status status = RT_OK;
    fusion f = {.im = im};
    bool *needed = NULL;
    RT_TRY_DONE(RT_ALLOC(f.uses, im->layer_count + 1));
    RT_TRY_DONE(RT_ALLOC(f.gone, im->layer_count + 1));
    RT_TRY_DONE(RT_ALLOC(needed, im->layer_count + 1));
    status = fuse(&f, needed, logits);
done:
    rt_free(f.uses);
    rt_free(f.gone);
    rt_free(needed);
    return status;
}
