/* The configs of an ablation have one budget: they differ in the triplets of the synthesis alone.
 */
#include "common/base/io.h"
#include "tests/cli/schemas.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { VARIANTS = 6 };

/* All keys of a config, one a line of its own: section lines carry none. */
static void write_keys(const char *path, rt_arena *arena, rt_buffer *yaml)
{
    const rt_config_schema *schema = rt_test_schema("run");
    void *config = rt_arena_alloc(arena, 1, schema->size);
    cr_assert_not_null(config);
    cr_assert_eq(rt_config_load(config, schema, path, NULL, 0, arena), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(rt_config_write(config, schema, false, yaml), RT_OK);
}

/* Whether a line may differ between variants: a key of triplet, miner or weight.triplet. */
static bool may_differ(const char *line)
{
    static const char *const keys[] = {"triplet:", "direction:", "sampling:", "form:"};
    const char *key = line + strspn(line, " ");
    for (size_t i = 0; i < RT_COUNT(keys); i++)
        if (strncmp(key, keys[i], strlen(keys[i])) == 0) return true;
    return false;
}

static size_t count_differences(const char *left, const char *right, const char *name)
{
    size_t count = 0;
    while (*left != '\0' && *right != '\0') {
        const size_t a = strcspn(left, "\n"), b = strcspn(right, "\n");
        if (a != b || memcmp(left, right, a) != 0) {
            cr_expect(may_differ(left), "%s differs in '%.*s'", name, (int)a, left);
            count++;
        }
        left += a + 1;
        right += b + 1;
    }
    cr_assert_eq(*left, *right, "%s has other keys", name);
    return count;
}

Test(cli_ablation, variants_differ_in_the_triplets_alone)
{
    static const char *const data[] = {"fashion-mnist", "cifar10"};
    for (size_t i = 0; i < RT_COUNT(data); i++) {
        glob_t found;
        char pattern[1024];
        rt_arena arena = {0};
        rt_buffer yaml[VARIANTS] = {{0}};
        snprintf(pattern, sizeof pattern, "%s/configs/%s/ablation/*.yaml", RT_SOURCE_FOLDER,
                 data[i]);
        cr_assert_eq(glob(pattern, 0, NULL, &found), 0);
        cr_assert_eq(found.gl_pathc, VARIANTS);
        for (size_t k = 0; k < VARIANTS; k++) write_keys(found.gl_pathv[k], &arena, &yaml[k]);
        for (size_t k = 0; k < VARIANTS; k++)
            for (size_t other = 0; other < k; other++)
                cr_expect_gt(count_differences((const char *)yaml[k].data,
                                               (const char *)yaml[other].data, found.gl_pathv[k]),
                             0, "%s and %s are the same", found.gl_pathv[k], found.gl_pathv[other]);
        for (size_t k = 0; k < VARIANTS; k++) rt_buffer_clear(&yaml[k]);
        rt_arena_clear(&arena);
        globfree(&found);
    }
}
