#ifndef RT_FORMATS_GZIP_H
#define RT_FORMATS_GZIP_H

/** gzip: files that data sets are handed round in. */

#include "common/base/memory.h"

/** True if the bytes begin as a gzip file. */
bool rt_gzip_recognise(const void *data, size_t size);
/** Unpacks a file in memory (one member, nothing behind it); at most `limit` bytes come out.
 *  Errors: RT_ERROR_INPUT naming `name`. Ownership: the caller clears `*bytes`. */
RT_CHECKED rt_status rt_gzip_decode(rt_buffer *bytes, const char *name, const void *data,
                                    size_t size, uint64_t limit);

#endif
