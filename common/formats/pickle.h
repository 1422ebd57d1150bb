#ifndef RT_FORMATS_PICKLE_H
#define RT_FORMATS_PICKLE_H

/**
 * A pickle as inert data: Python's serialisation, read without Python.
 *     rt_pickle pickle;
 *     RT_TRY(rt_pickle_read(&pickle, &arena, bytes, size, classes, RT_COUNT(classes)));
 *     const rt_pickle_value *epoch = rt_pickle_get(pickle.root, "epoch");
 * A pickle is a program for a stack machine, and in Python it may import and call whatever it
 * likes. Here it cannot: a class is only a name, which must stand in the caller's list; a call only
 * leaves a note of who would be called with what (RT_PICKLE_CALL), which the caller may understand
 * or refuse. Opcodes that no tensor needs are refused by name.
 *
 * Bounds: a pickle has at most RT_PICKLE_MAX_SIZE bytes, RT_PICKLE_MAX_VALUES values, as many
 * places in its memo and as many on its stack; each value takes a fixed size beside the bytes that
 * it stands for. Nothing recurses, whatever the depth; a list may contain itself, so walk no deeper
 * than you need.
 */

#include "common/base/memory.h"

enum { RT_PICKLE_MAX_SIZE = 16 << 20, RT_PICKLE_MAX_VALUES = 1 << 20 };

typedef enum rt_pickle_kind {
    RT_PICKLE_NONE,
    RT_PICKLE_BOOL,    ///< integer
    RT_PICKLE_INTEGER, ///< integer: one of at most 8 bytes
    RT_PICKLE_LONG,    ///< text, length: a longer one, little-endian two's complement
    RT_PICKLE_FLOAT,   ///< real
    RT_PICKLE_TEXT,    ///< text, length: strict UTF-8, ends in a 0 byte that is not counted
    RT_PICKLE_BYTES,   ///< text, length
    RT_PICKLE_TUPLE,   ///< items
    RT_PICKLE_LIST,    ///< items
    RT_PICKLE_DICT,    ///< items: key, value, key, value, ... in the order of their making
    RT_PICKLE_CLASS,   ///< text: one of the caller's list, "module.name"
    RT_PICKLE_CALL,    ///< items: the class and the tuple of its arguments
    RT_PICKLE_OUTSIDE, ///< items: the one id of something that lies outside of the pickle
} rt_pickle_kind;

typedef struct rt_pickle_value {
    rt_pickle_kind kind;
    uint32_t length;   ///< bytes of `text`, or how many `items` there are
    uint32_t capacity; ///< private
    union {
        int64_t integer;
        double real;
        const char *text;
        struct rt_pickle_value **items;
    };
} rt_pickle_value;

/** A class that a pickle may name. */
typedef struct rt_pickle_class {
    const char *name; ///< "collections.OrderedDict"
    bool mapping;     ///< calling it makes an RT_PICKLE_DICT
} rt_pickle_class;

typedef struct rt_pickle {
    const rt_pickle_value *root;
    size_t size;               ///< bytes read: another pickle may follow
    rt_pickle_value **outside; ///< all values of kind RT_PICKLE_OUTSIDE
    size_t outside_count;
} rt_pickle;

/**
 * Reads the pickle that `data` begins with.
 * Errors: RT_ERROR_INPUT naming the opcode or class that is refused, or the byte where it is no
 * pickle.
 * Ownership: everything lies in `arena`; nothing points into `data`.
 */
RT_CHECKED rt_status rt_pickle_read(rt_pickle *pickle, rt_arena *arena, const void *data,
                                    size_t size, const rt_pickle_class *classes,
                                    size_t class_count);

/** The value of a text key of a dict; NULL if there is none, or `dict` is none (or NULL). */
const rt_pickle_value *rt_pickle_get(const rt_pickle_value *dict, const char *key);
/** Whether it is a call of that class. */
bool rt_pickle_calls(const rt_pickle_value *value, const char *class_name);
/** "a tuple" and so on, for messages. */
const char *rt_pickle_kind_name(rt_pickle_kind kind);

#endif
