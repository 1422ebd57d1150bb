/* How the kept images become 8 bits, by both rules of the key `pixels`. */
#include "generator/synthesizer_private.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <string.h>

enum { N = 4, SIDE = 8, NUMBERS = N * SIDE * SIDE };

static rt_network *make_teacher(void)
{
    rt_network *teacher;
    const rt_network_description description = {.arch = "wrn-10-1",
                                                .base_width = 4,
                                                .channels = 1,
                                                .height = SIDE,
                                                .width = SIDE,
                                                .classes = 3,
                                                .mean = {0.5f},
                                                .std = {0.5f}};
    rt_test_ok(rt_network_create(&teacher, &description));
    rt_test_ok(rt_network_allocate(teacher, rt_test_device()));
    rt_test_ok(rt_parameters_initialise(rt_network_parameters(teacher), 1, 1, 0, false));
    return teacher;
}

/* Round 0 by a rule; always the same images before they become 8 bits. */
static void run_round(rt_synthesizer *s, rt_pixel_rule rule, const char *folder, uint8_t *images)
{
    rt_store *store;
    rt_store_description description;
    s->config.pixels = rule;
    rt_synthesizer_describe(s, "", &description);
    rt_test_ok(rt_store_create(&store, rt_test_path(folder), &description));
    rt_test_ok(rt_synthesizer_round(s, 0, store, NULL));
    rt_test_ok(rt_store_close(store));
    memcpy(images, rt_synthesizer_images(s), NUMBERS);
}

Test(generator_pixels, are_truncated_or_rounded)
{
    rt_synthesizer *s;
    rt_network *teacher = make_teacher();
    uint8_t truncated[NUMBERS], rounded[NUMBERS];
    float kept[4 * NUMBERS];
    uint32_t different = 0;
    const rt_synthesis_config config = {
        .latent_size = 4,
        .generator_width = 4,
        .generator_steps = 1,
        .batch_size = N,
        .beta1 = 0.5f,
        .beta2 = 0.999f,
        .weight_one_hot = 1,
    };
    const rt_synthesizer_setup setup = {.device = rt_test_device(),
                                        .teacher = teacher,
                                        .teacher_sha256 = "",
                                        .config = &config,
                                        .seed = 3};
    rt_test_ok(rt_synthesizer_create(&s, &setup));
    run_round(s, RT_PIXELS_TRUNCATED, "truncated", truncated);
    run_round(s, RT_PIXELS_ROUNDED, "rounded", rounded);
    rt_test_ok(rt_phase_read(s->phase, s->best, kept));
    for (uint32_t i = 0; i < NUMBERS; i++) {
        const double exact = 255 * (double)kept[4 * i];
        cr_assert(exact - truncated[i] > -1e-4 && exact - truncated[i] < 1 + 1e-4, "%g became %d",
                  exact, truncated[i]);
        cr_assert_float_eq(rounded[i], exact, 0.5 + 1e-4, "%g became %d", exact, rounded[i]);
        different += truncated[i] != rounded[i];
    }
    cr_assert_gt(different, NUMBERS / 4);
    rt_synthesizer_free(s);
    rt_network_free(teacher);
}
