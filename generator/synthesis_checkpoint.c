#include "generator/synthesis_checkpoint.h"

#include "generator/synthesizer_private.h"

#include <stdlib.h>
#include <string.h>

static rt_status add_number(rt_safetensors_writer *writer, rt_arena *arena, const char *key,
                            uint64_t value)
{
    const char *text = rt_arena_printf(arena, "%llu", (unsigned long long)value);
    if (text == NULL) return RT_ERROR_MEMORY;
    return rt_safetensors_add_metadata(writer, key, text);
}

rt_status rt_synthesis_save(const rt_run_directory *run, rt_synthesizer *synthesizer,
                            const rt_store *store, uint32_t rounds, rt_safetensors_writer *writer,
                            rt_arena *arena)
{
    const char(*hashes)[RT_SHA256_TEXT] = rt_store_shard_hashes(store);
    const uint32_t shards = rt_store_shard_count(store);
    rt_buffer list = {0};
    rt_status status = RT_OK;
    for (uint32_t i = 0; i < shards && status == RT_OK; i++)
        status = rt_buffer_printf(&list, "%s%s", i > 0 ? " " : "", hashes[i]);
    if (status == RT_OK) status = rt_buffer_append(&list, "", 1);
    if (status == RT_OK)
        status = rt_safetensors_add_metadata(writer, "shards", (const char *)list.data);
    rt_buffer_clear(&list);
    RT_TRY(status);
    RT_TRY(add_number(writer, arena, "rounds", rounds));
    RT_TRY(add_number(writer, arena, "metrics_bytes", run->metrics_bytes));
    const rt_synthesizer_setup *setup = &synthesizer->setup;
    RT_TRY(rt_safetensors_add_metadata(writer, "teacher_sha256", setup->teacher_sha256));
    if (setup->student_sha256 != NULL)
        RT_TRY(rt_safetensors_add_metadata(writer, "critic_sha256", setup->student_sha256));
    return rt_synthesizer_save(synthesizer, writer, arena);
}

static rt_status read_number(const rt_safetensors *checkpoint, const char *key, uint64_t *number)
{
    const char *text = rt_safetensors_metadata(checkpoint, key);
    char *end = NULL;
    if (text != NULL) *number = strtoull(text, &end, 10);
    if (text == NULL || end == text || *end != '\0')
        return rt_fail(RT_ERROR_INPUT, "the checkpoint does not say '%s'", key);
    return RT_OK;
}

/* "<64 hex digits> <64 hex digits> ..." */
static rt_status read_hashes(const rt_safetensors *checkpoint, rt_synthesis_state *state,
                             rt_arena *arena)
{
    const char *text = rt_safetensors_metadata(checkpoint, "shards");
    const size_t width = RT_SHA256_TEXT; /* 64 digits and a space */
    const size_t length = text != NULL ? strlen(text) : 1;
    if (length > 0 && (length + 1) % width != 0)
        return rt_fail(RT_ERROR_INPUT, "the checkpoint's list of shards is damaged");
    state->shards = (uint32_t)((length + 1) / width);
    if (length == 0) state->shards = 0;
    state->hashes = rt_arena_alloc(arena, state->shards + 1, sizeof *state->hashes);
    if (state->hashes == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < state->shards; i++)
        memcpy(state->hashes[i], text + i * width, RT_SHA256_TEXT - 1);
    return RT_OK;
}

/* Whether the checkpoint names this hash; NULL: none. */
static bool same_hash(const rt_safetensors *checkpoint, const char *key, const char *sha256)
{
    const char *known = rt_safetensors_metadata(checkpoint, key);
    if (known == NULL || sha256 == NULL) return known == NULL && sha256 == NULL;
    return strcmp(known, sha256) == 0;
}

rt_status rt_synthesis_load(rt_synthesizer *synthesizer, const rt_safetensors *checkpoint,
                            rt_synthesis_state *state, rt_arena *arena)
{
    uint64_t rounds;
    const rt_synthesizer_setup *setup = &synthesizer->setup;
    if (!same_hash(checkpoint, "teacher_sha256", setup->teacher_sha256))
        return rt_fail(RT_ERROR_INPUT,
                       "this run was begun with another teacher; give the same model file");
    if (!same_hash(checkpoint, "critic_sha256", setup->student_sha256))
        return rt_fail(RT_ERROR_INPUT, "this run was begun with another student as critic, or "
                                       "without one; give the same model file");
    RT_TRY(read_number(checkpoint, "rounds", &rounds));
    RT_TRY(read_number(checkpoint, "metrics_bytes", &state->metrics_bytes));
    RT_TRY(read_hashes(checkpoint, state, arena));
    state->rounds = (uint32_t)rounds;
    state->begun = true;
    return rt_synthesizer_load(synthesizer, checkpoint);
}

rt_status rt_synthesis_write_checkpoint(const rt_run_directory *run, rt_synthesizer *synthesizer,
                                        const rt_store *store, uint32_t rounds)
{
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    rt_status status = rt_synthesis_save(run, synthesizer, store, rounds, &writer, &arena);
    if (status == RT_OK) status = rt_safetensors_write(&writer, run->checkpoint, NULL);
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_synthesis_continue_store(const char *path, const rt_store_description *description,
                                      const rt_synthesis_state *state, rt_store **store)
{
    if (!state->begun) return rt_store_create(store, path, description);
    return rt_store_resume(store, path, description, state->shards,
                           (const char(*)[RT_SHA256_TEXT])state->hashes);
}

rt_status rt_synthesis_open_store(rt_run_directory *run, rt_synthesizer *synthesizer,
                                  const char *path, const rt_store_description *description,
                                  rt_store **store, uint32_t *first_round)
{
    rt_status status = RT_OK;
    rt_safetensors checkpoint = {0};
    rt_arena arena = {0};
    rt_synthesis_state state = {0};
    if (rt_run_has_checkpoint(run)) {
        RT_TRY_DONE(rt_safetensors_open(&checkpoint, run->checkpoint));
        RT_TRY_DONE(rt_synthesis_load(synthesizer, &checkpoint, &state, &arena));
    }
    RT_TRY_DONE(rt_run_metrics_cut(run, state.metrics_bytes));
    *first_round = state.rounds;
    RT_TRY_DONE(rt_synthesis_continue_store(path, description, &state, store));
    if (!state.begun) RT_TRY_DONE(rt_synthesis_write_checkpoint(run, synthesizer, *store, 0));
done:
    rt_safetensors_close(&checkpoint);
    rt_arena_clear(&arena);
    return status;
}
