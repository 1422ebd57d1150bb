#include "common/base/config.h"

#include <string.h>

enum { MAX_LENGTH = 64 }; /* longer names are no typing errors, and the cost is a product */

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein: insertions, deletions and replacements; one row of the table at a time. */
static size_t edit_distance(const char *a, const char *b)
{
    const size_t length = strlen(b);
    size_t row[MAX_LENGTH + 1];
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 1; a[i - 1] != 0; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            const size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[length];
}

const char *rt_nearest_name(const char *key, const char *const *candidates, size_t count)
{
    const size_t length = strlen(key);
    if (length > MAX_LENGTH) return NULL;
    const char *nearest = NULL;
    size_t bound = (length + 2) / 3 + 1; /* a third wrong is still the same word */
    for (size_t i = 0; i < count; i++) {
        if (strlen(candidates[i]) > MAX_LENGTH) continue;
        const size_t distance = edit_distance(key, candidates[i]);
        if (distance < bound) {
            bound = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
