#include "common/nn/models/models.h"

const rt_model_family *const rt_model_families[] = {
    &rt_resnet_cifar_family, &rt_resnet_family, &rt_wide_resnet_family,
    &rt_vgg_family,          &rt_graph_family,
};
const size_t rt_model_family_count = RT_COUNT(rt_model_families);
