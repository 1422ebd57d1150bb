#ifndef RT_DATASETS_IMPORT_FORMATS_H
#define RT_DATASETS_IMPORT_FORMATS_H

/** The importers, one a file. Used by import.c alone: `close` is called even when `open` fails, if
 *  it was set. */

#include "datasets/import.h"

RT_CHECKED rt_status rt_import_open_idx(rt_import_source *source, const rt_import_options *options);
RT_CHECKED rt_status rt_import_open_fashion_mnist(rt_import_source *source,
                                                  const rt_import_options *options);
RT_CHECKED rt_status rt_import_open_cifar10(rt_import_source *source,
                                            const rt_import_options *options);
RT_CHECKED rt_status rt_import_open_cifar100(rt_import_source *source,
                                             const rt_import_options *options);
RT_CHECKED rt_status rt_import_open_folder(rt_import_source *source,
                                           const rt_import_options *options);

#endif
