#include "tests/golden/formula.h"

#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash_name(const char *name)
{
    uint32_t h = 0x811c9dc5;
    for (; *name != '\0'; name++) h = (h ^ (uint8_t)*name) * 0x01000193;
    return h;
}

double rt_golden_value(const char *name, uint64_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u + hash_name(name);
    for (int round = 0; round < 2; round++) {
        x ^= x >> 16;
        x *= 0x45d9f3b;
    }
    x ^= x >> 16;
    return (double)(x >> 8) * 0x1p-23 - 1;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

float rt_golden_weight(const char *name, const uint32_t dims[4], uint32_t rank, uint64_t i)
{
    const double u = rt_golden_value(name, i);
    if (ends_with(name, "running_var")) return (float)(1 + 0.5 * u);
    if (ends_with(name, "running_mean") || ends_with(name, "bias")) return (float)(0.2 * u);
    if (rank == 1) return (float)(1 + 0.25 * u);
    uint64_t fan_in = 1;
    for (uint32_t d = 1; d < rank; d++) fan_in *= dims[d];
    return (float)(u * sqrt(6 / (double)fan_in));
}

float rt_golden_pixel(const char *name, uint64_t i)
{
    return (float)((rt_golden_value(name, i) + 1) / 2);
}

void rt_golden_fill(rt_parameters *parameters, const char *prefix)
{
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        char name[192];
        float *values;
        snprintf(name, sizeof name, "%s.%s", prefix, p->name);
        rt_test_ok(RT_ALLOC(values, rt_parameter_numbers(p)));
        for (uint64_t i = 0; i < rt_parameter_numbers(p); i++)
            values[i] = rt_golden_weight(name, p->dims, p->rank, i);
        rt_test_ok(rt_parameters_write(parameters, RT_PIECE_VALUES, row, values));
        rt_free(values);
    }
}

void rt_golden_open(rt_safetensors *file, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/%s", RT_SOURCE_FOLDER, name);
    rt_test_ok(rt_safetensors_open(file, path));
}

const rt_safetensors_entry *rt_golden_find(const rt_safetensors *file, const char *format, ...)
{
    char name[192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    const rt_safetensors_entry *entry = rt_safetensors_find(file, name);
    cr_assert_not_null(entry, "the golden file has no '%s'", name);
    return entry;
}

double rt_golden_number(const rt_safetensors_entry *entry, uint64_t i)
{
    float number;
    memcpy(&number, (const char *)entry->data + 4 * i, sizeof number);
    return (double)number;
}

double rt_golden_compare_numbers(const char *name, const float *expected, const float *values,
                                 size_t count, double tolerance)
{
    double squares = 0, largest = 0;
    for (size_t i = 0; i < count; i++) squares += (double)expected[i] * (double)expected[i];
    const double size = sqrt(squares / (double)count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_float_eq(values[i], expected[i], tolerance * size,
                           "'%s' number %zu is %.9g, expected %.9g (root mean square %.3g)", name,
                           i, (double)values[i], (double)expected[i], size);
        largest = fmax(largest, fabs((double)values[i] - (double)expected[i]));
    }
    cr_log_info("%s: numbers differ by at most %.1e of their size", name, largest / size);
    return size;
}

void rt_golden_compare(const rt_safetensors_entry *entry, const float *values, double tolerance)
{
    float *expected = malloc(entry->count * sizeof *expected);
    cr_assert_not_null(expected);
    memcpy(expected, entry->data, entry->count * sizeof *expected);
    rt_golden_compare_numbers(entry->name, expected, values, entry->count, tolerance);
    free(expected);
}
