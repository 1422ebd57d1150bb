#include "common/formats/pytorch_storage.h"
#include "tests/fuzz/fuzz.h"

int rt_fuzz_pickle(const uint8_t *data, size_t size)
{
    rt_arena arena = {0};
    rt_pickle pickle;
    rt_pytorch_storages storages;
    if (rt_pytorch_unpickle(&pickle, &arena, data, size) == RT_OK)
        (void)!rt_pytorch_storages_collect(&storages, &arena, &pickle);
    rt_arena_clear(&arena);
    return 0;
}
