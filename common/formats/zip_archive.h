#ifndef RT_FORMATS_ZIP_ARCHIVE_H
#define RT_FORMATS_ZIP_ARCHIVE_H

/**
 * A zip archive in memory, of which only plainly stored entries are taken: what torch.save makes.
 * Nothing is ever unpacked to disk. Refused: damaged or contradictory directories, encryption,
 * compression (so nothing can grow), entries that together hold more than the archive does (so none
 * overlap), names twice, names that lead elsewhere ("..", "/x", "a\b"), more than 65,600 entries.
 */

#include "common/base/memory.h"

typedef struct rt_zip_entry {
    const char *name;
    uint64_t index, size;
} rt_zip_entry;

/** An open archive. `= {0}` is a valid empty one. */
typedef struct rt_zip {
    struct zip *archive;   ///< private
    rt_zip_entry *entries; ///< sorted by name
    size_t count;
    rt_arena arena; ///< private: names
} rt_zip;

/** Opens an archive of `size` bytes, which must stay until it is closed; `*zip` must be empty.
 *  Errors: RT_ERROR_INPUT naming the entry and the rule. Close it also after an error. */
RT_CHECKED rt_status rt_zip_open(rt_zip *zip, const void *data, uint64_t size);
/** The entry of that name, or NULL. */
const rt_zip_entry *rt_zip_find(const rt_zip *zip, const char *name);
/** Copies an entry's bytes into the arena. Errors: RT_ERROR_INPUT if its checksum does not fit. */
RT_CHECKED rt_status rt_zip_read(rt_zip *zip, const rt_zip_entry *entry, rt_arena *arena,
                                 const uint8_t **bytes);
/** Releases; an empty one is fine. */
void rt_zip_close(rt_zip *zip);

#endif
