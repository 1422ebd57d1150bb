/* One whole synthesis step and one whole student step of RGAL against PyTorch
 * (tests/golden/rgal_step.py): every term, the gradients of everything that is trained, and what
 * one step of the optimisers makes of it. */

#include "common/ops/schedule.h"
#include "generator/synthesizer_private.h"
#include "student/recipes/distillation.h"
#include "student/training.h"
#include "tests/golden/formula.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(golden_rgal_step, .timeout = 300);

enum { N = 12, H = 12, W = 8, CLASSES = 4, LATENT = 12, WIDTH = 4, STEP = 3, PADDING = 2 };
static const uint64_t seed = (1ull << 33) + 5;

static rt_network *make_network(const char *prefix, const char *arch, uint32_t base_width,
                                const char *last_layer, const rt_safetensors_entry *bias)
{
    rt_network *network;
    const rt_network_description description = {
        .arch = arch,
        .base_width = base_width,
        .shortcut = "B",
        .channels = 3,
        .height = H,
        .width = W,
        .classes = CLASSES,
        .mean = {0.45f, 0.5f, 0.55f},
        .std = {0.2f, 0.25f, 0.3f},
    };
    rt_test_ok(rt_network_create(&network, &description));
    rt_test_ok(rt_network_allocate(network, rt_test_device()));
    rt_parameters *parameters = rt_network_parameters(network);
    rt_golden_fill(parameters, prefix);
    char name[64];
    float values[1024];
    snprintf(name, sizeof name, "%s.weight", last_layer);
    const uint32_t weight = (uint32_t)rt_parameters_find(parameters, name);
    rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, weight, values));
    for (uint64_t i = 0; i < rt_parameter_numbers(rt_parameters_row(parameters, weight)); i++)
        values[i] *= 8;
    rt_test_ok(rt_parameters_write(parameters, RT_PIECE_VALUES, weight, values));
    if (bias == NULL) return network;
    snprintf(name, sizeof name, "%s.bias", last_layer);
    for (uint32_t k = 0; k < CLASSES; k++) values[k] = (float)rt_golden_number(bias, k);
    rt_test_ok(rt_parameters_write(parameters, RT_PIECE_VALUES,
                                   (uint32_t)rt_parameters_find(parameters, name), values));
    return network;
}

static rt_network *make_teacher(const rt_safetensors *file, const char *phase)
{
    return make_network("teacher", "wrn-10-1", 8, "fc",
                        rt_golden_find(file, "%s.teacher_bias", phase));
}

static void check_number(const rt_safetensors *file, const char *name, float value)
{
    const double expected = rt_golden_number(rt_golden_find(file, "%s", name), 0);
    cr_assert_float_eq(value, expected, 2e-5 * fmax(1, fabs(expected)), "'%s' is %.8g, not %.8g",
                       name, (double)value, expected);
}

/* A piece of every tensor of a set against "PREFIX.NAME". */
static void check_piece(const rt_safetensors *file, const char *prefix, rt_parameters *parameters,
                        rt_parameters_piece piece, double tolerance)
{
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        float *values;
        if (p->statistic && piece != RT_PIECE_VALUES) continue;
        rt_test_ok(RT_ALLOC(values, rt_parameter_numbers(p)));
        rt_test_ok(rt_parameters_read(parameters, piece, row, values));
        const rt_safetensors_entry *expected = rt_golden_find(file, "%s.%s", prefix, p->name);
        cr_assert_eq(expected->count, rt_parameter_numbers(p));
        rt_golden_compare(expected, values, tolerance);
        rt_free(values);
    }
}

/* Adam's first step is the learning rate times the gradient's sign: a number whose gradient is
 * rounding error may go either way and is not compared. */
static void check_adam(const rt_safetensors *file, rt_parameters *parameters, double learning_rate)
{
    uint64_t compared = 0, all = 0;
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        float *values;
        if (p->statistic) continue;
        rt_test_ok(RT_ALLOC(values, rt_parameter_numbers(p)));
        rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, row, values));
        const rt_safetensors_entry *after = rt_golden_find(file, "synthesis.after.%s", p->name);
        const rt_safetensors_entry *gradient =
            rt_golden_find(file, "synthesis.gradient.%s", p->name);
        for (uint64_t i = 0; i < after->count; i++, all++) {
            if (fabs(rt_golden_number(gradient, i)) < 1e-4) continue;
            cr_assert_float_eq(values[i], rt_golden_number(after, i), 1e-2 * learning_rate,
                               "'%s' %llu is %.8g after Adam, expected %.8g", p->name,
                               (unsigned long long)i, (double)values[i],
                               rt_golden_number(after, i));
            compared++;
        }
        rt_free(values);
    }
    cr_assert_gt(compared, all * 3 / 4, "%llu of %llu", (unsigned long long)compared,
                 (unsigned long long)all);
}

static const rt_synthesis_config synthesis_config = {
    .latent_size = LATENT,
    .generator_width = WIDTH,
    .generator_steps = 1,
    .batch_size = N,
    .learning_rate_generator = 2e-3f,
    .learning_rate_latent = 1e-2f,
    .beta1 = 0.5f,
    .beta2 = 0.999f,
    .padding = PADDING,
    .flip = true,
    .weight_batch_norm = 0.02f,
    .weight_one_hot = 0.1f,
    .weight_adversarial = 2,
    .weight_triplet = 2,
    .agreement_mask = true,
    .adversarial_temperature = 1,
    .triplet_direction = RT_DIRECTION_PAPER,
    .triplet_network = RT_TRIPLET_STUDENT,
    .first_layer = 1,
    .last_layer = 4,
    .triplet_margin = 0.2f,
    .sampling = RT_SAMPLING_FOCAL,
    .form = RT_MINER_STABLE,
    .focal_lower = 0.5f,
    .focal_upper = 1,
    .distance_floor = 0.5f,
    .distance_upper = 1.4f,
};

static void write_schedule(const rt_synthesizer *s, const rt_tensor *schedule, float learning_rate)
{
    float rows[4] = {0};
    rt_schedule_constant(rows, 1, (double)learning_rate);
    rt_schedule_adam(rows, 1, (double)s->config.beta1, (double)s->config.beta2);
    rt_test_ok(rt_phase_write(s->phase, schedule, rows));
}

/* What rt_synthesizer_round draws comes from the formula here. */
static void prepare(rt_synthesizer *s)
{
    float z[N * LATENT], labels[4 * N] = {0}, weights[2 * 4] = {0};
    rt_golden_fill(s->generator.parameters, "generator");
    for (uint64_t i = 0; i < N * LATENT; i++) z[i] = (float)(2 * rt_golden_value("latent", i));
    rt_test_ok(rt_parameters_write(s->latent, RT_PIECE_VALUES, 0, z));
    for (uint32_t n = 0; n < N; n++) labels[4 * n] = (float)(n * CLASSES / N);
    rt_test_ok(rt_phase_write(s->phase, s->labels, labels));
    cr_assert_eq(s->terms.count, 4);
    rt_tensor_pack(s->weights->shape, s->terms.weights, weights);
    rt_test_ok(rt_phase_write(s->phase, s->weights, weights));
    write_schedule(s, s->generator_schedule, s->config.learning_rate_generator);
    write_schedule(s, s->latent_schedule, s->config.learning_rate_latent);
    rt_test_ok(rt_phase_write(s->phase, s->best_loss, &(const float[4]){INFINITY}));
    rt_test_ok(rt_phase_write(s->phase, rt_graph_counters(s->graph), &(const uint32_t[4]){STEP}));
}

static void check_best_images(const rt_safetensors *file, rt_synthesizer *s)
{
    float padded[N * H * W * 4], dense[N * H * W * 3];
    rt_test_ok(rt_phase_read(s->phase, s->best, padded));
    rt_tensor_unpack(s->best->shape, padded, dense);
    rt_golden_compare(rt_golden_find(file, "synthesis.images"), dense, 1e-5);
}

/* One synthesis step, done. */
static rt_synthesizer *step_synthesizer(const rt_safetensors *file,
                                        const rt_synthesis_config *config, rt_network *networks[2])
{
    rt_synthesizer *s;
    networks[0] = make_teacher(file, "synthesis");
    networks[1] = make_network("student", "resnet8", 4, "linear",
                               rt_golden_find(file, "synthesis.student_bias"));
    const rt_synthesizer_setup setup = {.device = rt_test_device(),
                                        .teacher = networks[0],
                                        .student = networks[1],
                                        .config = config,
                                        .seed = seed};
    rt_test_ok(rt_synthesizer_create(&s, &setup));
    prepare(s);
    rt_test_ok(rt_phase_submit(s->phase));
    rt_test_ok(rt_phase_wait(s->phase));
    return s;
}

static void free_synthesizer(rt_synthesizer *s, rt_network *networks[2])
{
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_synthesizer_free(s);
    rt_network_free(networks[0]);
    rt_network_free(networks[1]);
}

Test(golden_rgal_step, synthesis_step_is_that_of_pytorch)
{
    rt_safetensors file = {0};
    rt_network *networks[2];
    rt_golden_open(&file, "rgal_step.safetensors");
    rt_synthesizer *s = step_synthesizer(&file, &synthesis_config, networks);
    for (uint32_t i = 0; i < s->terms.count; i++) {
        char name[64];
        snprintf(name, sizeof name, "synthesis.term.%s", s->terms.names[i]);
        check_number(&file, name, rt_phase_output(s->phase, s->terms.terms[i])[0]);
    }
    check_number(&file, "synthesis.total", rt_phase_output(s->phase, s->total)[0]);
    check_best_images(&file, s);
    check_piece(&file, "synthesis.gradient", s->latent, RT_PIECE_GRADIENTS, 2e-4);
    check_piece(&file, "synthesis.gradient", s->generator.parameters, RT_PIECE_GRADIENTS, 2e-4);
    check_adam(&file, s->latent, (double)synthesis_config.learning_rate_latent);
    check_adam(&file, s->generator.parameters, (double)synthesis_config.learning_rate_generator);
    free_synthesizer(s, networks);
    rt_safetensors_close(&file);
}

Test(golden_rgal_step, synthesis_mines_between_features_if_asked)
{
    rt_safetensors file = {0};
    rt_network *networks[2];
    rt_synthesis_config config = synthesis_config;
    config.embedding = RT_EMBEDDING_FEATURES;
    rt_golden_open(&file, "rgal_step.safetensors");
    rt_synthesizer *s = step_synthesizer(&file, &config, networks);
    cr_assert_str_eq(s->terms.names[3], "triplet");
    check_number(&file, "synthesis.features_triplet",
                 rt_phase_output(s->phase, s->terms.terms[3])[0]);
    free_synthesizer(s, networks);
    rt_safetensors_close(&file);
}

/* A source of one batch, from the formula. */
static rt_status next_batch(void *state, rt_batch *batch)
{
    (void)state;
    for (uint64_t pixel = 0; pixel < N * H * W; pixel++)
        for (uint64_t c = 0; c < 4; c++)
            batch->images[4 * pixel + c] = c < 3 ? rt_golden_pixel("images", 3 * pixel + c) : 0;
    for (uint32_t n = 0; n < N; n++) batch->labels[n] = 0;
    return RT_OK;
}

static rt_status check_terms(void *state, const rt_training_step *step)
{
    const rt_safetensors *file = ((void **)state)[0];
    const rt_loss_terms *terms = rt_training_terms(((void **)state)[1]);
    cr_assert_eq(terms->count, 5);
    for (uint32_t i = 0; i < terms->count; i++) {
        char name[64];
        snprintf(name, sizeof name, "student.term.%s", terms->names[i]);
        check_number(file, name, step->terms[i]);
    }
    check_number(file, "student.total", step->loss);
    return RT_OK;
}

static rt_status check_features_triplet(void *state, const rt_training_step *step)
{
    const rt_safetensors *file = ((void **)state)[0];
    cr_assert_str_eq(rt_training_terms(((void **)state)[1])->names[1], "triplet");
    check_number(file, "student.features_triplet", step->terms[1]);
    return RT_OK;
}

/* One student step; `done` is called behind it. The networks are teacher and student. */
static rt_training *step_student(rt_safetensors *file, rt_student_embedding embedding,
                                 rt_status (*done)(void *, const rt_training_step *),
                                 rt_network *networks[2])
{
    rt_training *training;
    networks[0] = make_teacher(file, "student");
    networks[1] = make_network("student", "resnet8", 4, "linear", NULL);
    const rt_distillation_options options = {
        .teacher = networks[0],
        .embedding = embedding,
        .logit_loss = RT_LOGIT_KL,
        .temperature = 20,
        .weight_logits = 0.1f,
        .weight_channel = 0.3f,
        .weight_triplet = 10,
        .triplet_direction = RT_DIRECTION_RELEASED,
        .triplet_margin = 0.2f,
        .sampling = RT_SAMPLING_DISTANCE,
        .form = RT_MINER_STABLE,
        .focal_lower = 0.5f,
        .focal_upper = 1,
        .distance_floor = 0.5f,
        .distance_upper = 1.4f,
    };
    const rt_training_setup setup = {
        .device = rt_test_device(),
        .student = networks[1],
        .recipe = &rt_distillation_recipe,
        .recipe_options = &options,
        .batch_size = N,
        .views = 2,
        .augmentation = {.padding = PADDING, .flip = true},
        .optimiser = {.learning_rate = 0.1f,
                      .schedule = RT_SCHEDULE_COSINE,
                      .momentum = 0.9f,
                      .weight_decay = 1e-2f},
        .steps = 10,
        .seed = seed,
    };
    rt_test_ok(rt_training_create(&training, &setup));
    const rt_sample_source source = {.next = next_batch};
    void *state[] = {file, training};
    const rt_training_listener listener = {.state = state, .step_done = done};
    rt_test_ok(rt_training_run(training, &source, 1, &listener));
    cr_assert_eq(rt_training_step_count(training), 1);
    return training;
}

static void free_student(rt_training *training, rt_network *networks[2])
{
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_training_free(training);
    rt_network_free(networks[0]);
    rt_network_free(networks[1]);
}

Test(golden_rgal_step, student_step_is_that_of_pytorch)
{
    rt_safetensors file = {0};
    rt_network *networks[2];
    rt_golden_open(&file, "rgal_step.safetensors");
    rt_training *training = step_student(&file, RT_STUDENT_LOGITS, check_terms, networks);
    rt_parameters *parameters = rt_network_parameters(networks[1]);
    check_piece(&file, "student.gradient", parameters, RT_PIECE_GRADIENTS, 2e-4);
    check_piece(&file, "student.after", parameters, RT_PIECE_VALUES, 2e-5);
    free_student(training, networks);
    rt_safetensors_close(&file);
}

Test(golden_rgal_step, student_mines_between_features_if_asked)
{
    rt_safetensors file = {0};
    rt_network *networks[2];
    rt_golden_open(&file, "rgal_step.safetensors");
    rt_training *training =
        step_student(&file, RT_STUDENT_FEATURES, check_features_triplet, networks);
    free_student(training, networks);
    rt_safetensors_close(&file);
}
