/* The families that weights are recognised as; a new family is a row. */
#include "common/nn/recognise.h"

#define RESNET(name, ...)                                                                          \
    .arch = (name), .unit = "layer#.#.conv1.weight", .stages = 4, .blocks = {__VA_ARGS__},         \
    .first = "conv1.weight", .width = 64, .last = "linear.weight"

#define VGG(name, convolutions)                                                                    \
    .arch = (name), .unit = "features.#.weight", .stages = 1, .blocks = {convolutions},            \
    .first = "features.0.weight", .width = 64, .last = "classifier.weight"

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
     .last = "linear.weight"},
    {RESNET("resnet18", 2, 2, 2, 2), .lacks = "layer1.0.conv3.weight"},
    {RESNET("resnet34", 3, 4, 6, 3), .lacks = "layer1.0.conv3.weight"},
    {.arch = "wrn-#-#",
     .unit = "block#.layer.#.conv1.weight",
     .stages = 3,
     .times = 6,
     .plus = 4,
     .first = "conv1.weight",
     .width = 16,
     .widened = "block1.layer.0.conv1.weight",
     .last = "fc.weight"},
    {VGG("vgg8", 5)},
    {VGG("vgg11", 8)},
    {VGG("vgg13", 10)},
    {VGG("vgg16", 13)},
};
const size_t rt_recognise_row_count = RT_COUNT(rt_recognise_rows);
