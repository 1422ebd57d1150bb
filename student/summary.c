#include "student/summary.h"

#include "student/evaluation_history.h"

#include <math.h>
#include <stdio.h>

typedef struct accuracies {
    double student, teacher, agreement; ///< NaN: not measured
    rt_evaluation_digest digest;        ///< of all evaluations
} accuracies;

/* The evaluations on the way and this last one, which may be the last of them already. */
static rt_status look_back(const rt_student_summary *summary, accuracies *a)
{
    rt_status status = RT_OK;
    rt_evaluation_history history = {0};
    const rt_evaluation_point end = {.steps = summary->steps, .accuracy = a->student};
    RT_TRY_DONE(rt_evaluation_history_read(&history, summary->run->metrics));
    if (history.count == 0 || history.points[history.count - 1].steps != summary->steps)
        RT_TRY_DONE(rt_evaluation_history_add(&history, &end));
    a->digest = rt_evaluation_history_digest(&history);
done:
    rt_evaluation_history_clear(&history);
    return status;
}

static rt_status measure(const rt_student_summary *summary, accuracies *a)
{
    rt_status status = RT_OK;
    rt_evaluator *own = NULL, *of_teacher = NULL;
    rt_evaluation student = {0}, teacher = {0};
    rt_evaluation_history none = {0};
    *a = (accuracies){NAN, NAN, NAN, rt_evaluation_history_digest(&none)};
    if (summary->evaluation_store == NULL) return RT_OK;
    if (summary->evaluator == NULL)
        RT_TRY_DONE(rt_evaluator_open(&own, summary->network, summary->device,
                                      summary->evaluation_store, RT_EVALUATION_BATCH));
    RT_TRY_DONE(rt_evaluator_run(own != NULL ? own : summary->evaluator, &student));
    a->student = student.accuracy;
    RT_TRY_DONE(look_back(summary, a));
    if (summary->teacher != NULL) {
        RT_TRY_DONE(rt_evaluator_open(&of_teacher, summary->teacher, summary->device,
                                      summary->evaluation_store, RT_EVALUATION_BATCH));
        RT_TRY_DONE(rt_evaluator_run(of_teacher, &teacher));
        a->teacher = teacher.accuracy;
        a->agreement = rt_evaluation_agreement(&student, &teacher);
    }
done:
    rt_evaluation_clear(&student);
    rt_evaluation_clear(&teacher);
    rt_evaluator_free(own);
    rt_evaluator_free(of_teacher);
    return status;
}

static rt_status fill_result(rt_command *command, const rt_student_summary *summary,
                             const accuracies *a)
{
    RT_TRY(rt_command_result_number(command, "accuracy", a->student));
    RT_TRY(rt_command_result_number(command, "accuracy_mean_of_last_10", a->digest.mean_of_last));
    RT_TRY(rt_command_result_number(command, "accuracy_best", a->digest.best));
    RT_TRY(rt_command_result_number(command, "evaluations", (double)a->digest.count));
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
        if (a.digest.count > 1) {
            print_line("mean of last ten", a.digest.mean_of_last);
            print_line("best", a.digest.best);
        }
        print_line("teacher accuracy", a.teacher);
        print_line("agreement", a.agreement);
        printf("%-18s %s\n", "model", summary->run->model);
    }
done:
    rt_buffer_clear(&text);
    return status;
}
