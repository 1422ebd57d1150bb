// What the kernels of pooling share: the windows' place, and how many of a window's pixels count.
#ifndef POOL_GLSL
#define POOL_GLSL

layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint H = 1; // of x
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_H = 1; // of y
layout(constant_id = 6) const uint OUTPUT_W = 1;
layout(constant_id = 7) const uint KERNEL_H = 1;
layout(constant_id = 8) const uint KERNEL_W = 1;
layout(constant_id = 9) const uint STRIDE_H = 1;
layout(constant_id = 10) const uint STRIDE_W = 1;
layout(constant_id = 11) const uint TOP = 0; // padding before the first row
layout(constant_id = 12) const uint LEFT = 0;

const uint UNROLLED = 64; // longest loop that is unrolled: more no longer fits the instruction cache

// The windows that a pixel of x can be in: window k of those is `row`, `column`, if there is one.
struct Window {
    int row, column;
    int tap_h, tap_w; // where in the window the pixel lies
    bool valid;
};

// along the sides: how many
uint windows_h() { return (KERNEL_H + STRIDE_H - 1) / STRIDE_H; }
uint windows_w() { return (KERNEL_W + STRIDE_W - 1) / STRIDE_W; }

Window window_of_pixel(uint h, uint w, uint k)
{
    Window window;
    window.row = int((h + TOP) / STRIDE_H) - int(k / windows_w());
    window.column = int((w + LEFT) / STRIDE_W) - int(k % windows_w());
    window.tap_h = int(h + TOP) - window.row * int(STRIDE_H);
    window.tap_w = int(w + LEFT) - window.column * int(STRIDE_W);
    window.valid = window.row >= 0 && window.row < int(OUTPUT_H) && window.column >= 0 &&
                   window.column < int(OUTPUT_W) && window.tap_h < int(KERNEL_H) &&
                   window.tap_w < int(KERNEL_W);
    return window;
}

#endif
