#include "common/formats/onnx/writer.h"

#include "common/base/io.h"

#include <onnx.pb-c.h>
#include <string.h>

struct rt_onnx_writer {
    rt_arena arena; /* all but the four lists and the numbers of initializers */
    Onnx__NodeProto **nodes;
    Onnx__TensorProto **initializers;
    Onnx__ValueInfoProto **inputs;
    Onnx__StringStringEntryProto **metadata;
    size_t node_count, initializer_count, input_count, metadata_count;
    size_t node_capacity, initializer_capacity, input_capacity, metadata_capacity;
    Onnx__ValueInfoProto *output;
    const char *graph_name;
};

/* Protobuf counts the bytes of a message in a signed 32-bit number. */
static const size_t largest_file = INT32_MAX;

rt_status rt_onnx_writer_create(rt_onnx_writer **writer)
{
    RT_TRY(RT_ALLOC(*writer, 1));
    (*writer)->graph_name = "graph";
    return RT_OK;
}

void rt_onnx_writer_free(rt_onnx_writer *writer)
{
    if (writer == NULL) return;
    rt_free(writer->nodes);
    rt_free(writer->initializers);
    rt_free(writer->inputs);
    rt_free(writer->metadata);
    rt_arena_clear(&writer->arena);
    rt_free(writer);
}

/* Room for one more pointer; capacities double. */
static rt_status grow(void **items, size_t count, size_t *capacity)
{
    if (count < *capacity) return RT_OK;
    const size_t larger = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = rt_realloc(*items, larger, sizeof(void *));
    if (grown == NULL) return RT_ERROR_MEMORY;
    *items = grown;
    *capacity = larger;
    return RT_OK;
}

static rt_status copy_text(rt_onnx_writer *writer, const char *text, char **copy)
{
    *copy = rt_arena_strdup(&writer->arena, text);
    return *copy != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status copy_wholes(rt_onnx_writer *writer, const int64_t *values, size_t count,
                             int64_t **copy)
{
    *copy = rt_arena_alloc(&writer->arena, count, sizeof *values);
    if (*copy == NULL) return RT_ERROR_MEMORY;
    if (count > 0) memcpy(*copy, values, count * sizeof *values);
    return RT_OK;
}

/* Without its numbers: *count says how many there must be. */
static rt_status add_tensor(rt_onnx_writer *writer, const char *name, uint32_t rank,
                            const int64_t *dims, Onnx__TensorProto **tensor, size_t *count)
{
    RT_TRY(grow((void **)&writer->initializers, writer->initializer_count,
                &writer->initializer_capacity));
    *tensor = rt_arena_alloc(&writer->arena, 1, sizeof **tensor);
    if (*tensor == NULL) return RT_ERROR_MEMORY;
    onnx__tensor_proto__init(*tensor);
    RT_TRY(copy_text(writer, name, &(*tensor)->name));
    RT_TRY(copy_wholes(writer, dims, rank, &(*tensor)->dims));
    (*tensor)->n_dims = rank;
    *count = 1;
    for (uint32_t i = 0; i < rank; i++) *count *= (size_t)dims[i];
    (*tensor)->has_data_type = (*tensor)->has_raw_data = true;
    writer->initializers[writer->initializer_count++] = *tensor;
    return RT_OK;
}

rt_status rt_onnx_add_floats(rt_onnx_writer *writer, const char *name, uint32_t rank,
                             const int64_t *dims, const float *values)
{
    Onnx__TensorProto *tensor;
    size_t count;
    RT_TRY(add_tensor(writer, name, rank, dims, &tensor, &count));
    tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor->raw_data = (ProtobufCBinaryData){count * sizeof *values, (uint8_t *)values};
    return RT_OK;
}

rt_status rt_onnx_add_wholes(rt_onnx_writer *writer, const char *name, uint32_t rank,
                             const int64_t *dims, const int64_t *values)
{
    Onnx__TensorProto *tensor;
    size_t count;
    int64_t *copy;
    RT_TRY(add_tensor(writer, name, rank, dims, &tensor, &count));
    RT_TRY(copy_wholes(writer, values, count, &copy));
    tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    tensor->raw_data = (ProtobufCBinaryData){count * sizeof *values, (uint8_t *)copy};
    return RT_OK;
}

static rt_status fill_attribute(rt_onnx_writer *writer, Onnx__AttributeProto *made,
                                const rt_onnx_attribute *given)
{
    static const Onnx__AttributeProto__AttributeType types[] = {
        [RT_ONNX_FLOAT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
        [RT_ONNX_INT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
        [RT_ONNX_STRING] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING,
        [RT_ONNX_FLOATS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS,
        [RT_ONNX_INTS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
    };
    char *text;
    RT_TRY(copy_text(writer, given->name, &made->name));
    made->has_type = true;
    made->type = types[given->type];
    switch (given->type) {
    case RT_ONNX_FLOAT:
        made->has_f = true;
        made->f = given->number;
        return RT_OK;
    case RT_ONNX_INT:
        made->has_i = true;
        made->i = given->whole;
        return RT_OK;
    case RT_ONNX_STRING:
        RT_TRY(copy_text(writer, given->string, &text));
        made->has_s = true;
        made->s = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
        return RT_OK;
    case RT_ONNX_FLOATS:
        made->n_floats = given->count;
        made->floats = rt_arena_alloc(&writer->arena, given->count, sizeof *made->floats);
        if (made->floats == NULL) return RT_ERROR_MEMORY;
        memcpy(made->floats, given->floats, given->count * sizeof *made->floats);
        return RT_OK;
    case RT_ONNX_INTS:
        made->n_ints = given->count;
        return copy_wholes(writer, given->ints, given->count, &made->ints);
    default:
        break;
    }
    return rt_fail(RT_ERROR_INTERNAL, "attribute '%s' is of a type that is not written",
                   given->name);
}

static rt_status fill_node(rt_onnx_writer *writer, Onnx__NodeProto *made,
                           const rt_onnx_new_node *node)
{
    made->input = rt_arena_alloc(&writer->arena, node->input_count, sizeof *made->input);
    made->output = rt_arena_alloc(&writer->arena, 1, sizeof *made->output);
    made->attribute =
        rt_arena_alloc(&writer->arena, node->attribute_count, sizeof *made->attribute);
    if (made->input == NULL || made->output == NULL || made->attribute == NULL)
        return RT_ERROR_MEMORY;
    RT_TRY(copy_text(writer, node->op, &made->op_type));
    RT_TRY(copy_text(writer, node->name, &made->name));
    RT_TRY(copy_text(writer, node->name, &made->output[0]));
    made->n_output = 1;
    for (; made->n_input < node->input_count; made->n_input++)
        RT_TRY(copy_text(writer, node->inputs[made->n_input], &made->input[made->n_input]));
    for (; made->n_attribute < node->attribute_count; made->n_attribute++) {
        Onnx__AttributeProto *attribute = rt_arena_alloc(&writer->arena, 1, sizeof *attribute);
        if (attribute == NULL) return RT_ERROR_MEMORY;
        onnx__attribute_proto__init(attribute);
        RT_TRY(fill_attribute(writer, attribute, &node->attributes[made->n_attribute]));
        made->attribute[made->n_attribute] = attribute;
    }
    return RT_OK;
}

rt_status rt_onnx_add_node(rt_onnx_writer *writer, const rt_onnx_new_node *node)
{
    RT_TRY(grow((void **)&writer->nodes, writer->node_count, &writer->node_capacity));
    Onnx__NodeProto *made = rt_arena_alloc(&writer->arena, 1, sizeof *made);
    if (made == NULL) return RT_ERROR_MEMORY;
    onnx__node_proto__init(made);
    RT_TRY(fill_node(writer, made, node));
    writer->nodes[writer->node_count++] = made;
    return RT_OK;
}

static rt_status fill_dim(rt_onnx_writer *writer, Onnx__TensorShapeProto__Dimension *dim,
                          int64_t size)
{
    onnx__tensor_shape_proto__dimension__init(dim);
    if (size == RT_ONNX_DYNAMIC) {
        dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        return copy_text(writer, "N", &dim->dim_param);
    }
    dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    dim->dim_value = size;
    return RT_OK;
}

/* A value of floats of this shape. */
static rt_status make_value(rt_onnx_writer *writer, const char *name, uint32_t rank,
                            const int64_t *dims, Onnx__ValueInfoProto **value)
{
    typedef struct parts {
        Onnx__ValueInfoProto value;
        Onnx__TypeProto type;
        Onnx__TypeProto__Tensor tensor;
        Onnx__TensorShapeProto shape;
        Onnx__TensorShapeProto__Dimension dims[RT_ONNX_MAXIMUM_RANK];
        Onnx__TensorShapeProto__Dimension *list[RT_ONNX_MAXIMUM_RANK];
    } parts;
    parts *p = rt_arena_alloc(&writer->arena, 1, sizeof *p);
    if (p == NULL) return RT_ERROR_MEMORY;
    onnx__value_info_proto__init(&p->value);
    onnx__type_proto__init(&p->type);
    onnx__type_proto__tensor__init(&p->tensor);
    onnx__tensor_shape_proto__init(&p->shape);
    for (uint32_t i = 0; i < rank; i++) {
        RT_TRY(fill_dim(writer, &p->dims[i], dims[i]));
        p->list[i] = &p->dims[i];
    }
    p->shape.n_dim = rank;
    p->shape.dim = p->list;
    p->tensor.has_elem_type = true;
    p->tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    p->tensor.shape = &p->shape;
    p->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    p->type.tensor_type = &p->tensor;
    p->value.type = &p->type;
    *value = &p->value;
    return copy_text(writer, name, &p->value.name);
}

rt_status rt_onnx_add_input(rt_onnx_writer *writer, const char *name, uint32_t rank,
                            const int64_t *dims)
{
    RT_TRY(grow((void **)&writer->inputs, writer->input_count, &writer->input_capacity));
    RT_TRY(make_value(writer, name, rank, dims, &writer->inputs[writer->input_count]));
    writer->input_count++;
    return RT_OK;
}

rt_status rt_onnx_set_output(rt_onnx_writer *writer, const char *made, const char *name,
                             uint32_t rank, const int64_t *dims)
{
    RT_TRY(make_value(writer, name, rank, dims, &writer->output));
    for (size_t i = 0; i < writer->node_count; i++) {
        Onnx__NodeProto *node = writer->nodes[i];
        for (size_t k = 0; k < node->n_input; k++)
            if (strcmp(node->input[k], made) == 0) node->input[k] = writer->output->name;
        if (strcmp(node->output[0], made) == 0) node->output[0] = writer->output->name;
    }
    return RT_OK;
}

rt_status rt_onnx_add_metadata(rt_onnx_writer *writer, const char *key, const char *value)
{
    RT_TRY(grow((void **)&writer->metadata, writer->metadata_count, &writer->metadata_capacity));
    Onnx__StringStringEntryProto *entry = rt_arena_alloc(&writer->arena, 1, sizeof *entry);
    if (entry == NULL) return RT_ERROR_MEMORY;
    onnx__string_string_entry_proto__init(entry);
    RT_TRY(copy_text(writer, key, &entry->key));
    RT_TRY(copy_text(writer, value, &entry->value));
    writer->metadata[writer->metadata_count++] = entry;
    return RT_OK;
}

rt_status rt_onnx_set_graph_name(rt_onnx_writer *writer, const char *name)
{
    char *copy;
    RT_TRY(copy_text(writer, name, &copy));
    writer->graph_name = copy;
    return RT_OK;
}

rt_status rt_onnx_writer_encode(const rt_onnx_writer *writer, rt_buffer *bytes)
{
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    Onnx__OperatorSetIdProto opset, *opsets[] = {&opset};
    Onnx__ValueInfoProto *outputs[] = {writer->output};
    onnx__model_proto__init(&model);
    onnx__graph_proto__init(&graph);
    onnx__operator_set_id_proto__init(&opset);
    opset.domain = (char *)""; /* the structs of protobuf-c know no const */
    opset.has_version = true;
    opset.version = RT_ONNX_WRITTEN_OPSET;
    graph.name = (char *)writer->graph_name;
    graph.n_node = writer->node_count;
    graph.node = writer->nodes;
    graph.n_initializer = writer->initializer_count;
    graph.initializer = writer->initializers;
    graph.n_input = writer->input_count;
    graph.input = writer->inputs;
    graph.n_output = writer->output != NULL ? 1 : 0;
    graph.output = outputs;
    model.has_ir_version = true;
    model.ir_version = RT_ONNX_WRITTEN_IR_VERSION;
    model.n_opset_import = 1;
    model.opset_import = opsets;
    model.producer_name = (char *)"retort";
    model.producer_version = (char *)RT_VERSION;
    model.n_metadata_props = writer->metadata_count;
    model.metadata_props = writer->metadata;
    model.graph = &graph;
    const size_t size = onnx__model_proto__get_packed_size(&model);
    if (size > largest_file)
        return rt_fail(RT_ERROR_INPUT,
                       "the network takes %.1f GiB as an ONNX file, which may have 2; write it as "
                       "safetensors",
                       (double)size / (1 << 30));
    RT_TRY(rt_buffer_reserve(bytes, size));
    bytes->size = onnx__model_proto__pack(&model, bytes->data);
    return RT_OK;
}

rt_status rt_onnx_writer_save(const rt_onnx_writer *writer, const char *path,
                              char sha256[RT_SHA256_TEXT])
{
    rt_buffer bytes = {0};
    rt_status status = rt_onnx_writer_encode(writer, &bytes);
    if (status == RT_OK) status = rt_file_replace(path, bytes.data, bytes.size);
    if (status == RT_OK && sha256 != NULL) rt_sha256(bytes.data, bytes.size, sha256);
    rt_buffer_clear(&bytes);
    return status;
}
