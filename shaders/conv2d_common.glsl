// What every convolution kernel knows of its layer.
//   X, dX     [N,HEIGHT,WIDTH,CI4] vec4 of 4 channels      Y, dY     [N,OUT_HEIGHT,OUT_WIDTH,CO4]
//   Weights   [tap][4*CI4][CO4] vec4 of 4 output channels  Transposed [tap][4*CO4][CI4]
//   tap = ky * KERNEL_W + kx. Padding channels are 0 in all of them and come out as 0.
// Y(oy, ox) takes X(oy * STRIDE + ky - TOP, ox * STRIDE + kx - LEFT) through tap (ky, kx): so many
// lines of zeros lie above the image and left of it. (Plain kernels: ky and kx times DILATION.)
// Constants 0 to 9 are left to the kernel's tiles.
layout(constant_id = 10) const int HEIGHT = 16;
layout(constant_id = 11) const int WIDTH = 16;
layout(constant_id = 12) const int CI = 64;
layout(constant_id = 13) const int CO = 64;
layout(constant_id = 14) const int KERNEL_H = 3;
layout(constant_id = 15) const int KERNEL_W = 3;
layout(constant_id = 16) const int STRIDE = 1;
layout(constant_id = 17) const int TOP = 1;
layout(constant_id = 18) const int LEFT = 1;
layout(constant_id = 19) const int OUT_HEIGHT = 16;
layout(constant_id = 20) const int OUT_WIDTH = 16;
const int CI4 = (CI + 3) / 4;
const int CO4 = (CO + 3) / 4;
