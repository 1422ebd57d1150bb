#include "datasets/sample_source.h"

static rt_status next_of_loader(void *state, rt_batch *batch)
{
    return rt_loader_next(state, batch);
}

static void seek_in_loader(void *state, uint32_t epoch, uint64_t step)
{
    rt_loader_seek(state, epoch, step);
}

rt_sample_source rt_sample_source_from_loader(rt_loader *loader)
{
    return (rt_sample_source){
        .state = loader,
        .next = next_of_loader,
        .seek = seek_in_loader,
        .description = rt_loader_description(loader),
        .steps = rt_loader_steps(loader),
    };
}

rt_status rt_sample_source_next(const rt_sample_source *source, rt_batch *batch)
{
    return source->next(source->state, batch);
}

void rt_sample_source_seek(const rt_sample_source *source, uint32_t epoch, uint64_t step)
{
    source->seek(source->state, epoch, step);
}
