#include "common/ops/samples.h"

enum { WORKGROUP_SIZE = 64 }; /* of the kernels */

static void append(rt_constant *constants, const char *name, double value)
{
    while (constants->name != NULL) constants++;
    *constants = (rt_constant){name, value};
}

rt_status rt_check_rows(const rt_tensor *tensor)
{
    const rt_shape shape = tensor->shape;
    if (shape.h == 1 && shape.w == 1) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "'%s' must be {N,1,1,K}, not {%u,%u,%u,%u}", tensor->name,
                   shape.n, shape.h, shape.w, shape.c);
}

rt_status rt_check_one_a_sample(const rt_tensor *tensor, uint32_t samples)
{
    if (tensor == NULL || rt_shape_equal(tensor->shape, (rt_shape){samples, 1, 1, 1})) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "'%s' must be {%u,1,1,1}, not {%u,%u,%u,%u}", tensor->name,
                   samples, tensor->shape.n, tensor->shape.h, tensor->shape.w, tensor->shape.c);
}

rt_status rt_check_same_shape(const rt_tensor *a, const rt_tensor *b)
{
    if (rt_shape_equal(a->shape, b->shape)) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "'%s' is {%u,%u,%u,%u}, but '%s' {%u,%u,%u,%u}", a->name,
                   a->shape.n, a->shape.h, a->shape.w, a->shape.c, b->name, b->shape.n, b->shape.h,
                   b->shape.w, b->shape.c);
}

rt_status rt_dispatch_samples(rt_program *program, uint32_t samples, const rt_dispatch *dispatch)
{
    rt_dispatch complete = *dispatch;
    append(complete.push, "samples", samples);
    complete.groups[0] = rt_groups(samples, WORKGROUP_SIZE);
    return rt_program_dispatch(program, &complete);
}

rt_status rt_dispatch_rows(rt_program *program, rt_shape logits, const rt_dispatch *dispatch)
{
    rt_dispatch complete = *dispatch;
    append(complete.push, "vec4s", rt_vec4s(logits.c));
    append(complete.push, "classes", logits.c);
    return rt_dispatch_samples(program, logits.n, &complete);
}

rt_status rt_record_mean(rt_program *program, const rt_node *node, uint32_t count, double divisor)
{
    const rt_dispatch dispatch = {
        .shader = "samples_mean",
        .push = {RT_CONSTANT("count", count), RT_CONSTANT("divisor", divisor)},
        .bindings = {node->scratch, rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

uint64_t rt_samples_scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_FORWARD ? 16 * (uint64_t)node->inputs[0]->shape.n : 0;
}
