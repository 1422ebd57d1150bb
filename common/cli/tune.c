#include "common/cli/tune.h"

#include "common/cli/bench.h"
#include "common/ops/conv2d_choice.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* What the tuner reported. */
typedef struct collection {
    rt_conv2d_figure *figures;
    uint32_t count, capacity;
    bool incomplete; ///< memory ran out
} collection;

static void collect(void *context, const rt_conv2d_figure *figure)
{
    collection *c = context;
    if (c->count == c->capacity) {
        const uint32_t capacity = 2 * c->capacity + 64;
        rt_conv2d_figure *larger = rt_realloc(c->figures, capacity, sizeof *larger);
        if (larger == NULL) {
            c->incomplete = true;
            return;
        }
        c->figures = larger;
        c->capacity = capacity;
    }
    c->figures[c->count++] = *figure;
}

static double gflops(const rt_conv2d_figure *f)
{
    return f->seconds > 0 ? rt_conv2d_flops(&f->layer) / f->seconds * 1e-9 : 0;
}

static void print(const rt_conv2d_figure *f)
{
    char work[RT_CONV2D_WORK_TEXT];
    rt_conv2d_work_print(work, &(rt_conv2d_work){f->layer, f->pass});
    printf("   %-62s  %-8s %2u ", work, f->choice.family->name, f->choice.candidate);
    if (f->seconds > 0)
        printf("%8.1f GFLOP/s%s\n", gflops(f), f->chosen ? "  chosen" : "");
    else
        printf("   wrong\n");
}

static void print_all(const rt_conv2d_race *race, const collection *layers)
{
    for (uint32_t i = 0; i < race->figure_count; i++) print(&race->figures[i]);
    printf("   conv2d uses the '%s' kernels\n", race->contenders.families[0]->name);
    for (uint32_t i = 0; i < layers->count; i++) print(&layers->figures[i]);
}

static bool fill(cJSON *object, const rt_conv2d_figure *f)
{
    char work[RT_CONV2D_WORK_TEXT];
    rt_conv2d_work_print(work, &(rt_conv2d_work){f->layer, f->pass});
    return cJSON_AddStringToObject(object, "work", work) != NULL &&
           cJSON_AddStringToObject(object, "kernels", f->choice.family->name) != NULL &&
           cJSON_AddNumberToObject(object, "candidate", f->choice.candidate) != NULL &&
           cJSON_AddBoolToObject(object, "right", f->seconds > 0) != NULL &&
           cJSON_AddBoolToObject(object, "chosen", f->chosen) != NULL &&
           cJSON_AddNumberToObject(object, "seconds", f->seconds) != NULL &&
           cJSON_AddNumberToObject(object, "gflops", gflops(f)) != NULL;
}

static bool fill_all(cJSON *array, const rt_conv2d_figure *figures, uint32_t count)
{
    bool filled = array != NULL;
    for (uint32_t i = 0; filled && i < count; i++) {
        cJSON *object = cJSON_CreateObject();
        filled = object != NULL && cJSON_AddItemToArray(array, object) && fill(object, &figures[i]);
    }
    return filled;
}

/* NULL when memory runs out. */
static cJSON *describe(const rt_conv2d_race *race, const collection *layers)
{
    cJSON *conv2d = cJSON_CreateObject();
    const char *best = race->contenders.families[0]->name;
    if (conv2d != NULL && cJSON_AddStringToObject(conv2d, "kernels", best) != NULL &&
        fill_all(cJSON_AddArrayToObject(conv2d, "figures"), race->figures, race->figure_count) &&
        fill_all(cJSON_AddArrayToObject(conv2d, "layers"), layers->figures, layers->count))
        return conv2d;
    cJSON_Delete(conv2d);
    return NULL;
}

static rt_status show(const rt_command *command, const rt_conv2d_race *race,
                      const collection *layers, cJSON *description)
{
    if (!command->json) {
        print_all(race, layers);
        return RT_OK;
    }
    cJSON *conv2d = layers->incomplete ? NULL : describe(race, layers);
    if (conv2d != NULL && cJSON_AddItemToObject(description, "conv2d", conv2d)) return RT_OK;
    cJSON_Delete(conv2d);
    return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
}

static rt_status tune_bench_layers(const rt_command *command, rt_device *device)
{
    rt_status status = RT_OK;
    uint32_t count, wanted = 0;
    rt_conv2d_work *work;
    const char *match = rt_command_option(command, "match");
    RT_TRY(rt_bench_conv2d_work(&work, &count));
    for (uint32_t i = 0; i < count; i++) {
        char name[RT_CONV2D_WORK_TEXT];
        rt_conv2d_work_print(name, &work[i]);
        if (match == NULL || strstr(name, match) != NULL) work[wanted++] = work[i];
    }
    status = rt_conv2d_prepare(device, work, wanted);
    rt_free(work);
    return status;
}

/* Making the steps of a run chooses their kernels. */
static rt_status tune_config(rt_command *command, rt_device *device)
{
    rt_bench bench = {.command = command, .device = device};
    return rt_bench_make_steps(&bench, command->arguments[0]);
}

rt_status rt_tune_device(rt_command *command, rt_device *device, cJSON *description)
{
    rt_status status = RT_OK;
    rt_conv2d_race race;
    collection layers = {0};
    RT_TRY_DONE(rt_conv2d_tune(device, &race, collect, &layers));
    if (command->argument_count > 0)
        RT_TRY_DONE(tune_config(command, device));
    else
        RT_TRY_DONE(tune_bench_layers(command, device));
    RT_TRY_DONE(show(command, &race, &layers, description));
done:
    rt_free(layers.figures);
    return status;
}
