/* Rounds of synthesis without the program around them: what each key changes, and what it must
 * leave alone. At a round's first step nothing has been updated yet, so that a term whose keys are
 * the same has the same value there whatever happens to the others. */
#include "common/ops/mine_negatives.h"
#include "common/ops/triplet_loss.h"
#include "generator/synthesizer.h"
#include "tests/ops/operator_test.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(generator_synthesis, .timeout = 300);

enum { BATCH = 16, STEPS = 3, ROUNDS = 2, PIXELS = RT_TEST_SIDE * RT_TEST_SIDE };
enum { TERMS = 4 };
static const char *const term_names[TERMS] = {"batch_norm", "one_hot", "adversarial", "triplet"};

static const rt_synthesis_config base = {
    .latent_size = 8,
    .generator_width = 4,
    .generator_steps = STEPS,
    .batch_size = BATCH,
    .learning_rate_generator = 1e-2f,
    .learning_rate_latent = 1e-2f,
    .beta1 = 0.5f,
    .beta2 = 0.999f,
    .padding = 1,
    .flip = true,
    .weight_batch_norm = 1,
    .weight_one_hot = 0.5f,
    .weight_adversarial = 2,
    .weight_triplet = 4,
    .adversarial_temperature = 1,
    .triplet_direction = RT_DIRECTION_PAPER,
    .triplet_network = RT_TRIPLET_STUDENT,
    .first_layer = 1,
    .last_layer = 4,
    .triplet_margin = 0.2f,
    .sampling = RT_SAMPLING_UNIFORM,
    .form = RT_MINER_STABLE,
    .focal_lower = 0.5f,
    .focal_upper = 1,
    .distance_floor = 0.5f,
    .distance_upper = 1.4f,
    .store_logits = true,
    .sort_labels = true,
};

/* What a synthesiser did in ROUNDS rounds. */
typedef struct trial {
    uint32_t term_count;
    float terms[ROUNDS][STEPS][TERMS]; ///< NaN: there is no such term
    float losses[ROUNDS][STEPS];
    uint8_t images[ROUNDS][BATCH * PIXELS];
    int32_t labels[ROUNDS][BATCH];
    rt_synthesizer *synthesizer; ///< while it runs
} trial;

static int term_number(const char *name)
{
    for (int i = 0; i < TERMS; i++)
        if (strcmp(name, term_names[i]) == 0) return i;
    cr_assert_fail("unknown term '%s'", name);
    return 0;
}

static rt_status step_done(void *state, const rt_synthesis_step *step)
{
    trial *t = state;
    const rt_synthesis_terms *terms = rt_synthesizer_terms(t->synthesizer);
    float *values = t->terms[step->round][step->step];
    for (int i = 0; i < TERMS; i++) values[i] = NAN;
    for (uint32_t i = 0; i < terms->count; i++)
        values[term_number(terms->names[i])] = step->terms[i];
    t->term_count = terms->count;
    t->losses[step->round][step->step] = step->loss;
    return RT_OK;
}

/* Runs `rounds` rounds with the networks of all trials. */
static const trial *run(trial *t, const rt_synthesis_config *config, uint64_t seed, uint32_t rounds)
{
    static rt_network *teacher, *student;
    static int stores;
    char name[32];
    rt_store *store;
    rt_store_description description;
    if (teacher == NULL) teacher = rt_test_network(&rt_test_teacher, 4, 8);
    if (student == NULL) student = rt_test_network(&rt_test_teacher, 7, 8);
    *t = (trial){0};
    const rt_synthesizer_setup setup = {
        .device = rt_test_device(),
        .teacher = teacher,
        .teacher_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .student = student,
        .config = config,
        .seed = seed};
    const rt_synthesis_listener listener = {.state = t, .step_done = step_done};
    rt_test_ok(rt_synthesizer_create(&t->synthesizer, &setup));
    rt_synthesizer_describe(t->synthesizer, "", &description);
    snprintf(name, sizeof name, "store-%d", stores++);
    rt_test_ok(rt_store_create(&store, rt_test_path(name), &description));
    for (uint32_t round = 0; round < rounds; round++) {
        rt_test_ok(rt_synthesizer_round(t->synthesizer, round, store, &listener));
        memcpy(t->images[round], rt_synthesizer_images(t->synthesizer), sizeof t->images[0]);
        memcpy(t->labels[round], rt_synthesizer_labels(t->synthesizer), sizeof t->labels[0]);
    }
    rt_test_ok(rt_store_close(store));
    rt_synthesizer_free(t->synthesizer);
    return t;
}

static bool near(float a, float b) { return fabsf(a - b) <= 1e-5f * fmaxf(1, fabsf(a)); }

/* The weighted sum of the terms, the adversarial one negative: it is maximised. */
static float total(const float terms[TERMS], float adversarial, float triplet)
{
    return base.weight_batch_norm * terms[0] + base.weight_one_hot * terms[1] -
           adversarial * terms[2] + triplet * terms[3];
}

Test(generator_synthesis, each_term_can_be_switched_off_alone)
{
    static trial all, without;
    run(&all, &base, 1, 1);
    cr_assert_eq(all.term_count, TERMS);
    for (int i = 0; i < TERMS; i++) cr_assert_gt(all.terms[0][0][i], 0, "%s", term_names[i]);
    cr_assert(near(all.losses[0][0],
                   total(all.terms[0][0], base.weight_adversarial, base.weight_triplet)));
    for (int off = 0; off < TERMS; off++) {
        rt_synthesis_config config = base;
        float *const weights[TERMS] = {&config.weight_batch_norm, &config.weight_one_hot,
                                       &config.weight_adversarial, &config.weight_triplet};
        *weights[off] = 0;
        run(&without, &config, 1, 1);
        cr_assert_eq(without.term_count, TERMS - 1);
        for (int i = 0; i < TERMS; i++) {
            if (i == off) {
                cr_assert(isnan(without.terms[0][0][i]));
                continue;
            }
            cr_assert(near(all.terms[0][0][i], without.terms[0][0][i]), "%s without %s",
                      term_names[i], term_names[off]);
            cr_assert_neq(all.terms[0][2][i], without.terms[0][2][i],
                          "%s did not act upon the images", term_names[off]);
        }
    }
}

/* Two trials of one round agree at the first step in all terms but those of `mask`. */
static void expect_first_step(const trial *left, const trial *right, unsigned mask,
                              const char *what)
{
    for (int i = 0; i < TERMS; i++) {
        const float a = left->terms[0][0][i], b = right->terms[0][0][i];
        if (mask >> i & 1)
            cr_expect_not(near(a, b), "%s does not change '%s': %g", what, term_names[i],
                          (double)a);
        else
            cr_expect(near(a, b), "%s changes '%s' from %g to %g", what, term_names[i], (double)a,
                      (double)b);
    }
}

enum { ADVERSARIAL = 4, TRIPLET = 8, EVERY = 15 };

#define WITH(field, value)                                                                         \
    ({                                                                                             \
        rt_synthesis_config changed = base;                                                        \
        changed.field = (value);                                                                   \
        changed;                                                                                   \
    })

Test(generator_synthesis, each_key_changes_its_term)
{
    static trial before, after;
    const struct {
        const char *what;
        unsigned mask;
        rt_synthesis_config config;
    } rows[] = {
        {"sampling distance", TRIPLET, WITH(sampling, RT_SAMPLING_DISTANCE)},
        {"direction released", TRIPLET, WITH(triplet_direction, RT_DIRECTION_RELEASED)},
        {"network teacher", TRIPLET, WITH(triplet_network, RT_TRIPLET_TEACHER)},
        {"features penultimate", TRIPLET, WITH(triplet_features, 1)},
        {"first_layer", TRIPLET, WITH(first_layer, 2)},
        {"last_layer", TRIPLET, WITH(last_layer, 2)},
        {"margin", TRIPLET, WITH(triplet_margin, 0.5f)},
        {"agreement_mask", ADVERSARIAL, WITH(agreement_mask, true)},
        {"adversarial_temperature", ADVERSARIAL, WITH(adversarial_temperature, 3)},
        {"padding", EVERY, WITH(padding, 0)},
        {"latent_size", EVERY, WITH(latent_size, 12)},
    };
    run(&before, &base, 1, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run(&after, &rows[i].config, 1, 1);
        expect_first_step(&before, &after, rows[i].mask, rows[i].what);
    }
    const rt_synthesis_config slow = WITH(learning_rate_generator, 1e-3f);
    run(&after, &slow, 1, 1);
    expect_first_step(&before, &after, 0, "learning rate");
    cr_assert_neq(before.terms[0][1][1], after.terms[0][1][1]);
    run(&after, &base, 2, 1);
    expect_first_step(&before, &after, EVERY, "seed");

    cr_assert_eq(memcmp(before.labels, run(&after, &slow, 1, 1)->labels, sizeof before.labels), 0);
    const rt_synthesis_config unsorted = WITH(sort_labels, false);
    run(&after, &unsorted, 1, 1);
    int descents = 0, counts[RT_TEST_CLASSES] = {0};
    for (int i = 0; i < BATCH; i++) {
        if (i > 0) descents += after.labels[0][i] < after.labels[0][i - 1];
        if (i > 0) cr_assert_geq(before.labels[0][i], before.labels[0][i - 1]);
        counts[before.labels[0][i]]++;
        counts[after.labels[0][i]]--;
    }
    cr_assert_gt(descents, 0);
    for (int k = 0; k < RT_TEST_CLASSES; k++) cr_assert_eq(counts[k], 0, "other labels");
}

Test(generator_synthesis, focal_sampling_keeps_to_its_range)
{
    static trial uniform, focal, compatible;
    run(&uniform, &base, 1, 1);
    rt_synthesis_config config = WITH(sampling, RT_SAMPLING_FOCAL);
    config.focal_lower = 0;
    config.focal_upper = 2;
    run(&focal, &config, 1, 1);
    expect_first_step(&uniform, &focal, TRIPLET, "focal");
    /* The released form differs only where weights underflow, in hundreds of dimensions
     * (tests/ops/triplet_weights.c); logits of four classes have four. */
    config.form = RT_MINER_COMPAT;
    run(&compatible, &config, 1, 1);
    expect_first_step(&focal, &compatible, 0, "form");
    /* Nobody in range: uniform, with the same draws. */
    config.focal_lower = 1.9999f;
    run(&focal, &config, 1, 1);
    expect_first_step(&uniform, &focal, 0, "an empty range");
}

Test(generator_synthesis, terms_begin_in_their_round)
{
    static trial late;
    rt_synthesis_config config = base;
    config.adversarial_start = 1;
    config.triplet_start = 2;
    run(&late, &config, 1, 2);
    for (int step = 0; step < STEPS; step++) {
        cr_assert(near(late.losses[0][step], total(late.terms[0][step], 0, 0)));
        cr_assert(
            near(late.losses[1][step], total(late.terms[1][step], base.weight_adversarial, 0)));
    }
}

Test(generator_synthesis, a_warm_generator_goes_on_and_a_new_one_does_not)
{
    static trial anew, warm, idle;
    rt_synthesis_config config = base;
    run(&anew, &config, 1, 2);
    config.generator_start = RT_START_WARM;
    run(&warm, &config, 1, 2);
    cr_assert_eq(memcmp(anew.terms[0], warm.terms[0], sizeof anew.terms[0]), 0);
    expect_first_step(&anew, &warm, 0, "start");
    cr_assert_neq(anew.terms[1][0][1], warm.terms[1][0][1]);
    /* A generator that never learns is after a warm start what it was: only z and labels are new,
     * while one that is drawn anew makes other images of the same z. */
    config.learning_rate_generator = 0;
    run(&idle, &config, 1, 2);
    config.generator_start = RT_START_REINITIALISED;
    run(&anew, &config, 1, 2);
    cr_assert_eq(memcmp(anew.labels, idle.labels, sizeof anew.labels), 0);
    cr_assert_neq(memcmp(anew.images[1], idle.images[1], sizeof anew.images[1]), 0);
}

Test(generator_synthesis, the_batch_of_the_lowest_loss_is_kept)
{
    static trial whole, shorter;
    rt_synthesis_config config = base;
    config.learning_rate_generator = 0.3f; /* too much: later is not always better */
    for (uint64_t seed = 1; seed < 20; seed++) {
        run(&whole, &config, seed, 1);
        uint32_t best = 0;
        for (uint32_t step = 1; step < STEPS; step++)
            if (whole.losses[0][step] < whole.losses[0][best]) best = step;
        if (best == 0 || best == STEPS - 1) continue;
        /* A round that ends with that step, and one that ends before it. */
        config.generator_steps = best + 1;
        run(&shorter, &config, seed, 1);
        cr_assert_eq(whole.losses[0][best], shorter.losses[0][best]);
        cr_assert_eq(memcmp(whole.images[0], shorter.images[0], sizeof whole.images[0]), 0);
        config.generator_steps = best;
        run(&shorter, &config, seed, 1);
        cr_assert_neq(memcmp(whole.images[0], shorter.images[0], sizeof whole.images[0]), 0);
        return;
    }
    cr_assert_fail("no seed whose best step lies in the middle");
}
