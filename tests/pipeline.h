#ifndef RT_TESTS_PIPELINE_H
#define RT_TESTS_PIPELINE_H

/**
 * Small experiments for the tests of train, generate, distill and run: 8x8 grey images of four
 * classes (or 16x16 colour ones), ResNet-8 of width 4, a few steps. All names are below the test's
 * folder, which is also where the program runs.
 *     rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
 *     rt_test_text("run.yaml", RT_TEST_RUN);
 *     rt_test_retort_ends(0, "run", "run.yaml", "--out", "first");
 *     cr_assert(rt_test_same_run("first", "second"));
 */

#include "common/nn/network.h"
#include "tests/child.h"
#include "tests/temporary.h"

#include <cjson/cJSON.h>

enum { RT_TEST_SIDE = 8, RT_TEST_CLASSES = 4 };

/** ResNet-8 of width 4 for 8x8 grey images of four classes. */
extern const rt_network_description rt_test_teacher;

/* Configs. They name the teacher "teacher.safetensors" and log every step. */

/** 3 rounds of 4 synthesis and 4 student steps of 16 images; warm generator, all terms. */
extern const char RT_TEST_RUN[];
/** 3 rounds of 4 steps of 16 images. */
extern const char RT_TEST_GENERATE[];
/** 8 steps of 8 images of the store "images". */
extern const char RT_TEST_DISTILL[];
/** 4 passes over the 48 images of the store "real" in batches of 16; 12 steps. */
extern const char RT_TEST_TRAIN[];

/** Writes a file of text. */
void rt_test_text(const char *name, const char *text);
/** A network of random weights on the test device; `scale` is a factor of the last layer's. */
rt_network *rt_test_network(const rt_network_description *description, uint64_t seed, double scale);
/** Writes a model of random weights whose logits are far enough apart to be confident. Most seeds
 *  find one class in all images; with 4 and 7 rt_test_teacher finds two in rt_test_real_store. */
void rt_test_model(const char *name, const rt_network_description *description, uint64_t seed);
/** The same; `scale` is a factor of the last layer's weights. */
void rt_test_scaled_model(const char *name, const rt_network_description *description,
                          uint64_t seed, double scale);
/** Writes a store of `samples` 8x8 images, two shards: noise with a bright quarter, which is the
 *  class. No teacher has seen it. */
void rt_test_real_store(const char *name, uint32_t samples);

/** Whether two runs left the same bytes: model, checkpoint, metrics.csv, pictures, store; what one
 *  lacks the other must lack. */
bool rt_test_same_run(const char *left, const char *right);
bool rt_test_exists(const char *name);
/** Files below the run's folder (and its store and samples) whose names end in .tmp. */
int rt_test_leftovers(const char *run);

/** A JSON file, or the one object that --json printed. The caller deletes it. */
cJSON *rt_test_json(const char *text);
cJSON *rt_test_json_file(const char *name);
/** A number of an object; asserts that it is there. */
double rt_test_number(const cJSON *object, const char *key);

/** A column of a run's metrics.csv, by name; fields that are empty are NaN. */
typedef struct rt_test_column {
    double values[256];
    int count;
} rt_test_column;
rt_test_column rt_test_metrics(const char *run, const char *name);

/** Waits until a file exists and holds `text` (NULL: anything); false when the process ended. */
bool rt_test_await(pid_t process, const char *name, const char *text);

#endif
