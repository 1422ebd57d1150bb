#include "student/summary.h"

#include <math.h>
#include <stdio.h>

enum { EVALUATION_BATCH = 256 };

typedef struct accuracies {
    double student, teacher, agreement; ///< NaN: not measured
} accuracies;

static rt_status measure(const rt_student_summary *summary, accuracies *a)
{
    rt_status status = RT_OK;
    rt_store_reader *store = NULL;
    rt_evaluation student = {0}, teacher = {0};
    *a = (accuracies){NAN, NAN, NAN};
    if (summary->evaluation_store == NULL) return RT_OK;
    RT_TRY_DONE(rt_store_open(&store, summary->evaluation_store));
    RT_TRY_DONE(rt_evaluate(&student, summary->network, summary->device, store, EVALUATION_BATCH));
    a->student = student.accuracy;
    if (summary->teacher != NULL) {
        RT_TRY_DONE(
            rt_evaluate(&teacher, summary->teacher, summary->device, store, EVALUATION_BATCH));
        a->teacher = teacher.accuracy;
        a->agreement = rt_evaluation_agreement(&student, &teacher);
    }
done:
    rt_evaluation_clear(&student);
    rt_evaluation_clear(&teacher);
    rt_store_reader_close(store);
    return status;
}

static rt_status fill_result(rt_command *command, const rt_student_summary *summary,
                             const accuracies *a)
{
    RT_TRY(rt_command_result_number(command, "accuracy", a->student));
    RT_TRY(rt_command_result_number(command, "teacher_accuracy", a->teacher));
    RT_TRY(rt_command_result_number(command, "agreement", a->agreement));
    RT_TRY(rt_command_result_number(command, "samples", (double)summary->samples));
    RT_TRY(rt_command_result_number(command, "seconds", summary->seconds));
    RT_TRY(rt_command_result_number(command, "data_wait_share", summary->wait_share));
    RT_TRY(rt_command_result_text(command, "model", summary->run->model));
    if (summary->store != NULL) RT_TRY(rt_command_result_text(command, "store", summary->store));
    return rt_command_result_text(command, "device", rt_device_describe(summary->device)->name);
}

static void print_line(const char *name, double share)
{
    if (isfinite(share)) printf("%-18s %.2f %%\n", name, 100 * share);
}

rt_status rt_student_summary_write(rt_command *command, const rt_student_summary *summary)
{
    rt_status status = RT_OK;
    rt_buffer text = {0};
    accuracies a;
    RT_TRY(measure(summary, &a));
    RT_TRY(fill_result(command, summary, &a));
    RT_TRY_DONE(rt_command_result_print(command, &text));
    RT_TRY_DONE(rt_file_replace(summary->run->summary, text.data, text.size));
    if (!command->json) {
        print_line("accuracy", a.student);
        print_line("teacher accuracy", a.teacher);
        print_line("agreement", a.agreement);
        printf("%-18s %s\n", "model", summary->run->model);
    }
done:
    rt_buffer_clear(&text);
    return status;
}
