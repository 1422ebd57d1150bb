#include "student/optimiser_config.h"

const char *const rt_schedule_names[] = {"constant", "cosine", "step", NULL};
