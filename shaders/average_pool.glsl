// What divides the sum of a window: how many of its pixels count.
#ifndef AVERAGE_POOL_GLSL
#define AVERAGE_POOL_GLSL

layout(constant_id = 13) const uint BORDER = 0; // pixels around the image that count
layout(constant_id = 14) const bool ALL_COUNT = true; // every window's

// along one side, from `first` (of the image) on
int counted(int first, uint kernel, uint size)
{
    return min(first + int(kernel), int(size + BORDER)) - max(first, -int(BORDER));
}

float divisor(int row, int column)
{
    if (ALL_COUNT) return float(KERNEL_H * KERNEL_W);
    return float(counted(row * int(STRIDE_H) - int(TOP), KERNEL_H, H) *
                 counted(column * int(STRIDE_W) - int(LEFT), KERNEL_W, W));
}

#endif
