#include "generator/synthesizer_private.h"

#include "common/base/log.h"
#include "common/base/random.h"
#include "common/nn/model_file.h"
#include "common/ops/adam.h"
#include "common/ops/advance.h"
#include "common/ops/crop_flip.h"
#include "common/ops/keep_best.h"
#include "common/ops/weighted_sum.h"

static rt_shape image_shape(const rt_synthesizer *s)
{
    const rt_network_description *d = rt_network_describe(s->setup.teacher);
    return (rt_shape){s->config.batch_size, d->height, d->width, d->channels};
}

static rt_status make_generator(rt_synthesizer *s)
{
    const rt_shape image = image_shape(s);
    const rt_generator_description description = {.latent_size = s->config.latent_size,
                                                  .base_width = s->config.generator_width,
                                                  .height = image.h,
                                                  .width = image.w,
                                                  .channels = image.c};
    RT_TRY(rt_generator_init(&s->generator, &description));
    RT_TRY(rt_parameters_allocate(s->generator.parameters, s->setup.device));
    RT_TRY(rt_parameters_create(&s->latent));
    const rt_parameter z = {.name = "z",
                            .layout = RT_LAYOUT_DENSE,
                            .dims = {image.n, 1, 1, s->config.latent_size},
                            .rank = 4,
                            .initial = {RT_INITIAL_NORMAL, 0, 1}};
    RT_TRY(rt_parameters_add(s->latent, &z, NULL));
    return rt_parameters_allocate(s->latent, s->setup.device);
}

static rt_tensor *augment(rt_synthesizer *s, rt_tensor *images)
{
    if (s->config.padding == 0 && !s->config.flip) return images;
    const rt_crop_flip_options options = {.padding = s->config.padding,
                                          .flip = s->config.flip,
                                          .views = 1,
                                          .seed = s->setup.seed,
                                          .stream = RT_STREAM_AUGMENT};
    return rt_crop_flip(s->graph, images, NULL, &options);
}

static void add_adam(rt_synthesizer *s, rt_parameters *parameters, rt_tensor *schedule)
{
    rt_adam(s->graph, parameters,
            &(rt_adam_options){.schedule = schedule,
                               .learning_rate_scale = 1,
                               .beta1 = (double)s->config.beta1,
                               .beta2 = (double)s->config.beta2,
                               .epsilon = 1e-8f});
}

static void build_losses(rt_synthesizer *s, rt_tensor *images, rt_network_outputs outputs[2])
{
    rt_tensor *views = augment(s, images);
    const rt_apply_options frozen = {0};
    rt_network_apply(s->setup.teacher, s->graph, "teacher", views, &frozen, &outputs[0]);
    if (s->setup.student != NULL)
        rt_network_apply(s->setup.student, s->graph, "student", views, &frozen, &outputs[1]);
    const rt_method_batch batch = {
        .graph = s->graph,
        .images = views,
        .labels = s->labels,
        .teacher = &outputs[0],
        .student = s->setup.student != NULL ? &outputs[1] : NULL,
        .seed = s->setup.seed,
    };
    const rt_method *method = rt_methods[s->config.method];
    rt_graph_scope(s->graph, method->name);
    method->build(&batch, &s->config, &s->terms);
    rt_graph_scope(s->graph, "");
    if (s->config.weight_batch_norm > 0 && outputs[0].batch_norm_count == 0)
        rt_log_warning("the teacher has no batch norm layers: weight.batch_norm is without effect "
                       "(docs/models.md says how to export an ONNX file that keeps them)");
}

static rt_status build_step(rt_synthesizer *s)
{
    const rt_shape image = image_shape(s);
    rt_network_outputs *outputs;
    RT_TRY(RT_ALLOC(outputs, 2));
    s->labels = rt_graph_state(s->graph, "labels", (rt_shape){image.n, 1, 1, 1});
    rt_tensor *latent = rt_graph_parameter(s->graph, s->latent, 0, true);
    rt_tensor *images = rt_generator_apply(&s->generator, s->graph, latent);
    build_losses(s, images, outputs);
    rt_free(outputs);
    RT_TRY(rt_graph_status(s->graph));
    if (s->terms.count == 0)
        return rt_fail(RT_ERROR_INPUT, "every term of the synthesis loss is switched off");
    s->weights = rt_graph_state(s->graph, "weights", (rt_shape){1, 1, 1, s->terms.count});
    s->total = rt_weighted_sum(s->graph, s->terms.terms, s->terms.count, s->weights);
    s->best = rt_graph_state(s->graph, "best", image);
    s->best_loss = rt_graph_state(s->graph, "best_loss", (rt_shape){1, 1, 1, 1});
    rt_keep_best(s->graph, images, s->total, s->best, s->best_loss);
    rt_graph_output(s->graph, s->total);
    for (uint32_t i = 0; i < s->terms.count; i++) rt_graph_output(s->graph, s->terms.terms[i]);
    rt_graph_differentiate(s->graph, s->total);
    const rt_shape rows = {s->config.generator_steps, 1, 1, 4};
    s->generator_schedule = rt_graph_state(s->graph, "generator_schedule", rows);
    s->latent_schedule = rt_graph_state(s->graph, "latent_schedule", rows);
    add_adam(s, s->generator.parameters, s->generator_schedule);
    add_adam(s, s->latent, s->latent_schedule);
    rt_advance(s->graph);
    return rt_graph_status(s->graph);
}

static rt_status allocate_batch(rt_synthesizer *s)
{
    const rt_shape image = image_shape(s);
    const uint64_t pixels = rt_shape_pixels(image);
    RT_TRY(RT_ALLOC(s->images, pixels * image.c));
    RT_TRY(RT_ALLOC(s->padded, pixels * 4 * rt_vec4s(image.c)));
    RT_TRY(RT_ALLOC(s->host_labels, image.n));
    return RT_ALLOC(s->rounds, image.n);
}

static rt_status create(rt_synthesizer *s)
{
    const rt_phase_options options = {.timestamps = s->setup.timestamps,
                                      .batch_size = s->config.batch_size};
    RT_TRY(make_generator(s));
    RT_TRY(rt_graph_create(&s->graph));
    RT_TRY(build_step(s));
    RT_TRY(rt_phase_create(&s->phase, s->setup.device, s->graph, &options));
    RT_TRY(
        rt_teacher_pass_init(&s->teacher, s->setup.device, s->setup.teacher, s->config.batch_size));
    return allocate_batch(s);
}

rt_status rt_synthesizer_create(rt_synthesizer **synthesizer, const rt_synthesizer_setup *setup)
{
    RT_TRY(RT_ALLOC(*synthesizer, 1));
    (*synthesizer)->setup = *setup;
    (*synthesizer)->config = *setup->config;
    const rt_status status = create(*synthesizer);
    if (status != RT_OK) {
        rt_synthesizer_free(*synthesizer);
        *synthesizer = NULL;
    }
    return status;
}

void rt_synthesizer_free(rt_synthesizer *synthesizer)
{
    if (synthesizer == NULL) return;
    rt_teacher_pass_clear(&synthesizer->teacher);
    rt_phase_free(synthesizer->phase);
    rt_graph_free(synthesizer->graph);
    rt_parameters_free(synthesizer->latent);
    rt_generator_clear(&synthesizer->generator);
    rt_free(synthesizer->images);
    rt_free(synthesizer->padded);
    rt_free(synthesizer->host_labels);
    rt_free(synthesizer->rounds);
    rt_free(synthesizer);
}

const uint8_t *rt_synthesizer_images(const rt_synthesizer *synthesizer)
{
    return synthesizer->images;
}

const int32_t *rt_synthesizer_labels(const rt_synthesizer *synthesizer)
{
    return synthesizer->host_labels;
}

const rt_synthesis_terms *rt_synthesizer_terms(const rt_synthesizer *synthesizer)
{
    return &synthesizer->terms;
}

rt_phase *rt_synthesizer_phase(rt_synthesizer *synthesizer) { return synthesizer->phase; }

void rt_synthesizer_describe(const rt_synthesizer *synthesizer, const char *config_yaml,
                             rt_store_description *description)
{
    const rt_network_description *teacher = rt_network_describe(synthesizer->setup.teacher);
    *description = (rt_store_description){
        .height = teacher->height,
        .width = teacher->width,
        .channels = teacher->channels,
        .classes = teacher->classes,
        .teacher_sha256 = synthesizer->setup.teacher_sha256,
        .teacher_arch = teacher->arch,
        .method = rt_methods[synthesizer->config.method]->name,
        .config = config_yaml,
        .seed = synthesizer->setup.seed,
        .columns = RT_COLUMN_ROUND |
                   (synthesizer->config.store_logits ? (uint32_t)RT_COLUMN_TEACHER_LOGITS : 0),
    };
    for (uint32_t c = 0; c < teacher->channels; c++) {
        description->mean[c] = teacher->mean[c];
        description->std[c] = teacher->std[c];
    }
}

rt_status rt_synthesizer_save(rt_synthesizer *synthesizer, rt_safetensors_writer *writer,
                              rt_arena *arena)
{
    if (synthesizer->config.generator_start != RT_START_WARM) return RT_OK;
    return rt_parameters_save(synthesizer->generator.parameters, "generator.", true, writer, arena);
}

rt_status rt_synthesizer_load(rt_synthesizer *synthesizer, const rt_safetensors *checkpoint)
{
    if (synthesizer->config.generator_start != RT_START_WARM) return RT_OK;
    return rt_parameters_load(synthesizer->generator.parameters, "generator.", true, checkpoint);
}
