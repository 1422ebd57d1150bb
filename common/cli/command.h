#ifndef RT_CLI_COMMAND_H
#define RT_CLI_COMMAND_H

/**
 * A subcommand: what a stage hands to the program, and what the program hands to the stage.
 *     static rt_status run(rt_command *command)
 *     {
 *         rt_distill_config config;
 *         RT_TRY(rt_command_load_config(command, &config));
 *         rt_device *device;
 *         RT_TRY(rt_command_open_device(command, config.device, &device));
 *         ...
 *         return rt_command_result_number(command, "accuracy", accuracy);
 *     }
 *     const rt_command_description rt_distill_command = {.name = "distill", ..., .run = run};
 * A stage declares its descriptions in its public header; common/cli/main.c has a row for each.
 *
 * `run` returns its error; main prints it once. Everything for people goes to stderr (rt_log)
 * except the result itself, which goes to stdout: with --json as one object, made from the
 * rt_command_result calls, else as text of the command's own (`if (!command->json) printf(...)`).
 */

#include "common/base/config.h"
#include "common/base/run_directory.h"
#include "common/gpu/device.h"

struct cJSON;

/** A flag of one command. */
typedef struct rt_option {
    const char *name;     ///< "grid" for --grid
    const char *argument; ///< what follows it, as the help shows it ("10x10"); NULL: nothing
    const char *help;     ///< one line
} rt_option;

/** Flags that many commands share; --help, --quiet and --json are everywhere. */
typedef enum rt_common_flag {
    RT_FLAG_SET = 1,     ///< --set key.path=value, any number of times
    RT_FLAG_OUT = 2,     ///< --out DIR: the run directory, the store or the file
    RT_FLAG_RESUME = 4,  ///< --resume
    RT_FLAG_DEVICE = 8,  ///< --device N|name and --validate
    RT_FLAG_SEED = 16,   ///< --seed N
    RT_FLAGS_CONFIG = 31 ///< what a command with a config takes: all of them
} rt_common_flag;

typedef struct rt_command rt_command;

typedef struct rt_command_description {
    const char *name;         ///< "distill"
    const char *summary;      ///< one line, no full stop
    const char *usage;        ///< what follows "retort distill": "CONFIG"
    const char *example;      ///< a whole line that works: "retort distill configs/...yaml --out r"
    const char *detail;       ///< more help, ending in a newline; may be NULL
    const rt_option *options; ///< its own flags
    size_t option_count;
    unsigned flags;           ///< rt_common_flag values it takes
    size_t arguments_minimum; ///< how many words it takes (CONFIG is one; none is needed when
    size_t arguments_maximum; ///< resuming a run)
    /** The keys of its CONFIG, for --help and rt_command_load_config; NULL: it has none. */
    const rt_config_schema *(*schema)(void);
    rt_status (*run)(rt_command *command);
} rt_command_description;

/** One call of the program. Strings live as long as the command. */
struct rt_command {
    const rt_command_description *description;
    rt_arena arena; ///< for whatever the command needs; released when it ends
    const char **arguments;
    size_t argument_count;
    const char **overrides; ///< of --set, "key.path=value" each; --seed and --device are not in it
    size_t override_count;
    const char **option_values; ///< one an option of the description: NULL if not given
    const char *out;            ///< NULL if not given
    const char *device;         ///< --device; NULL if not given
    const char *seed; ///< --seed as given, checked to be a whole number; NULL if not given
    bool resume, validate, quiet, json, help;
    bool again;           ///< a second attempt follows (roll_back.h)
    rt_device *opened;    ///< of rt_command_open_device
    struct cJSON *result; ///< of the rt_command_result functions
};

/** The value of one of the command's own flags: NULL if it was not given, "" for one without an
 *  argument. */
const char *rt_command_option(const rt_command *command, const char *name);
/** The same as a whole number in [minimum, maximum]; `*value` stays if the flag was not given. */
RT_CHECKED rt_status rt_command_option_uint(const rt_command *command, const char *name,
                                            uint32_t minimum, uint32_t maximum, uint32_t *value);
/** The same as a pair "10x8"; both from 1 to `maximum`. */
RT_CHECKED rt_status rt_command_option_pair(const rt_command *command, const char *name,
                                            uint32_t maximum, uint32_t *first, uint32_t *second);
/** The same as finite numbers with commas between, `minimum` to `maximum` of them; `*count` becomes
 * 0 if the flag was not given. */
RT_CHECKED rt_status rt_command_option_floats(const rt_command *command, const char *name,
                                              uint32_t minimum, uint32_t maximum, float *values,
                                              uint32_t *count);
/** --seed, or `fallback`. */
uint64_t rt_command_seed(const rt_command *command, uint64_t fallback);

/**
 * Fills the command's config: defaults, then the file of the first argument, then --set, --seed
 * (key `seed`) and --device (key `device`), as far as the schema has those keys. With --resume and
 * an OUT/config.yaml the run's own file is read instead, and an override that would change the
 * result is an error; without that file the run begins anew from the argument.
 */
RT_CHECKED rt_status rt_command_load_config(rt_command *command, void *config);

/** Opens the device of --device, else `selector` (may be NULL), validated with --validate; a second
 *  time it is the same.
 *  Ownership: main closes it after `run` and turns validation messages into an error. */
RT_CHECKED rt_status rt_command_open_device(rt_command *command, const char *selector,
                                            rt_device **device);

/** The same for a run, whose folder is open: it uses the kernels that the run began with, or notes
 *  in the folder's tuning.yaml which it chose, so that --resume gives the same bits. */
RT_CHECKED rt_status rt_command_open_run_device(rt_command *command, const char *selector,
                                                rt_run_directory *run, rt_device **device);

/* The object that --json prints. Each sets one key; a key's order is that of the calls. */

/** A number; NaN and Inf become null. */
RT_CHECKED rt_status rt_command_result_number(rt_command *command, const char *key, double value);
/** A text; NULL becomes null. */
RT_CHECKED rt_status rt_command_result_text(rt_command *command, const char *key, const char *text);
RT_CHECKED rt_status rt_command_result_bool(rt_command *command, const char *key, bool value);
RT_CHECKED rt_status rt_command_result_numbers(rt_command *command, const char *key,
                                               const double *values, size_t count);
/** Any value made with cJSON, whose ownership passes here (NULL: out of memory). */
RT_CHECKED rt_status rt_command_result_item(rt_command *command, const char *key,
                                            struct cJSON *item);
/** The object so far as text that ends in a newline: for a run's summary.json. */
RT_CHECKED rt_status rt_command_result_print(rt_command *command, rt_buffer *text);

/* For main.c and its tests. */

/** Reads the words after the command's name. Errors: RT_ERROR_INPUT naming the nearest flag. */
RT_CHECKED rt_status rt_command_parse(rt_command *command,
                                      const rt_command_description *description, int count,
                                      char *const *words);
/** What `retort NAME --help` prints. */
RT_CHECKED rt_status rt_command_help(const rt_command_description *description, rt_buffer *text);
void rt_command_clear(rt_command *command);

#endif
