#ifndef RT_TESTS_GOLDEN_FORMULA_H
#define RT_TESTS_GOLDEN_FORMULA_H

/** The numbers of tests/golden/formula.py, and the files that its scripts write. */

#include "common/formats/safetensors.h"
#include "common/graph/parameters.h"

/** Number `i` of the sequence `name`, in [-1,1). */
double rt_golden_value(const char *name, uint64_t i);
/** A number of a parameter of this state_dict name and file dims (formula.py, weight). */
float rt_golden_weight(const char *name, const uint32_t dims[4], uint32_t rank, uint64_t i);
/** Number `i` of images in [0,1], NHWC. */
float rt_golden_pixel(const char *name, uint64_t i);
/** Gives an allocated set the weights "prefix.name". */
void rt_golden_fill(rt_parameters *parameters, const char *prefix);

/** Opens tests/golden/NAME. */
void rt_golden_open(rt_safetensors *file, const char *name);
/** A tensor of the file, or the test fails. */
const rt_safetensors_entry *rt_golden_find(const rt_safetensors *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Its number `i`. */
double rt_golden_number(const rt_safetensors_entry *entry, uint64_t i);

/** Fails unless all numbers are within tolerance * the root mean square of what is expected;
 *  --verbose shows how far they are. Returns that root mean square. */
double rt_golden_compare_numbers(const char *name, const float *expected, const float *values,
                                 size_t count, double tolerance);
/** The same of an entry's numbers. */
void rt_golden_compare(const rt_safetensors_entry *entry, const float *values, double tolerance);

#endif
