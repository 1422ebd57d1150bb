#include "common/nn/models/models.h"

/* The first that matches takes a name: resnet50 would have a depth of 6n+2 too. */
const rt_model_family *const rt_model_families[] = {
    &rt_resnet_family,       &rt_resnet_cifar_family,  &rt_wide_resnet_family, &rt_vgg_family,
    &rt_mobilenet_v2_family, &rt_shufflenet_v2_family, &rt_densenet_family,    &rt_graph_family,
};
const size_t rt_model_family_count = RT_COUNT(rt_model_families);
