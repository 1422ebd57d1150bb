/* What weights are recognised as: every size of every family, under the names of those who publish
 * them; and what is not recognised, or not certainly. */
#include "common/nn/recognise.h"

#include "common/nn/model_file.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(nn_recognise, .timeout = 120);

/* How somebody else names what begins so here. */
typedef struct other_name {
    const char *ours, *theirs;
} other_name;

/* Weights of a network under other names, in memory: entries without numbers will do. */
typedef struct made {
    rt_network *network;
    rt_weights weights;
} made;

static const char *rename_tensor(rt_arena *arena, const char *name, const other_name *names)
{
    for (; names != NULL && names->ours != NULL; names++) {
        /* "layer%.shortcut.": % stands for "S.B" */
        const char *percent = strchr(names->ours, '%');
        const size_t before = percent != NULL ? (size_t)(percent - names->ours) : 0;
        if (percent == NULL && strncmp(name, names->ours, strlen(names->ours)) == 0)
            return rt_arena_printf(arena, "%s%s", names->theirs, name + strlen(names->ours));
        if (percent == NULL || strncmp(name, names->ours, before) != 0) continue;
        const size_t number = strspn(name + before, "0123456789.");
        const size_t middle = number - (number > 0 && name[before + number - 1] == '.');
        const char *rest = name + before + middle;
        if (middle == 0 || strncmp(rest, percent + 1, strlen(percent + 1)) != 0) continue;
        const char *theirs = strchr(names->theirs, '%');
        return rt_arena_printf(arena, "%.*s%.*s%s%s", (int)(theirs - names->theirs), names->theirs,
                               (int)middle, name + before, theirs + 1, rest + strlen(percent + 1));
    }
    return name;
}

static int compare_name(const void *left, const void *right)
{
    return strcmp((*(const rt_weights_entry *const *)left)->name,
                  (*(const rt_weights_entry *const *)right)->name);
}

static void sort_names(rt_weights *w)
{
    rt_free(w->by_name);
    rt_test_ok(RT_ALLOC(w->by_name, w->entry_count));
    for (size_t i = 0; i < w->entry_count; i++) w->by_name[i] = &w->entries[i];
    qsort(w->by_name, w->entry_count, sizeof *w->by_name, compare_name);
}

static void make(made *m, const rt_network_description *description, const other_name *names)
{
    *m = (made){0};
    rt_test_ok(rt_network_create(&m->network, description));
    const rt_parameters *parameters = rt_network_parameters(m->network);
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        rt_weights_entry entry = {.name = rename_tensor(&m->weights.arena, p->name, names),
                                  .rank = p->rank,
                                  .count = rt_parameter_numbers(p)};
        for (uint32_t d = 0; d < p->rank; d++) entry.shape[d] = p->dims[d];
        rt_test_ok(rt_weights_add(&m->weights, &entry));
    }
    sort_names(&m->weights);
}

static void add(made *m, const rt_weights_entry *entry)
{
    rt_test_ok(rt_weights_add(&m->weights, entry));
    sort_names(&m->weights);
}

static void clear(made *m)
{
    rt_weights_close(&m->weights);
    rt_network_free(m->network);
}

#define IMAGE(h, w, c) .height = (h), .width = (w), .channels = (c), .std = {1, 1, 1, 1}

static void expect_recognised(const rt_network_description *d, const other_name *names)
{
    made m;
    rt_recognition found;
    rt_arena arena = {0};
    make(&m, d, names);
    rt_test_ok(rt_recognise(&found, &arena, &m.weights, NULL));
    const rt_network_description *seen = &found.description;
    cr_assert_not_null(seen->arch, "%s", d->arch);
    if (!found.certain) (void)rt_recognise_fail(&found);
    cr_expect(found.certain, "%s: %s", d->arch, rt_error_message());
    cr_expect_str_eq(seen->arch, d->arch);
    cr_expect_eq(seen->base_width, d->base_width, "%s: %u", d->arch, seen->base_width);
    cr_expect_eq(seen->channels, d->channels);
    cr_expect_eq(seen->classes, d->classes);
    if (d->shortcut != NULL) cr_expect_str_eq(seen->shortcut, d->shortcut);
    cr_expect((seen->stem == NULL) == (d->stem == NULL), "%s: stem %s", d->arch, seen->stem);
    cr_expect_eq(seen->height, d->height, "%s: %u", d->arch, seen->height);
    rt_arena_clear(&arena);
    clear(&m);
}

Test(nn_recognise, every_size_of_every_family)
{
    static const char *const archs[] = {
        "resnet8",     "resnet14",   "resnet20", "resnet32",  "resnet56",    "resnet110",
        "resnet18",    "resnet34",   "resnet50", "resnet101", "resnet152",   "wrn-10-1",
        "wrn-16-1",    "wrn-16-2",   "wrn-22-1", "wrn-28-10", "wrn-40-2",    "vgg8",
        "vgg11",       "vgg13",      "vgg16",    "vgg19",     "densenet121", "densenet161",
        "densenet169", "densenet201"};
    for (size_t i = 0; i < RT_COUNT(archs); i++) {
        expect_recognised(
            &(rt_network_description){.arch = archs[i], IMAGE(32, 32, 3), .classes = 10}, NULL);
        expect_recognised(
            &(rt_network_description){
                .arch = archs[i], .base_width = 8, IMAGE(28, 28, 1), .classes = 100},
            NULL);
    }
    static const char *const small[] = {"densenet-bc-40-12", "densenet-bc-100-12",
                                        "densenet-bc-121-12", "densenet-bc-201-32"};
    for (size_t i = 0; i < RT_COUNT(small); i++)
        expect_recognised(
            &(rt_network_description){.arch = small[i], IMAGE(32, 32, 3), .classes = 10}, NULL);
    /* Their stems have the same shapes; torchvision's is taken for the likelier one. */
    static const char *const hidden[] = {"mobilenetv2", "shufflenetv2-x0.5", "shufflenetv2-x1.0",
                                         "shufflenetv2-x1.5", "shufflenetv2-x2.0"};
    for (size_t i = 0; i < RT_COUNT(hidden); i++)
        expect_recognised(
            &(rt_network_description){
                .arch = hidden[i], .stem = "large", IMAGE(224, 224, 3), .classes = 10},
            NULL);
    static const char *const large[] = {"resnet18", "resnet50",    "vgg11",
                                        "vgg16",    "densenet121", "densenet161"};
    for (size_t i = 0; i < RT_COUNT(large); i++)
        expect_recognised(
            &(rt_network_description){
                .arch = large[i], .stem = "large", IMAGE(224, 224, 3), .classes = 1000},
            NULL);
    expect_recognised(
        &(rt_network_description){
            .arch = "resnet20", .shortcut = "B", IMAGE(32, 32, 3), .classes = 7},
        NULL);
    expect_recognised(
        &(rt_network_description){
            .arch = "resnet20", .shortcut = "A", IMAGE(32, 32, 3), .classes = 7},
        NULL);
}

/* As the programs that people train with name them. */
Test(nn_recognise, the_names_of_other_programs)
{
    static const other_name torchvision[] = {
        {"linear.", "fc."}, {"layer%.shortcut.", "layer%.downsample."}, {0}};
    static const other_name heads[] = {
        {"linear.", "head."}, {"layer%.shortcut.", "layer%.skip."}, {0}};
    static const other_name branches[] = {{"conv1.", "conv1.0."},
                                          {"bn1.", "conv1.1."},
                                          {"linear.", "fc."},
                                          {"layer1.0.conv1", "conv2_x.0.residual_function.0"},
                                          {"layer1.0.bn1", "conv2_x.0.residual_function.1"},
                                          {"layer1.0.conv2", "conv2_x.0.residual_function.3"},
                                          {"layer1.0.bn2", "conv2_x.0.residual_function.4"},
                                          {"layer2.0.conv1", "conv3_x.0.residual_function.0"},
                                          {"layer2.0.bn1", "conv3_x.0.residual_function.1"},
                                          {"layer2.0.conv2", "conv3_x.0.residual_function.3"},
                                          {"layer2.0.bn2", "conv3_x.0.residual_function.4"},
                                          {"layer2.0.shortcut", "conv3_x.0.shortcut"},
                                          {"layer3.0.conv1", "conv4_x.0.residual_function.0"},
                                          {"layer3.0.bn1", "conv4_x.0.residual_function.1"},
                                          {"layer3.0.conv2", "conv4_x.0.residual_function.3"},
                                          {"layer3.0.bn2", "conv4_x.0.residual_function.4"},
                                          {"layer3.0.shortcut", "conv4_x.0.shortcut"},
                                          {0}};
    static const other_name groups[] = {{"fc.", "linear."}, {"block%.layer.", "block%."}, {0}};
    static const other_name raw[] = {{"fc.", "linear."}, {"block%.layer.", "layer%."}, {0}};
    static const other_name vgg[] = {{"classifier.", "fc."}, {0}};
    const rt_network_description resnet20 = {
        .arch = "resnet20", .shortcut = "B", IMAGE(32, 32, 3), .classes = 10};
    const rt_network_description resnet8 = {
        .arch = "resnet8", .shortcut = "B", IMAGE(32, 32, 3), .classes = 10};
    const rt_network_description resnet18 = {.arch = "resnet18", IMAGE(32, 32, 3), .classes = 100};
    const rt_network_description wrn = {.arch = "wrn-28-10", IMAGE(32, 32, 3), .classes = 10};
    expect_recognised(&resnet20, torchvision);
    expect_recognised(&resnet18, torchvision);
    expect_recognised(&resnet20, heads);
    expect_recognised(
        &(rt_network_description){
            .arch = "resnet50", .stem = "large", IMAGE(224, 224, 3), .classes = 1000},
        torchvision);
    expect_recognised(
        &(rt_network_description){
            .arch = "resnet50", .stem = "large", IMAGE(224, 224, 3), .classes = 1000},
        torchvision);
    expect_recognised(&resnet8, branches);
    expect_recognised(&wrn, groups);
    expect_recognised(
        &(rt_network_description){
            .arch = "wrn-28-10", .shortcut = "raw", IMAGE(32, 32, 3), .classes = 10},
        raw);
    expect_recognised(&(rt_network_description){.arch = "vgg16", IMAGE(32, 32, 3), .classes = 10},
                      vgg);
}

/* What weights cannot show has to be said, unless the file comes from Retort itself. */
Test(nn_recognise, a_hidden_stem_is_asked_for)
{
    static const float zeros[4], ones[4] = {1, 1, 1, 1};
    static const rt_safetensors_metadata_entry own = {"arch", "mobilenetv2"};
    const rt_model_hints bare = {
        .channels = 3, .height = 32, .width = 32, .mean = zeros, .std = ones};
    rt_model_hints hints = bare;
    made m;
    rt_arena arena = {0};
    rt_network_description d;
    make(&m, &(rt_network_description){.arch = "mobilenetv2", IMAGE(32, 32, 3), .classes = 10},
         NULL);
    cr_expect_eq(rt_model_describe(&d, &arena, &m.weights, &hints), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "give --stem"), "%s", rt_error_message());
    hints.arch = "mobilenetv2";
    cr_expect_eq(rt_model_describe(&d, &arena, &m.weights, &hints), RT_ERROR_INPUT);
    hints.stem = "small";
    rt_test_ok(rt_model_describe(&d, &arena, &m.weights, &hints));
    cr_expect_str_eq(d.stem, "small");
    m.weights.metadata = &own;
    m.weights.metadata_count = 1;
    rt_test_ok(rt_model_describe(&d, &arena, &m.weights, &bare));
    cr_expect_null(d.stem);
    rt_arena_clear(&arena);
    clear(&m);
}

/* Counters of batches, and what profilers leave in a state_dict, are no weights. */
Test(nn_recognise, leaves_counters_out)
{
    made m;
    rt_recognition found;
    rt_arena arena = {0};
    make(&m, &(rt_network_description){.arch = "resnet8", IMAGE(8, 8, 3), .classes = 10}, NULL);
    add(&m, &(rt_weights_entry){.name = "bn1.num_batches_tracked", .count = 1});
    add(&m, &(rt_weights_entry){.name = "total_ops", .count = 1});
    rt_test_ok(rt_recognise(&found, &arena, &m.weights, NULL));
    cr_expect(found.certain);
    add(&m, &(rt_weights_entry){.name = "total", .count = 1});
    rt_test_ok(rt_recognise(&found, &arena, &m.weights, NULL));
    cr_expect(!found.certain);
    rt_arena_clear(&arena);
    clear(&m);
}

/* One tensor that is missing, of another shape, or too much: nearest, and which. */
Test(nn_recognise, says_what_does_not_fit)
{
    made m;
    rt_recognition found;
    rt_arena arena = {0};
    make(&m, &(rt_network_description){.arch = "resnet14", IMAGE(8, 8, 3), .classes = 10}, NULL);
    m.weights.entries[12].name = "layer1.0.conv9.weight";
    rt_test_ok(rt_recognise(&found, &arena, &m.weights, NULL));
    cr_expect(!found.certain);
    cr_expect_str_eq(found.description.arch, "resnet14");
    cr_expect_eq(rt_recognise_fail(&found), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "nearest is 'resnet14'"));
    cr_expect_not_null(
        strstr(rt_error_message(), "1 have no place (first 'layer1.0.conv9.weight')"), "%s",
        rt_error_message());
    cr_expect_not_null(strstr(rt_error_message(), "1 tensors are missing"));
    rt_arena_clear(&arena);
    clear(&m);
}

/* Other people's networks that look alike and compute something else must not be taken for ours:
 * pre-activation ResNets have no batch norm behind a shortcut, and a Wide ResNet whose shortcut is
 * called so reads the raw input, but would have biases. */
Test(nn_recognise, what_only_looks_alike_is_refused)
{
    made m;
    rt_recognition found;
    rt_arena arena = {0};
    static const other_name layers[] = {{"fc.", "linear."}, {"block%.layer.", "layer%."}, {0}};
    make(&m, &(rt_network_description){.arch = "wrn-16-2", IMAGE(32, 32, 3), .classes = 10},
         layers);
    for (size_t i = 0; i < m.weights.entry_count; i++) {
        char *end = strstr((char *)m.weights.entries[i].name, "convShortcut");
        if (end != NULL) memcpy(end, "shortcut.0.weight", sizeof "shortcut.0.weight");
    }
    sort_names(&m.weights);
    rt_test_ok(rt_recognise(&found, &arena, &m.weights, NULL));
    cr_expect(!found.certain);
    clear(&m);
    make(&m, &(rt_network_description){.arch = "resnet18", IMAGE(32, 32, 3), .classes = 10}, NULL);
    for (size_t i = 0; i < m.weights.entry_count; i++)
        if (strstr(m.weights.entries[i].name, "shortcut.1") != NULL)
            m.weights.entries[i].name = "x.num_batches_tracked";
    rt_test_ok(rt_recognise(&found, &arena, &m.weights, NULL));
    cr_expect(!found.certain);
    clear(&m);
    rt_arena_clear(&arena);
}

Test(nn_recognise, nothing_at_all)
{
    rt_weights weights = {0};
    rt_recognition found;
    rt_arena arena = {0};
    rt_test_ok(rt_recognise(&found, &arena, &weights, NULL));
    cr_expect_null(found.description.arch);
    cr_expect_eq(rt_recognise_fail(&found), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "give --arch"));
    rt_arena_clear(&arena);
}

/* Sixty thousand names of nothing take no time. */
Test(nn_recognise, many_names, .timeout = 20)
{
    enum { COUNT = 60000 };
    rt_weights weights = {0};
    rt_recognition found;
    rt_arena arena = {0};
    for (int i = 0; i < COUNT; i++)
        rt_test_ok(rt_weights_add(
            &weights,
            &(rt_weights_entry){.name = rt_arena_printf(&weights.arena, "layer%d.%d.conv1.weight",
                                                        1 + i % 3, i / 3),
                                .rank = 4,
                                .shape = {16, 16, 3, 3},
                                .count = 2304}));
    sort_names(&weights);
    rt_test_ok(rt_recognise(&found, &arena, &weights, NULL));
    cr_expect(!found.certain);
    rt_weights_close(&weights);
    rt_arena_clear(&arena);
}

/* A model that somebody else trained. */
Test(nn_recognise, a_resnet20_from_elsewhere)
{
    const char *path = RT_SOURCE_FOLDER "/../shared/data/resnet20-cifar10.safetensors";
    rt_weights weights = {0};
    rt_recognition found;
    rt_arena arena = {0};
    if (access(path, R_OK) != 0) cr_skip_test("no '%s'", path);
    rt_test_ok(rt_weights_open(&weights, path));
    rt_test_ok(rt_recognise(&found, &arena, &weights, NULL));
    cr_expect(found.certain);
    cr_expect_str_eq(found.description.arch, "resnet20");
    cr_expect_str_eq(found.description.shortcut, "A");
    cr_expect(found.description.classes == 10 && found.description.height == 32);
    rt_weights_close(&weights);
    rt_arena_clear(&arena);
}
