#ifndef RT_FORMATS_PICKLE_MACHINE_H
#define RT_FORMATS_PICKLE_MACHINE_H

/** The stack machine of a pickle; used by pickle*.c alone: pickle.c has the opcodes. */

#include "common/formats/pickle.h"

typedef struct rt_pickle_machine {
    const uint8_t *bytes;
    size_t size, at; ///< `at`: the next byte
    rt_arena *arena;
    const rt_pickle_class *classes;
    size_t class_count;
    rt_pickle_value **stack;
    size_t depth, stack_capacity;
    size_t *marks; ///< depths of the stack
    size_t mark_count, mark_capacity;
    rt_pickle_value **memo; ///< NULL: nothing under that number
    size_t memo_count, memo_capacity;
    rt_pickle_value **outside;
    size_t outside_count, outside_capacity;
    size_t value_count, item_count; ///< made so far; items of all values together
    bool stopped;
} rt_pickle_machine;

/** The name of an opcode that exists and is refused, or NULL. */
const char *rt_pickle_refused_opcode(uint8_t opcode);

/** RT_ERROR_INPUT "... at byte N". */
rt_status rt_machine_wrong(const rt_pickle_machine *machine, const char *what);
/** The next `count` bytes. */
RT_CHECKED rt_status rt_machine_take(rt_pickle_machine *machine, size_t count,
                                     const uint8_t **bytes);
/** A whole number of `width` bytes, little-endian, at most 4. */
RT_CHECKED rt_status rt_machine_number(rt_pickle_machine *machine, size_t width, uint32_t *number);
/** A new value on the stack. */
RT_CHECKED rt_status rt_machine_make(rt_pickle_machine *machine, rt_pickle_kind kind,
                                     rt_pickle_value **value);
RT_CHECKED rt_status rt_machine_push(rt_pickle_machine *machine, rt_pickle_value *value);
/** Takes the top of the stack, above the last mark. */
RT_CHECKED rt_status rt_machine_pop(rt_pickle_machine *machine, rt_pickle_value **value);
RT_CHECKED rt_status rt_machine_mark(rt_pickle_machine *machine);
/** Takes all above the last mark, and the mark; they stay valid until the next push. */
RT_CHECKED rt_status rt_machine_pop_mark(rt_pickle_machine *machine, rt_pickle_value ***items,
                                         size_t *count);
/** Appends to the items of a value. */
RT_CHECKED rt_status rt_machine_append(rt_pickle_machine *machine, rt_pickle_value *value,
                                       rt_pickle_value *const *items, size_t count);
/** Remembers the top of the stack (not what lies below a mark). */
RT_CHECKED rt_status rt_machine_put(rt_pickle_machine *machine, size_t number);
RT_CHECKED rt_status rt_machine_get(rt_pickle_machine *machine, size_t number);
/** Notes a value of kind RT_PICKLE_OUTSIDE. */
RT_CHECKED rt_status rt_machine_note(rt_pickle_machine *machine, rt_pickle_value *value);
/** Pushes the class of that name. Errors: RT_ERROR_INPUT if the caller does not list it. */
RT_CHECKED rt_status rt_machine_class(rt_pickle_machine *machine, const char *module,
                                      size_t module_length, const char *name, size_t name_length);

#endif
