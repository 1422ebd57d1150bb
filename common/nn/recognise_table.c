/* The families that weights are recognised as; a new family is a row. */
#include "common/nn/recognise.h"

#define RESNET(name, ...)                                                                          \
    .arch = (name), .unit = "layer#.#.conv1.weight", .stages = 4, .blocks = {__VA_ARGS__},         \
    .first = "conv1.weight", .width = 64, .last = "linear.weight"

#define VGG(name, convolutions)                                                                    \
    .arch = (name), .unit = "features.#.weight", .stages = 1, .blocks = {convolutions},            \
    .first = "features.0.weight", .width = 64, .last = "classifier.weight",                        \
    .large_last = "classifier.6.weight"

#define DENSENET(name, own_width, ...)                                                             \
    .arch = (name), .unit = "features.denseblock#.denselayer#.conv1.weight", .stages = 4,          \
    .blocks = {__VA_ARGS__}, .first = "features.conv0.weight", .width = (own_width),               \
    .last = "classifier.weight"

#define SMALL_DENSENET(name, ...)                                                                  \
    .arch = (name), .unit = "dense#.#.conv1.weight", .blocks = {__VA_ARGS__},                      \
    .first = "conv1.weight", .growth = "dense1.0.conv2.weight", .last = "linear.weight"

#define SHUFFLENET(name, own_width)                                                                \
    .arch = (name), .unit = "stage2.#.branch2.0.weight", .stages = 1, .blocks = {4},               \
    .first = "conv1.0.weight", .width = (own_width), .half = "stage2.0.branch2.0.weight",          \
    .only_own_width = true, .stem_hidden = true, .last = "fc.weight"

const rt_recognise_row rt_recognise_rows[] = {
    {.arch = "resnet#",
     .unit = "layer#.#.conv1.weight",
     .stages = 3,
     .times = 6,
     .plus = 2,
     .lacks = "layer1.0.conv3.weight",
     .first = "conv1.weight",
     .width = 16,
     .choice = "layer2.0.shortcut.0.weight",
     .with = "B",
     .without = "A",
     .last = "linear.weight"},
    {RESNET("resnet18", 2, 2, 2, 2), .lacks = "layer1.0.conv3.weight"},
    {RESNET("resnet34", 3, 4, 6, 3), .lacks = "layer1.0.conv3.weight"},
    {RESNET("resnet50", 3, 4, 6, 3), .needs = "layer1.0.conv3.weight"},
    {RESNET("resnet101", 3, 4, 23, 3), .needs = "layer1.0.conv3.weight"},
    {RESNET("resnet152", 3, 8, 36, 3), .needs = "layer1.0.conv3.weight"},
    {.arch = "wrn-#-#",
     .unit = "block#.layer.#.conv1.weight",
     .stages = 3,
     .times = 6,
     .plus = 4,
     .first = "conv1.weight",
     .width = 16,
     .widened = "block1.layer.0.conv1.weight",
     .choice = "conv1.bias",
     .with = "raw",
     .last = "fc.weight"},
    {VGG("vgg8", 5)},
    {VGG("vgg11", 8)},
    {VGG("vgg13", 10)},
    {VGG("vgg16", 13)},
    {VGG("vgg19", 16)},
    {.arch = "mobilenetv2",
     .unit = "features.#.conv.0.0.weight",
     .stages = 1,
     .blocks = {17},
     .first = "features.0.0.weight",
     .width = 32,
     .stem_hidden = true,
     .last = "classifier.1.weight"},
    {SHUFFLENET("shufflenetv2-x0.5", 48)},
    {SHUFFLENET("shufflenetv2-x1.0", 116)},
    {SHUFFLENET("shufflenetv2-x1.5", 176)},
    {SHUFFLENET("shufflenetv2-x2.0", 244)},
    {DENSENET("densenet121", 64, 6, 12, 24, 16)},
    {DENSENET("densenet161", 96, 6, 12, 36, 24)},
    {DENSENET("densenet169", 64, 6, 12, 32, 32)},
    {DENSENET("densenet201", 64, 6, 12, 48, 32)},
    {SMALL_DENSENET("densenet-bc-#-#", 0), .stages = 3, .times = 6, .plus = 4},
    {SMALL_DENSENET("densenet-bc-121-#", 6, 12, 24, 16), .stages = 4},
    {SMALL_DENSENET("densenet-bc-161-#", 6, 12, 36, 24), .stages = 4},
    {SMALL_DENSENET("densenet-bc-169-#", 6, 12, 32, 32), .stages = 4},
    {SMALL_DENSENET("densenet-bc-201-#", 6, 12, 48, 32), .stages = 4},
};
const size_t rt_recognise_row_count = RT_COUNT(rt_recognise_rows);
