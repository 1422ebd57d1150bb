/* Opcodes that no tensor needs: Python 1's text forms, and those that make objects of any class. */
#include "common/formats/pickle_machine.h"

const char *rt_pickle_refused_opcode(uint8_t opcode)
{
    static const char *const names[256] = {
        ['0'] = "POP",          ['1'] = "POP_MARK",     ['2'] = "DUP",
        ['F'] = "FLOAT",        ['I'] = "INT",          ['L'] = "LONG",
        ['P'] = "PERSID",       ['S'] = "STRING",       ['V'] = "UNICODE",
        ['d'] = "DICT",         ['g'] = "GET",          ['i'] = "INST",
        ['o'] = "OBJ",          ['p'] = "PUT",          [0x81] = "NEWOBJ",
        [0x82] = "EXT1",        [0x83] = "EXT2",        [0x84] = "EXT4",
        [0x8d] = "BINUNICODE8", [0x8e] = "BINBYTES8",   [0x8f] = "EMPTY_SET",
        [0x90] = "ADDITEMS",    [0x91] = "FROZENSET",   [0x92] = "NEWOBJ_EX",
        [0x96] = "BYTEARRAY8",  [0x97] = "NEXT_BUFFER", [0x98] = "READONLY_BUFFER",
    };
    return names[opcode];
}
