#include "common/cli/roll_back.h"

#include "common/base/log.h"

const char *const rt_nan_rule_names[] = {"stop", "roll_back", NULL};

float rt_roll_back_rate(const rt_run_directory *run)
{
    return rt_file_exists(run->rolled_back) ? 0.5f : 1;
}

static rt_status write_marker(const rt_run_directory *run, const char *message)
{
    rt_buffer text = {0};
    rt_status status = rt_buffer_printf(&text, "%s\n", message);
    if (status == RT_OK) status = rt_file_replace(run->rolled_back, text.data, text.size);
    rt_buffer_clear(&text);
    return status;
}

void rt_roll_back(rt_command *command, const rt_run_directory *run, int on_nan, rt_status status)
{
    char message[512];
    if (status != RT_ERROR_NUMERIC || on_nan != RT_NAN_ROLL_BACK) return;
    if (rt_file_exists(run->rolled_back)) {
        rt_error_prefix("again, with half the learning rates: ");
        return;
    }
    rt_error_take(message, sizeof message);
    if (write_marker(run, message) == RT_OK) {
        rt_log_warning("%s; going back to it with half the learning rates (on_nan: roll_back)",
                       message);
        command->again = true;
    }
    rt_error_give(message);
}

rt_status rt_roll_back_attempts(rt_command *command, rt_status (*attempt)(rt_command *command))
{
    const rt_status status = attempt(command);
    if (!command->again) return status;
    command->again = false;
    command->resume = true;
    return attempt(command);
}
