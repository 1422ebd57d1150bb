#ifndef RT_DATASETS_SAMPLES_H
#define RT_DATASETS_SAMPLES_H

/** Labelled images in memory, and what a store says about all of its samples. */

#include "common/base/hash.h"
#include "common/base/memory.h"

enum {
    RT_STORE_FORMAT_VERSION = 1,
    RT_STORE_MAX_CHANNELS = 4,
    RT_STORE_MAX_SIDE = 4096,
    RT_STORE_MAX_CLASSES = 65536
};

typedef struct rt_samples {
    size_t count;                ///< N, at least 1
    const uint8_t *images;       ///< [N,H,W,C], 0..255
    const int32_t *labels;       ///< [N], 0 <= label < classes
    const float *teacher_logits; ///< [N,K] before softmax; NULL if the teacher was not asked
    const uint32_t *round;       ///< [N] synthesis round; NULL if there is none
    const uint16_t *domain;      ///< [N]; NULL where the data has no domains
} rt_samples;

/** Which of the optional arrays every sample of a store has. */
typedef enum rt_columns {
    RT_COLUMN_TEACHER_LOGITS = 1,
    RT_COLUMN_ROUND = 2,
    RT_COLUMN_DOMAIN = 4
} rt_columns;

/**
 * What is the same for all samples of a store; each shard carries it. Strings may be NULL, which
 * means "". Set height, width, channels, classes, std and columns; the rest has defaults.
 */
typedef struct rt_store_description {
    uint32_t height, width;
    uint32_t channels; ///< 1, 3 or 4
    uint32_t classes;
    const char *const *class_names;    ///< `classes` of them; NULL: "0", "1", ...
    uint32_t domains;                  ///< 0 without RT_COLUMN_DOMAIN
    const char *const *domain_names;   ///< `domains` of them
    float mean[RT_STORE_MAX_CHANNELS]; ///< of [0,1] pixels, a channel: what the teacher expects
    float std[RT_STORE_MAX_CHANNELS];  ///< above 0
    const char *teacher_sha256;        ///< of the data buffer of the teacher's file; "": no teacher
    const char *teacher_arch;
    const char *method; ///< "import fashion-mnist", "rgal"
    const char *config; ///< YAML without what cannot change a result
    uint64_t seed;
    const char *program_version; ///< NULL: this program's
    uint32_t columns;            ///< of rt_columns
    uint32_t shard_samples; ///< a shard is written when so many wait; 0: as many as make 16 MiB.
                            ///< Not stored
} rt_store_description;

/** Bytes of the arrays of one sample of a store. */
size_t rt_sample_size(const rt_store_description *description);

/** Errors: RT_ERROR_INPUT naming what is out of range. */
RT_CHECKED rt_status rt_store_description_check(const rt_store_description *description);

/** A deep copy whose strings lie in the arena, with the defaults filled in. */
RT_CHECKED rt_status rt_store_description_copy(rt_store_description *copy,
                                               const rt_store_description *description,
                                               rt_arena *arena);

/** SHA-256 of the canonical text of a description (docs/store-format.md, "description_sha256"):
 *  equal for two shards exactly if they can belong to one store. */
RT_CHECKED rt_status rt_store_description_hash(const rt_store_description *description,
                                               char sha256[RT_SHA256_TEXT]);

#endif
