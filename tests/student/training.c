/* The training loop: the learning rate of every step, seen through weight decay alone. */
#include "student/training.h"
#include "common/ops/cross_entropy.h"
#include "student/noise_source.h"
#include "tests/ops/operator_test.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(student_training, .timeout = 300);

enum { STEPS = 10, BATCH = 4 };

/* A loss that counts for nothing: what is left of a step is w -= rate * decay * w. */
static void build_nothing(const rt_recipe_batch *batch, const void *options, rt_loss_terms *terms)
{
    (void)options;
    rt_loss_term(terms, "nothing", 0,
                 rt_cross_entropy(batch->graph, batch->student->logits, batch->labels, 0));
}
static const rt_recipe nothing = {.name = "nothing", .build = build_nothing};

typedef struct watch {
    rt_network *network;
    float weight;
    double rates[STEPS];
} watch;

static float first_weight(rt_network *network)
{
    float values[1024];
    rt_test_ok(rt_parameters_read(rt_network_parameters(network), RT_PIECE_VALUES, 0, values));
    return values[0];
}

static rt_status step_done(void *state, const rt_training_step *step)
{
    watch *w = state;
    const float weight = first_weight(w->network);
    w->rates[step->step] = 1 - (double)weight / (double)w->weight; /* the decay is 1 */
    w->weight = weight;
    return RT_OK;
}

static void check_schedule(const rt_optimiser_config *optimiser, const double *expected)
{
    rt_training *training;
    watch w = {.network = rt_test_network(&rt_test_teacher, 1, 1)};
    rt_noise_source noise = {.description = {.height = RT_TEST_SIDE,
                                             .width = RT_TEST_SIDE,
                                             .channels = 1,
                                             .classes = RT_TEST_CLASSES},
                             .batch_size = BATCH};
    const rt_sample_source source = rt_sample_source_from_noise(&noise);
    const rt_training_setup setup = {.device = rt_test_device(),
                                     .student = w.network,
                                     .recipe = &nothing,
                                     .batch_size = BATCH,
                                     .views = 1,
                                     .optimiser = *optimiser,
                                     .steps = STEPS};
    const rt_training_listener listener = {.state = &w, .step_done = step_done};
    w.weight = first_weight(w.network);
    rt_test_ok(rt_training_create(&training, &setup));
    rt_test_ok(rt_training_run(training, &source, 3, &listener)); /* in two pieces */
    rt_test_ok(rt_training_run(training, &source, STEPS, &listener));
    cr_assert_eq(rt_training_step_count(training), STEPS);
    for (int i = 0; i < STEPS; i++)
        cr_expect_float_eq(w.rates[i], expected[i], 1e-6, "schedule %d, step %d: %.8g, not %.8g",
                           optimiser->schedule, i, w.rates[i], expected[i]);
    rt_training_free(training);
    rt_network_free(w.network);
}

Test(student_training, learning_rates_follow_their_schedules)
{
    double expected[STEPS];
    const float milestones[] = {0.25f, 0.5f};
    rt_optimiser_config optimiser = {
        .learning_rate = 0.1f, .schedule = RT_SCHEDULE_CONSTANT, .gamma = 0.5f, .weight_decay = 1};
    for (int i = 0; i < STEPS; i++) expected[i] = 0.1;
    check_schedule(&optimiser, expected);

    optimiser.schedule = RT_SCHEDULE_COSINE; /* from the whole rate to nothing */
    for (int i = 0; i < STEPS; i++) expected[i] = 0.05 * (1 + cos(M_PI * i / STEPS));
    check_schedule(&optimiser, expected);

    optimiser.warmup =
        0.4f; /* of 10 steps: a quarter, a half, three quarters, whole; then cosine */
    for (int i = 0; i < 4; i++) expected[i] = 0.1 * (i + 1) / 4;
    for (int i = 4; i < STEPS; i++) expected[i] = 0.05 * (1 + cos(M_PI * (i - 4) / 6));
    check_schedule(&optimiser, expected);

    optimiser.schedule = RT_SCHEDULE_STEP;
    optimiser.warmup = 0;
    optimiser.milestones = (rt_config_floats){(float *)milestones, 2};
    for (int i = 0; i < STEPS; i++) expected[i] = i < 3 ? 0.1 : i < 5 ? 0.05 : 0.025;
    check_schedule(&optimiser, expected);
}
