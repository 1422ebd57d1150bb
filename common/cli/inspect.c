#include "common/cli/inspect.h"

#include "common/base/io.h"
#include "common/cli/commands.h"
#include "datasets/shard.h"

#include <string.h>
#include <strings.h>

rt_status rt_inspect_is_store(rt_arena *arena, const char *path, bool *is_store)
{
    char **names;
    size_t count;
    *is_store = false;
    if (!rt_directory_exists(path)) return RT_OK;
    RT_TRY(rt_directory_list(arena, path, &names, &count));
    for (size_t i = 0; i < count; i++) {
        uint32_t number;
        if (rt_shard_number(names[i], &number) || strcmp(names[i], "index.h5") == 0) {
            *is_store = true;
        }
    }
    return RT_OK;
}

static rt_status read_order(const rt_command *command, rt_pick_order *order)
{
    static const char *const names[] = {"first", "random", "boundary"};
    const char *text = rt_command_option(command, "pick");
    if (text == NULL) return RT_OK;
    for (size_t i = 0; i < RT_COUNT(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *order = (rt_pick_order)i;
            return RT_OK;
        }
    }
    return rt_fail(RT_ERROR_INPUT, "bad value '%s' of '--pick'; give first, random or boundary",
                   text);
}

/* "--png NAME.png" is a grid, any other name a folder of all samples. */
static rt_status read_png(const rt_command *command, bool grid_wanted, rt_inspect_options *options)
{
    const char *png = rt_command_option(command, "png");
    const size_t length = png != NULL ? strlen(png) : 0;
    if (png == NULL || (length > 4 && strcasecmp(png + length - 4, ".png") == 0)) {
        options->png = png != NULL || !grid_wanted ? png : "grid.png";
        return RT_OK;
    }
    options->pictures = png;
    if (!grid_wanted) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "'--png %s' writes every sample into a folder, and '--grid', '--by-class' and "
                   "'--pick' are about a grid; for a grid give a name that ends in .png",
                   png);
}

/* A grid is drawn as soon as any flag of it is given. */
static rt_status read_options(const rt_command *command, rt_inspect_options *options)
{
    *options = (rt_inspect_options){
        .rows = 10,
        .columns = 10,
        .by_class = rt_command_option(command, "by-class") != NULL,
        .model = rt_command_option(command, "model"),
        .npy = rt_command_option(command, "npy"),
        .verify = rt_command_option(command, "verify") != NULL,
        .external_data = rt_command_option(command, "external-data") != NULL,
    };
    RT_TRY(rt_command_option_pair(command, "grid", 1000, &options->rows, &options->columns));
    RT_TRY(read_order(command, &options->order));
    const bool wanted = options->by_class || rt_command_option(command, "grid") != NULL ||
                        rt_command_option(command, "pick") != NULL;
    return read_png(command, wanted, options);
}

static rt_status run(rt_command *command)
{
    const char *path = command->arguments[0];
    rt_inspect_options options;
    RT_TRY(read_options(command, &options));
    if (rt_file_exists(path) && options.model != NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "'--model' judges the samples of a store or run; '%s' is a "
                       "file",
                       path);
    if (rt_file_exists(path)) return rt_inspect_model(command, path, &options);
    if (!rt_directory_exists(path)) {
        return rt_fail(RT_ERROR_INPUT, "'%s' does not exist; give a store, a model or a run", path);
    }
    bool is_store;
    RT_TRY(rt_inspect_is_store(&command->arena, path, &is_store));
    if (is_store) return rt_inspect_store(command, path, &options);
    const char *config = rt_path_join(&command->arena, path, "config.yaml");
    if (config == NULL) return RT_ERROR_MEMORY;
    if (rt_file_exists(config)) return rt_inspect_run(command, path, &options);
    return rt_fail(RT_ERROR_INPUT,
                   "'%s' is neither a store (no 'shard-000000.h5') nor a run (no 'config.yaml')",
                   path);
}

static const rt_option own_options[] = {
    {"grid", "ROWSxCOLUMNS", "draw a grid of images (10x10)"},
    {"by-class", NULL, "the grid has a row a class"},
    {"pick", "ORDER",
     "which images: first, random (by --seed), boundary (the teacher wavers most)"},
    {"model", "FILE", "a classifier that judges the samples instead of the stored logits"},
    {"png", "FILE|DIR",
     "where the grid goes (grid.png); a name without .png is a folder for all samples"},
    {"npy", "DIR", "write all samples as NumPy arrays"},
    {"verify", NULL, "read every byte and check it against checksums and index"},
    {"external-data", NULL, "an ONNX model's tensors may lie in other files of its folder"},
};

const rt_command_description rt_inspect_command = {
    .name = "inspect",
    .summary = "show what is in a store, a model or a run",
    .usage = "STORE|MODEL|RUN",
    .example = "retort inspect runs/demo/store --grid 10x10 --by-class --png grid.png",
    .detail =
        "A store: samples a class, shape, measured mean and deviation of its pixels, shards.\n"
        "A model: architecture, metadata and tensors. A run: its summary and last metrics;\n"
        "the grid is of its store. --png NAME.png draws a grid; --png DIR writes every sample as\n"
        "DIR/CLASS/NUMBER.png, for other tools.\n",
    .options = own_options,
    .option_count = RT_COUNT(own_options),
    .flags = RT_FLAG_SEED | RT_FLAG_DEVICE,
    .arguments_minimum = 1,
    .arguments_maximum = 1,
    .run = run,
};
