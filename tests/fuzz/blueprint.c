#include "common/nn/blueprint.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_blueprint(const uint8_t *data, size_t size)
{
    rt_arena arena = {0};
    rt_blueprint blueprint;
    const char *text = rt_arena_printf(&arena, "%.*s", (int)size, (const char *)data);
    if (text != NULL) (void)!rt_blueprint_read(&blueprint, text, &arena);
    rt_arena_clear(&arena);
    return 0;
}
