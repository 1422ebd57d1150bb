#include "common/gpu/reflect.h"

#include "common/base/memory.h"

#include <string.h>

/* The parts of SPIR-V 1.5 that are read here (its specification, section 3). */
enum {
    MAGIC = 0x07230203,
    HEADER_WORDS = 5,
    MAXIMUM_IDS = 1 << 20,
    OP_NAME = 5,
    OP_MEMBER_NAME = 6,
    OP_ENTRY_POINT = 15,
    OP_EXECUTION_MODE = 16,
    OP_TYPE_BOOL = 20,
    OP_TYPE_INT = 21,
    OP_TYPE_FLOAT = 22,
    OP_TYPE_IMAGE = 25,
    OP_TYPE_SAMPLED_IMAGE = 27,
    OP_TYPE_STRUCT = 30,
    OP_TYPE_POINTER = 32,
    OP_CONSTANT = 43,
    OP_CONSTANT_COMPOSITE = 44,
    OP_SPEC_CONSTANT_TRUE = 48,
    OP_SPEC_CONSTANT_FALSE = 49,
    OP_SPEC_CONSTANT = 50,
    OP_SPEC_CONSTANT_COMPOSITE = 51,
    OP_FUNCTION = 54,
    OP_VARIABLE = 59,
    OP_DECORATE = 71,
    OP_MEMBER_DECORATE = 72,
    DECORATION_SPEC_ID = 1,
    DECORATION_BUILT_IN = 11,
    DECORATION_NON_WRITABLE = 24,
    DECORATION_BINDING = 33,
    DECORATION_SET = 34,
    DECORATION_OFFSET = 35,
    BUILT_IN_WORKGROUP_SIZE = 25,
    MODE_LOCAL_SIZE = 17,
    STORAGE_UNIFORM_CONSTANT = 0,
    STORAGE_UNIFORM = 2,
    STORAGE_PUSH_CONSTANT = 9,
    STORAGE_STORAGE_BUFFER = 12,
    DIMENSION_BUFFER = 5,
    SAMPLED_STORAGE = 2,
    FORMAT_UNKNOWN = 0,
    FORMAT_RGBA32F = 1,
};

typedef struct instruction {
    const uint32_t *words; ///< words[0] is length and opcode
    uint32_t length;
    uint32_t opcode;
} instruction;

/* What is known of one SPIR-V id. */
typedef struct id_record {
    const char *name;
    instruction definition; ///< of a type, constant or variable
    uint32_t spec_id, binding, set;
    bool has_spec_id, has_binding, workgroup_size;
    bool read_only;             ///< of a variable
    uint32_t read_only_members; ///< of a struct, how many
} id_record;

typedef struct reader {
    const char *shader;
    const uint32_t *words;
    size_t count;
    size_t position;
    id_record *ids;
    uint32_t bound;
    rt_shader_interface *interface;
} reader;

static rt_status damaged(const reader *reading)
{
    return rt_fail(RT_ERROR_INTERNAL, "shader '%s': its SPIR-V is damaged", reading->shader);
}

/* The next instruction of the declarations; false at the first function, the end or damage. */
static bool next(reader *reading, instruction *found)
{
    if (reading->position >= reading->count) return false;
    const uint32_t *words = reading->words + reading->position;
    *found = (instruction){.words = words, .length = words[0] >> 16, .opcode = words[0] & 0xffff};
    if (found->length == 0 || found->length > reading->count - reading->position) return false;
    reading->position += found->length;
    return found->opcode != OP_FUNCTION;
}

/* The text from word `first` on, or NULL if it does not end within the instruction. */
static const char *text(const instruction *from, uint32_t first)
{
    if (first >= from->length) return NULL;
    const char *begin = (const char *)(from->words + first);
    return memchr(begin, 0, (from->length - first) * sizeof(uint32_t)) != NULL ? begin : NULL;
}

static id_record *record(const reader *reading, const instruction *from, uint32_t word)
{
    if (word >= from->length || from->words[word] >= reading->bound) return NULL;
    return &reading->ids[from->words[word]];
}

/* The record of the id in `word` if an instruction `opcode` of `length` words or more defines it.
 */
static const id_record *defined(const reader *reading, const instruction *from, uint32_t word,
                                uint32_t opcode, uint32_t length)
{
    const id_record *found = record(reading, from, word);
    if (found == NULL || found->definition.opcode != opcode || found->definition.length < length)
        return NULL;
    return found;
}

static void read_decoration(const instruction *from, id_record *target)
{
    const uint32_t value = from->length > 3 ? from->words[3] : 0;
    switch (from->words[2]) {
    case DECORATION_SPEC_ID:
        target->has_spec_id = true;
        target->spec_id = value;
        break;
    case DECORATION_BINDING:
        target->has_binding = true;
        target->binding = value;
        break;
    case DECORATION_SET:
        target->set = value;
        break;
    case DECORATION_BUILT_IN:
        target->workgroup_size = value == BUILT_IN_WORKGROUP_SIZE;
        break;
    case DECORATION_NON_WRITABLE:
        target->read_only = true;
        break;
    default:
        break;
    }
}

/* `readonly buffer` is said of every member of the block. */
static rt_status read_member_decoration(const reader *reading, const instruction *from)
{
    id_record *target = record(reading, from, 1);
    if (target == NULL || from->length < 4) return damaged(reading);
    target->read_only_members += from->words[3] == DECORATION_NON_WRITABLE;
    return RT_OK;
}

static rt_status read_execution_mode(const reader *reading, const instruction *from)
{
    if (from->length < 3) return damaged(reading);
    if (from->words[2] != MODE_LOCAL_SIZE) return RT_OK;
    if (from->length < 6) return damaged(reading);
    for (int i = 0; i < 3; i++) {
        reading->interface->local_size[i] = (rt_shader_size){.value = from->words[3 + i]};
    }
    return RT_OK;
}

/* Which word of an instruction holds the id that it defines; 0: none of interest. */
static uint32_t result_word(uint32_t opcode)
{
    switch (opcode) {
    case OP_TYPE_BOOL:
    case OP_TYPE_INT:
    case OP_TYPE_FLOAT:
    case OP_TYPE_IMAGE:
    case OP_TYPE_SAMPLED_IMAGE:
    case OP_TYPE_STRUCT:
    case OP_TYPE_POINTER:
        return 1;
    case OP_CONSTANT:
    case OP_CONSTANT_COMPOSITE:
    case OP_SPEC_CONSTANT_TRUE:
    case OP_SPEC_CONSTANT_FALSE:
    case OP_SPEC_CONSTANT:
    case OP_SPEC_CONSTANT_COMPOSITE:
    case OP_VARIABLE:
        return 2;
    default:
        return 0;
    }
}

/* Fills the records of all ids. */
static rt_status gather(reader *reading)
{
    instruction found;
    reading->position = HEADER_WORDS;
    while (next(reading, &found)) {
        const bool annotates = found.opcode == OP_NAME || found.opcode == OP_DECORATE;
        const uint32_t word = annotates ? 1 : result_word(found.opcode);
        if (word != 0) {
            id_record *target = record(reading, &found, word);
            if (target == NULL || (annotates && found.length < 3)) return damaged(reading);
            if (found.opcode == OP_NAME)
                target->name = text(&found, 2);
            else if (found.opcode == OP_DECORATE)
                read_decoration(&found, target);
            else
                target->definition = found;
        } else if (found.opcode == OP_MEMBER_DECORATE) {
            RT_TRY(read_member_decoration(reading, &found));
        } else if (found.opcode == OP_ENTRY_POINT) {
            reading->interface->entry_point = text(&found, 3);
        } else if (found.opcode == OP_EXECUTION_MODE) {
            RT_TRY(read_execution_mode(reading, &found));
        }
    }
    return reading->interface->entry_point != NULL ? RT_OK : damaged(reading);
}

static rt_status number_type(const reader *reading, const instruction *from, uint32_t word,
                             const char *name, rt_shader_type *type)
{
    const id_record *found = record(reading, from, word);
    if (found == NULL) return damaged(reading);
    const instruction *definition = &found->definition;
    const uint32_t width = definition->length > 2 ? definition->words[2] : 0;
    if (definition->opcode == OP_TYPE_BOOL) {
        *type = RT_SHADER_BOOL;
    } else if (definition->opcode == OP_TYPE_INT && width == 32 && definition->length > 3) {
        *type = definition->words[3] != 0 ? RT_SHADER_INT : RT_SHADER_UINT;
    } else if (definition->opcode == OP_TYPE_FLOAT && width == 32) {
        *type = RT_SHADER_FLOAT;
    } else {
        return rt_fail(RT_ERROR_INTERNAL,
                       "shader '%s': '%s' is not a bool, int, uint or float of 32 bits",
                       reading->shader, name);
    }
    return RT_OK;
}

/* Nameless ones are the workgroup sizes of layout(local_size_x_id): found by their constant_id. */
static rt_status add_constant(reader *reading, const id_record *constant)
{
    rt_shader_interface *interface = reading->interface;
    const instruction *definition = &constant->definition;
    if (!constant->has_spec_id || constant->name == NULL || constant->name[0] == '\0') return RT_OK;
    if (interface->constant_count == RT_REFLECT_CONSTANTS) {
        return rt_fail(RT_ERROR_INTERNAL, "shader '%s': more than %d specialization constants",
                       reading->shader, (int)RT_REFLECT_CONSTANTS);
    }
    rt_shader_number *number = &interface->constants[interface->constant_count++];
    *number = (rt_shader_number){.name = constant->name, .place = constant->spec_id};
    RT_TRY(number_type(reading, definition, 1, number->name, &number->type));
    if (definition->opcode == OP_SPEC_CONSTANT) {
        if (definition->length < 4) return damaged(reading);
        number->fallback = definition->words[3];
    } else {
        number->fallback = definition->opcode == OP_SPEC_CONSTANT_TRUE;
    }
    return RT_OK;
}

/* The type of a descriptor by the type that the variable points to. */
static rt_status descriptor_type(const reader *reading, const id_record *variable,
                                 const id_record *pointed, VkDescriptorType *type)
{
    const instruction *definition = &pointed->definition;
    if (definition->opcode == OP_TYPE_STRUCT &&
        variable->definition.words[3] == STORAGE_STORAGE_BUFFER) {
        *type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        return RT_OK;
    }
    if (definition->opcode == OP_TYPE_SAMPLED_IMAGE) {
        const id_record *image = defined(reading, definition, 2, OP_TYPE_IMAGE, 9);
        if (image == NULL) return damaged(reading);
        definition = &image->definition;
    }
    const uint32_t *words = definition->words;
    if (definition->opcode == OP_TYPE_IMAGE && definition->length >= 9 &&
        words[3] == DIMENSION_BUFFER) {
        const id_record *texel = defined(reading, definition, 2, OP_TYPE_FLOAT, 3);
        const bool storage = words[7] == SAMPLED_STORAGE;
        if (texel != NULL && words[8] == (storage ? FORMAT_RGBA32F : FORMAT_UNKNOWN)) {
            *type = storage ? VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER
                            : VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
            return RT_OK;
        }
    }
    return rt_fail(RT_ERROR_INTERNAL,
                   "shader '%s': binding %u is neither a storage buffer nor an RGBA32F texel "
                   "buffer",
                   reading->shader, variable->binding);
}

/* Whether a shader may write to a binding. */
static bool writes(const id_record *variable, const id_record *pointed, VkDescriptorType type)
{
    const instruction *definition = &pointed->definition;
    const bool block = definition->opcode == OP_TYPE_STRUCT;
    if (type == VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER || variable->read_only) return false;
    return !block || pointed->read_only_members < definition->length - 2;
}

static rt_status add_binding(reader *reading, const id_record *variable, const id_record *pointed)
{
    rt_shader_interface *interface = reading->interface;
    if (!variable->has_binding || variable->set != 0) {
        return rt_fail(RT_ERROR_INTERNAL, "shader '%s': a variable without binding in set 0",
                       reading->shader);
    }
    if (interface->binding_count == RT_REFLECT_BINDINGS) {
        return rt_fail(RT_ERROR_INTERNAL, "shader '%s': more than %d bindings", reading->shader,
                       (int)RT_REFLECT_BINDINGS);
    }
    const bool named = variable->name != NULL && variable->name[0] != '\0';
    const char *name = named ? variable->name : pointed->name;
    rt_shader_binding added = {.name = name != NULL ? name : "", .number = variable->binding};
    RT_TRY(descriptor_type(reading, variable, pointed, &added.type));
    added.writes = writes(variable, pointed, added.type);
    uint32_t place = interface->binding_count++;
    for (; place > 0 && interface->bindings[place - 1].number > added.number; place--) {
        interface->bindings[place] = interface->bindings[place - 1];
    }
    interface->bindings[place] = added;
    return RT_OK;
}

/* Name and offset of the members of the struct with number `id`. */
static rt_status name_members(reader *reading, uint32_t id, rt_shader_number *members,
                              uint32_t count)
{
    instruction found;
    reading->position = HEADER_WORDS;
    while (next(reading, &found)) {
        const bool names = found.opcode == OP_MEMBER_NAME;
        if (!names && found.opcode != OP_MEMBER_DECORATE) continue;
        if (found.length < 4) return damaged(reading);
        if (found.words[1] != id || found.words[2] >= count) continue;
        rt_shader_number *member = &members[found.words[2]];
        if (names) {
            member->name = text(&found, 3);
        } else if (found.words[3] == DECORATION_OFFSET && found.length > 4) {
            member->place = found.words[4];
        }
    }
    return RT_OK;
}

static rt_status read_push_constants(reader *reading, const id_record *block)
{
    rt_shader_interface *interface = reading->interface;
    const instruction *definition = &block->definition;
    if (definition->opcode != OP_TYPE_STRUCT) return damaged(reading);
    const uint32_t count = definition->length - 2;
    if (count > RT_REFLECT_CONSTANTS) {
        return rt_fail(RT_ERROR_INTERNAL, "shader '%s': more than %d push constants",
                       reading->shader, (int)RT_REFLECT_CONSTANTS);
    }
    RT_TRY(name_members(reading, definition->words[1], interface->push, count));
    interface->push_count = count;
    for (uint32_t i = 0; i < count; i++) {
        rt_shader_number *member = &interface->push[i];
        if (member->name == NULL) return damaged(reading);
        RT_TRY(number_type(reading, definition, 2 + i, member->name, &member->type));
        if (member->place > 4096) return damaged(reading);
        if (member->place + 4 > interface->push_bytes) interface->push_bytes = member->place + 4;
    }
    return RT_OK;
}

static rt_status add_variable(reader *reading, const id_record *variable)
{
    const instruction *definition = &variable->definition;
    if (definition->length < 4) return damaged(reading);
    const uint32_t storage = definition->words[3];
    if (storage != STORAGE_UNIFORM_CONSTANT && storage != STORAGE_UNIFORM &&
        storage != STORAGE_STORAGE_BUFFER && storage != STORAGE_PUSH_CONSTANT)
        return RT_OK; /* workgroup memory, built-in inputs */
    const id_record *pointer = defined(reading, definition, 1, OP_TYPE_POINTER, 4);
    if (pointer == NULL) return damaged(reading);
    const id_record *pointed = record(reading, &pointer->definition, 3);
    if (pointed == NULL) return damaged(reading);
    if (storage == STORAGE_PUSH_CONSTANT) return read_push_constants(reading, pointed);
    return add_binding(reading, variable, pointed);
}

/* gl_WorkGroupSize, where the size is specialized; it goes before the execution mode. */
static rt_status read_workgroup_size(const reader *reading, const id_record *size)
{
    if (size->definition.length < 6) return damaged(reading);
    for (uint32_t i = 0; i < 3; i++) {
        const id_record *part = record(reading, &size->definition, 3 + i);
        if (part == NULL || part->definition.length < 4) return damaged(reading);
        reading->interface->local_size[i] = (rt_shader_size){
            .specialized = part->has_spec_id,
            .value = part->has_spec_id ? part->spec_id : part->definition.words[3],
        };
    }
    return RT_OK;
}

static rt_status collect(reader *reading)
{
    for (uint32_t id = 0; id < reading->bound; id++) {
        const id_record *found = &reading->ids[id];
        switch (found->definition.opcode) {
        case OP_SPEC_CONSTANT_TRUE:
        case OP_SPEC_CONSTANT_FALSE:
        case OP_SPEC_CONSTANT:
            RT_TRY(add_constant(reading, found));
            break;
        case OP_SPEC_CONSTANT_COMPOSITE:
        case OP_CONSTANT_COMPOSITE:
            if (found->workgroup_size) RT_TRY(read_workgroup_size(reading, found));
            break;
        case OP_VARIABLE:
            RT_TRY(add_variable(reading, found));
            break;
        default:
            break;
        }
    }
    return RT_OK;
}

rt_status rt_reflect(rt_shader_interface *interface, const char *shader, const uint32_t *words,
                     size_t count)
{
    rt_status status = RT_OK;
    reader reading = {.shader = shader, .words = words, .count = count, .interface = interface};
    *interface = (rt_shader_interface){0};
    if (count < HEADER_WORDS || words[0] != MAGIC || words[3] > MAXIMUM_IDS)
        return damaged(&reading);
    reading.bound = words[3];
    RT_TRY(RT_ALLOC(reading.ids, reading.bound));
    RT_TRY_DONE(gather(&reading));
    RT_TRY_DONE(collect(&reading));
done:
    rt_free(reading.ids);
    return status;
}
