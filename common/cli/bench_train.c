/* `retort bench train` and `retort bench evaluate`: supervised training and evaluation. */
#include "common/cli/bench.h"
#include "common/cli/bench_images.h"

#include "common/base/random.h"
#include "student/evaluation.h"
#include "student/recipes/supervised.h"

#include <stdio.h>

enum { SIDE = 32, LARGEST_SIDE = 4096, CHANNELS = 3, CLASSES = 10, BATCH_SIZE = 128 };
enum { EVALUATED = 1024, MOST_EVALUATED = 1 << 20 };

typedef struct subject {
    rt_bench *bench;
    rt_network *network;
    rt_bench_images images;
    rt_training *training;
} subject;

/* The network of the command line, by default for images like CIFAR-10's. */
static rt_status make_network(subject *s)
{
    const rt_command *command = s->bench->command;
    rt_network_description d = {.arch = command->argument_count > 1 ? command->arguments[1]
                                                                    : "resnet20",
                                .stem = rt_command_option(command, "stem"),
                                .channels = CHANNELS,
                                .height = SIDE,
                                .width = SIDE,
                                .classes = CLASSES,
                                .mean = {0.5f, 0.5f, 0.5f},
                                .std = {0.25f, 0.25f, 0.25f}};
    RT_TRY(rt_command_option_pair(command, "size", LARGEST_SIDE, &d.height, &d.width));
    RT_TRY(rt_network_create(&s->network, &d));
    RT_TRY(rt_network_allocate(s->network, s->bench->device));
    return rt_parameters_initialise(rt_network_parameters(s->network), 1, RT_STREAM_WEIGHTS, 0,
                                    false);
}

static rt_status begin(subject *s, uint32_t batch_size)
{
    RT_TRY(make_network(s));
    return rt_bench_images_init(&s->images, rt_network_describe(s->network), batch_size);
}

static void clear(subject *s)
{
    rt_bench_images_clear(&s->images);
    rt_network_free(s->network);
}

static rt_status create_training(void *state, bool timestamps)
{
    enum { ENOUGH_STEPS = 10000 }; /* more than any --repeats */
    subject *s = state;
    static const rt_supervised_options options = {0};
    const rt_training_setup setup = {
        .device = s->bench->device,
        .student = s->network,
        .recipe = &rt_supervised_recipe,
        .recipe_options = &options,
        .batch_size = s->images.noise.batch_size,
        .views = 1,
        .augmentation = {.padding = 4, .flip = true},
        .optimiser = {.learning_rate = 0.1f,
                      .schedule = RT_SCHEDULE_COSINE,
                      .momentum = 0.9f,
                      .weight_decay = 1e-4f},
        .steps = ENOUGH_STEPS,
        .timestamps = timestamps,
    };
    return rt_training_create(&s->training, &setup);
}

static void destroy_training(void *state)
{
    subject *s = state;
    rt_training_free(s->training);
    s->training = NULL;
}

static rt_status run_training(void *state, uint32_t steps, double *seconds)
{
    subject *s = state;
    const rt_sample_source source = rt_bench_images_source(&s->images);
    return rt_bench_run_training(s->training, &source, steps, seconds);
}

static rt_phase *training_phase(void *state)
{
    return rt_training_phase(((subject *)state)->training);
}

rt_status rt_bench_train(rt_bench *bench)
{
    subject s = {.bench = bench};
    char name[300];
    uint32_t batch_size = BATCH_SIZE;
    RT_TRY(rt_command_option_uint(bench->command, "batch-size", 2, 65536, &batch_size));
    rt_status status = begin(&s, batch_size);
    if (status == RT_OK) {
        const rt_bench_step step = {.name = name,
                                    .state = &s,
                                    .create = create_training,
                                    .destroy = destroy_training,
                                    .run = run_training,
                                    .phase = training_phase};
        snprintf(name, sizeof name, "%.250s-training-step", rt_network_describe(s.network)->arch);
        status = rt_bench_time_step(bench, &step);
    }
    clear(&s);
    return status;
}

static rt_status evaluate(subject *s, const char *name, uint32_t images)
{
    rt_bench *bench = s->bench;
    const rt_sample_source source = rt_bench_images_source(&s->images);
    double *seconds = rt_arena_alloc(&bench->command->arena, bench->repeats, sizeof *seconds);
    char remark[64];
    if (seconds == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i <= bench->repeats; i++) { /* the first one warms up */
        rt_evaluation evaluation;
        RT_TRY(rt_evaluate_source(&evaluation, s->network, bench->device, &source, images,
                                  s->images.noise.batch_size));
        if (i > 0) seconds[i - 1] = evaluation.seconds;
        rt_evaluation_clear(&evaluation);
    }
    snprintf(remark, sizeof remark, "wall clock, %u images", images);
    return rt_bench_report(bench,
                           &(rt_bench_result){.name = name,
                                              .seconds = rt_bench_median(seconds, bench->repeats),
                                              .remark = remark});
}

rt_status rt_bench_evaluate(rt_bench *bench)
{
    subject s = {.bench = bench};
    char name[300];
    uint32_t batch_size = 2 * BATCH_SIZE; /* as `retort evaluate` has it */
    uint32_t images = EVALUATED;
    RT_TRY(rt_command_option_uint(bench->command, "images", 1, MOST_EVALUATED, &images));
    if (batch_size > images) batch_size = images;
    RT_TRY(rt_command_option_uint(bench->command, "batch-size", 1, images, &batch_size));
    rt_status status = begin(&s, batch_size);
    if (status == RT_OK) {
        snprintf(name, sizeof name, "%.250s-evaluation", rt_network_describe(s.network)->arch);
        if (rt_bench_wants(bench, name)) status = evaluate(&s, name, images);
    }
    clear(&s);
    return status;
}
