#include "common/cli/run_summary.h"

#include "common/base/io.h"

#include <cjson/cJSON.h>

enum { SUMMARY_LIMIT = 1 << 20 };

static rt_status parse(const char *path, const rt_buffer *bytes, cJSON **summary)
{
    rt_error_give(""); /* cJSON does not say why it failed, rt_alloc does */
    *summary = cJSON_ParseWithLength((const char *)bytes->data, bytes->size);
    if (cJSON_IsObject(*summary)) return RT_OK;
    const bool out_of_memory = *summary == NULL && rt_error_message()[0] != '\0';
    cJSON_Delete(*summary);
    *summary = NULL;
    if (out_of_memory) return RT_ERROR_MEMORY;
    return rt_fail(RT_ERROR_INPUT, "'%s' is no JSON object; delete it and resume the run", path);
}

rt_status rt_run_summary_read(const char *run, cJSON **summary)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    const char *path = rt_path_join(&arena, run, "summary.json");
    *summary = NULL;
    if (path == NULL) return RT_ERROR_MEMORY;
    if (rt_file_exists(path)) {
        RT_TRY_DONE(rt_file_read(&bytes, path, SUMMARY_LIMIT));
        RT_TRY_DONE(parse(path, &bytes, summary));
    } else {
        *summary = cJSON_CreateObject();
        if (*summary == NULL) status = rt_fail(RT_ERROR_MEMORY, "out of memory for a summary");
    }
done:
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
    return status;
}
