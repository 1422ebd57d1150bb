#include "student/student_start.h"

#include <assert.h>
#include <string.h>

const char *const rt_student_start_names[] = {"drawn", "teacher", NULL};

static_assert(RT_STUDENT_DRAWN == 0 && RT_STUDENT_TEACHER == 1, "order of the names");

static bool same_form(const rt_parameter *left, const rt_parameter *right)
{
    return left->layout == right->layout && left->rank == right->rank &&
           memcmp(left->dims, right->dims, sizeof left->dims) == 0;
}

static rt_status copy_tensor(rt_parameters *to, uint32_t to_row, rt_parameters *from,
                             uint32_t from_row)
{
    const uint64_t numbers = rt_parameter_numbers(rt_parameters_row(to, to_row));
    float *values;
    RT_TRY(RT_ALLOC(values, numbers));
    rt_status status = rt_parameters_read(from, RT_PIECE_VALUES, from_row, values);
    if (status == RT_OK) status = rt_parameters_write(to, RT_PIECE_VALUES, to_row, values);
    rt_free(values);
    return status;
}

rt_status rt_student_take_from_teacher(rt_network *student, rt_network *teacher, uint32_t *copied)
{
    rt_parameters *to = rt_network_parameters(student), *from = rt_network_parameters(teacher);
    *copied = 0;
    for (uint32_t row = 0; row < rt_parameters_count(to); row++) {
        const rt_parameter *wanted = rt_parameters_row(to, row);
        const int64_t found = rt_parameters_find(from, wanted->name);
        if (found < 0 || !same_form(wanted, rt_parameters_row(from, (uint32_t)found))) continue;
        RT_TRY(copy_tensor(to, row, from, (uint32_t)found));
        ++*copied;
    }
    if (*copied > 0) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "the teacher '%s' has no layer of the name and shape of one of the student's "
                   "('%s'); use start: drawn",
                   rt_network_describe(teacher)->arch, rt_network_describe(student)->arch);
}
