/* Differentiation, against central differences: how contributions to a gradient come together. */

#include "common/ops/add.h"
#include "common/ops/dot.h"
#include "common/ops/leaky_relu.h"
#include "common/ops/reshape.h"
#include "common/ops/scale.h"
#include "common/ops/sigmoid.h"
#include "common/ops/weighted_sum.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(graph_gradient, .timeout = 300);

#define EACH(i) for (int i = 0; i < RT_TEST_NUMBERS; i++)

static double sigmoid(double x) { return rt_test_sigmoid(x); }

/* x has three users of its own; one of them has two. */
static rt_tensor *several_users(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *x = leaves[0], *s = rt_sigmoid(graph, x);
    rt_tensor *sum = rt_add(graph, rt_scale(graph, x, 2), s);
    return rt_dot(graph, rt_sigmoid(graph, sum), rt_add(graph, s, x));
}

static double several_users_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    const double *x = leaves[0];
    EACH(i) loss += sigmoid(2 * x[i] + sigmoid(x[i])) * (sigmoid(x[i]) + x[i]);
    return loss;
}

Test(graph_gradient, sums_the_contributions_of_several_users)
{
    rt_test_gradients(&(rt_gradient_test){
        .leaves = {RT_TEST_LEAF_STATE}, .build = several_users, .value = several_users_value});
    rt_test_gradients(&(rt_gradient_test){
        .leaves = {RT_TEST_LEAF_TRAINED}, .build = several_users, .value = several_users_value});
}

/* Residual blocks: `add` lends its output's gradient to both inputs, and nobody may write to it.
 * One branch sums into its gradient while the other still needs the lent one. */
static rt_tensor *residual(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *x = leaves[0];
    for (int block = 0; block < 3; block++) {
        rt_tensor *branch = rt_sigmoid(graph, rt_scale(graph, x, 1.5f));
        x = rt_add(graph, block == 1 ? x : branch, block == 1 ? branch : x);
    }
    return rt_dot(graph, x, leaves[1]);
}

static double residual_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i)
    {
        double x = leaves[0][i];
        for (int block = 0; block < 3; block++) x += sigmoid(1.5 * x);
        loss += x * leaves[1][i];
    }
    return loss;
}

Test(graph_gradient, never_writes_to_a_lent_gradient)
{
    rt_test_gradients(&(rt_gradient_test){.leaves = {RT_TEST_LEAF_STATE, RT_TEST_LEAF_STATE},
                                          .build = residual,
                                          .value = residual_value});
    rt_test_gradients(&(rt_gradient_test){.leaves = {RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_FROZEN},
                                          .build = residual,
                                          .value = residual_value});
}

/* Only lent contributions, twice from one node and once from another. */
static rt_tensor *lent_only(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *twice = rt_add(graph, leaves[0], leaves[0]);
    return rt_dot(graph, rt_sigmoid(graph, rt_add(graph, twice, leaves[1])),
                  rt_add(graph, leaves[1], leaves[0]));
}

static double lent_only_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i)
    loss += sigmoid(2 * leaves[0][i] + leaves[1][i]) * (leaves[1][i] + leaves[0][i]);
    return loss;
}

Test(graph_gradient, sums_lent_gradients_into_memory_of_its_own)
{
    rt_test_gradients(&(rt_gradient_test){.leaves = {RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_STATE},
                                          .build = lent_only,
                                          .value = lent_only_value});
}

/* A parameter with one use, whose gradient is lent: it still has to come into the set. */
static rt_tensor *lent_once(rt_graph *graph, rt_tensor *const *leaves)
{
    return rt_dot(graph, rt_add(graph, leaves[0], leaves[1]), leaves[2]);
}

static double lent_once_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i) loss += (leaves[0][i] + leaves[1][i]) * leaves[2][i];
    return loss;
}

Test(graph_gradient, copies_a_lent_gradient_into_the_set)
{
    rt_test_gradients(&(rt_gradient_test){
        .leaves = {RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_TRAINED},
        .build = lent_once,
        .value = lent_once_value});
}

/* One node with the same input twice. */
static rt_tensor *square(rt_graph *graph, rt_tensor *const *leaves)
{
    return rt_dot(graph, leaves[0], leaves[0]);
}

static double square_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i) loss += leaves[0][i] * leaves[0][i];
    return loss;
}

/* The same after another node's contribution, lent or owned: both of the square's contributions
 * are then on their way at once and must not meet in the set's memory. */
static rt_tensor *square_and_lent(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *squares = rt_dot(graph, leaves[0], leaves[0]);
    rt_tensor *lent = rt_dot(graph, rt_add(graph, leaves[0], leaves[1]), leaves[1]);
    const float ones[] = {1, 1};
    return rt_weighted_sum(graph, (rt_tensor *[]){squares, lent}, 2,
                           rt_graph_constant(graph, "ones", (rt_shape){1, 1, 1, 2}, ones));
}

static double square_and_lent_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = square_value(leaves);
    EACH(i) loss += (leaves[0][i] + leaves[1][i]) * leaves[1][i];
    return loss;
}

static rt_tensor *square_and_owned(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *squares = rt_dot(graph, leaves[0], leaves[0]);
    rt_tensor *owned = rt_dot(graph, rt_sigmoid(graph, leaves[0]), leaves[1]);
    rt_tensor *twice = rt_dot(graph, rt_add(graph, leaves[0], leaves[0]), leaves[1]);
    const float weights[] = {1, 0.5f, 2};
    return rt_weighted_sum(graph, (rt_tensor *[]){squares, owned, twice}, 3,
                           rt_graph_constant(graph, "weights", (rt_shape){1, 1, 1, 3}, weights));
}

static double square_and_owned_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = square_value(leaves);
    EACH(i) loss += 0.5 * sigmoid(leaves[0][i]) * leaves[1][i] + 4 * leaves[0][i] * leaves[1][i];
    return loss;
}

Test(graph_gradient, takes_one_tensor_as_both_inputs_of_a_node)
{
    const rt_test_leaf kinds[] = {RT_TEST_LEAF_STATE, RT_TEST_LEAF_TRAINED};
    for (size_t k = 0; k < RT_COUNT(kinds); k++) {
        rt_test_gradients(
            &(rt_gradient_test){.leaves = {kinds[k]}, .build = square, .value = square_value});
        rt_test_gradients(&(rt_gradient_test){.leaves = {kinds[k], RT_TEST_LEAF_STATE},
                                              .build = square_and_lent,
                                              .value = square_and_lent_value});
        rt_test_gradients(&(rt_gradient_test){.leaves = {kinds[k], RT_TEST_LEAF_STATE},
                                              .build = square_and_owned,
                                              .value = square_and_owned_value});
    }
}

/* A parameter through two reshapes, and used as it is besides. {2,3,1,5} keeps its 5 channels. */
static rt_tensor *reshaped(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *flat = rt_reshape(graph, leaves[0], (rt_shape){6, 1, 1, 5});
    rt_tensor *other = rt_reshape(graph, flat, (rt_shape){1, 2, 3, 5});
    rt_tensor *state = rt_reshape(graph, leaves[1], (rt_shape){1, 2, 3, 5});
    rt_tensor *product = rt_dot(graph, rt_sigmoid(graph, other), state);
    rt_tensor *plain = rt_dot(graph, flat, flat);
    const float weights[] = {1, 0.5f};
    return rt_weighted_sum(graph, (rt_tensor *[]){product, plain}, 2,
                           rt_graph_constant(graph, "weights", (rt_shape){1, 1, 1, 2}, weights));
}

static double reshaped_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i)
    loss += sigmoid(leaves[0][i]) * leaves[1][i] + 0.5 * leaves[0][i] * leaves[0][i];
    return loss;
}

/* Nothing but a view between the parameter and a lent gradient. */
static rt_tensor *reshaped_lent(rt_graph *graph, rt_tensor *const *leaves)
{
    const rt_shape flat = {6, 1, 1, 5};
    return rt_dot(
        graph,
        rt_add(graph, rt_reshape(graph, leaves[0], flat), rt_reshape(graph, leaves[1], flat)),
        rt_reshape(graph, leaves[2], flat));
}

Test(graph_gradient, passes_through_views)
{
    rt_test_gradients(&(rt_gradient_test){.leaves = {RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_STATE},
                                          .build = reshaped,
                                          .value = reshaped_value});
    rt_test_gradients(&(rt_gradient_test){
        .leaves = {RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_TRAINED, RT_TEST_LEAF_STATE},
        .build = reshaped_lent,
        .value = lent_once_value});
}

static rt_tensor *detached(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *s = rt_sigmoid(graph, leaves[0]);
    return rt_dot(graph, rt_graph_detach(graph, s), rt_add(graph, s, leaves[1]));
}

static double detached_part(double (*leaves)[RT_TEST_NUMBERS], double (*fixed)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i) loss += sigmoid(fixed[0][i]) * (sigmoid(leaves[0][i]) + leaves[1][i]);
    return loss;
}

static double detached_value(double (*leaves)[RT_TEST_NUMBERS])
{
    return detached_part(leaves, leaves);
}

Test(graph_gradient, stops_at_a_detached_value)
{
    rt_test_gradients(&(rt_gradient_test){.leaves = {RT_TEST_LEAF_STATE, RT_TEST_LEAF_TRAINED},
                                          .build = detached,
                                          .value = detached_value,
                                          .detached_value = detached_part});
}

/* Two outputs, both used, then one of them alone. */
static rt_tensor *forked(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *second, *first = rt_test_fork(graph, rt_sigmoid(graph, leaves[0]), &second);
    return rt_dot(graph, rt_sigmoid(graph, first), rt_sigmoid(graph, second));
}

static double forked_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i)
    {
        const double s = sigmoid(leaves[0][i]);
        loss += sigmoid(2 * s) * sigmoid(-3 * s);
    }
    return loss;
}

static rt_tensor *second_output(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *second;
    rt_test_fork(graph, leaves[0], &second);
    return rt_dot(graph, second, leaves[1]);
}

static double second_output_value(double (*leaves)[RT_TEST_NUMBERS])
{
    double loss = 0;
    EACH(i) loss += -3 * leaves[0][i] * leaves[1][i];
    return loss;
}

Test(graph_gradient, flows_through_nodes_with_several_outputs)
{
    rt_test_gradients(&(rt_gradient_test){
        .leaves = {RT_TEST_LEAF_TRAINED}, .build = forked, .value = forked_value});
    rt_test_gradients(&(rt_gradient_test){.leaves = {RT_TEST_LEAF_STATE, RT_TEST_LEAF_TRAINED},
                                          .build = second_output,
                                          .value = second_output_value});
}

/* The same parameter frozen in one place and trained in another, as a proxy copy has it. */
Test(graph_gradient, tells_frozen_uses_of_a_parameter_from_trained_ones)
{
    rt_graph *graph;
    rt_parameters *parameters;
    rt_test_ok(rt_graph_create(&graph));
    rt_test_ok(rt_parameters_create(&parameters));
    const rt_parameter weight = {
        .name = "weight", .layout = RT_LAYOUT_DENSE, .dims = {1, 1, 1, 4}, .rank = 4};
    rt_test_ok(rt_parameters_add(parameters, &weight, NULL));
    rt_tensor *trained = rt_graph_parameter(graph, parameters, 0, true);
    rt_tensor *frozen = rt_graph_parameter(graph, parameters, 0, false);
    cr_assert_neq(trained, frozen);
    cr_assert_eq(rt_graph_parameter(graph, parameters, 0, true), trained);
    rt_tensor *loss = rt_dot(graph, rt_sigmoid(graph, trained), frozen);
    rt_graph_differentiate(graph, loss);
    rt_test_ok(rt_graph_status(graph));
    cr_assert_not_null(trained->gradient);
    cr_assert_null(frozen->gradient);
    /* Optimisers ask for the tensor after differentiation: not for its gradient. */
    cr_assert_eq(rt_graph_parameter(graph, parameters, 0, false), frozen);
    cr_assert_eq(rt_graph_parameter(graph, parameters, 0, true), trained);
    rt_graph_free(graph);
    rt_parameters_free(parameters);
}

Test(graph_gradient, does_not_take_a_gradient_for_the_parameter)
{
    rt_graph *graph;
    rt_parameters *parameters;
    rt_test_ok(rt_graph_create(&graph));
    rt_test_ok(rt_parameters_create(&parameters));
    const rt_parameter weight = {
        .name = "weight", .layout = RT_LAYOUT_DENSE, .dims = {1, 1, 1, 4}, .rank = 4};
    rt_test_ok(rt_parameters_add(parameters, &weight, NULL));
    rt_tensor *trained = rt_graph_parameter(graph, parameters, 0, true);
    rt_graph_differentiate(graph, rt_dot(graph, trained, trained));
    const rt_tensor *frozen = rt_graph_parameter(graph, parameters, 0, false);
    cr_assert_not(frozen->is_parameter_gradient);
    cr_assert_neq(frozen, trained->gradient);
    rt_graph_free(graph);
    rt_parameters_free(parameters);
}

static void expect_error(rt_graph *graph, const char *words)
{
    cr_assert_neq(rt_graph_status(graph), RT_OK);
    cr_assert_not_null(strstr(rt_error_message(), words), "message: %s", rt_error_message());
    rt_graph_free(graph);
}

Test(graph_gradient, refuses_what_has_no_gradient)
{
    const rt_shape shape = {1, 1, 1, 4};
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_graph_differentiate(graph, rt_sigmoid(graph, x));
    expect_error(graph, "is not a scalar");

    rt_test_ok(rt_graph_create(&graph));
    x = rt_graph_state(graph, "x", shape);
    rt_graph_differentiate(graph, rt_dot(graph, x, x));
    expect_error(graph, "depends on nothing that is trained");

    rt_test_ok(rt_graph_create(&graph));
    x = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_tensor *loss = rt_dot(graph, x, x);
    rt_graph_differentiate(graph, loss);
    rt_graph_differentiate(graph, loss);
    expect_error(graph, "differentiated once");
}
