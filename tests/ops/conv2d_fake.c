#include "tests/ops/conv2d_fake.h"

const rt_conv2d_shape rt_test_layer = RT_CONV2D_3X3(2, 8, 8, 12);

rt_test_way rt_test_fake_ways[RT_TEST_WAYS];
uint32_t rt_test_fake_count;
uint32_t rt_test_fake_uses[RT_TEST_WAYS];

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    (void)device;
    (void)shape;
    return pass == RT_CONV2D_FORWARD ? rt_test_fake_count : 1;
}

static uint32_t splits(const rt_conv2d_shape *shape)
{
    (void)shape;
    return 1;
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_family *plain = &rt_conv2d_plain_family;
    rt_conv2d_call some = *call;
    rt_test_fake_uses[call->candidate]++;
    switch (rt_test_fake_ways[call->candidate]) {
    case RT_TEST_SKIP:
        return RT_OK;
    case RT_TEST_HALF:
        some.shape.images /= 2;
        return plain->forward(program, &some);
    case RT_TEST_REFUSED:
        return rt_fail(RT_ERROR_DEVICE, "the driver does not like it");
    case RT_TEST_SLOW:
        for (int i = 1; i < 30; i++) RT_TRY(plain->forward(program, call));
        return plain->forward(program, call);
    default:
        return plain->forward(program, call);
    }
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    return rt_conv2d_plain_family.input_gradient(program, call);
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    return rt_conv2d_plain_family.weight_gradient(program, call);
}

const rt_conv2d_family rt_test_fake_family = {
    .name = "fake",
    .candidates = candidates,
    .splits = splits,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
