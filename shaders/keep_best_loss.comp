#version 450
// best_loss = loss if loss < best_loss
// Layout  LOSS, best_loss: scalars.
// Work    one invocation.
layout(local_size_x = 1) in;
layout(push_constant) uniform Push { int LOSS_offset; };
layout(binding = 0, rgba32f) readonly uniform imageBuffer LOSS;
layout(binding = 1, std430) buffer BestLoss { vec4 best_loss; };

void main()
{
    const float loss = imageLoad(LOSS, LOSS_offset).x;
    if (loss < best_loss.x) best_loss = vec4(loss, 0, 0, 0);
}
