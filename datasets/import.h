#ifndef RT_DATASETS_IMPORT_H
#define RT_DATASETS_IMPORT_H

/**
 * Importers: real data sets into stores.
 *     const rt_import_options options = {.format = "fashion-mnist", .source = folder,
 *                                        .store = "stores/test", .split = "test", .pad = 2};
 *     RT_TRY(rt_import(&options, &report));
 * One bad file is an error that names it, and then no store is left under its name. The mean and
 * deviation of the pixels are measured and stored. Equal input makes equal bytes.
 */

#include "datasets/samples.h"

typedef struct rt_import_options {
    const char *format;                   ///< a name of rt_importers
    const char *source;                   ///< file or folder
    const char *store;                    ///< where the store goes; must not be there yet
    const char *split;                    ///< "train", "test" or NULL where the source has only one
    uint32_t pad;                         ///< zeros added on each side, after resizing
    uint32_t resize_height, resize_width; ///< 0: as it is
    uint64_t seed;                        ///< of the order in which a folder's images are stored
    uint32_t shard_samples;               ///< as in rt_store_description
} rt_import_options;

typedef struct rt_import_report {
    uint64_t samples;
    uint32_t shards;
    uint32_t height, width, channels, classes;
    float mean[RT_STORE_MAX_CHANNELS], std[RT_STORE_MAX_CHANNELS];
} rt_import_report;

typedef struct rt_import_sample {
    const uint8_t *pixels; ///< [height][width][channels of the source]
    uint32_t height, width;
    int32_t label;
    uint16_t domain;
} rt_import_sample;

/** An open source of samples, made by an importer. */
typedef struct rt_import_source {
    void *state;
    uint64_t count;
    uint32_t height, width,
        channels; ///< of every image; 0 x 0 if they vary (then resize is needed)
    uint32_t classes, domains;
    const char *const *class_names; ///< NULL: numbers
    const char *const *domain_names;
    bool sorted_by_class; ///< then samples are stored in a shuffled order
    /** Gives image `sample`; its pixels stay valid until the next call. */
    rt_status (*read)(struct rt_import_source *source, uint64_t sample, rt_import_sample *out);
    void (*close)(struct rt_import_source *source);
    rt_arena arena; ///< for the importer
} rt_import_source;

typedef struct rt_importer {
    const char *name;
    const char *help;
    RT_CHECKED rt_status (*open)(rt_import_source *source, const rt_import_options *options);
} rt_importer;

/** All importers, ended by one without a name. */
extern const rt_importer rt_importers[];

/** Imports; `report` may be NULL. */
RT_CHECKED rt_status rt_import(const rt_import_options *options, rt_import_report *report);

#endif
