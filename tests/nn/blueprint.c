/* Blueprints as text: what is written comes back, what is wrong is refused. */

#include "common/nn/blueprint.h"

#include "common/nn/blueprint_private.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(nn_blueprint, .timeout = 60);

/* A layer of every kind, every number of it other than zero and at one of its ends. */
static void make_all(rt_blueprint *blueprint, rt_arena *arena)
{
    static const uint32_t inputs[] = {0, 0};
    static const int32_t indices[] = {0, 1, 2, 3, -1, -1, 7, 5, 3, 1, 6};
    rt_blueprint_layer *layers = rt_arena_alloc(arena, RT_LAYER_KIND_COUNT, sizeof *layers);
    for (uint32_t kind = 0; kind < RT_LAYER_KIND_COUNT; kind++) {
        const rt_layer_form *form = &rt_layer_forms[kind];
        rt_blueprint_layer *l = &layers[kind];
        *l = (rt_blueprint_layer){.kind = kind,
                                  .name = rt_arena_printf(arena, "a.B-9_:/%u", kind),
                                  .inputs = inputs,
                                  .input_count = form->most_inputs < 2 ? form->most_inputs : 2};
        for (uint32_t i = 0; i < form->attribute_count; i++) {
            const rt_attribute *a = &form->attributes[i];
            void *field = (char *)l + a->offset;
            if (a->type == RT_ATTRIBUTE_WHOLE) *(uint32_t *)field = (uint32_t)a->maximum;
            if (a->type == RT_ATTRIBUTE_REAL)
                *(float *)field = (float)(kind % 2 == 0 ? a->maximum : a->minimum);
            if (a->type == RT_ATTRIBUTE_FLAG) *(bool *)field = true;
            if (a->type == RT_ATTRIBUTE_CHOICE) *(uint32_t *)field = a->word_count - 1;
            if (a->type == RT_ATTRIBUTE_SIDES)
                *(rt_sides *)field = (rt_sides){1, 2, 3, (uint32_t)a->maximum};
        }
        if (!form->indices) continue;
        l->height = 1, l->width = 1, l->channels = RT_COUNT(indices);
        l->indices = indices;
        l->index_count = RT_COUNT(indices);
    }
    *blueprint = (rt_blueprint){layers, RT_LAYER_KIND_COUNT};
}

static void expect_equal(const rt_blueprint_layer *a, const rt_blueprint_layer *b)
{
    const rt_layer_form *form = &rt_layer_forms[a->kind];
    cr_assert(a->kind == b->kind && a->input_count == b->input_count &&
              a->index_count == b->index_count && strcmp(a->name, b->name) == 0);
    for (uint32_t i = 0; i < a->input_count; i++) cr_assert_eq(a->inputs[i], b->inputs[i]);
    for (uint32_t i = 0; i < a->index_count; i++) cr_assert_eq(a->indices[i], b->indices[i]);
    for (uint32_t i = 0; i < form->attribute_count; i++) {
        const rt_attribute *t = &form->attributes[i];
        const size_t size = t->type == RT_ATTRIBUTE_FLAG    ? sizeof(bool)
                            : t->type == RT_ATTRIBUTE_SIDES ? sizeof(rt_sides)
                                                            : 4;
        cr_assert_eq(memcmp((const char *)a + t->offset, (const char *)b + t->offset, size), 0,
                     "%s of %s", t->key, form->name);
    }
}

Test(nn_blueprint, comes_back_as_it_was)
{
    rt_arena arena = {0};
    rt_blueprint blueprint, copy, read;
    rt_buffer json = {0}, again = {0};
    make_all(&blueprint, &arena);
    cr_assert_eq(rt_blueprint_write(&blueprint, &json), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_blueprint_read(&read, (const char *)json.data, &arena), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(rt_blueprint_copy(&copy, &read, &arena), RT_OK);
    cr_assert_eq(copy.layer_count, blueprint.layer_count);
    for (uint32_t i = 0; i < copy.layer_count; i++)
        expect_equal(&blueprint.layers[i], &copy.layers[i]);
    cr_assert_eq(rt_blueprint_write(&copy, &again), RT_OK);
    cr_assert_str_eq((const char *)json.data, (const char *)again.data);
    rt_buffer_clear(&json);
    rt_buffer_clear(&again);
    rt_arena_clear(&arena);
}

static void refuse(const char *json, const char *words)
{
    rt_arena arena = {0};
    rt_blueprint blueprint;
    cr_assert_eq(rt_blueprint_read(&blueprint, json, &arena), RT_ERROR_INPUT, "not refused: %s",
                 json);
    cr_assert_not_null(strstr(rt_error_message(), words), "'%s' is not in: %s", words,
                       rt_error_message());
    rt_arena_clear(&arena);
}

#define RELU(name, from) "{\"kind\":\"relu\",\"name\":\"" name "\",\"from\":" from "}"

Test(nn_blueprint, refuses_what_it_would_not_write)
{
    static const char gather[] = "{\"layers\":[{\"kind\":\"gather\",\"name\":\"g\",\"from\":[0],"
                                 "\"height\":1,\"width\":1,\"channels\":4,\"indices\":";
    char text[512];
    static const struct {
        const char *json, *words;
    } wrong[] = {
        {"", "expected '{'"},
        {"{}", "expected '\"'"},
        {"{\"layers\":[]}", "expected a layer"},
        {"{\"layer\":[]}", "expected the key 'layers'"},
        {"{\"layers\":[" RELU("a", "[0]") "]} x", "expected nothing more"},
        {"{\"layers\":[" RELU("a", "[0]") ",]}", "expected a layer"},
        {"{\"layers\":[" RELU("a", "[0]") "],\"x\":1}", "expected '}'"},
        {"{\"layers\":[" RELU("a", "[1]") "]}", "layer 'a' reads value 1; there are 0 to 0"},
        {"{\"layers\":[" RELU("a", "[0]") "," RELU("a", "[1]") "]}", "two layers 'a'"},
        {"{\"layers\":[" RELU("a", "[]") "]}", "takes 1 to 1 inputs, not 0"},
        {"{\"layers\":[" RELU("a", "[0,0]") "]}", "takes 1 to 1 inputs, not 2"},
        {"{\"layers\":[" RELU("a", "[-1]") "]}", "expected a whole number"},
        {"{\"layers\":[" RELU("a", "[00]") "]}", "expected a whole number"},
        {"{\"layers\":[" RELU("a", "[0.0]") "]}", "expected ','"},
        {"{\"layers\":[" RELU("a", "[99999999999]") "]}", "expected a whole number"},
        {"{\"layers\":[" RELU("a", "[20000]") "]}", "20000 is not from 0 to 16384"},
        {"{\"layers\":[" RELU("a b", "[0]") "]}", "a layer's name must be"},
        {"{\"layers\":[" RELU("", "[0]") "]}", "a layer's name must be"},
        {"{\"layers\":[" RELU("a\\u0041", "[0]") "]}", "no escape"},
        {"{\"layers\":[{\"kind\":\"if\",\"name\":\"a\",\"from\":[0]}]}",
         "unknown kind of layer 'if'"},
        {"{\"layers\":[{\"name\":\"a\",\"kind\":\"relu\",\"from\":[0]}]}", "the key 'kind'"},
        {"{\"layers\":[{\"kind\":\"relu\",\"name\":\"a\",\"from\":[0],\"a\":1}]}", "expected '}'"},
        {"{\"layers\":[{\"kind\":\"linear\",\"name\":\"a\",\"from\":[0]}]}", "expected ','"},
        {"{\"layers\":[{\"kind\":\"linear\",\"name\":\"a\",\"from\":[0],\"channels\":0}]}",
         "0 is not from 1 to 65536"},
        {"{\"layers\":[{\"kind\":\"leaky_relu\",\"name\":\"a\",\"from\":[0],\"slope\":nan}]}",
         "expected a number"},
        {"{\"layers\":[{\"kind\":\"leaky_relu\",\"name\":\"a\",\"from\":[0],\"slope\":2}]}",
         "slope is 2, not from 0 to 1"},
        {"{\"layers\":[{\"kind\":\"scale\",\"name\":\"a\",\"from\":[0],\"factor\":1e39}]}",
         "factor is inf"},
        {"{\"layers\":[{\"kind\":\"prelu\",\"name\":\"a\",\"from\":[0],\"shared\":1}]}",
         "true or false"},
        {"{\"layers\":[{\"kind\":\"pad\",\"name\":\"a\",\"from\":[0],\"more\":[1,2,3],\"value\":0}]"
         "}",
         "expected ','"},
    };
    static const struct {
        const char *indices, *words;
    } tables[] = {
        {"[0,1,3]", "expected ','"},       {"[0,1,5]", "a shorter run"},
        {"[0,1,4,4,1,1]", "expected ']'"}, {"[-2,1,4]", "-2 is not from -1"},
        {"[0,-1,4]", "indices in range"},  {"[0,16777216,4]", "indices in range"},
        {"[0,1,0]", "0 is not from 1"},    {"[]", "a whole number"},
    };
    for (size_t i = 0; i < RT_COUNT(wrong); i++) refuse(wrong[i].json, wrong[i].words);
    for (size_t i = 0; i < RT_COUNT(tables); i++) {
        snprintf(text, sizeof text, "%s%s}]}", gather, tables[i].indices);
        refuse(text, tables[i].words);
    }
    snprintf(text, sizeof text,
             "{\"layers\":[{\"kind\":\"gather\",\"name\":\"g\",\"from\":[0],\"height\":16384,"
             "\"width\":16384,\"channels\":1048576,\"indices\":[0,0,16777216");
    refuse(text, "fewer indices"); /* before memory is taken for them */
}
