#version 450
// counters.xy += 1: the steps of the phase, and those since the optimiser was reset
// Layout  counters: four unsigned words.
// Work    one invocation.
layout(local_size_x = 1) in;
layout(binding = 0, std430) buffer Counters { uvec4 counters; };

void main()
{
    counters += uvec4(1, 1, 0, 0);
}
