/* `retort train`: supervised training of a classifier on a real store, usually the teacher. */
#include "common/base/random.h"
#include "common/cli/roll_back.h"
#include "common/nn/model_file.h"
#include "student/checkpoint.h"
#include "student/commands.h"
#include "student/evaluation.h"
#include "student/recipes/supervised.h"
#include "student/summary.h"

typedef struct train_config {
    const char *store, *evaluation_store, *device;
    const char *arch, *shortcut, *stem;
    uint32_t base_width;
    uint64_t seed;
    uint32_t epochs, batch_size;
    rt_optimiser_config optimiser;
    float label_smoothing;
    uint32_t padding;
    bool flip;
    uint32_t log_interval, checkpoint_interval;
    int on_nan; ///< rt_nan_rule
} train_config;

#define KEY(name, type_, field) .key = name, .type = type_, .offset = offsetof(train_config, field)
static const rt_config_row rows[] = {
    {KEY("store", RT_STRING, store), .required = true, .help = "folder of the training images"},
    {KEY("evaluation_store", RT_STRING, evaluation_store), .no_effect = true,
     .help = "store on which the accuracy is measured at the end"},
    {KEY("device", RT_STRING, device), .no_effect = true, .help = "number or part of a name"},
    {KEY("seed", RT_UINT64, seed), .fallback = 0, .help = "of weights, order and augmentation"},
    {KEY("arch", RT_STRING, arch), .required = true, .help = "architecture, such as resnet20"},
    {KEY("base_width", RT_UINT, base_width), .max = 1024,
     .help = "channels of the first stage; 0: the architecture's own"},
    {KEY("shortcut", RT_STRING, shortcut), .help = "of CIFAR ResNets: A or B"},
    {KEY("stem", RT_STRING, stem),
     .help = "of the larger families: small, or large as in torchvision"},
    {KEY("epochs", RT_UINT, epochs), .fallback = 20, .min = 1, .max = 100000,
     .help = "passes over the store"},
    {KEY("batch_size", RT_UINT, batch_size), .fallback = 128, .min = 2, .max = 65536,
     .help = "samples a step"},
    RT_OPTIMISER_ROWS(train_config, optimiser, ""),
    {KEY("label_smoothing", RT_FLOAT, label_smoothing), .max = 0.99,
     .help = "share of the target spread over all classes"},
    {KEY("augment.padding", RT_UINT, padding), .fallback = 0, .max = 64,
     .help = "random crop after zero padding by so many pixels"},
    {KEY("augment.flip", RT_BOOL, flip), .fallback = 0, .help = "random horizontal flip"},
    {KEY("log_interval", RT_UINT, log_interval), .fallback = 20, .min = 1, .max = 1000000,
     .no_effect = true, .help = "steps between rows of metrics.csv"},
    {KEY("checkpoint_interval", RT_UINT, checkpoint_interval), .fallback = 200, .min = 1,
     .max = 1000000, .no_effect = true, .help = "steps between checkpoints"},
    RT_ROLL_BACK_ROW(train_config, on_nan),
};

static const rt_config_schema *schema(void)
{
    static const rt_config_schema train_schema = {
        .command = "train", .rows = rows, .count = RT_COUNT(rows), .size = sizeof(train_config)};
    return &train_schema;
}

typedef struct train {
    rt_command *command;
    train_config config;
    rt_device *device;
    rt_run_directory run;
    rt_store_reader *reader;
    rt_loader *loader;
    rt_network *network;
    rt_training *training;
    rt_run_clock clock;
} train;

static rt_status open_data(train *t)
{
    RT_TRY(rt_store_open(&t->reader, t->config.store));
    const rt_loader_options options = {.stores = &t->reader,
                                       .store_count = 1,
                                       .batch_size = t->config.batch_size,
                                       .training = true,
                                       .seed = t->config.seed};
    return rt_loader_create(&t->loader, &options);
}

static rt_status make_network(train *t)
{
    const rt_store_description *s = rt_store_reader_description(t->reader);
    rt_network_description d = {.arch = t->config.arch,
                                .base_width = t->config.base_width,
                                .shortcut = t->config.shortcut,
                                .stem = t->config.stem,
                                .channels = s->channels,
                                .height = s->height,
                                .width = s->width,
                                .classes = s->classes};
    for (uint32_t c = 0; c < s->channels; c++) {
        d.mean[c] = s->mean[c];
        d.std[c] = s->std[c];
    }
    RT_TRY(rt_network_create(&t->network, &d));
    RT_TRY(rt_network_allocate(t->network, t->device));
    return rt_parameters_initialise(rt_network_parameters(t->network), t->config.seed,
                                    RT_STREAM_WEIGHTS, 0, false);
}

static rt_status fit(train *t)
{
    const train_config *c = &t->config;
    const uint64_t steps = (uint64_t)c->epochs * rt_loader_steps(t->loader);
    const rt_training_setup setup = {
        .device = t->device,
        .student = t->network,
        .recipe = &rt_supervised_recipe,
        .recipe_options = &(rt_supervised_options){.label_smoothing = c->label_smoothing},
        .batch_size = c->batch_size,
        .views = 1,
        .augmentation = {.padding = c->padding, .flip = c->flip},
        .optimiser = c->optimiser,
        .steps = steps,
        .seed = c->seed,
    };
    RT_TRY(rt_training_create(&t->training, &setup));
    const rt_sample_source source = rt_sample_source_from_loader(t->loader);
    const rt_student_run run = {.directory = &t->run,
                                .training = t->training,
                                .source = &source,
                                .samples = rt_loader_samples(t->loader),
                                .batch_size = c->batch_size,
                                .steps = steps,
                                .log_interval = c->log_interval,
                                .checkpoint_interval = c->checkpoint_interval,
                                .clock = &t->clock,
                                .label = "train"};
    return rt_student_run_execute(&run);
}

static rt_status work(train *t)
{
    rt_command *command = t->command;
    const double began = rt_seconds();
    RT_TRY(open_data(t));
    RT_TRY(rt_command_open_run_device(command, t->config.device, &t->run, &t->device));
    RT_TRY(make_network(t));
    if (t->config.evaluation_store != NULL)
        RT_TRY(rt_evaluation_check(t->config.evaluation_store, rt_network_describe(t->network)));
    const double fit_began = rt_seconds();
    RT_TRY(fit(t));
    const double fit_seconds = rt_seconds() - fit_began;
    RT_TRY(rt_model_save(t->network, t->run.model, NULL, 0, NULL));
    const rt_student_summary summary = {
        .network = t->network,
        .evaluation_store = t->config.evaluation_store,
        .device = t->device,
        .samples = rt_loader_samples(t->loader),
        .steps = rt_training_step_count(t->training),
        .seconds = rt_seconds() - began,
        .wait_share = rt_training_wait_seconds(t->training) / fit_seconds,
        .run = &t->run,
    };
    return rt_student_summary_write(command, &summary);
}

static rt_status attempt(rt_command *command)
{
    train t = {.command = command};
    rt_buffer yaml = {0};
    rt_status status = rt_command_load_config(command, &t.config);
    if (status == RT_OK) status = rt_config_write(&t.config, schema(), false, &yaml);
    if (status == RT_OK) status = rt_run_open(&t.run, command->out, command->resume, &yaml);
    if (status == RT_OK) {
        t.config.optimiser.learning_rate *= rt_roll_back_rate(&t.run);
        status = work(&t);
        rt_roll_back(command, &t.run, t.config.on_nan, status);
    }
    rt_training_free(t.training);
    rt_network_free(t.network);
    rt_loader_free(t.loader);
    rt_store_reader_close(t.reader);
    rt_run_close(&t.run);
    rt_buffer_clear(&yaml);
    return status;
}

static rt_status run_train(rt_command *command) { return rt_roll_back_attempts(command, attempt); }

const rt_command_description rt_train_command = {
    .name = "train",
    .summary = "train a classifier on a real store (usually the teacher)",
    .usage = "CONFIG --out DIR",
    .example = "retort train configs/fashion-mnist/teacher.yaml --out runs/teacher",
    .flags = RT_FLAGS_CONFIG,
    .arguments_minimum = 1,
    .arguments_maximum = 1,
    .schema = schema,
    .run = run_train,
};
