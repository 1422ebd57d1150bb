/* The opcodes of a pickle, from their description in Python's pickletools: those that tensors need.
 */
#include "common/formats/pickle.h"

#include "common/base/escape.h"
#include "common/formats/pickle_machine.h"

#include <string.h>

typedef rt_pickle_machine machine;
typedef rt_pickle_value value;

static rt_status push_simple(machine *m, rt_pickle_kind kind, int64_t integer)
{
    value *v;
    RT_TRY(rt_machine_make(m, kind, &v));
    v->integer = integer;
    return RT_OK;
}

static rt_status none(machine *m) { return push_simple(m, RT_PICKLE_NONE, 0); }
static rt_status new_true(machine *m) { return push_simple(m, RT_PICKLE_BOOL, 1); }
static rt_status new_false(machine *m) { return push_simple(m, RT_PICKLE_BOOL, 0); }

static rt_status unsigned_integer(machine *m, size_t width)
{
    uint32_t number;
    RT_TRY(rt_machine_number(m, width, &number));
    return push_simple(m, RT_PICKLE_INTEGER, number);
}
static rt_status binint1(machine *m) { return unsigned_integer(m, 1); }
static rt_status binint2(machine *m) { return unsigned_integer(m, 2); }

static rt_status binint(machine *m)
{
    uint32_t number;
    RT_TRY(rt_machine_number(m, 4, &number));
    return push_simple(m, RT_PICKLE_INTEGER, (int32_t)number);
}

static rt_status binfloat(machine *m)
{
    const uint8_t *bytes;
    uint64_t bits = 0;
    value *v;
    RT_TRY(rt_machine_take(m, 8, &bytes));
    for (int i = 0; i < 8; i++) bits = bits << 8 | bytes[i];
    RT_TRY(rt_machine_make(m, RT_PICKLE_FLOAT, &v));
    memcpy(&v->real, &bits, sizeof v->real);
    return RT_OK;
}

/* Bytes whose number stands before them in `width` bytes; copied. */
static rt_status counted(machine *m, size_t width, rt_pickle_kind kind, value **v)
{
    uint32_t length;
    const uint8_t *bytes;
    RT_TRY(rt_machine_number(m, width, &length));
    RT_TRY(rt_machine_take(m, length, &bytes));
    char *copy = rt_arena_alloc(m->arena, (size_t)length + 1, 1);
    if (copy == NULL) return RT_ERROR_MEMORY;
    memcpy(copy, bytes, length);
    RT_TRY(rt_machine_make(m, kind, v));
    (*v)->text = copy;
    (*v)->length = length;
    return RT_OK;
}

static rt_status integer_of_bytes(machine *m, size_t width)
{
    value *v;
    RT_TRY(counted(m, width, RT_PICKLE_LONG, &v));
    if (v->length > 8) return RT_OK;
    const bool negative = v->length > 0 && (uint8_t)v->text[v->length - 1] >= 128;
    int64_t integer = negative ? -1 : 0;
    memcpy(&integer, v->text, v->length);
    v->kind = RT_PICKLE_INTEGER;
    v->integer = integer;
    v->length = 0;
    return RT_OK;
}
static rt_status long1(machine *m) { return integer_of_bytes(m, 1); }
static rt_status long4(machine *m) { return integer_of_bytes(m, 4); }

static rt_status text(machine *m, size_t width)
{
    value *v;
    RT_TRY(counted(m, width, RT_PICKLE_TEXT, &v));
    for (size_t at = 0, step; at < v->length; at += step) {
        uint32_t point;
        step = rt_utf8_decode(v->text + at, v->length - at, &point);
        if (step == 0 || point == 0) return rt_machine_wrong(m, "text must be UTF-8 without zeros");
    }
    return RT_OK;
}
static rt_status binunicode(machine *m) { return text(m, 4); }
static rt_status short_binunicode(machine *m) { return text(m, 1); }
/* Python 2 wrote its names so. */
static rt_status binstring(machine *m) { return text(m, 4); }
static rt_status short_binstring(machine *m) { return text(m, 1); }

static rt_status byte_string(machine *m, size_t width)
{
    value *v;
    return counted(m, width, RT_PICKLE_BYTES, &v);
}
static rt_status binbytes(machine *m) { return byte_string(m, 4); }
static rt_status short_binbytes(machine *m) { return byte_string(m, 1); }

static rt_status empty_tuple(machine *m) { return push_simple(m, RT_PICKLE_TUPLE, 0); }
static rt_status empty_list(machine *m) { return push_simple(m, RT_PICKLE_LIST, 0); }
static rt_status empty_dict(machine *m) { return push_simple(m, RT_PICKLE_DICT, 0); }

/* The `count` values on top as a tuple in their place. */
static rt_status tuple_of(machine *m, size_t count)
{
    value *items[3], *v;
    for (size_t i = count; i-- > 0;) RT_TRY(rt_machine_pop(m, &items[i]));
    RT_TRY(rt_machine_make(m, RT_PICKLE_TUPLE, &v));
    return rt_machine_append(m, v, items, count);
}
static rt_status tuple1(machine *m) { return tuple_of(m, 1); }
static rt_status tuple2(machine *m) { return tuple_of(m, 2); }
static rt_status tuple3(machine *m) { return tuple_of(m, 3); }

/* The values above the mark as one value; a list's and a tuple's are alike. */
static rt_status gathered(machine *m, rt_pickle_kind kind)
{
    value **items, *v;
    size_t count;
    RT_TRY(rt_machine_pop_mark(m, &items, &count));
    /* Made before it is pushed: the push would overwrite the first item. */
    value made = {.kind = kind};
    RT_TRY(rt_machine_append(m, &made, items, count));
    RT_TRY(rt_machine_make(m, kind, &v));
    *v = made;
    return RT_OK;
}
static rt_status tuple(machine *m) { return gathered(m, RT_PICKLE_TUPLE); }
static rt_status list(machine *m) { return gathered(m, RT_PICKLE_LIST); }

/* What items are added to: the top of the stack, which stays there. */
static rt_status top(machine *m, rt_pickle_kind kind, value **v)
{
    RT_TRY(rt_machine_pop(m, v));
    RT_TRY(rt_machine_push(m, *v));
    if ((*v)->kind != kind) return rt_machine_wrong(m, "items are added to what has none");
    return RT_OK;
}

static rt_status append(machine *m)
{
    value *item, *v;
    RT_TRY(rt_machine_pop(m, &item));
    RT_TRY(top(m, RT_PICKLE_LIST, &v));
    return rt_machine_append(m, v, &item, 1);
}

static rt_status appends(machine *m)
{
    value **items, *v;
    size_t count;
    RT_TRY(rt_machine_pop_mark(m, &items, &count));
    const size_t first = m->depth;
    RT_TRY(top(m, RT_PICKLE_LIST, &v));
    return rt_machine_append(m, v, m->stack + first, count);
}

static rt_status setitem(machine *m)
{
    value *pair[2], *v;
    RT_TRY(rt_machine_pop(m, &pair[1]));
    RT_TRY(rt_machine_pop(m, &pair[0]));
    RT_TRY(top(m, RT_PICKLE_DICT, &v));
    return rt_machine_append(m, v, pair, 2);
}

static rt_status setitems(machine *m)
{
    value **items, *v;
    size_t count;
    RT_TRY(rt_machine_pop_mark(m, &items, &count));
    if (count % 2 != 0) return rt_machine_wrong(m, "a key without a value");
    const size_t first = m->depth;
    RT_TRY(top(m, RT_PICKLE_DICT, &v));
    return rt_machine_append(m, v, m->stack + first, count);
}

static rt_status put(machine *m, size_t width)
{
    uint32_t number;
    RT_TRY(rt_machine_number(m, width, &number));
    return rt_machine_put(m, number);
}
static rt_status binput(machine *m) { return put(m, 1); }
static rt_status long_binput(machine *m) { return put(m, 4); }
static rt_status memoize(machine *m) { return rt_machine_put(m, m->memo_count); }

static rt_status get(machine *m, size_t width)
{
    uint32_t number;
    RT_TRY(rt_machine_number(m, width, &number));
    return rt_machine_get(m, number);
}
static rt_status binget(machine *m) { return get(m, 1); }
static rt_status long_binget(machine *m) { return get(m, 4); }

static rt_status mark(machine *m) { return rt_machine_mark(m); }

/* A line of text, without its end. */
static rt_status line(machine *m, const char **begin, size_t *length)
{
    *begin = (const char *)m->bytes + m->at;
    const char *end = memchr(*begin, '\n', m->size - m->at);
    if (end == NULL) return rt_machine_wrong(m, "it ends within a name");
    *length = (size_t)(end - *begin);
    m->at += *length + 1;
    return RT_OK;
}

static rt_status global(machine *m)
{
    const char *module = "", *name = "";
    size_t module_length = 0, name_length = 0;
    RT_TRY(line(m, &module, &module_length));
    RT_TRY(line(m, &name, &name_length));
    return rt_machine_class(m, module, module_length, name, name_length);
}

static rt_status stack_global(machine *m)
{
    value *module, *name;
    RT_TRY(rt_machine_pop(m, &name));
    RT_TRY(rt_machine_pop(m, &module));
    if (module->kind != RT_PICKLE_TEXT || name->kind != RT_PICKLE_TEXT)
        return rt_machine_wrong(m, "a class is named by what is no text");
    return rt_machine_class(m, module->text, module->length, name->text, name->length);
}

static bool is_mapping(const machine *m, const char *class_name)
{
    for (size_t i = 0; i < m->class_count; i++)
        if (strcmp(m->classes[i].name, class_name) == 0) return m->classes[i].mapping;
    return false;
}

/* OrderedDict() or OrderedDict([(key, value), ...]), as Python 2 wrote it. */
static rt_status make_mapping(machine *m, const value *arguments)
{
    value *dict;
    RT_TRY(rt_machine_make(m, RT_PICKLE_DICT, &dict));
    if (arguments->length == 0) return RT_OK;
    const value *pairs = arguments->items[0];
    if (arguments->length > 1 || pairs->kind != RT_PICKLE_LIST)
        return rt_machine_wrong(m, "a dict is made of what is no list");
    for (uint32_t i = 0; i < pairs->length; i++) {
        const value *pair = pairs->items[i];
        if ((pair->kind != RT_PICKLE_TUPLE && pair->kind != RT_PICKLE_LIST) || pair->length != 2)
            return rt_machine_wrong(m, "a dict is made of what are no pairs");
        RT_TRY(rt_machine_append(m, dict, pair->items, 2));
    }
    return RT_OK;
}

static rt_status reduce(machine *m)
{
    value *call[2], *v;
    RT_TRY(rt_machine_pop(m, &call[1]));
    RT_TRY(rt_machine_pop(m, &call[0]));
    if (call[0]->kind != RT_PICKLE_CLASS || call[1]->kind != RT_PICKLE_TUPLE)
        return rt_machine_wrong(m, "something is called that is no class");
    if (is_mapping(m, call[0]->text)) return make_mapping(m, call[1]);
    RT_TRY(rt_machine_make(m, RT_PICKLE_CALL, &v));
    return rt_machine_append(m, v, call, 2);
}

/* Sets attributes of an object: a state_dict has some (_metadata), which say nothing of its
 * tensors. */
static rt_status build(machine *m)
{
    value *state, *v;
    RT_TRY(rt_machine_pop(m, &state));
    if (state->kind != RT_PICKLE_DICT)
        return rt_machine_wrong(m, "attributes are set from what is no dict");
    return top(m, RT_PICKLE_DICT, &v);
}

static rt_status binpersid(machine *m)
{
    value *id, *v;
    RT_TRY(rt_machine_pop(m, &id));
    RT_TRY(rt_machine_make(m, RT_PICKLE_OUTSIDE, &v));
    RT_TRY(rt_machine_append(m, v, &id, 1));
    return rt_machine_note(m, v);
}

static rt_status proto(machine *m)
{
    uint32_t version;
    RT_TRY(rt_machine_number(m, 1, &version));
    if (version < 2 || version > 5) return rt_machine_wrong(m, "its protocol is not one of 2 to 5");
    return RT_OK;
}

/* How long a part of the pickle is; nothing here reads ahead. */
static rt_status frame(machine *m)
{
    const uint8_t *length;
    return rt_machine_take(m, 8, &length);
}

static rt_status stop(machine *m)
{
    m->stopped = true;
    return RT_OK;
}

static rt_status (*const opcodes[256])(machine *) = {
    ['('] = mark,           ['.'] = stop,
    ['J'] = binint,         ['K'] = binint1,
    ['M'] = binint2,        ['N'] = none,
    ['Q'] = binpersid,      ['R'] = reduce,
    ['T'] = binstring,      ['U'] = short_binstring,
    ['X'] = binunicode,     ['a'] = append,
    ['b'] = build,          ['c'] = global,
    ['}'] = empty_dict,     ['e'] = appends,
    ['h'] = binget,         ['j'] = long_binget,
    ['l'] = list,           [']'] = empty_list,
    ['q'] = binput,         ['r'] = long_binput,
    ['s'] = setitem,        ['t'] = tuple,
    [')'] = empty_tuple,    ['u'] = setitems,
    ['G'] = binfloat,       ['B'] = binbytes,
    ['C'] = short_binbytes, [0x80] = proto,
    [0x85] = tuple1,        [0x86] = tuple2,
    [0x87] = tuple3,        [0x88] = new_true,
    [0x89] = new_false,     [0x8a] = long1,
    [0x8b] = long4,         [0x8c] = short_binunicode,
    [0x93] = stack_global,  [0x94] = memoize,
    [0x95] = frame,
};

static rt_status step(machine *m)
{
    const uint8_t *opcode;
    RT_TRY(rt_machine_take(m, 1, &opcode));
    const char *refused = rt_pickle_refused_opcode(*opcode);
    if (refused != NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "opcode %s at byte %zu of the pickle is none that tensors need; in PyTorch "
                       "save only the weights: torch.save(model.state_dict(), 'weights.pth')",
                       refused, m->at - 1);
    if (opcodes[*opcode] == NULL)
        return rt_fail(RT_ERROR_INPUT, "the pickle is not valid at byte %zu: there is no opcode %d",
                       m->at - 1, *opcode);
    return opcodes[*opcode](m);
}

static rt_status run(machine *m, rt_pickle *pickle)
{
    value *root;
    while (!m->stopped) RT_TRY(step(m));
    RT_TRY(rt_machine_pop(m, &root));
    if (m->depth > 0 || m->mark_count > 0)
        return rt_machine_wrong(m, "more than one value is left at its end");
    pickle->outside = rt_arena_alloc(m->arena, m->outside_count, sizeof *pickle->outside);
    if (pickle->outside == NULL) return RT_ERROR_MEMORY;
    if (m->outside_count > 0)
        memcpy(pickle->outside, m->outside, m->outside_count * sizeof *pickle->outside);
    pickle->outside_count = m->outside_count;
    pickle->root = root;
    pickle->size = m->at;
    return RT_OK;
}

rt_status rt_pickle_read(rt_pickle *pickle, rt_arena *arena, const void *data, size_t size,
                         const rt_pickle_class *classes, size_t class_count)
{
    machine m = {.bytes = data,
                 .size = size < RT_PICKLE_MAX_SIZE ? size : RT_PICKLE_MAX_SIZE,
                 .arena = arena,
                 .classes = classes,
                 .class_count = class_count};
    *pickle = (rt_pickle){0};
    const rt_status status = run(&m, pickle);
    rt_free(m.stack);
    rt_free(m.marks);
    rt_free(m.memo);
    rt_free(m.outside);
    return status;
}
