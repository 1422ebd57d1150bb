#ifndef RT_CLI_RUN_SUMMARY_H
#define RT_CLI_RUN_SUMMARY_H

/** A run's summary.json: the object that its command printed at the end. */

#include "common/base/status.h"

struct cJSON;

/** Reads RUN/summary.json; an empty object while the run goes on. Errors: RT_ERROR_INPUT if the
 *  file is no JSON object. Ownership: the caller deletes `*summary`; NULL after an error. */
RT_CHECKED rt_status rt_run_summary_read(const char *run, struct cJSON **summary);

#endif
