/* A comparison as a table for people and as JSON for programs. */
#include "common/base/escape.h"
#include "common/cli/compare.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double images(const rt_compared_run *run) { return run->images; }
static double steps(const rt_compared_run *run) { return run->steps; }
static double generate_seconds(const rt_compared_run *run) { return run->generate_seconds; }
static double distill_seconds(const rt_compared_run *run) { return run->distill_seconds; }
static double last(const rt_compared_run *run)
{
    return rt_evaluation_history_digest(&run->history).last;
}
static double mean_of_last(const rt_compared_run *run)
{
    return rt_evaluation_history_digest(&run->history).mean_of_last;
}
static double best(const rt_compared_run *run)
{
    return rt_evaluation_history_digest(&run->history).best;
}
static double agreement(const rt_compared_run *run) { return run->agreement; }
static double teacher(const rt_compared_run *run) { return run->teacher_accuracy; }

const rt_compared_column rt_compared_columns[] = {
    {"images", "images", images, false, false},
    {"student_steps", "steps", steps, false, false},
    {"generate_seconds", "generate s", generate_seconds, false, false},
    {"distill_seconds", "distill s", distill_seconds, false, false},
    {"accuracy", "last %", last, true, true},
    {"accuracy_mean_of_last_10", "mean of 10 %", mean_of_last, true, true},
    {"accuracy_best", "best* %", best, true, false},
    {"agreement", "agreement %", agreement, true, false},
    {"teacher_accuracy", "teacher %", teacher, true, false},
};
const size_t rt_compared_column_count = RT_COUNT(rt_compared_columns);

enum { COLUMNS = RT_COUNT(rt_compared_columns), CELL = 64, NAME_CELL = 160 };

/* Characters of UTF-8. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) width += (*text & 0xC0) != 0x80;
    return width;
}

static void write_cell(char cell[CELL], const rt_compared_column *column,
                       const rt_compared_group *group)
{
    const rt_compared_number n = rt_compared_group_number(group, column->measure);
    if (n.count == 0)
        snprintf(cell, CELL, "-");
    else if (column->share && column->ranged && n.count > 1)
        snprintf(cell, CELL, "%.2f (%.2f to %.2f)", 100 * n.mean, 100 * n.low, 100 * n.high);
    else if (column->share)
        snprintf(cell, CELL, "%.2f", 100 * n.mean);
    else
        snprintf(cell, CELL, "%.0f", n.mean);
}

static void write_name(char name[NAME_CELL], const rt_compared_group *group)
{
    const size_t complete = group->complete_count;
    rt_text_escape(name, NAME_CELL - 40, group->name);
    const size_t length = strlen(name);
    if (group->run_count > 1 && complete > 0 && complete < group->run_count)
        snprintf(name + length, NAME_CELL - length, " (%zu of %zu seeds)", complete,
                 group->run_count);
    else if (group->run_count > 1)
        snprintf(name + length, NAME_CELL - length, " (%zu seeds%s)", group->run_count,
                 complete == 0 ? ", unfinished" : "");
    else if (complete == 0)
        snprintf(name + length, NAME_CELL - length, " (unfinished)");
}

typedef struct row {
    char name[NAME_CELL], cells[COLUMNS][CELL], differs[1024];
} row;

static void print_row(const row *r, const int *widths)
{
    printf("%s%*s", r->name, widths[0] - width_of(r->name), "");
    for (size_t k = 0; k < COLUMNS; k++)
        printf("  %*s%s", widths[k + 1] - width_of(r->cells[k]), "", r->cells[k]);
    printf("%s%s\n", r->differs[0] != '\0' ? "  " : "", r->differs);
}

rt_status rt_compare_print(const rt_comparison *c)
{
    int widths[COLUMNS + 1] = {0};
    bool evaluated = false;
    row *rows = rt_arena_alloc(c->arena, c->group_count + 1, sizeof *rows);
    if (rows == NULL) return RT_ERROR_MEMORY;
    snprintf(rows[0].name, NAME_CELL, "run");
    snprintf(rows[0].differs, sizeof rows[0].differs, "%s",
             c->differing_count > 0 ? "what differs" : "");
    for (size_t k = 0; k < COLUMNS; k++)
        snprintf(rows[0].cells[k], CELL, "%s", rt_compared_columns[k].heading);
    for (size_t i = 0; i < c->group_count; i++) {
        row *r = &rows[i + 1];
        write_name(r->name, &c->groups[i]);
        rt_text_escape(r->differs, sizeof r->differs, c->groups[i].differs);
        for (size_t k = 0; k < COLUMNS; k++)
            write_cell(r->cells[k], &rt_compared_columns[k], &c->groups[i]);
        evaluated |= rt_compared_group_number(&c->groups[i], best).count > 0;
    }
    for (size_t i = 0; i <= c->group_count; i++) {
        for (size_t k = 0; k <= COLUMNS; k++) {
            const int width = width_of(k == 0 ? rows[i].name : rows[i].cells[k - 1]);
            if (width > widths[k]) widths[k] = width;
        }
    }
    for (size_t i = 0; i <= c->group_count; i++) print_row(&rows[i], widths);
    if (evaluated)
        printf("\nmean of 10: of the last ten evaluations, or of as many as there are\n"
               "* best of all evaluations: nobody can choose it without data\n");
    else
        printf("\nno accuracies: these runs had no evaluation_store\n");
    return RT_OK;
}

static cJSON *number(double value)
{
    return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

/* Adds and says whether it could: cJSON takes a NULL item for a failure. */
static bool add(cJSON *object, const char *key, cJSON *item)
{
    if (item != NULL && cJSON_AddItemToObject(object, key, item)) return true;
    cJSON_Delete(item);
    return false;
}

static bool add_curve(cJSON *object, const rt_evaluation_history *history)
{
    static const char *const keys[] = {"student_steps", "images", "seconds", "accuracy"};
    cJSON *curve = cJSON_CreateObject();
    bool ok = add(object, "curve", curve);
    for (size_t k = 0; ok && k < RT_COUNT(keys); k++) {
        cJSON *array = cJSON_CreateArray();
        ok = add(curve, keys[k], array);
        for (size_t i = 0; ok && i < history->count; i++) {
            const rt_evaluation_point *p = &history->points[i];
            const double values[] = {(double)p->steps, p->images, p->seconds, p->accuracy};
            cJSON *item = number(values[k]);
            ok = item != NULL && cJSON_AddItemToArray(array, item);
        }
    }
    return ok;
}

static bool add_differs(cJSON *object, const rt_comparison *c, const rt_compared_run *run)
{
    cJSON *keys = cJSON_CreateObject();
    bool ok = add(object, "differs", keys);
    for (size_t i = 0; ok && i < c->differing_count; i++) {
        const char *value = rt_compared_shown(run, c->differing[i]);
        if (value != NULL) ok = add(keys, c->differing[i], cJSON_CreateString(value));
    }
    return ok;
}

static bool add_run(cJSON *array, const rt_comparison *c, const rt_compared_run *run)
{
    cJSON *object = cJSON_CreateObject();
    const char *method = rt_compared_value(run, "generate.method");
    if (method == NULL) method = rt_compared_value(run, "method");
    bool ok = object != NULL && cJSON_AddItemToArray(array, object);
    ok = ok && add(object, "run", cJSON_CreateString(run->path)) &&
         add(object, "name", cJSON_CreateString(run->name)) &&
         add(object, "command", cJSON_CreateString(run->command)) &&
         add(object, "method", method != NULL ? cJSON_CreateString(method) : cJSON_CreateNull()) &&
         add(object, "complete", cJSON_CreateBool(run->complete));
    for (size_t k = 0; ok && k < COLUMNS; k++)
        ok = add(object, rt_compared_columns[k].key, number(rt_compared_columns[k].measure(run)));
    return ok && add(object, "evaluations", number((double)run->history.count)) &&
           add_differs(object, c, run) && add_curve(object, &run->history);
}

static bool add_group(cJSON *array, const rt_comparison *c, const rt_compared_group *group)
{
    cJSON *object = cJSON_CreateObject(), *members = cJSON_CreateArray();
    bool ok = object != NULL && cJSON_AddItemToArray(array, object);
    ok = ok && add(object, "name", cJSON_CreateString(group->name)) &&
         add(object, "complete", cJSON_CreateBool(group->complete_count == group->run_count)) &&
         add_differs(object, c, group->runs[0]) && add(object, "runs", members);
    for (size_t i = 0; ok && i < group->run_count; i++) {
        cJSON *path = cJSON_CreateString(group->runs[i]->path);
        ok = path != NULL && cJSON_AddItemToArray(members, path);
    }
    for (size_t k = 0; ok && k < COLUMNS; k++) {
        const rt_compared_number n =
            rt_compared_group_number(group, rt_compared_columns[k].measure);
        cJSON *item = cJSON_CreateObject();
        ok = add(object, rt_compared_columns[k].key, item) && add(item, "mean", number(n.mean)) &&
             add(item, "low", number(n.low)) && add(item, "high", number(n.high));
    }
    return ok;
}

rt_status rt_compare_result(const rt_comparison *c, rt_command *command)
{
    cJSON *runs = cJSON_CreateArray();
    RT_TRY(rt_command_result_item(command, "runs", runs));
    bool ok = true;
    for (size_t i = 0; ok && i < c->run_count; i++) ok = add_run(runs, c, &c->runs[i]);
    if (ok && c->grouped) {
        cJSON *groups = cJSON_CreateArray();
        RT_TRY(rt_command_result_item(command, "groups", groups));
        for (size_t i = 0; ok && i < c->group_count; i++) ok = add_group(groups, c, &c->groups[i]);
    }
    return ok ? RT_OK : rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
}
