#include "common/formats/onnx/onnx.h"

#include "common/base/io.h"
#include "common/formats/onnx/names.h"
#include "common/formats/onnx/read_private.h"
#include "common/formats/onnx/scan.h"

#include <fcntl.h>
#include <string.h>

enum { LEAST_IR = 3, LARGEST_IR = 13, MAXIMUM_ATTRIBUTES = 100, MAXIMUM_METADATA = 1000 };

/* A model in the making. */
typedef struct reader {
    rt_onnx *model;
    rt_onnx_source source;
    rt_names names; ///< of values
} reader;

static void *allocate(void *data, size_t size)
{
    void *const memory = rt_alloc(size, 1);
    if (memory == NULL) *(bool *)data = true;
    return memory;
}

static void release(void *data, void *pointer)
{
    (void)data;
    rt_free(pointer);
}

static bool is_default_domain(const char *domain)
{
    return domain == NULL || domain[0] == 0 || strcmp(domain, "ai.onnx") == 0;
}

static rt_status read_versions(rt_onnx *model, const Onnx__ModelProto *from)
{
    if (!from->has_ir_version || from->ir_version < LEAST_IR || from->ir_version > LARGEST_IR)
        return rt_fail(RT_ERROR_INPUT, "ir_version is %lld; %d to %d can be read",
                       (long long)from->ir_version, LEAST_IR, LARGEST_IR);
    model->ir_version = from->ir_version;
    uint32_t found = 0;
    for (size_t i = 0; i < from->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = from->opset_import[i];
        if (!is_default_domain(set->domain)) continue; /* refused where a node uses it */
        model->opset = set->version;
        found++;
    }
    if (found != 1)
        return rt_fail(RT_ERROR_INPUT, "%u versions of ONNX's operators are imported, not one",
                       found);
    if (model->opset < RT_ONNX_LEAST_OPSET || model->opset > RT_ONNX_LARGEST_OPSET)
        return rt_fail(RT_ERROR_INPUT,
                       "it is of opset %lld; %d to %d can be read: export it again, with "
                       "opset_version=17 for example",
                       (long long)model->opset, RT_ONNX_LEAST_OPSET, RT_ONNX_LARGEST_OPSET);
    return RT_OK;
}

static rt_status read_metadata(rt_onnx *model, const Onnx__ModelProto *from)
{
    rt_onnx_entry *const entries =
        rt_arena_alloc(&model->arena, from->n_metadata_props, sizeof *entries);
    model->producer = rt_arena_strdup(&model->arena, rt_onnx_text(from->producer_name));
    if (entries == NULL || model->producer == NULL) return RT_ERROR_MEMORY;
    model->metadata = entries;
    if (from->n_metadata_props > MAXIMUM_METADATA)
        return rt_fail(RT_ERROR_INPUT, "more than %d metadata_props", MAXIMUM_METADATA);
    for (size_t i = 0; i < from->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *e = from->metadata_props[i];
        entries[i].key = rt_arena_strdup(&model->arena, rt_onnx_text(e->key));
        entries[i].value = rt_arena_strdup(&model->arena, rt_onnx_text(e->value));
        if (entries[i].key == NULL || entries[i].value == NULL) return RT_ERROR_MEMORY;
        if (rt_onnx_metadata(model, entries[i].key) != NULL)
            return rt_fail(RT_ERROR_INPUT, "metadata '%s' is there twice", entries[i].key);
        model->metadata_count++;
    }
    return RT_OK;
}

/* Gives a value its number; the name is copied. */
static rt_status define(reader *r, const char *name, uint32_t *number)
{
    const char *copy = rt_arena_strdup(&r->model->arena, rt_onnx_text(name));
    if (copy == NULL) return RT_ERROR_MEMORY;
    if (*copy == 0) return rt_fail(RT_ERROR_INPUT, "a value has no name");
    return rt_names_add(&r->names, copy, number);
}

static rt_status read_initializers(reader *r, const Onnx__GraphProto *graph)
{
    rt_arena *arena = &r->model->arena;
    rt_onnx_tensor *const tensors = rt_arena_alloc(arena, graph->n_initializer, sizeof *tensors);
    if (tensors == NULL) return RT_ERROR_MEMORY;
    r->model->initializers = tensors;
    for (size_t i = 0; i < graph->n_initializer; i++) {
        uint32_t number;
        RT_TRY(define(r, graph->initializer[i]->name, &number));
        RT_TRY(rt_onnx_read_tensor(&r->source, graph->initializer[i], &tensors[i]));
        r->model->initializer_count++;
    }
    return RT_OK;
}

static rt_status read_input(reader *r, const Onnx__ValueInfoProto *from, rt_onnx_input *to)
{
    const Onnx__TypeProto *type = from->type;
    if (type == NULL || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
        type->tensor_type->shape == NULL)
        return rt_fail(RT_ERROR_INPUT, "the input '%s' is no tensor with a shape",
                       rt_onnx_text(from->name));
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    if (shape->n_dim > RT_ONNX_MAXIMUM_RANK)
        return rt_fail(RT_ERROR_INPUT, "the input '%s' has %zu dimensions",
                       rt_onnx_text(from->name), shape->n_dim);
    *to = (rt_onnx_input){.floats =
                              type->tensor_type->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
                          .rank = (uint32_t)shape->n_dim};
    for (size_t i = 0; i < shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
        const bool fixed = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        to->dims[i] = fixed ? d->dim_value : RT_ONNX_DYNAMIC;
        if (fixed && (d->dim_value < 0 || d->dim_value > INT32_MAX)) /* 0: some write it for open */
            return rt_fail(RT_ERROR_INPUT, "the input '%s' has the dimension %lld",
                           rt_onnx_text(from->name), (long long)d->dim_value);
        if (fixed && d->dim_value == 0) to->dims[i] = RT_ONNX_DYNAMIC;
    }
    return define(r, from->name, &to->value);
}

static rt_status read_inputs(reader *r, const Onnx__GraphProto *graph)
{
    rt_onnx_input *const inputs = rt_arena_alloc(&r->model->arena, graph->n_input, sizeof *inputs);
    if (inputs == NULL) return RT_ERROR_MEMORY;
    r->model->inputs = inputs;
    for (size_t i = 0; i < graph->n_input; i++) {
        /* Until IR 4 initializers had to be inputs too. */
        const int64_t known = rt_names_find(&r->names, rt_onnx_text(graph->input[i]->name));
        if (known >= 0 && known < r->model->initializer_count) continue;
        RT_TRY(read_input(r, graph->input[i], &inputs[r->model->input_count]));
        r->model->input_count++;
    }
    return RT_OK;
}

/* The number of a value that must be there already. */
static rt_status look_up(const reader *r, const char *name, const char *who, uint32_t *number)
{
    const int64_t found = rt_names_find(&r->names, name);
    if (found < 0)
        return rt_fail(RT_ERROR_INPUT, "%s reads '%s', which nothing before it makes", who, name);
    *number = (uint32_t)found;
    return RT_OK;
}

static rt_status read_edges(reader *r, const Onnx__NodeProto *from, rt_onnx_node *to)
{
    rt_arena *arena = &r->model->arena;
    uint32_t *const inputs = rt_arena_alloc(arena, from->n_input, sizeof *inputs);
    uint32_t *const outputs = rt_arena_alloc(arena, from->n_output, sizeof *outputs);
    if (inputs == NULL || outputs == NULL) return RT_ERROR_MEMORY;
    to->inputs = inputs;
    to->outputs = outputs;
    to->input_count = (uint32_t)from->n_input;
    to->output_count = (uint32_t)from->n_output;
    for (size_t i = 0; i < from->n_input; i++) {
        inputs[i] = RT_ONNX_NO_VALUE;
        if (*rt_onnx_text(from->input[i]) != 0)
            RT_TRY(look_up(r, from->input[i], to->op, &inputs[i]));
    }
    for (size_t i = 0; i < from->n_output; i++) {
        outputs[i] = RT_ONNX_NO_VALUE;
        if (*rt_onnx_text(from->output[i]) != 0) RT_TRY(define(r, from->output[i], &outputs[i]));
    }
    return RT_OK;
}

static rt_status read_node(reader *r, const Onnx__NodeProto *from, rt_onnx_node *to)
{
    *to = (rt_onnx_node){.name = rt_arena_strdup(&r->model->arena, rt_onnx_text(from->name)),
                         .op = rt_arena_strdup(&r->model->arena, rt_onnx_text(from->op_type))};
    if (to->name == NULL || to->op == NULL) return RT_ERROR_MEMORY;
    if (!is_default_domain(from->domain))
        return rt_fail(RT_ERROR_INPUT,
                       "node '%s' is '%s' of the operators '%s'; only ONNX's own can be read",
                       to->name, to->op, from->domain);
    if (from->n_attribute > MAXIMUM_ATTRIBUTES)
        return rt_fail(RT_ERROR_INPUT, "node '%s' has %zu attributes", to->name, from->n_attribute);
    const rt_status status = read_edges(r, from, to);
    if (status != RT_OK) {
        rt_error_prefix("node '%s': ", to->name);
        return status;
    }
    return rt_onnx_read_attributes(&r->source, from, to);
}

static rt_status read_graph(reader *r, const Onnx__GraphProto *graph)
{
    rt_onnx *model = r->model;
    if (graph->n_node < 1 || graph->n_node > RT_ONNX_MAXIMUM_NODES)
        return rt_fail(RT_ERROR_INPUT, "a graph of %zu nodes; 1 to %d can be read", graph->n_node,
                       RT_ONNX_MAXIMUM_NODES);
    rt_onnx_node *const nodes = rt_arena_alloc(&model->arena, graph->n_node, sizeof *nodes);
    uint32_t *const outputs = rt_arena_alloc(&model->arena, graph->n_output, sizeof *outputs);
    if (nodes == NULL || outputs == NULL) return RT_ERROR_MEMORY;
    model->nodes = nodes;
    model->outputs = outputs;
    RT_TRY(read_initializers(r, graph));
    RT_TRY(read_inputs(r, graph));
    for (size_t i = 0; i < graph->n_node; i++, model->node_count++)
        RT_TRY(read_node(r, graph->node[i], &nodes[i]));
    for (size_t i = 0; i < graph->n_output; i++, model->output_count++)
        RT_TRY(look_up(r, rt_onnx_text(graph->output[i]->name), "the graph's output", &outputs[i]));
    if (model->output_count < 1) return rt_fail(RT_ERROR_INPUT, "the graph has no output");
    const char **names = rt_arena_alloc(&model->arena, r->names.count, sizeof *names);
    if (names == NULL) return RT_ERROR_MEMORY;
    memcpy(names, r->names.names, r->names.count * sizeof *names);
    model->value_names = names;
    model->value_count = r->names.count;
    return RT_OK;
}

static rt_status read_model(reader *r, const Onnx__ModelProto *from)
{
    RT_TRY(read_versions(r->model, from));
    RT_TRY(read_metadata(r->model, from));
    if (from->graph == NULL) return rt_fail(RT_ERROR_INPUT, "there is no graph in it");
    return read_graph(r, from->graph);
}

static rt_status parse(rt_onnx *model, const void *data, size_t size, const char *folder)
{
    bool short_of_memory = false;
    ProtobufCAllocator allocator = {
        .alloc = allocate, .free = release, .allocator_data = &short_of_memory};
    reader r = {.model = model, .source = {.arena = &model->arena, .folder = folder}};
    RT_TRY(rt_onnx_scan(data, size));
    Onnx__ModelProto *from = onnx__model_proto__unpack(&allocator, size, data);
    if (from == NULL && short_of_memory) return RT_ERROR_MEMORY;
    if (from == NULL) return rt_fail(RT_ERROR_INPUT, "the file is damaged: it is no ONNX model");
    rt_sha256(data, size, model->sha256);
    const rt_status status = read_model(&r, from);
    onnx__model_proto__free_unpacked(from, &allocator);
    rt_names_clear(&r.names);
    if (status != RT_OK) rt_onnx_close(model);
    return status;
}

rt_status rt_onnx_parse(rt_onnx *model, const void *data, size_t size)
{
    return parse(model, data, size, NULL);
}

rt_status rt_onnx_open(rt_onnx *model, const char *path, bool external_data)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    const char *slash = strrchr(path, '/'), *folder = NULL;
    if (external_data) {
        folder =
            slash != NULL ? rt_arena_printf(&arena, "%.*s", (int)(slash - path) + 1, path) : ".";
        if (folder == NULL) return RT_ERROR_MEMORY;
    }
    RT_TRY_DONE(rt_file_read(&bytes, path, INT32_MAX)); /* protobuf's own limit: 2 GiB - 1 */
    status = parse(model, bytes.data, bytes.size, folder);
    if (status != RT_OK) rt_error_prefix("'%s': ", path);
done:
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
    return status;
}

void rt_onnx_close(rt_onnx *model)
{
    rt_arena_clear(&model->arena);
    *model = (rt_onnx){0};
}

const char *rt_onnx_metadata(const rt_onnx *model, const char *key)
{
    for (uint32_t i = 0; i < model->metadata_count; i++)
        if (strcmp(model->metadata[i].key, key) == 0) return model->metadata[i].value;
    return NULL;
}

/* Writers begin with ir_version, then one of the model's other fields. */
bool rt_onnx_is(const void *head, size_t size)
{
    const uint8_t *bytes = head;
    if (size < 3 || bytes[0] != 0x08 || bytes[1] < 1 || bytes[1] > 127) return false;
    return bytes[2] != 0 && strchr("\x12\x1a\x22\x28\x32\x3a\x42\x72", bytes[2]) != NULL;
}

bool rt_onnx_is_file(const char *path)
{
    uint8_t head[16];
    const int file = rt_io.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
    if (file < 0) return false;
    const ssize_t size = rt_io.read(file, head, sizeof head);
    rt_io.close(file);
    return size > 0 && rt_onnx_is(head, (size_t)size);
}
