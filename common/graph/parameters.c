#include "common/graph/graph_private.h"

#include "common/base/random.h"

#include <string.h>

struct rt_parameters {
    rt_arena arena; ///< names
    rt_parameter *rows;
    uint32_t count, capacity;
    uint64_t trained_bytes, statistics_bytes;
    rt_device *device;
    rt_gpu_buffer *pieces[RT_PIECE_COUNT]; ///< VALUES: trained part, then statistics
    bool transposed_stale;
};

/* Every tensor begins at a multiple of what a binding may demand, on every device. */
enum { ALIGNMENT = 256 };

static uint64_t aligned(uint64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

rt_status rt_parameters_create(rt_parameters **parameters) { return RT_ALLOC(*parameters, 1); }

void rt_parameters_free(rt_parameters *parameters)
{
    if (parameters == NULL) return;
    for (int i = 0; i < RT_PIECE_COUNT; i++) rt_gpu_buffer_free(parameters->pieces[i]);
    rt_free(parameters->rows);
    rt_arena_clear(&parameters->arena);
    rt_free(parameters);
}

static rt_shape device_shape(const rt_parameter *p)
{
    const uint32_t *d = p->dims;
    switch (p->layout) {
    case RT_LAYOUT_VECTOR:
    case RT_LAYOUT_VECTOR_TO_IMAGE:
        return (rt_shape){1, 1, 1, d[0]};
    case RT_LAYOUT_CONVOLUTION:
        return (rt_shape){d[2], d[3], 4 * rt_vec4s(d[1]), d[0]};
    case RT_LAYOUT_LINEAR:
    case RT_LAYOUT_LINEAR_TO_IMAGE:
    case RT_LAYOUT_LINEAR_FROM_IMAGE:
        return (rt_shape){1, 1, 4 * rt_vec4s(d[1]), d[0]};
    case RT_LAYOUT_DENSE:
        break;
    }
    return (rt_shape){d[0], d[1], d[2], d[3]};
}

rt_status rt_parameters_add(rt_parameters *parameters, const rt_parameter *parameter, uint32_t *row)
{
    if (rt_parameters_find(parameters, parameter->name) >= 0)
        return rt_fail(RT_ERROR_INTERNAL, "parameter '%s' is added twice", parameter->name);
    if (parameters->device != NULL)
        return rt_fail(RT_ERROR_INTERNAL, "parameter '%s' is added too late", parameter->name);
    if (parameters->count == parameters->capacity) {
        const uint32_t capacity = parameters->capacity > 0 ? 2 * parameters->capacity : 32;
        rt_parameter *rows = rt_realloc(parameters->rows, capacity, sizeof *rows);
        if (rows == NULL) return RT_ERROR_MEMORY;
        parameters->rows = rows;
        parameters->capacity = capacity;
    }
    rt_parameter *added = &parameters->rows[parameters->count];
    *added = *parameter;
    for (uint32_t i = added->rank; i < 4; i++) added->dims[i] = 1;
    added->name = rt_arena_strdup(&parameters->arena, parameter->name);
    if (added->name == NULL) return RT_ERROR_MEMORY;
    added->shape = device_shape(added);
    uint64_t *part = added->statistic ? &parameters->statistics_bytes : &parameters->trained_bytes;
    added->offset = *part;
    *part += aligned(rt_shape_bytes(added->shape));
    if (row != NULL) *row = parameters->count;
    parameters->count++;
    return RT_OK;
}

int64_t rt_parameters_find(const rt_parameters *parameters, const char *name)
{
    for (uint32_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->rows[i].name, name) == 0) return i;
    return -1;
}

uint32_t rt_parameters_count(const rt_parameters *parameters) { return parameters->count; }

const rt_parameter *rt_parameters_row(const rt_parameters *parameters, uint32_t row)
{
    return &parameters->rows[row];
}

uint64_t rt_parameter_numbers(const rt_parameter *parameter)
{
    const uint32_t *d = parameter->dims;
    return (uint64_t)d[0] * d[1] * d[2] * d[3];
}

uint64_t rt_parameters_trained_numbers(const rt_parameters *parameters)
{
    uint64_t numbers = 0;
    for (uint32_t i = 0; i < parameters->count; i++)
        if (!parameters->rows[i].statistic) numbers += rt_parameter_numbers(&parameters->rows[i]);
    return numbers;
}

bool rt_parameter_is_transposable(const rt_parameter *parameter)
{
    switch (parameter->layout) {
    case RT_LAYOUT_CONVOLUTION:
    case RT_LAYOUT_LINEAR:
    case RT_LAYOUT_LINEAR_TO_IMAGE:
    case RT_LAYOUT_LINEAR_FROM_IMAGE:
        return true;
    case RT_LAYOUT_VECTOR:
    case RT_LAYOUT_VECTOR_TO_IMAGE:
    case RT_LAYOUT_DENSE:
        break;
    }
    return false;
}

/* VALUES and the others begin behind the bytes that stay zero in every buffer. */
static rt_status make_piece(rt_parameters *parameters, rt_parameters_piece piece)
{
    if (parameters->pieces[piece] != NULL) return RT_OK;
    if (parameters->device == NULL)
        return rt_fail(RT_ERROR_INTERNAL, "a parameter set without memory is used to run");
    uint64_t bytes = RT_GPU_ZERO_BYTES + parameters->trained_bytes;
    if (piece == RT_PIECE_VALUES) bytes += parameters->statistics_bytes;
    if (piece == RT_PIECE_TRANSPOSED) parameters->transposed_stale = true;
    return rt_gpu_buffer_create(&parameters->pieces[piece], parameters->device, bytes, RT_GPU_WORK);
}

rt_status rt_parameters_allocate(rt_parameters *parameters, rt_device *device)
{
    parameters->device = device;
    return make_piece(parameters, RT_PIECE_VALUES);
}

bool rt_parameters_allocated(const rt_parameters *parameters)
{
    return parameters->pieces[RT_PIECE_VALUES] != NULL;
}

rt_status rt_parameters_trained(rt_parameters *parameters, rt_parameters_piece piece,
                                rt_gpu_range *range)
{
    RT_TRY(make_piece(parameters, piece));
    *range =
        (rt_gpu_range){parameters->pieces[piece], RT_GPU_ZERO_BYTES, parameters->trained_bytes};
    return RT_OK;
}

bool rt_parameters_has(const rt_parameters *parameters, rt_parameters_piece piece)
{
    return parameters->pieces[piece] != NULL;
}

rt_status rt_parameters_range(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                              rt_gpu_range *range)
{
    const rt_parameter *parameter = &parameters->rows[row];
    RT_TRY(make_piece(parameters, piece));
    if (parameter->statistic && piece != RT_PIECE_VALUES)
        return rt_fail(RT_ERROR_INTERNAL, "statistic '%s' is not trained", parameter->name);
    const uint64_t part = parameter->statistic ? parameters->trained_bytes : 0;
    *range = (rt_gpu_range){parameters->pieces[piece], RT_GPU_ZERO_BYTES + part + parameter->offset,
                            rt_shape_bytes(parameter->shape)};
    return RT_OK;
}

/* Number `i` of an image that is counted channel by channel, counted pixel by pixel. */
static uint64_t pixel_major(const rt_parameter *p, uint64_t i)
{
    const uint64_t pixels = (uint64_t)p->image_h * p->image_w;
    return i % pixels * p->image_c + i / pixels;
}

/* Where number `i` of the file's tensor lies on the device, in floats. */
static uint64_t device_position(const rt_parameter *p, uint64_t i)
{
    const uint32_t *d = p->dims;
    const uint64_t inner = (uint64_t)d[1] * d[2] * d[3];
    const uint64_t out = i / inner;
    const uint64_t rest = i % inner;
    const uint64_t row = 4 * rt_vec4s(p->shape.c);
    switch (p->layout) {
    case RT_LAYOUT_VECTOR:
        return i;
    case RT_LAYOUT_CONVOLUTION: {
        const uint64_t taps = (uint64_t)d[2] * d[3];
        const uint64_t in = rest / taps, tap = rest % taps;
        return (tap * p->shape.w + in) * row + out;
    }
    case RT_LAYOUT_LINEAR:
        return rest * row + out;
    case RT_LAYOUT_LINEAR_TO_IMAGE:
    case RT_LAYOUT_VECTOR_TO_IMAGE:
        return rest * row + pixel_major(p, out);
    case RT_LAYOUT_LINEAR_FROM_IMAGE:
        return pixel_major(p, rest) * row + out;
    case RT_LAYOUT_DENSE:
        break;
    }
    const uint64_t pixel = i / d[3];
    return pixel * row + i % d[3];
}

static rt_status transfer(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                          float *read, const float *write)
{
    rt_status status = RT_OK;
    const rt_parameter *parameter = &parameters->rows[row];
    const uint64_t numbers = rt_parameter_numbers(parameter);
    float *padded = NULL;
    rt_gpu_range range;
    RT_TRY(rt_parameters_range(parameters, piece, row, &range));
    RT_TRY_DONE(RT_ALLOC(padded, range.size / sizeof *padded));
    if (write != NULL) {
        for (uint64_t i = 0; i < numbers; i++) padded[device_position(parameter, i)] = write[i];
        RT_TRY_DONE(rt_gpu_upload(parameters->device, range, padded));
        if (piece == RT_PIECE_VALUES) parameters->transposed_stale = true;
    } else {
        RT_TRY_DONE(rt_gpu_download(parameters->device, padded, range));
        for (uint64_t i = 0; i < numbers; i++) read[i] = padded[device_position(parameter, i)];
    }
done:
    rt_free(padded);
    return status;
}

rt_status rt_parameters_read(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                             float *values)
{
    return transfer(parameters, piece, row, values, NULL);
}

rt_status rt_parameters_write(rt_parameters *parameters, rt_parameters_piece piece, uint32_t row,
                              const float *values)
{
    return transfer(parameters, piece, row, NULL, values);
}

/* A row's draws begin at element row * 2^40: rows never share one. */
static void draw(const rt_parameter *parameter, uint32_t row, uint64_t seed, uint32_t stream,
                 uint32_t step, float *values)
{
    const rt_initial *initial = &parameter->initial;
    const uint64_t numbers = rt_parameter_numbers(parameter), first = (uint64_t)row << 40;
    if (initial->kind == RT_INITIAL_NORMAL)
        rt_random_normal(seed, stream, step, first, numbers, values);
    for (uint64_t i = 0; i < numbers; i++) {
        uint32_t draws[4];
        switch (initial->kind) {
        case RT_INITIAL_CONSTANT:
            values[i] = initial->a;
            break;
        case RT_INITIAL_NORMAL:
            values[i] = initial->a + initial->b * values[i];
            break;
        case RT_INITIAL_UNIFORM:
            rt_philox(seed, stream, step, first + i, draws);
            values[i] = initial->a + (initial->b - initial->a) * rt_random_uniform(draws[0]);
            break;
        }
    }
}

rt_status rt_parameters_initialise(rt_parameters *parameters, uint64_t seed, uint32_t stream,
                                   uint32_t step, bool keep_statistics)
{
    for (uint32_t row = 0; row < parameters->count; row++) {
        const rt_parameter *parameter = &parameters->rows[row];
        if (parameter->statistic && keep_statistics) continue;
        float *values;
        RT_TRY(RT_ALLOC(values, rt_parameter_numbers(parameter)));
        draw(parameter, row, seed, stream, step, values);
        const rt_status status = rt_parameters_write(parameters, RT_PIECE_VALUES, row, values);
        rt_free(values);
        if (status != RT_OK) return status;
    }
    return RT_OK;
}

rt_status rt_parameters_reset_moments(rt_parameters *parameters)
{
    rt_status status = RT_OK;
    void *zeros = rt_alloc(parameters->trained_bytes, 1);
    if (zeros == NULL) return RT_ERROR_MEMORY;
    for (int piece = RT_PIECE_MOMENT_1; piece <= RT_PIECE_MOMENT_2; piece++) {
        if (parameters->pieces[piece] == NULL) continue;
        rt_gpu_range range;
        RT_TRY_DONE(rt_parameters_trained(parameters, (rt_parameters_piece)piece, &range));
        RT_TRY_DONE(rt_gpu_upload(parameters->device, range, zeros));
    }
done:
    rt_free(zeros);
    return status;
}

bool rt_parameters_transposed_in_use(const rt_parameters *parameters)
{
    return parameters->pieces[RT_PIECE_TRANSPOSED] != NULL;
}

void rt_parameters_mark_stale(rt_parameters *parameters) { parameters->transposed_stale = true; }

rt_status rt_parameters_record_transpose(rt_parameters *parameters, rt_program *program)
{
    if (!rt_parameters_transposed_in_use(parameters)) return RT_OK;
    for (uint32_t row = 0; row < parameters->count; row++) {
        const rt_parameter *parameter = &parameters->rows[row];
        if (!rt_parameter_is_transposable(parameter)) continue;
        rt_gpu_range values, transposed;
        RT_TRY(rt_parameters_range(parameters, RT_PIECE_VALUES, row, &values));
        RT_TRY(rt_parameters_range(parameters, RT_PIECE_TRANSPOSED, row, &transposed));
        const rt_shape shape = parameter->shape;
        const uint32_t taps = shape.n * shape.h, in4 = shape.w / 4, out4 = rt_vec4s(shape.c);
        const rt_dispatch dispatch = {
            .shader = "conv2d_transpose_weights",
            .push = {RT_CONSTANT("taps", taps), RT_CONSTANT("CI4", in4), RT_CONSTANT("CO4", out4)},
            .bindings = {values, transposed},
            .groups = {rt_groups((uint64_t)taps * in4 * 4 * out4, 64), 1, 1},
            .label = "transpose weights",
        };
        RT_TRY(rt_program_dispatch(program, &dispatch));
    }
    return RT_OK;
}

rt_status rt_parameters_refresh(rt_parameters *parameters)
{
    rt_status status = RT_OK;
    rt_program *program = NULL;
    if (!rt_parameters_transposed_in_use(parameters) || !parameters->transposed_stale) return RT_OK;
    RT_TRY_DONE(rt_program_begin(&program, parameters->device, "transpose weights", NULL));
    RT_TRY_DONE(rt_parameters_record_transpose(parameters, program));
    RT_TRY_DONE(rt_program_end(program));
    RT_TRY_DONE(rt_program_submit(program));
    RT_TRY_DONE(rt_program_wait(program));
    parameters->transposed_stale = false;
done:
    rt_program_free(program);
    return status;
}
