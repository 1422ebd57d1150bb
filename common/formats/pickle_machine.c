#include "common/formats/pickle_machine.h"

#include <string.h>

rt_status rt_machine_wrong(const rt_pickle_machine *machine, const char *what)
{
    return rt_fail(RT_ERROR_INPUT, "the pickle is not valid at byte %zu: %s", machine->at, what);
}

rt_status rt_machine_take(rt_pickle_machine *machine, size_t count, const uint8_t **bytes)
{
    if (count > machine->size - machine->at)
        return rt_machine_wrong(machine, "it ends within a value");
    *bytes = machine->bytes + machine->at;
    machine->at += count;
    return RT_OK;
}

rt_status rt_machine_number(rt_pickle_machine *machine, size_t width, uint32_t *number)
{
    const uint8_t *bytes;
    RT_TRY(rt_machine_take(machine, width, &bytes));
    *number = 0;
    memcpy(number, bytes, width);
    return RT_OK;
}

/* Room for one more item; capacities double. What they may grow to is checked by the callers. */
static rt_status grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return RT_OK;
    const size_t larger = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = rt_realloc(*items, larger, size);
    if (grown == NULL) return RT_ERROR_MEMORY;
    *items = grown;
    *capacity = larger;
    return RT_OK;
}

rt_status rt_machine_push(rt_pickle_machine *machine, rt_pickle_value *value)
{
    if (machine->depth >= RT_PICKLE_MAX_VALUES)
        return rt_machine_wrong(machine, "more than 1048576 values on the stack");
    RT_TRY(grow((void **)&machine->stack, machine->depth, &machine->stack_capacity,
                sizeof *machine->stack));
    machine->stack[machine->depth++] = value;
    return RT_OK;
}

rt_status rt_machine_make(rt_pickle_machine *machine, rt_pickle_kind kind, rt_pickle_value **value)
{
    if (machine->value_count >= RT_PICKLE_MAX_VALUES)
        return rt_machine_wrong(machine, "more than 1048576 values");
    machine->value_count++;
    *value = rt_arena_alloc(machine->arena, 1, sizeof **value);
    if (*value == NULL) return RT_ERROR_MEMORY;
    (*value)->kind = kind;
    return rt_machine_push(machine, *value);
}

/* How deep the stack may be emptied. */
static size_t floor_of(const rt_pickle_machine *machine)
{
    return machine->mark_count > 0 ? machine->marks[machine->mark_count - 1] : 0;
}

rt_status rt_machine_pop(rt_pickle_machine *machine, rt_pickle_value **value)
{
    if (machine->depth <= floor_of(machine))
        return rt_machine_wrong(machine, "a value is taken where there is none");
    *value = machine->stack[--machine->depth];
    return RT_OK;
}

rt_status rt_machine_mark(rt_pickle_machine *machine)
{
    if (machine->mark_count >= RT_PICKLE_MAX_VALUES)
        return rt_machine_wrong(machine, "more than 1048576 marks");
    RT_TRY(grow((void **)&machine->marks, machine->mark_count, &machine->mark_capacity,
                sizeof *machine->marks));
    machine->marks[machine->mark_count++] = machine->depth;
    return RT_OK;
}

rt_status rt_machine_pop_mark(rt_pickle_machine *machine, rt_pickle_value ***items, size_t *count)
{
    if (machine->mark_count == 0) return rt_machine_wrong(machine, "there is no mark");
    const size_t first = machine->marks[--machine->mark_count];
    *items = machine->stack != NULL ? machine->stack + first : NULL;
    *count = machine->depth - first;
    machine->depth = first;
    return RT_OK;
}

rt_status rt_machine_append(rt_pickle_machine *machine, rt_pickle_value *value,
                            rt_pickle_value *const *items, size_t count)
{
    const size_t length = value->length + count;
    machine->item_count += count; /* a list that is copied again and again is a bomb */
    if (machine->item_count > 2 * RT_PICKLE_MAX_VALUES)
        return rt_machine_wrong(machine, "more than 2097152 items of lists");
    if (length > value->capacity) {
        const size_t twice = 2 * (size_t)value->capacity;
        const size_t larger = length > twice ? length : twice;
        rt_pickle_value **grown = rt_arena_alloc(machine->arena, larger, sizeof(void *));
        if (grown == NULL) return RT_ERROR_MEMORY;
        if (value->length > 0) memcpy(grown, value->items, value->length * sizeof(void *));
        value->items = grown;
        value->capacity = (uint32_t)larger;
    }
    if (count > 0) memcpy(value->items + value->length, items, count * sizeof(void *));
    value->length = (uint32_t)length;
    return RT_OK;
}

/* Places between the highest number and the next are empty: Python numbers from 0 without gaps, so
 * a number far beyond is a bomb. */
rt_status rt_machine_put(rt_pickle_machine *machine, size_t number)
{
    if (machine->depth <= floor_of(machine))
        return rt_machine_wrong(machine, "there is nothing to remember");
    if (number >= RT_PICKLE_MAX_VALUES || number > machine->memo_count + 65536)
        return rt_machine_wrong(machine, "a number of the memo is too large");
    while (machine->memo_count <= number) {
        RT_TRY(grow((void **)&machine->memo, machine->memo_count, &machine->memo_capacity,
                    sizeof *machine->memo));
        machine->memo[machine->memo_count++] = NULL;
    }
    machine->memo[number] = machine->stack[machine->depth - 1];
    return RT_OK;
}

rt_status rt_machine_get(rt_pickle_machine *machine, size_t number)
{
    if (number >= machine->memo_count || machine->memo[number] == NULL)
        return rt_machine_wrong(machine, "the memo has nothing under that number");
    return rt_machine_push(machine, machine->memo[number]);
}

rt_status rt_machine_note(rt_pickle_machine *machine, rt_pickle_value *value)
{
    RT_TRY(grow((void **)&machine->outside, machine->outside_count, &machine->outside_capacity,
                sizeof *machine->outside));
    machine->outside[machine->outside_count++] = value;
    return RT_OK;
}

rt_status rt_machine_class(rt_pickle_machine *machine, const char *module, size_t module_length,
                           const char *name, size_t name_length)
{
    for (size_t i = 0; i < machine->class_count; i++) {
        const char *known = machine->classes[i].name;
        if (strlen(known) != module_length + 1 + name_length ||
            strncmp(known, module, module_length) != 0 || known[module_length] != '.' ||
            strncmp(known + module_length + 1, name, name_length) != 0)
            continue;
        rt_pickle_value *value;
        RT_TRY(rt_machine_make(machine, RT_PICKLE_CLASS, &value));
        value->text = known;
        return RT_OK;
    }
    return rt_fail(RT_ERROR_INPUT,
                   "class '%.*s.%.*s' is none that tensors need, and nothing that a file names is "
                   "ever run; in PyTorch save only the weights: torch.save(model.state_dict(), "
                   "'weights.pth')",
                   (int)(module_length < 200 ? module_length : 200), module,
                   (int)(name_length < 200 ? name_length : 200), name);
}
