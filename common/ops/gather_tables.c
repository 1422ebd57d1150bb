#include "common/ops/gather_tables.h"

static uint64_t sample_numbers(rt_shape shape) { return (uint64_t)shape.h * shape.w * shape.c; }

/* Position of number i of a sample among its padded numbers. */
static uint64_t padded(rt_shape shape, uint64_t i)
{
    return i / shape.c * 4 * rt_vec4s(shape.c) + i % shape.c;
}

/* Whether the four places of vec4 `number` of `to` are a vec4 of `from`: the first one at a
 * multiple of 4, the others behind it, and for padding of `to` padding of `from`. */
static bool is_whole(const float *places, rt_shape to, rt_shape from, uint64_t number)
{
    const uint32_t c4 = (uint32_t)(number % rt_vec4s(to.c));
    const float *own = places + number / rt_vec4s(to.c) * to.c + 4 * (uint64_t)c4;
    const uint64_t first = own[0] > 0 ? (uint64_t)own[0] - 1 : 0;
    const uint32_t from_c4 = (uint32_t)(first / 4 % rt_vec4s(from.c));
    if (first % 4 != 0) return false;
    for (uint32_t k = 0; k < 4; k++) {
        const bool real = 4 * c4 + k < to.c;
        if (real && own[0] == 0 && own[k] != 0) return false;
        if (real && own[0] > 0 && own[k] != own[0] + (float)k) return false;
        if (!real && own[0] > 0 && 4 * from_c4 + k < from.c) return false;
    }
    return true;
}

static bool all_whole(const float *places, rt_shape to, rt_shape from)
{
    const uint64_t vec4s = (uint64_t)to.h * to.w * rt_vec4s(to.c);
    for (uint64_t i = 0; i < vec4s; i++)
        if (!is_whole(places, to, from, i)) return false;
    return true;
}

rt_status rt_gather_table_forward(rt_gather_table *table, rt_shape x, rt_shape y,
                                  const int32_t *indices)
{
    const uint64_t count = sample_numbers(y), known = sample_numbers(x);
    *table = (rt_gather_table){0};
    for (uint64_t i = 0; i < count; i++)
        if (indices[i] < -1 || indices[i] >= (int64_t)known)
            return rt_fail(
                RT_ERROR_INPUT, "index %d of number %llu is not among the %llu numbers of %ux%ux%u",
                indices[i], (unsigned long long)i, (unsigned long long)known, x.h, x.w, x.c);
    RT_TRY(RT_ALLOC(table->places, count));
    for (uint64_t i = 0; i < count; i++)
        if (indices[i] >= 0) table->places[i] = (float)(padded(x, (uint64_t)indices[i]) + 1);
    table->whole_vec4s = all_whole(table->places, y, x);
    return RT_OK;
}

rt_status rt_gather_taken_once(rt_shape x, rt_shape y, const int32_t *indices, bool *once)
{
    bool *taken;
    *once = true;
    RT_TRY(RT_ALLOC(taken, sample_numbers(x)));
    for (uint64_t i = 0; i < sample_numbers(y); i++) {
        if (indices[i] < 0) continue;
        if (taken[indices[i]]) *once = false;
        taken[indices[i]] = true;
    }
    rt_free(taken);
    return RT_OK;
}

rt_status rt_gather_table_backward(rt_gather_table *table, rt_shape x, rt_shape y,
                                   const int32_t *indices)
{
    *table = (rt_gather_table){0};
    RT_TRY(RT_ALLOC(table->places, sample_numbers(x)));
    for (uint64_t i = 0; i < sample_numbers(y); i++)
        if (indices[i] >= 0) table->places[indices[i]] = (float)(padded(y, i) + 1);
    table->whole_vec4s = all_whole(table->places, x, y);
    return RT_OK;
}

rt_status rt_gather_lists_make(rt_gather_lists *lists, rt_shape x, rt_shape y,
                               const int32_t *indices)
{
    const uint64_t from = sample_numbers(x), to = sample_numbers(y);
    *lists = (rt_gather_lists){0};
    RT_TRY(RT_ALLOC(lists->first, from));
    RT_TRY(RT_ALLOC(lists->count, from));
    for (uint64_t i = 0; i < to; i++)
        if (indices[i] >= 0) lists->count[indices[i]]++;
    uint32_t total = 0;
    for (uint64_t i = 0; i < from; i++) {
        lists->first[i] = (float)total;
        total += (uint32_t)lists->count[i];
        lists->count[i] = 0; /* counts up again while the list is filled */
    }
    lists->place_count = total > 0 ? total : 1;
    RT_TRY(RT_ALLOC(lists->places, lists->place_count));
    for (uint64_t i = 0; i < to; i++) {
        if (indices[i] < 0) continue;
        const uint32_t at = (uint32_t)(lists->first[indices[i]] + lists->count[indices[i]]++);
        lists->places[at] = (float)padded(y, i);
    }
    return RT_OK;
}

void rt_gather_lists_clear(rt_gather_lists *lists)
{
    rt_free(lists->first);
    rt_free(lists->count);
    rt_free(lists->places);
    *lists = (rt_gather_lists){0};
}
