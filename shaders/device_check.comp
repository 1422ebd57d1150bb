#version 450
#extension GL_KHR_shader_subgroup_basic : require
// y = SCALE * x[i * STEP + shift] + b[i] + bias, negated where asked for
// Layout  X, B, y: vec4. A texel out of X's `count` reads the zero texel.
// Work    one invocation: one vec4.
// Why     uses each way in which a kernel can be given something (two kinds of texel buffer, storage
//         buffers, every type of specialization and push constant, the lanes of a subgroup), so that
//         tests of the device need no operator.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint WORKGROUP_SIZE = 64; // names the id above
layout(constant_id = 1) const uint LANES = 1;
layout(constant_id = 2) const float SCALE = 1.0;
layout(constant_id = 3) const int STEP = 1;
layout(constant_id = 4) const bool NEGATE = false;
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 3) uniform textureBuffer B;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };
layout(binding = 2, std430) writeonly buffer Report { uint report[4]; };
layout(push_constant) uniform Arguments
{
    uint count;
    int shift;
    float bias;
    int X_offset;
    int B_offset;
};
void main()
{
    const int i = int(gl_GlobalInvocationID.x);
    if (i == 0) {
        report[0] = WORKGROUP_SIZE;
        report[1] = gl_WorkGroupSize.x;
        report[2] = LANES;
        report[3] = gl_SubgroupSize;
    }
    if (i >= int(count)) return;
    const int from = i * STEP + shift;
    const bool inside = from >= 0 && from < int(count);
    const vec4 x = imageLoad(X, inside ? X_offset + from : 0);
    const vec4 sum = SCALE * x + texelFetch(B, B_offset + i) + bias;
    y[i] = NEGATE ? -sum : sum;
}
