/* Which operators a network in evaluation mode may have, and who translates them. */

#include "common/nn/onnx/export_private.h"

#include "common/ops/activation.h"
#include "common/ops/add.h"
#include "common/ops/binary.h"
#include "common/ops/channel_shuffle.h"
#include "common/ops/concat.h"
#include "common/ops/conv2d.h"
#include "common/ops/conv_transpose2d.h"
#include "common/ops/gather.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/instance_norm.h"
#include "common/ops/leaky_relu.h"
#include "common/ops/log_softmax.h"
#include "common/ops/normalise.h"
#include "common/ops/pad.h"
#include "common/ops/pad_channels.h"
#include "common/ops/pool.h"
#include "common/ops/prelu.h"
#include "common/ops/reduce_mean.h"
#include "common/ops/reshape.h"
#include "common/ops/resize.h"
#include "common/ops/scale.h"
#include "common/ops/sigmoid.h"
#include "common/ops/slice_channels.h"
#include "common/ops/softmax.h"
#include "common/ops/upsample_nearest.h"

static const rt_export_row rows[] = {
    {&rt_activation_operator, rt_export_activation},
    {&rt_add_operator, rt_export_binary},
    {&rt_add_broadcast_operator, rt_export_binary},
    {&rt_average_pool_operator, rt_export_average_pool},
    {&rt_batch_norm_frozen_operator, rt_export_batch_norm},
    {&rt_batch_norm_frozen_activated_operator, rt_export_batch_norm},
    {&rt_channel_shuffle_operator, rt_export_channel_shuffle},
    {&rt_concat_operator, rt_export_concat},
    {&rt_conv2d_operator, rt_export_conv2d},
    {&rt_conv_transpose2d_operator, rt_export_conv_transpose2d},
    {&rt_divide_operator, rt_export_binary},
    {&rt_gather_operator, rt_export_gather},
    {&rt_global_average_pool_operator, rt_export_global_average_pool},
    {&rt_instance_norm_operator, rt_export_instance_norm},
    {&rt_leaky_relu_operator, rt_export_leaky_relu},
    {&rt_log_softmax_operator, rt_export_softmax},
    {&rt_max_pool_operator, rt_export_max_pool},
    {&rt_multiply_operator, rt_export_binary},
    {&rt_normalise_operator, rt_export_normalise},
    {&rt_pad_operator, rt_export_pad},
    {&rt_pad_channels_operator, rt_export_pad_channels},
    {&rt_prelu_operator, rt_export_prelu},
    {&rt_reduce_mean_operator, rt_export_reduce_mean},
    {&rt_reshape_operator, rt_export_reshape},
    {&rt_resize_operator, rt_export_resize},
    {&rt_scale_operator, rt_export_scale},
    {&rt_sigmoid_operator, rt_export_sigmoid},
    {&rt_slice_channels_operator, rt_export_slice_channels},
    {&rt_softmax_operator, rt_export_softmax},
    {&rt_subtract_operator, rt_export_binary},
    {&rt_upsample_nearest_operator, rt_export_upsample_nearest},
};

const rt_export_row *rt_export_find(const rt_operator *operator_)
{
    for (size_t i = 0; i < RT_COUNT(rows); i++)
        if (rows[i].operator_ == operator_) return &rows[i];
    return NULL;
}
