/* The two readings of RGAL's triplet term, on images: a synthesis step in the paper's direction
 * moves images of one class apart in the student's features, one in the released code's direction
 * moves them together. */
#include "common/ops/global_average_pool.h"
#include "common/ops/l2_normalise.h"
#include "common/ops/mine_negatives.h"
#include "common/ops/triplet_loss.h"
#include "generator/synthesizer_private.h"
#include "tests/ops/evaluate.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(generator_triplet_direction, .timeout = 300);

enum { BATCH = 16, PIXELS = RT_TEST_SIDE * RT_TEST_SIDE, LAYER = 2, FEATURES = 16 };

/* The images of the steps before and after the first update. */
typedef struct images {
    rt_synthesizer *synthesizer;
    float steps[2][BATCH * PIXELS];
} images;

static rt_status step_done(void *state, const rt_synthesis_step *step)
{
    images *i = state;
    rt_synthesizer *s = i->synthesizer;
    float padded[BATCH * PIXELS * 4];
    RT_TRY(rt_phase_read(s->phase, s->best, padded));
    for (int k = 0; k < BATCH * PIXELS; k++) i->steps[step->step][k] = padded[4 * k];
    /* The next step's images are kept too, whatever their loss. */
    return rt_phase_write(s->phase, s->best_loss, &(const float[4]){INFINITY});
}

static void synthesise(images *i, rt_network *teacher, rt_network *student, rt_direction direction)
{
    const rt_synthesis_config config = {
        .latent_size = 8,
        .generator_width = 4,
        .generator_steps = 2,
        .batch_size = BATCH,
        .learning_rate_generator = 2e-3f,
        .learning_rate_latent = 2e-3f,
        .beta1 = 0.5f,
        .beta2 = 0.999f,
        .weight_triplet = 1,
        .triplet_direction = direction,
        .first_layer = LAYER,
        .last_layer = LAYER + 1,
        .triplet_margin = 2, /* every triplet counts */
        .sampling = RT_SAMPLING_UNIFORM,
    };
    const rt_synthesizer_setup setup = {
        .device = rt_test_device(),
        .teacher = teacher,
        .teacher_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .student = student,
        .config = &config,
        .seed = 5};
    rt_store_description description;
    rt_store *store;
    rt_test_ok(rt_synthesizer_create(&i->synthesizer, &setup));
    rt_synthesizer_describe(i->synthesizer, "", &description);
    rt_test_ok(rt_store_create(&store,
                               rt_test_path(direction == RT_DIRECTION_PAPER ? "paper" : "released"),
                               &description));
    rt_test_ok(rt_synthesizer_round(i->synthesizer, 0, store,
                                    &(rt_synthesis_listener){.state = i, .step_done = step_done}));
    rt_test_ok(rt_store_close(store));
    rt_synthesizer_free(i->synthesizer);
}

/* A network on a batch: its logits, and its normalised pooled features of the layer. */
static void apply(rt_network *network, const float *batch, float *logits, float *features)
{
    static rt_network_outputs outputs;
    rt_graph *graph = rt_test_graph();
    rt_tensor *x =
        rt_graph_constant(graph, "images", (rt_shape){BATCH, RT_TEST_SIDE, RT_TEST_SIDE, 1}, batch);
    rt_network_apply(network, graph, "network", x, &(rt_apply_options){0}, &outputs);
    rt_tensor *pooled = rt_global_average_pool(graph, outputs.taps[LAYER]);
    cr_assert_eq(pooled->shape.c, FEATURES);
    rt_tensor *tensors[] = {outputs.logits, rt_l2_normalise(graph, pooled, 1e-12f)};
    rt_test_evaluate(graph, 1, tensors, (float *[]){logits, features}, 2);
}

static int predict(const float *logits)
{
    int best = 0;
    for (int k = 1; k < RT_TEST_CLASSES; k++)
        if (logits[k] > logits[best]) best = k;
    return best;
}

/* Mean distance of two images in which the teacher saw the same class before the update. */
static double same_class_distance(rt_network *teacher, rt_network *student, const images *i,
                                  int step)
{
    float logits[BATCH * RT_TEST_CLASSES], ignored[BATCH * RT_TEST_CLASSES];
    float features[BATCH * FEATURES], ignored_features[BATCH * FEATURES];
    apply(teacher, i->steps[0], logits, ignored_features);
    apply(student, i->steps[step], ignored, features);
    double sum = 0;
    int pairs = 0, other = 0;
    for (int a = 0; a < BATCH; a++)
        for (int p = 0; p < a; p++) {
            double squares = 0;
            if (predict(logits + a * RT_TEST_CLASSES) != predict(logits + p * RT_TEST_CLASSES)) {
                other++;
                continue;
            }
            for (int c = 0; c < FEATURES; c++)
                squares +=
                    pow((double)features[a * FEATURES + c] - (double)features[p * FEATURES + c], 2);
            sum += sqrt(squares);
            pairs++;
        }
    cr_assert(pairs > 0 && other > 0, "the teacher sees one class: no triplets");
    return sum / pairs;
}

Test(generator_triplet_direction, paper_moves_one_class_apart_and_released_together)
{
    static images paper, released;
    rt_network *teacher = rt_test_network(&rt_test_teacher, 4, 8);
    rt_network *student = rt_test_network(&rt_test_teacher, 7, 8);
    synthesise(&paper, teacher, student, RT_DIRECTION_PAPER);
    synthesise(&released, teacher, student, RT_DIRECTION_RELEASED);
    cr_assert_eq(memcmp(paper.steps[0], released.steps[0], sizeof paper.steps[0]), 0);
    const double before = same_class_distance(teacher, student, &paper, 0);
    const double apart = same_class_distance(teacher, student, &paper, 1);
    const double together = same_class_distance(teacher, student, &released, 1);
    cr_assert_gt(apart, 1.005 * before, "%g, %g", before, apart);
    cr_assert_lt(together, 0.995 * before, "%g, %g", before, together);
    rt_network_free(teacher);
    rt_network_free(student);
}
