// The gradient of the weights as a product of matrices, for the families `shared` and `cooperative`:
//   dWeights [tap, ci][co] = X under the taps, turned [tap, ci][pixel] * dY [pixel][co]
// Rows are counted in quads, 4 input channels of a tap. The pixels are split between workgroups (z);
// each split writes a partial sum, partial [splits][weights], for conv2d_sum_parts.
// Before it TILE_VECTORS of the family is declared.
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer Input { vec4 x[]; };
layout(binding = 1, std430) readonly buffer OutputGradient { vec4 dy[]; };
layout(binding = 2, std430) writeonly buffer Output { vec4 partial[]; };
const int QUAD_COUNT = KERNEL_H * KERNEL_W * CI4;
const bool WHOLE_TILES = CO4 % TILE_VECTORS == 0;

int pixels_a_split()
{
    const int splits = int(gl_NumWorkGroups.z);
    return (images * OUT_HEIGHT * OUT_WIDTH + splits - 1) / splits;
}
int first_pixel() { return int(gl_WorkGroupID.z) * pixels_a_split(); }
int end_pixel() { return min(first_pixel() + pixels_a_split(), images * OUT_HEIGHT * OUT_WIDTH); }

vec4 left_at(int pixel, int quad)
{
    const int line = pixel / OUT_WIDTH, tap = quad / CI4;
    const int iy = line % OUT_HEIGHT * STRIDE + tap / KERNEL_W - TOP;
    const int ix = pixel % OUT_WIDTH * STRIDE + tap % KERNEL_W - LEFT;
    vec4 value = vec4(0);
    if (pixel < end_pixel() && quad < QUAD_COUNT && uint(iy) < HEIGHT && uint(ix) < WIDTH)
        value = x[((line / OUT_HEIGHT * HEIGHT + iy) * WIDTH + ix) * CI4 + quad % CI4];
    return value;
}

vec4 right_at(int pixel, int vector)
{
    vec4 value = vec4(0);
    if (pixel < end_pixel() && (WHOLE_TILES || vector < CO4)) value = dy[pixel * CO4 + vector];
    return value;
}

// Row number `row` is channel row % 4 of quad row / 4.
void write_result(int row, int vector, vec4 value)
{
    if (row >= 4 * QUAD_COUNT || !(WHOLE_TILES || vector < CO4)) return;
    partial[(int(gl_WorkGroupID.z) * 4 * QUAD_COUNT + row) * CO4 + vector] = value;
}
