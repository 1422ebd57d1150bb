/* Shapes and attributes that make no sense: each is told when the graph is built, by the operator
 * that cannot take it. No device is needed. */
#include "common/graph/graph.h"
#include "common/ops/batch_norm.h"
#include "common/ops/channel_shuffle.h"
#include "common/ops/concat.h"
#include "common/ops/dot.h"
#include "common/ops/draw_negatives.h"
#include "common/ops/gather.h"
#include "common/ops/keep_best.h"
#include "common/ops/pad.h"
#include "common/ops/pad_channels.h"
#include "common/ops/pairwise_distance.h"
#include "common/ops/slice_channels.h"
#include "common/ops/triplet_loss.h"
#include "common/ops/triplet_weights.h"
#include "common/ops/upsample_nearest.h"
#include "common/ops/weighted_sum.h"

#include <criterion/criterion.h>
#include <string.h>

/* A tensor of the graph under test. */
#define T(n, h, w, c) rt_graph_state(graph, "t", (rt_shape){n, h, w, c})

/* Builds `expression` in a fresh graph, which must end with this message. */
#define REFUSES(message, expression)                                                               \
    do {                                                                                           \
        rt_graph *graph;                                                                           \
        cr_assert_eq(rt_graph_create(&graph), RT_OK);                                              \
        expression;                                                                                \
        cr_expect_neq(rt_graph_status(graph), RT_OK, "accepted: %s", #expression);                 \
        cr_expect_not_null(strstr(rt_error_message(), message), "%s gave: %s", #expression,        \
                           rt_error_message());                                                    \
        rt_graph_free(graph);                                                                      \
    } while (0)

Test(ops_refusals, tensors)
{
    REFUSES("'t' has an empty shape 1x0x1x4", T(1, 0, 1, 4));
    REFUSES("'t' of shape 65536x65536x2x1 is too large", T(65536, 65536, 2, 1));
    REFUSES("'t' of shape 1x1x1x4294967295 is too large", T(1, 1, 1, UINT32_MAX));
    REFUSES("no dot product of shapes 2x1x1x4 and 2x1x1x5",
            rt_dot(graph, T(2, 1, 1, 4), T(2, 1, 1, 5)));
    REFUSES("no up-sampling by a factor of 0", rt_upsample_nearest(graph, T(1, 2, 2, 4), 0));
    REFUSES("no up-sampling of 2x2 pixels by a factor of 2147483648",
            rt_upsample_nearest(graph, T(1, 2, 2, 4), 1u << 31));
    REFUSES("cannot put 0 and 4294967295 channels beside 4",
            rt_pad_channels(graph, T(1, 2, 2, 4), 1, 0, UINT32_MAX));
    REFUSES("a stride of 0 leads nowhere", rt_pad_channels(graph, T(1, 2, 2, 4), 0, 0, 4));
    REFUSES("batch norm has no",
            rt_batch_norm(graph, T(2, 2, 2, 4), &(rt_batch_norm_inputs){0},
                          &(rt_batch_norm_options){.training = true, .epsilon = 1e-5f}));
    rt_tensor *terms[2];
    REFUSES("term 't' is not a scalar", (terms[0] = T(1, 1, 1, 1), terms[1] = T(2, 1, 1, 1),
                                         rt_weighted_sum(graph, terms, 2, T(1, 1, 1, 2))));
    REFUSES("no weighted sum of 0 terms", rt_weighted_sum(graph, terms, 0, T(1, 1, 1, 1)));
    REFUSES("do not fit",
            rt_keep_best(graph, T(2, 4, 4, 1), T(1, 1, 1, 1), T(2, 4, 4, 3), T(1, 1, 1, 1)));
}

Test(ops_refusals, moved_numbers)
{
    rt_tensor *two[2];
    REFUSES("concat: there is nothing to join", rt_concat(graph, two, 0));
    REFUSES("cannot put 1x2x3 pixels beside 1x2x2: only channels may differ",
            (two[0] = T(1, 2, 2, 4), two[1] = T(1, 2, 3, 4), rt_concat(graph, two, 2)));
    REFUSES(
        "cannot join 2147483648 channels",
        (two[0] = T(1, 1, 1, 1u << 30), two[1] = T(1, 1, 1, 1u << 30), rt_concat(graph, two, 2)));
    REFUSES("no 3 channels from channel 4 on: there are 6",
            rt_slice_channels(graph, T(1, 2, 2, 6), 4, 3));
    REFUSES("no 0 channels", rt_slice_channels(graph, T(1, 2, 2, 6), 4, 0));
    REFUSES("no 4294967295 channels from", rt_slice_channels(graph, T(1, 2, 2, 6), 4, UINT32_MAX));
    REFUSES("6 channels do not make 4 equal groups", rt_channel_shuffle(graph, T(1, 2, 2, 6), 4));
    REFUSES("6 channels do not make 0 equal groups", rt_channel_shuffle(graph, T(1, 2, 2, 6), 0));
    REFUSES("is too wide", rt_pad(graph, T(1, 2, 2, 4), (rt_sides){.right = UINT32_MAX}, 0));
    const int32_t first = 0;
    REFUSES("gather: an empty shape 1x0x1",
            rt_gather(graph, T(1, 2, 2, 4), (rt_shape){1, 1, 0, 1}, &first));
    REFUSES("gather: 65536 samples",
            rt_gather(graph, T(65536, 1, 1, 4), (rt_shape){1, 1, 1, 1}, &first));
    REFUSES("at most 2^24", rt_gather(graph, T(1, 4096, 1024, 4), (rt_shape){1, 1, 1, 1}, &first));
}

Test(ops_refusals, the_miner)
{
    const rt_miner_options miner = {.sampling = RT_SAMPLING_UNIFORM};
    const rt_triplet_options triplet = {.margin = 0.2f};
    REFUSES("vectors {N,1,1,D} are needed, not {3,2,1,4}",
            rt_pairwise_distance(graph, T(3, 2, 1, 4), 0));
    REFUSES("distances {N,1,1,N} are needed, not {3,1,1,4}",
            rt_triplet_weights(graph, T(3, 1, 1, 4), T(3, 1, 1, 1), 8, &miner));
    REFUSES("labels {3,1,1,1} are needed, not {4,1,1,1}",
            rt_triplet_weights(graph, T(3, 1, 1, 3), T(4, 1, 1, 1), 8, &miner));
    REFUSES("weights {N,1,1,N} are needed, not {3,1,1,4}",
            rt_draw_negatives(graph, T(3, 1, 1, 4), T(3, 1, 1, 1), NULL, &miner));
    REFUSES("labels {3,1,1,1} are needed, not {3,1,1,2}",
            rt_draw_negatives(graph, T(3, 1, 1, 3), T(3, 1, 1, 2), NULL, &miner));
    REFUSES("a draw a pair, {3,1,1,3}, is needed",
            rt_draw_negatives(graph, T(3, 1, 1, 3), T(3, 1, 1, 1), T(3, 1, 1, 4), &miner));
    REFUSES("negatives {3,1,1,3} of all pairs are needed, not {3,1,1,2}",
            rt_triplet_loss(graph, T(3, 1, 1, 8), T(3, 1, 1, 2), &triplet));
}
