// What kernels over rows of logits share. One invocation takes a whole row: its channels behind each
// other, several times; what it reads again comes from the cache.
//     layout(binding = 0, rgba32f) readonly uniform imageBuffer LOGITS;
//     DEFINE_SOFTMAX(softmax_of_logits, LOGITS)
#ifndef LOGITS_GLSL
#define LOGITS_GLSL

const float LOWEST = -3.402823e38;

bvec4 is_real(uint c4, uint classes)
{
    return lessThan(uvec4(4 * c4) + uvec4(0, 1, 2, 3), uvec4(classes));
}

float largest_of(vec4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

float sum_of(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

// softmax(row * factor)_k = exp(row_k * factor - shift) * inverse
struct Softmax {
    float shift;   // the largest of row * factor
    float sum;     // of exp(row_k * factor - shift), at least 1
    float inverse; // 1 / sum
};

// of the row that begins at vec4 `first` of a texel buffer
#define DEFINE_SOFTMAX(name, BUFFER)                                                              \
    Softmax name(int first, uint vec4s, uint classes, float factor)                               \
    {                                                                                              \
        Softmax s;                                                                                 \
        s.shift = LOWEST;                                                                          \
        for (uint c = 0; c < vec4s; c++)                                                           \
            s.shift = max(s.shift, largest_of(mix(vec4(LOWEST),                                    \
                                                  factor * imageLoad(BUFFER, first + int(c)),      \
                                                  is_real(c, classes))));                          \
        s.sum = 0;                                                                                 \
        for (uint c = 0; c < vec4s; c++)                                                           \
            s.sum += sum_of(mix(vec4(0), exp(factor * imageLoad(BUFFER, first + int(c)) - s.shift), \
                                is_real(c, classes)));                                             \
        s.inverse = 1 / s.sum;                                                                     \
        return s;                                                                                  \
    }

#endif
