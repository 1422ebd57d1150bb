// The gradient of the input as a product of matrices, for the families `shared` and `cooperative`:
//   dX [pixel][ci] = dY over the taps [pixel][tap, co] * Transposed [tap, co][ci] (+ Addend)
// The tap (ky, kx) brings dY(oy, ox) to X(y, x) where y + TOP - ky = oy * STRIDE and x + LEFT - kx =
// ox * STRIDE. At stride 2 the pixels of a workgroup have one parity each in y and x (its z), so that the
// same taps meet them all: no multiplication by 0. No tap at all may be left (1x1 kernels): then
// it writes the addend. Before it DEPTH and TILE_VECTORS of the family are declared.
layout(constant_id = 9) const bool ADD = false;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer OutputGradient { vec4 dy[]; };
layout(binding = 1, std430) readonly buffer Transposed { vec4 weight[]; };
layout(binding = 2, std430) readonly buffer Addend { vec4 addend[]; }; // any range without ADD
layout(binding = 3, std430) writeonly buffer InputGradient { vec4 dx[]; };
const int CHANNELS = 4 * CO4; // read at a tap
const int USED = CO < 4 ? CO : 4; // of every 4: no multiplications by the padding of 1 to 3
const int RESULT_VECTORS = CI4;
#include "conv2d_gpu_slices.glsl"

// Pixels of one parity in an image, perhaps a line and a column too many.
const int LINES = (HEIGHT + STRIDE - 1) / STRIDE, COLUMNS = (WIDTH + STRIDE - 1) / STRIDE;
int parity_y() { return STRIDE == 1 ? 0 : int(gl_WorkGroupID.z) / STRIDE; }
int parity_x() { return STRIDE == 1 ? 0 : int(gl_WorkGroupID.z) % STRIDE; }
// The taps that meet these pixels: every STRIDE-th from the first.
int first_ky() { return (parity_y() + TOP) % STRIDE; }
int first_kx() { return (parity_x() + LEFT) % STRIDE; }
int taps_y() { return (KERNEL_H - first_ky() + STRIDE - 1) / STRIDE; }
int taps_x() { return (KERNEL_W - first_kx() + STRIDE - 1) / STRIDE; }
// tap / taps_x(), also where that is not known when the pipeline is made: at most 4 lines then
int line_of(int tap)
{
    return STRIDE == 1 ? tap / KERNEL_W
                       : int(tap >= taps_x()) + int(tap >= 2 * taps_x()) + int(tap >= 3 * taps_x());
}

int row_count() { return images * LINES * COLUMNS; }
int tap_count() { return taps_y() * taps_x(); }

// The pixel of dY through the first tap: line, column, and where it lies (perhaps beside it).
void find_row(int row, out int top, out int side, out int corner)
{
    const int line = row / COLUMNS;
    top = line % LINES + (parity_y() + TOP - first_ky()) / STRIDE;
    side = row % COLUMNS + (parity_x() + LEFT - first_kx()) / STRIDE;
    corner = ((line / LINES * OUT_HEIGHT + top) * OUT_WIDTH + side) * CO4;
    if (row >= row_count()) top = -1; // no tap is inside
}

vec4 left_at(int top, int side, int corner, int tap, int channel)
{
    const int up = line_of(tap), back = tap - up * taps_x();
    const uint oy = uint(top - up), ox = uint(side - back);
    vec4 value = vec4(0);
    if (oy < OUT_HEIGHT && ox < OUT_WIDTH && (WHOLE_SLICES || tap < tap_count()))
        value = dy[corner - (up * OUT_WIDTH + back) * CO4 + channel / 4];
    return value;
}

vec4 right_at(int tap, int channel, int vector)
{
    const int up = line_of(tap), back = tap - up * taps_x();
    const int ky = first_ky() + up * STRIDE, kx = first_kx() + back * STRIDE;
    vec4 value = vec4(0);
    if ((WHOLE_SLICES || tap < tap_count()) && (WHOLE_TILES || vector < CI4))
        value = weight[((ky * KERNEL_W + kx) * CHANNELS + channel) * CI4 + vector];
    return value;
}

void write_result(int row, int vector, vec4 value)
{
    const int iy = row / COLUMNS % LINES * STRIDE + parity_y();
    const int ix = row % COLUMNS * STRIDE + parity_x();
    if (row >= row_count() || iy >= HEIGHT || ix >= WIDTH || !(WHOLE_TILES || vector < CI4)) return;
    const int at = ((row / COLUMNS / LINES * HEIGHT + iy) * WIDTH + ix) * CI4 + vector;
    if (ADD) value += addend[at];
    dx[at] = value;
}
