#include "common/ops/registry.h"

#include "common/ops/activation.h"
#include "common/ops/adam.h"
#include "common/ops/add.h"
#include "common/ops/advance.h"
#include "common/ops/argmax.h"
#include "common/ops/batch_norm.h"
#include "common/ops/batch_norm_statistics_loss.h"
#include "common/ops/binary.h"
#include "common/ops/channel_shuffle.h"
#include "common/ops/concat.h"
#include "common/ops/conv2d.h"
#include "common/ops/conv_transpose2d.h"
#include "common/ops/crop_flip.h"
#include "common/ops/cross_entropy.h"
#include "common/ops/dot.h"
#include "common/ops/draw_negatives.h"
#include "common/ops/dropout.h"
#include "common/ops/equal.h"
#include "common/ops/gather.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/instance_norm.h"
#include "common/ops/keep_best.h"
#include "common/ops/kl_divergence.h"
#include "common/ops/l1_loss.h"
#include "common/ops/l2_loss.h"
#include "common/ops/l2_normalise.h"
#include "common/ops/leaky_relu.h"
#include "common/ops/log_softmax.h"
#include "common/ops/normalise.h"
#include "common/ops/pad.h"
#include "common/ops/pad_channels.h"
#include "common/ops/pairwise_distance.h"
#include "common/ops/pool.h"
#include "common/ops/prelu.h"
#include "common/ops/reduce_mean.h"
#include "common/ops/reshape.h"
#include "common/ops/resize.h"
#include "common/ops/scale.h"
#include "common/ops/sgd.h"
#include "common/ops/sigmoid.h"
#include "common/ops/slice_channels.h"
#include "common/ops/soft_cross_entropy.h"
#include "common/ops/softmax.h"
#include "common/ops/triplet_loss.h"
#include "common/ops/triplet_weights.h"
#include "common/ops/upsample_nearest.h"
#include "common/ops/weighted_sum.h"

#include <string.h>

const rt_operator *const rt_operators[] = {
    &rt_activation_operator,
    &rt_adam_operator,
    &rt_add_operator,
    &rt_add_broadcast_operator,
    &rt_advance_operator,
    &rt_argmax_operator,
    &rt_average_pool_operator,
    &rt_batch_norm_frozen_operator,
    &rt_batch_norm_frozen_activated_operator,
    &rt_batch_norm_running_operator,
    &rt_batch_norm_statistics_loss_operator,
    &rt_batch_norm_training_operator,
    &rt_batch_norm_training_residual_operator,
    &rt_batch_norm_updating_operator,
    &rt_batch_norm_updating_residual_operator,
    &rt_channel_shuffle_operator,
    &rt_concat_operator,
    &rt_conv2d_operator,
    &rt_conv_transpose2d_operator,
    &rt_crop_flip_operator,
    &rt_crop_flip_draws_operator,
    &rt_cross_entropy_operator,
    &rt_divide_operator,
    &rt_dot_operator,
    &rt_draw_negatives_operator,
    &rt_dropout_operator,
    &rt_equal_operator,
    &rt_gather_operator,
    &rt_global_average_pool_operator,
    &rt_instance_norm_operator,
    &rt_keep_best_operator,
    &rt_kl_divergence_operator,
    &rt_l1_loss_operator,
    &rt_l2_loss_operator,
    &rt_l2_normalise_operator,
    &rt_leaky_relu_operator,
    &rt_log_softmax_operator,
    &rt_max_pool_operator,
    &rt_multiply_operator,
    &rt_normalise_operator,
    &rt_pad_operator,
    &rt_pad_channels_operator,
    &rt_pairwise_distance_operator,
    &rt_prelu_operator,
    &rt_reduce_mean_operator,
    &rt_reshape_operator,
    &rt_resize_operator,
    &rt_scale_operator,
    &rt_sgd_operator,
    &rt_sigmoid_operator,
    &rt_slice_channels_operator,
    &rt_soft_cross_entropy_operator,
    &rt_softmax_operator,
    &rt_subtract_operator,
    &rt_triplet_loss_operator,
    &rt_triplet_weights_operator,
    &rt_upsample_nearest_operator,
    &rt_weighted_sum_operator,
};
const uint32_t rt_operator_count = RT_COUNT(rt_operators);

const rt_operator *rt_operator_find(const char *name)
{
    for (uint32_t i = 0; i < rt_operator_count; i++)
        if (strcmp(rt_operators[i]->name, name) == 0) return rt_operators[i];
    return NULL;
}
