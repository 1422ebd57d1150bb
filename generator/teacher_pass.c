#include "generator/teacher_pass.h"

#include "generator/methods/terms.h"

#include <string.h>

static rt_status build(rt_teacher_pass *p, rt_network *teacher, uint32_t batch_size)
{
    const rt_network_description *d = rt_network_describe(teacher);
    rt_network_outputs *outputs;
    RT_TRY(RT_ALLOC(outputs, 1));
    p->images = rt_graph_input(p->graph, "images",
                               (rt_shape){batch_size, d->height, d->width, d->channels});
    rt_network_apply(teacher, p->graph, "teacher", p->images, &(rt_apply_options){0}, outputs);
    p->logits = outputs->logits;
    p->features = outputs->features;
    const bool built = rt_graph_status(p->graph) == RT_OK;
    if (built) p->batch_norm_distance = rt_batch_norm_distance(p->graph, outputs);
    rt_free(outputs);
    rt_graph_output(p->graph, p->logits);
    rt_graph_output(p->graph, p->features);
    if (p->batch_norm_distance != NULL) rt_graph_output(p->graph, p->batch_norm_distance);
    return rt_graph_status(p->graph);
}

static rt_status init(rt_teacher_pass *p, rt_device *device, rt_network *teacher,
                      uint32_t batch_size)
{
    RT_TRY(rt_graph_create(&p->graph));
    RT_TRY(build(p, teacher, batch_size));
    RT_TRY(rt_phase_create(&p->phase, device, p->graph, NULL));
    p->feature_count = p->features->shape.c;
    RT_TRY(RT_ALLOC(p->dense_logits, (size_t)batch_size * p->logits->shape.c));
    return RT_ALLOC(p->dense_features, (size_t)batch_size * p->feature_count);
}

rt_status rt_teacher_pass_init(rt_teacher_pass *pass, rt_device *device, rt_network *teacher,
                               uint32_t batch_size)
{
    *pass = (rt_teacher_pass){0};
    const rt_status status = init(pass, device, teacher, batch_size);
    if (status != RT_OK) rt_teacher_pass_clear(pass);
    return status;
}

void rt_teacher_pass_clear(rt_teacher_pass *pass)
{
    rt_phase_free(pass->phase);
    rt_graph_free(pass->graph);
    rt_free(pass->dense_logits);
    rt_free(pass->dense_features);
    *pass = (rt_teacher_pass){0};
}

rt_status rt_teacher_pass_run(rt_teacher_pass *pass, const uint8_t *images)
{
    const rt_shape shape = pass->images->shape;
    const uint32_t stride = 4 * rt_vec4s(shape.c);
    float *padded = rt_phase_input(pass->phase, pass->images);
    memset(padded, 0, rt_shape_bytes(shape));
    for (uint64_t pixel = 0; pixel < rt_shape_pixels(shape); pixel++)
        for (uint32_t c = 0; c < shape.c; c++)
            padded[pixel * stride + c] = (float)images[pixel * shape.c + c] / 255;
    RT_TRY(rt_phase_submit(pass->phase));
    RT_TRY(rt_phase_wait(pass->phase));
    rt_tensor_unpack(pass->logits->shape, rt_phase_output(pass->phase, pass->logits),
                     pass->dense_logits);
    rt_tensor_unpack(pass->features->shape, rt_phase_output(pass->phase, pass->features),
                     pass->dense_features);
    if (pass->batch_norm_distance != NULL)
        pass->distance = rt_phase_output(pass->phase, pass->batch_norm_distance)[0];
    return RT_OK;
}
