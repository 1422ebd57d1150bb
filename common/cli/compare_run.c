/* One run of a comparison: its config, its summary and its metrics, complete or not. */
#include "common/base/config_tree.h"
#include "common/base/metrics.h"
#include "common/base/run_clock.h"
#include "common/cli/commands.h"
#include "common/cli/compare.h"
#include "common/cli/run_summary.h"
#include "generator/commands.h"
#include "student/commands.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static const rt_command_description *const makers[] = {&rt_run_command, &rt_distill_command,
                                                       &rt_train_command, &rt_generate_command};

static const rt_config_row *find_row(const rt_config_schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->rows[i].key, key) == 0) return &schema->rows[i];
    return NULL;
}

/* The values of a list with commas between. */
static const char *join_list(const rt_config_node *list, rt_arena *arena)
{
    const char *text = "";
    for (const rt_config_node *item = list->first; item != NULL && text != NULL; item = item->next)
        text = rt_arena_printf(arena, "%s%s%s", text, item == list->first ? "" : ",",
                               item->text != NULL ? item->text : "");
    return text;
}

static size_t count_leaves(const rt_config_node *node)
{
    if (node->kind != RT_CONFIG_MAPPING) return 1;
    size_t count = 0;
    for (const rt_config_node *child = node->first; child != NULL; child = child->next)
        count += count_leaves(child);
    return count;
}

/* Sections become dots. */
static rt_status flatten(rt_compared_run *run, const rt_config_node *section, const char *prefix,
                         rt_arena *arena)
{
    for (const rt_config_node *child = section->first; child != NULL; child = child->next) {
        const char *key = rt_arena_printf(arena, "%s%s", prefix, child->key);
        if (key == NULL) return RT_ERROR_MEMORY;
        if (child->kind == RT_CONFIG_MAPPING) {
            const char *inner = rt_arena_printf(arena, "%s.", key);
            if (inner == NULL) return RT_ERROR_MEMORY;
            RT_TRY(flatten(run, child, inner, arena));
            continue;
        }
        const char *value =
            child->kind == RT_CONFIG_SEQUENCE ? join_list(child, arena) : child->text;
        if (child->kind == RT_CONFIG_SEQUENCE && value == NULL) return RT_ERROR_MEMORY;
        run->keys[run->key_count++] =
            (rt_compared_key){.key = key, .value = value != NULL ? value : ""};
    }
    return RT_OK;
}

/* What the maker's rows say about the keys. */
static rt_status judge_keys(rt_compared_run *run, const rt_config_schema *schema, rt_arena *arena)
{
    for (size_t i = 0; i < run->key_count; i++) {
        double number;
        rt_compared_key *key = &run->keys[i];
        const rt_config_row *row = find_row(schema, key->key);
        /* On what the accuracy was measured changes no student, but the number that stands here. */
        key->ignored = row->no_effect && strcmp(key->key, "evaluation_store") != 0;
        key->shown = key->value;
        if (row->type == RT_FLOAT && rt_parse_number(key->value, &number))
            key->shown = rt_arena_printf(arena, "%.6g", number);
        if (key->shown == NULL) return RT_ERROR_MEMORY;
    }
    return RT_OK;
}

/* The command that knows all the keys. */
static rt_status find_maker(rt_compared_run *run, rt_arena *arena)
{
    for (size_t i = 0; i < RT_COUNT(makers); i++) {
        const rt_config_schema *schema = makers[i]->schema();
        size_t known = 0;
        while (known < run->key_count && find_row(schema, run->keys[known].key) != NULL) known++;
        if (known < run->key_count) continue;
        run->command = makers[i]->name;
        return judge_keys(run, schema, arena);
    }
    return rt_fail(RT_ERROR_INPUT,
                   "'%s/config.yaml' is of no command of this version: give folders that run, "
                   "distill, train or generate made",
                   run->path);
}

static rt_status read_config(rt_compared_run *run, rt_arena *arena)
{
    rt_status status = RT_OK;
    rt_buffer text = {0};
    rt_config_node *root;
    const char *path = rt_path_join(arena, run->path, "config.yaml");
    if (path == NULL) return RT_ERROR_MEMORY;
    if (!rt_file_exists(path))
        return rt_fail(RT_ERROR_INPUT, "'%s' is no run: it has no 'config.yaml'", run->path);
    const rt_config_source source = {.name = path};
    RT_TRY_DONE(rt_file_read(&text, path, RT_CONFIG_MAX_BYTES));
    RT_TRY_DONE(rt_config_tree_read(&root, &source, (const char *)text.data, text.size, arena));
    run->keys = rt_arena_alloc(arena, count_leaves(root), sizeof *run->keys);
    if (run->keys == NULL) status = RT_ERROR_MEMORY;
    if (status == RT_OK) status = flatten(run, root, "", arena);
    if (status == RT_OK) status = find_maker(run, arena);
done:
    rt_buffer_clear(&text);
    return status;
}

static const rt_compared_key *find_key(const rt_compared_run *run, const char *key)
{
    for (size_t i = 0; i < run->key_count; i++)
        if (strcmp(run->keys[i].key, key) == 0) return &run->keys[i];
    return NULL;
}

const char *rt_compared_value(const rt_compared_run *run, const char *key)
{
    const rt_compared_key *found = find_key(run, key);
    return found != NULL ? found->value : NULL;
}

const char *rt_compared_shown(const rt_compared_run *run, const char *key)
{
    const rt_compared_key *found = find_key(run, key);
    return found != NULL ? found->shown : NULL;
}

static double number_of_key(const rt_compared_run *run, const char *key)
{
    double number;
    const char *value = rt_compared_value(run, key);
    return value != NULL && rt_parse_number(value, &number) ? number : (double)NAN;
}

/* How far the run has come, as its metrics tell. */
typedef struct progress {
    double steps, rounds; ///< of the student; of synthesis, whole ones
} progress;

static rt_status read_progress(const rt_compared_run *run, rt_arena *arena, progress *p)
{
    rt_metrics metrics;
    const char *path = rt_path_join(arena, run->path, "metrics.csv");
    if (path == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_metrics_open(&metrics, path));
    const bool both = strcmp(run->command, "run") == 0;
    const bool synthesises = both || strcmp(run->command, "generate") == 0;
    const int step = rt_metrics_column(&metrics, "step");
    const int stage = rt_metrics_column(&metrics, "stage");
    const int measured =
        rt_metrics_column(&metrics, both ? "round.class_entropy" : "class_entropy");
    *p = (progress){synthesises && !both ? (double)NAN : 0, synthesises ? 0 : (double)NAN};
    while (rt_metrics_next(&metrics)) {
        const double row_step = rt_metrics_number(&metrics, step);
        const char *row_stage = rt_metrics_text(&metrics, stage);
        const bool student =
            !both || strcmp(row_stage, "distill") == 0 || strcmp(row_stage, "evaluate") == 0;
        if (student && isfinite(row_step) && row_step + 1 > p->steps) p->steps = row_step + 1;
        if (isfinite(rt_metrics_number(&metrics, measured))) p->rounds++;
    }
    rt_metrics_close(&metrics);
    return RT_OK;
}

static double number_of(const cJSON *summary, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(summary, key);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static double first_known(double a, double b) { return isfinite(a) ? a : b; }

/* All that the config says will be done is done. */
static double steps_of_config(const rt_compared_run *run)
{
    if (strcmp(run->command, "run") == 0)
        return number_of_key(run, "rounds") * number_of_key(run, "student_steps");
    return number_of_key(run, "steps");
}

static rt_status read_seconds(rt_compared_run *run, const cJSON *summary)
{
    rt_run_clock clock;
    RT_TRY(rt_run_clock_read(&clock, run->path));
    const double generate = rt_stopwatch_total(&clock.generate);
    const double distill = rt_stopwatch_total(&clock.distill);
    const double all = number_of(summary, "seconds");
    const bool generates = strcmp(run->command, "generate") == 0;
    run->generate_seconds = generates ? all : generate > 0 ? generate : (double)NAN;
    run->distill_seconds = distill > 0 ? distill : (double)NAN;
    return RT_OK;
}

static rt_status fill(rt_compared_run *run, const cJSON *summary, const progress *p)
{
    const rt_evaluation_history *h = &run->history;
    const rt_evaluation_point *last = h->count > 0 ? &h->points[h->count - 1] : NULL;
    const double batch =
        first_known(number_of_key(run, "generate.batch_size"), number_of_key(run, "batch_size"));
    const double made = isfinite(p->rounds) ? p->rounds * batch : (double)NAN;
    const double met = last != NULL ? last->images : (double)NAN;
    run->complete = summary->child != NULL;
    run->agreement = number_of(summary, "agreement");
    run->teacher_accuracy = number_of(summary, "teacher_accuracy");
    run->images = first_known(number_of(summary, "samples"), first_known(made, met));
    run->steps = run->complete ? first_known(steps_of_config(run), p->steps) : p->steps;
    RT_TRY(read_seconds(run, summary));
    const double accuracy = number_of(summary, "accuracy");
    if (!isfinite(accuracy) || (last != NULL && (double)last->steps == run->steps)) return RT_OK;
    /* Measured at the end only, or once more there. */
    const rt_evaluation_point end = {.steps = run->steps > 0 ? (uint64_t)run->steps : 0,
                                     .accuracy = accuracy,
                                     .images = first_known(run->images, 0),
                                     .seconds = first_known(run->generate_seconds, 0) +
                                                first_known(run->distill_seconds, 0)};
    return rt_evaluation_history_add(&run->history, &end);
}

rt_status rt_compare_read(rt_compared_run *run, const char *path, rt_arena *arena)
{
    rt_status status = RT_OK;
    cJSON *summary = NULL;
    progress p;
    *run = (rt_compared_run){.path = path};
    if (!rt_directory_exists(path))
        return rt_fail(RT_ERROR_INPUT, "'%s' is no run: there is no such folder", path);
    RT_TRY(read_config(run, arena));
    const char *metrics = rt_path_join(arena, path, "metrics.csv");
    if (metrics == NULL) return RT_ERROR_MEMORY;
    RT_TRY_DONE(rt_evaluation_history_read(&run->history, metrics));
    RT_TRY_DONE(read_progress(run, arena, &p));
    RT_TRY_DONE(rt_run_summary_read(path, &summary));
    RT_TRY_DONE(fill(run, summary, &p));
done:
    cJSON_Delete(summary);
    if (status != RT_OK) rt_evaluation_history_clear(&run->history);
    return status;
}
