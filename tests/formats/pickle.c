/* The pickle reader on pickles made by hand: what it builds, and what it refuses by name. */
#include "common/formats/pickle.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const rt_pickle_class classes[] = {{"collections.OrderedDict", true}, {"torch.Size", false}};

static rt_status parse(rt_pickle *pickle, rt_arena *arena, const void *data, size_t size)
{
    return rt_pickle_read(pickle, arena, data, size, classes, RT_COUNT(classes));
}

/* Python's own pickles of one value, in all protocols that are read. */
Test(formats_pickle, reads_what_python_writes)
{
    static const char script[] =
        "import collections, pickle, sys\n"
        "same = [1, 2]\n"
        "v = {'none': None, 'yes': True, 'no': False, 'small': 7, 'word': 40000, 'minus': -3,\n"
        "     'large': 2**62 + 1, 'negative': -2**40, 'huge': 2**100, 'real': -0.1,\n"
        "     'text': '\\u00e4' * 300, 'bytes': b'\\0\\xff', 'empty': [(), [], {}],\n"
        "     'tuple': (1, 2, 3, 4), 'pair': (1, 2), 'twice': [same, same],\n"
        "     'list': list(range(2000)), 'ordered': collections.OrderedDict(b=1, a=2)}\n"
        "for p in (2, 3, 4, 5):\n"
        "    open(sys.argv[1] + str(p), 'wb').write(pickle.dumps(v, p))\n";
    const char *path = rt_test_path("pickle");
    const int result = rt_test_python("pickle", script, path);
    if (result < 0) cr_skip_test("python3 is not installed");
    cr_assert_eq(result, 0);
    for (int protocol = 2; protocol <= 5; protocol++) {
        char name[512];
        size_t size;
        rt_arena arena = {0};
        rt_pickle pickle;
        snprintf(name, sizeof name, "%s%d", path, protocol);
        uint8_t *data = rt_test_read(name, &size);
        /* protocol 2 has no bytes of its own: it calls _codecs.encode */
        if (protocol == 2) {
            cr_assert_eq(parse(&pickle, &arena, data, size), RT_ERROR_INPUT);
            cr_assert_not_null(strstr(rt_error_message(), "class '_codecs.encode'"));
        } else {
            cr_assert_eq(parse(&pickle, &arena, data, size), RT_OK, "%d: %s", protocol,
                         rt_error_message());
            const rt_pickle_value *v = pickle.root;
            cr_assert_eq(pickle.size, size);
            cr_expect_eq(rt_pickle_get(v, "none")->kind, RT_PICKLE_NONE);
            cr_expect(rt_pickle_get(v, "yes")->integer == 1 &&
                      rt_pickle_get(v, "no")->integer == 0);
            cr_expect_eq(rt_pickle_get(v, "small")->integer, 7);
            cr_expect_eq(rt_pickle_get(v, "word")->integer, 40000);
            cr_expect_eq(rt_pickle_get(v, "minus")->integer, -3);
            cr_expect_eq(rt_pickle_get(v, "large")->integer, (1ll << 62) + 1);
            cr_expect_eq(rt_pickle_get(v, "negative")->integer, -(1ll << 40));
            cr_expect_eq(rt_pickle_get(v, "huge")->kind, RT_PICKLE_LONG);
            cr_expect_eq(rt_pickle_get(v, "huge")->length, 13);
            cr_expect_eq(rt_pickle_get(v, "real")->real, -0.1);
            cr_expect_eq(rt_pickle_get(v, "text")->length, 600);
            cr_expect_eq(rt_pickle_get(v, "bytes")->length, 2);
            cr_expect_eq(rt_pickle_get(v, "empty")->length, 3);
            cr_expect_eq(rt_pickle_get(v, "tuple")->items[3]->integer, 4);
            cr_expect_eq(rt_pickle_get(v, "pair")->items[1]->integer, 2);
            const rt_pickle_value *twice = rt_pickle_get(v, "twice");
            cr_expect_eq(twice->items[0], twice->items[1]);
            cr_expect_eq(rt_pickle_get(v, "list")->length, 2000);
            cr_expect_eq(rt_pickle_get(v, "list")->items[1999]->integer, 1999);
            const rt_pickle_value *ordered = rt_pickle_get(v, "ordered");
            cr_expect_eq(ordered->kind, RT_PICKLE_DICT);
            cr_expect_eq(rt_pickle_get(ordered, "a")->integer, 2);
            cr_expect_null(rt_pickle_get(v, "nothing"));
        }
        free(data);
        rt_arena_clear(&arena);
    }
}

#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Each breaks one rule; the message names it. */
#define ROW(text, message_)                                                                        \
    {                                                                                              \
        text, sizeof(text) - 1, message_                                                           \
    }
static const struct {
    const char *bytes;
    size_t size;
    const char *message;
} hostile[] = {
    ROW("", "ends within"),
    ROW("\x80", "ends within"),
    ROW("\x80\x01N.", "protocol"),
    ROW("\x80\x06N.", "protocol"),
    ROW("\x80\x02", "ends within"),
    ROW("\x80\x02.", "where there is none"),
    ROW("\x80\x02NN.", "more than one value"),
    ROW("\x80\x02(N.", "more than one value"),
    ROW("\x80\x02N(.", "where there is none"),
    ROW("\x80\x02\xffN.", "no opcode 255"),
    ROW("\x80\x02X\xff\xff\xff\xff"
        "abc.",
        "ends within"),
    ROW("\x80\x02X\x02\x00\x00\x00\xc3\x28.", "UTF-8"),
    ROW("\x80\x02X\x02\x00\x00\x00"
        "a\x00.",
        "UTF-8 without zeros"),
    ROW("\x80\x02\x8b\xff\xff\xff\x7f.", "ends within"),
    ROW("\x80\x02h\x00.", "nothing under that number"),
    ROW("\x80\x02q\x00.", "nothing to remember"),
    ROW("\x80\x02Nr\xff\xff\xff\xff.", "too large"),
    ROW("\x80\x02Nr\xff\xff\x0f\x00.", "too large"),
    ROW("\x80\x02Nj\x05\x00\x00\x00.", "nothing under that number"),
    ROW("\x80\x02t.", "no mark"),
    ROW("\x80\x02N(Nu.", "without a value"),
    ROW("\x80\x02N(NNu.", "what has none"),
    ROW("\x80\x02NNa.", "what has none"),
    ROW("\x80\x02}NNNss.", "what has none"),
    ROW("\x80\x02]\x85\x86.", "where there is none"),
    ROW("\x80\x02"
        "cposix\nsystem\nX\x02\x00\x00\x00id\x85R.",
        "class 'posix.system'"),
    ROW("\x80\x04\x8c\x02os\x8c\x06system\x93.", "class 'os.system'"),
    ROW("\x80\x04K\x01K\x02\x93.", "no text"),
    ROW("\x80\x02"
        "c__builtin__\neval\n.",
        "class '__builtin__.eval'"),
    ROW("\x80\x02"
        "ccollections\nOrderedDictX\n.",
        "class 'collections.OrderedDictX'"),
    ROW("\x80\x02"
        "ctorch\nSize.\nx\n.",
        "class 'torch.Size.'"),
    ROW("\x80\x02"
        "c\n\n.",
        "class '.'"),
    ROW("\x80\x02"
        "ctorch\nSiz",
        "within a name"),
    ROW("\x80\x02"
        "c\x1b[2J\nx\n.",
        "class '\\x1b[2J.x'"),
    ROW("\x80\x02(iposix\nsystem\n.", "opcode INST"),
    ROW("\x80\x02(o.", "opcode OBJ"),
    ROW("\x80\x02N)\x81.", "opcode NEWOBJ"),
    ROW("\x80\x02\x82\x01.", "opcode EXT1"),
    ROW("\x80\x02P1\n.", "opcode PERSID"),
    ROW("\x80\x02N2.", "opcode DUP"),
    ROW("I1\n.", "opcode INT"),
    ROW("\x80\x02NN\x86NR.", "called that is no class"),
    ROW("\x80\x02N)R.", "called that is no class"),
    ROW("\x80\x02"
        "ctorch\nSize\nNR.",
        "called that is no class"),
    ROW("\x80\x02"
        "ccollections\nOrderedDict\nN\x85R.",
        "made of what is no list"),
    ROW("\x80\x02"
        "ccollections\nOrderedDict\n]Na\x85R.",
        "are no pairs"),
    ROW("\x80\x02}Nb.", "from what is no dict"),
    ROW("\x80\x02N}b.", "what has none"),
    ROW("\x80\x02"
        "Q.",
        "where there is none"),
};

Test(formats_pickle, refuses_hostile_pickles)
{
    for (size_t i = 0; i < RT_COUNT(hostile); i++) {
        rt_arena arena = {0};
        rt_pickle pickle;
        /* exactly as many bytes, so that the sanitizer sees one read beyond */
        char *copy = malloc(hostile[i].size + (hostile[i].size == 0));
        memcpy(copy, hostile[i].bytes, hostile[i].size);
        cr_expect_eq(parse(&pickle, &arena, copy, hostile[i].size), RT_ERROR_INPUT, "%zu accepted",
                     i);
        cr_expect_not_null(strstr(rt_error_message(), hostile[i].message), "%zu gave: %s", i,
                           rt_error_message());
        free(copy);
        rt_arena_clear(&arena);
    }
}

/* `count` times `part` between `begin` and `end`. */
static uint8_t *repeat(const char *begin, const char *part, size_t part_size, size_t count,
                       const char *end, size_t *size)
{
    uint8_t *bytes = malloc(strlen(begin) + part_size * count + strlen(end));
    *size = strlen(begin);
    memcpy(bytes, begin, *size);
    for (size_t i = 0; i < count; i++, *size += part_size) memcpy(bytes + *size, part, part_size);
    memcpy(bytes + *size, end, strlen(end));
    *size += strlen(end);
    return bytes;
}

/* Depth costs no stack, and what grows has an end. */
Test(formats_pickle, bombs_do_not_go_off, .timeout = 60)
{
    static const struct {
        const char *begin, *part;
        size_t part_size, count;
        const char *end, *message; ///< NULL: it is good
    } bombs[] = {
        {"\x80\x02N", "\x85", 1, 900000, ".", NULL},
        {"\x80\x02", "]q\x01", 3, 900000, ".", "more than one value"},
        {"\x80\x02N", "\x85", 1, 1100000, ".", "more than 1048576 values"},
        {"\x80\x02", "(", 1, 1100000, ".", "more than 1048576 marks"},
        {"\x80\x02Nq\x01", "h\x01", 2, 1100000, ".", "values on the stack"},
        /* a list of itself, again and again */
        {"\x80\x02]q\x01",
         "h\x01"
         "a",
         3, 300000, ".", NULL},
        /* a dict of a thousand pairs, copied from memory with five bytes a time */
        {"\x80\x02"
         "ccollections\nOrderedDict\nq\x01]q\x02(NN\x86q\x03h\x03h\x03h\x03h\x03h\x03h"
         "\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03"
         "h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03h\x03"
         "e",
         "h\x01h\x02\x85R", 6, 200000, ".", "2097152 items"},
    };
    for (size_t i = 0; i < RT_COUNT(bombs); i++) {
        rt_arena arena = {0};
        rt_pickle pickle;
        size_t size;
        uint8_t *bytes = repeat(bombs[i].begin, bombs[i].part, bombs[i].part_size, bombs[i].count,
                                bombs[i].end, &size);
        const rt_status status = parse(&pickle, &arena, bytes, size);
        cr_expect_eq(status, bombs[i].message == NULL ? RT_OK : RT_ERROR_INPUT, "bomb %zu: %s", i,
                     rt_error_message());
        if (status != RT_OK)
            cr_expect_not_null(strstr(rt_error_message(), bombs[i].message), "bomb %zu: %s", i,
                               rt_error_message());
        free(bytes);
        rt_arena_clear(&arena);
    }
}
