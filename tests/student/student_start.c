/* A student that begins with its teacher's layers. */
#include "student/student_start.h"

#include "tests/ops/operator_test.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { TEACHER_SEED = 4, STUDENT_SEED = 9 };

static rt_network *network(const char *arch, uint32_t base_width, uint64_t seed)
{
    rt_network_description description = rt_test_teacher;
    description.arch = arch;
    description.base_width = base_width;
    return rt_test_network(&description, seed, 1);
}

/* Numbers of one tensor; release with free. */
static float *values_of(rt_network *network, const char *name, size_t *bytes)
{
    rt_parameters *parameters = rt_network_parameters(network);
    const int64_t row = rt_parameters_find(parameters, name);
    cr_assert(row >= 0, "no '%s'", name);
    *bytes = rt_parameter_numbers(rt_parameters_row(parameters, (uint32_t)row)) * sizeof(float);
    float *values = malloc(*bytes);
    rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, (uint32_t)row, values));
    return values;
}

static bool same_values(rt_network *left, rt_network *right, const char *name)
{
    size_t left_bytes, right_bytes;
    float *a = values_of(left, name, &left_bytes), *b = values_of(right, name, &right_bytes);
    const bool same = left_bytes == right_bytes && memcmp(a, b, left_bytes) == 0;
    free(a);
    free(b);
    return same;
}

Test(student_start, a_shorter_network_takes_all_of_its_layers)
{
    rt_network *teacher = network("resnet14", 4, TEACHER_SEED);
    rt_network *student = network("resnet8", 4, STUDENT_SEED);
    rt_parameters *parameters = rt_network_parameters(student);
    uint32_t copied;
    cr_assert_not(same_values(student, teacher, "layer2.0.conv1.weight"));
    rt_test_ok(rt_student_take_from_teacher(student, teacher, &copied));
    cr_assert_eq(copied, rt_parameters_count(parameters));
    for (uint32_t row = 0; row < copied; row++) {
        const char *name = rt_parameters_row(parameters, row)->name;
        cr_expect(same_values(student, teacher, name), "%s", name);
    }
    rt_network_free(student);
    rt_network_free(teacher);
}

/* A student behind rt_student_take_from_teacher, its teacher, and what it was drawn as. */
typedef struct taken {
    rt_network *teacher, *student, *drawn;
    uint32_t copied;
} taken;

static taken take(rt_network *teacher, const char *arch)
{
    taken t = {.teacher = teacher,
               .student = network(arch, 4, STUDENT_SEED),
               .drawn = network(arch, 4, STUDENT_SEED)};
    rt_test_ok(rt_student_take_from_teacher(t.student, t.teacher, &t.copied));
    return t;
}

static void clear(taken *t)
{
    rt_network_free(t->drawn);
    rt_network_free(t->student);
    rt_network_free(t->teacher);
}

Test(student_start, what_the_teacher_lacks_stays_as_drawn)
{
    taken t = take(network("resnet8", 4, TEACHER_SEED), "resnet14");
    cr_assert_eq(t.copied, rt_parameters_count(rt_network_parameters(t.teacher)));
    cr_assert(same_values(t.student, t.teacher, "layer1.0.conv1.weight"));
    cr_assert(same_values(t.student, t.drawn, "layer1.1.conv1.weight"));
    clear(&t);
}

Test(student_start, other_shapes_are_left_alone)
{
    taken t = take(network("resnet8", 8, TEACHER_SEED), "resnet8");
    cr_assert_eq(t.copied, 1); /* the bias of the last layer: a number a class */
    cr_assert(same_values(t.student, t.drawn, "conv1.weight"));
    clear(&t);
}

Test(student_start, a_student_with_nothing_in_common_is_an_error)
{
    rt_network *teacher = network("resnet8", 4, TEACHER_SEED);
    rt_network_description other = rt_test_teacher;
    other.classes = RT_TEST_CLASSES + 1;
    other.base_width = 8;
    rt_network *student = rt_test_network(&other, STUDENT_SEED, 1);
    uint32_t copied;
    cr_assert_eq(rt_student_take_from_teacher(student, teacher, &copied), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "no layer of the name and shape"), "%s",
                       rt_error_message());
    rt_network_free(student);
    rt_network_free(teacher);
}
