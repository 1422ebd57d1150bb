/* Wrong and hostile configurations: the limits of docs/reliability.md. */
#include "common/base/config.h"
#include "common/base/random.h"
#include "tests/base/config_example.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rt_arena arena;

static void clear_arena(void) { rt_arena_clear(&arena); }

TestSuite(base_config_bad, .fini = clear_arena, .timeout = 60);

static void assert_refused(const char *text, const char *override, const char *message)
{
    rt_config_example config;
    const rt_status status = rt_config_example_parse(&config, text, override, &arena);
    cr_assert_eq(status, RT_ERROR_INPUT, "not refused: %s", text != NULL ? text : override);
    cr_assert_str_eq(rt_error_message(), message);
}

Test(base_config_bad, messages)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"triplet:\n  directoin: paper\n", "unknown key 'triplet.directoin' in 'kd.yaml:2:3'; did "
                                           "you mean 'triplet.direction'?"},
        {"direction: paper\n",
         "unknown key 'direction' in 'kd.yaml:1:1'; did you mean 'triplet.direction'?"},
        {"optimiser: adam\n",
         "unknown key 'optimiser' in 'kd.yaml:1:1'; 'retort distill --help' lists all"},
        {"seed: 1\nbatch_size: many\n", "wrong value 'many' of 'batch_size' in 'kd.yaml:2:1'; it "
                                        "takes a whole number from 1 to 65536"},
        {"batch_size: 0\n", "wrong value '0' of 'batch_size' in 'kd.yaml:1:1'; it takes a whole "
                            "number from 1 to 65536"},
        {"batch_size: \"3\"\n", "wrong value \"3\" of 'batch_size' in 'kd.yaml:1:1'; it takes a "
                                "whole number from 1 to 65536"},
        {"batch_size:\n", "wrong value 'null' of 'batch_size' in 'kd.yaml:1:1'; it takes a whole "
                          "number from 1 to 65536"},
        {"batch_size: [1]\n", "wrong value a list of 'batch_size' in 'kd.yaml:1:1'; it takes a "
                              "whole number from 1 to 65536"},
        {"batch_size: {x: 1}\n", "wrong value a section of 'batch_size' in 'kd.yaml:1:1'; it "
                                 "takes a whole number from 1 to 65536"},
        {"triplet: {direction: up}", "wrong value 'up' of 'triplet.direction' in 'kd.yaml:1:11'; "
                                     "it takes one of released, paper"},
        {"mean: [0, 2]", "wrong value '2' of 'mean' in 'kd.yaml:1:11'; it takes a list of numbers "
                         "from -1 to 1"},
        {"mean: 0.5", "wrong value '0.5' of 'mean' in 'kd.yaml:1:1'; it takes a list of numbers "
                      "from -1 to 1"},
        {"layers: [a, [b]]", "wrong value a list of 'layers' in 'kd.yaml:1:13'; it takes a list of "
                             "texts"},
        {"a: {deep: {flag: yes}}",
         "wrong value 'yes' of 'a.deep.flag' in 'kd.yaml:1:12'; it takes true or false"},
        {"triplet: 3\n", "a value for the section 'triplet' in 'kd.yaml:1:1'; it has keys of its "
                         "own, such as 'triplet.margin'"},
        {"seed: 1\nseed: 2\n", "duplicate key 'seed' in 'kd.yaml:2:1'; keep one of them"},
        {"a: {name: x}\na: {deep: {flag: true}}\n",
         "duplicate key 'a' in 'kd.yaml:2:1'; keep one of them"},
        {"a: {name: x}\na.name: y\n", "duplicate key 'a.name' in 'kd.yaml:2:1'; keep one of them"},
        {"- seed\n", "no keys in 'kd.yaml'; it must hold lines such as 'batch_size: value'"},
        {"seed", "no keys in 'kd.yaml'; it must hold lines such as 'batch_size: value'"},
        {"seed: &a 1\n",
         "not allowed in 'kd.yaml:1:7': an anchor (&); quote it if it is meant as text"},
        {"seed: 1\nstore: *a\n",
         "not allowed in 'kd.yaml:2:8': an alias (*); quote it if it is meant as text"},
        {"store: !!str 1\n",
         "not allowed in 'kd.yaml:1:8': a tag (!); quote it if it is meant as text"},
        {"mean: !x [1]\n",
         "not allowed in 'kd.yaml:1:7': a tag (!); quote it if it is meant as text"},
        {"a: &x {name: 1}\n",
         "not allowed in 'kd.yaml:1:4': an anchor (&); quote it if it is meant as text"},
        {"seed: 1\n---\nseed: 2\n", "not allowed in 'kd.yaml:2:1': a second document (---)"},
        {"? [a]\n: 1\n", "not allowed in 'kd.yaml:1:3': a key that is no word"},
        {"~: 1\n", "not allowed in 'kd.yaml:1:1': a key that is no word"},
        {"store: \"a\\0b\"\n", "not allowed in 'kd.yaml:1:8': a 0 character (\\0)"},
        {"seed: 1\nstore: \x1b[31m\n", "not allowed in 'kd.yaml:2:8': a control character"},
        {"store: \xff\n", "not allowed in 'kd.yaml:1:8': a byte that is no UTF-8 text"},
        {"\xef\xbb\xbfseed: 1\n", "byte order mark in 'kd.yaml'; save it as UTF-8 without one"},
        {"\xff\xfes", "not allowed in 'kd.yaml:1:1': a byte that is no UTF-8 text"},
        {"seed: [1\n", "not valid YAML in 'kd.yaml:2:1': did not find expected ',' or ']'"},
        {"seed: 1\n store: 2\n",
         "not valid YAML in 'kd.yaml:2:7': mapping values are not allowed in this context"},
        {"seed: 1\nstore: \xef\xbf\xbe\n",
         "not valid YAML in 'kd.yaml:2:8': control characters are not allowed"},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++)
        assert_refused(cases[i].text, NULL, cases[i].message);
}

Test(base_config_bad, override_messages)
{
    assert_refused(NULL, "batch_size",
                   "no key and value in '--set batch_size'; write --set "
                   "key=value");
    assert_refused(NULL, "=3", "no key and value in '--set =3'; write --set key=value");
    assert_refused("seed: 1", "batchsize=3",
                   "unknown key 'batchsize' in '--set batchsize=3'; did you mean 'batch_size'?");
    assert_refused(NULL, "batch_size=0",
                   "wrong value '0' of 'batch_size' in '--set batch_size=0'; "
                   "it takes a whole number from 1 to 65536");
    assert_refused(NULL, "mean=[1,",
                   "not valid YAML in '--set mean=[1,': did not find expected "
                   "node content");
    assert_refused(NULL, "store=*x",
                   "not allowed in '--set store=*x': an alias (*); quote it if "
                   "it is meant as text");
    assert_refused(NULL, "store=\x1b[2J",
                   "not allowed in '--set store=\\x1b[2J': a control "
                   "character");
}

Test(base_config_bad, numbers)
{
    static const char *const bad[] = {
        "batch_size=-1",
        "batch_size=+1",
        "batch_size=1.0",
        "batch_size=1e3",
        "batch_size=007",
        "batch_size=0x10",
        "batch_size=65537",
        "batch_size=4294967297",
        "seed=-1",
        "seed=18446744073709551616",
        "seed=1_000",
        "seed=nan",
        "free=nan",
        "free=.inf",
        "free=1e999",
        "free=1e39",
        "free=1/0",
        "free=\"1\"",
        "free=0x1p3",
        "triplet.margin=0.2",
        "triplet.margin=0.009",
        "mean=[a]",
        "mean=[[0]]",
        "mean=[~]",
        "layers=[~]",
        "a.deep.flag=1",
        "a.deep.flag=\"true\"",
        "a.deep.flag=True",
    };
    rt_config_example config;
    for (size_t i = 0; i < RT_COUNT(bad); i++) {
        cr_assert_eq(rt_config_example_parse(&config, NULL, bad[i], &arena), RT_ERROR_INPUT, "%s",
                     bad[i]);
        cr_assert_not_null(strstr(rt_error_message(), "it takes "), "%s", rt_error_message());
    }
}

static rt_status parse_repeated(const char *head, const char *piece, size_t count, const char *tail)
{
    rt_buffer text = {0};
    rt_config_example config;
    cr_assert_eq(rt_buffer_printf(&text, "%s", head), RT_OK);
    for (size_t i = 0; i < count; i++) cr_assert_eq(rt_buffer_printf(&text, "%s", piece), RT_OK);
    cr_assert_eq(rt_buffer_printf(&text, "%s", tail), RT_OK);
    const rt_status status = rt_config_parse(&config, &rt_config_example_schema, "kd.yaml",
                                             (char *)text.data, text.size, NULL, 0, &arena);
    rt_buffer_clear(&text);
    return status;
}

static void assert_message(const char *part)
{
    cr_assert_not_null(strstr(rt_error_message(), part), "'%s' is not in '%s'", part,
                       rt_error_message());
}

Test(base_config_bad, limits, .timeout = 10)
{
    cr_assert_eq(parse_repeated("seed: ", "[", 31, ""), RT_ERROR_INPUT);
    assert_message("not valid YAML"); /* the mapping and 31 lists: 32 levels */
    cr_assert_eq(parse_repeated("seed: ", "[", 32, ""), RT_ERROR_INPUT);
    assert_message("not allowed in 'kd.yaml:1:38': more than 32 levels");
    cr_assert_eq(parse_repeated("seed: ", "[", 1000000, ""), RT_ERROR_INPUT);
    assert_message("more than 32 levels");
    cr_assert_eq(parse_repeated("", "{a: ", 200000, ""), RT_ERROR_INPUT);
    assert_message("more than 32 levels");
    cr_assert_eq(parse_repeated("", "- ", 200000, ""), RT_ERROR_INPUT);
    assert_message("more than 32 levels");
    /* the mapping, the key and the list are three values themselves */
    cr_assert_eq(parse_repeated("layers: [", "x,", 9997, "]"), RT_OK);
    cr_assert_eq(parse_repeated("layers: [", "x,", 9998, "]"), RT_ERROR_INPUT);
    assert_message("more than 10,000 values");
    cr_assert_eq(parse_repeated("store: ", "x", (1 << 20) - 7, ""), RT_OK);
    cr_assert_eq(parse_repeated("store: ", "x", (1 << 20) - 6, ""), RT_ERROR_INPUT);
    assert_message("1048577 bytes, more than the 1048576 allowed");
    cr_assert_eq(parse_repeated("", "x", 1 << 20, ": 1"), RT_ERROR_INPUT);
    cr_assert_eq(parse_repeated("", "seed: *a\n", 100000, ""), RT_ERROR_INPUT);
    assert_message("an alias");
    cr_assert_eq(parse_repeated("", "\n", 1 << 20, ""), RT_OK);
    cr_assert_eq(parse_repeated("", "? ", 500000, ""), RT_ERROR_INPUT);
    cr_assert_eq(parse_repeated("", "#", 1 << 20, ""), RT_OK);
    cr_assert_eq(parse_repeated("batch_size: ", "9", 100000, ""), RT_ERROR_INPUT);
}

Test(base_config_bad, a_zero_byte_and_a_huge_file)
{
    rt_config_example config;
    cr_assert_eq(rt_config_parse(&config, &rt_config_example_schema, "kd.yaml", "seed: 1\0\n", 9,
                                 NULL, 0, &arena),
                 RT_ERROR_INPUT);
    assert_message("not allowed in 'kd.yaml:1:8': a control character");
    cr_assert_eq(rt_config_parse(&config, &rt_config_example_schema, "kd.yaml", "s\0e\0", 4, NULL,
                                 0, &arena),
                 RT_ERROR_INPUT); /* UTF-16 */
    const char *path = rt_test_path("huge.yaml");
    char *huge = calloc(2 << 20, 1);
    rt_test_write(path, huge, 2 << 20);
    free(huge);
    cr_assert_eq(rt_config_load(&config, &rt_config_example_schema, path, NULL, 0, &arena),
                 RT_ERROR_INPUT);
    assert_message("has 2097152 bytes, more than the 1048576 allowed");
}

static const char valid[] = "batch_size: 64 # comment\n"
                            "triplet:\n"
                            "  margin: 8/255\n"
                            "  direction: 'released'\n"
                            "store: >-\n"
                            "  folded\n"
                            "  text\n"
                            "mean:\n"
                            "  - -0.5\n"
                            "  - 1e-2\n"
                            "layers: [block1, \"block \\u00e9\", caf\xc3\xa9]\n"
                            "seed: 18446744073709551615\n"
                            "a: {deep: {flag: false}, name: ~}\n";

Test(base_config_bad, every_allocation_may_fail)
{
    const char *override = "mean=[0.5, 1/8]";
    const char *path = rt_test_path("kd.yaml");
    rt_test_write(path, valid, sizeof valid - 1);
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        rt_status status = RT_ERROR_MEMORY;
        int k;
        for (k = 1; status != RT_OK; k++) {
            rt_config_example config;
            rt_buffer text = {0};
            rt_alloc_fail_at((uint64_t)k, for_ever != 0);
            status = rt_config_load(&config, &rt_config_example_schema, path, &override, 1, &arena);
            if (status == RT_OK)
                status = rt_config_write(&config, &rt_config_example_schema, false, &text);
            if (status == RT_OK)
                status = rt_config_describe(&rt_config_example_schema, false, &text);
            rt_alloc_fail_at(0, false);
            cr_assert(status == RT_OK || status == RT_ERROR_MEMORY, "allocation %d", k);
            if (status != RT_OK) assert_message("out of memory");
            rt_buffer_clear(&text);
            rt_arena_clear(&arena);
        }
        cr_assert_gt(k, 6);
        /* and on the way of an error */
        for (k = 1, status = RT_ERROR_MEMORY; status == RT_ERROR_MEMORY; k++) {
            rt_config_example config;
            rt_alloc_fail_at((uint64_t)k, for_ever != 0);
            status = rt_config_example_parse(&config, valid, "batch_size=none", &arena);
            rt_alloc_fail_at(0, false);
            rt_arena_clear(&arena);
        }
        cr_assert_eq(status, RT_ERROR_INPUT);
    }
}

/* Changes a few bytes: by a random one, by one that means something to YAML, cut, doubled. */
static size_t mutate(uint64_t element, char text[2048])
{
    static const char marks[] = "[]{}:,-?&*!|>'\"%@`#~ \n\t\\0123456789eE/.\xc3\xff";
    size_t size = sizeof valid - 1;
    memcpy(text, valid, size);
    uint32_t draws[4];
    rt_philox(13, 0, 0, element << 8, draws);
    const uint32_t changes = 1 + draws[0] % 4;
    for (uint32_t i = 1; i <= changes; i++) {
        rt_philox(13, 0, 0, (element << 8) + i, draws);
        const size_t place = draws[0] % size;
        const size_t length = 1 + draws[2] % 30;
        const size_t end = place + length < size ? place + length : size;
        switch (draws[1] % 4) {
        case 0:
            text[place] = (char)draws[3];
            break;
        case 1:
            text[place] = marks[draws[3] % (sizeof marks - 1)];
            break;
        case 2: /* cut */
            memmove(text + place, text + end, size - end);
            size -= end - place;
            break;
        default: /* double */
            memmove(text + end, text + place, size - place);
            size += end - place;
        }
        if (size == 0) break;
    }
    return size;
}

Test(base_config_bad, mutants_never_crash_and_accepted_ones_round_trip)
{
    int accepted = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        char text[2048];
        rt_config_example config;
        const rt_config_schema *schema = &rt_config_example_schema;
        char *exact = malloc(2048); /* on the heap and exact: a sanitizer sees a read beyond */
        const size_t size = mutate(i, text);
        exact = realloc(exact, size + (size == 0));
        memcpy(exact, text, size);
        const rt_status status =
            rt_config_parse(&config, schema, "kd.yaml", exact, size, NULL, 0, &arena);
        free(exact);
        if (status == RT_OK) {
            rt_buffer first = {0}, second = {0};
            cr_assert_eq(rt_config_write(&config, schema, false, &first), RT_OK);
            cr_assert_eq(rt_config_parse(&config, schema, "kd.yaml", (char *)first.data, first.size,
                                         NULL, 0, &arena),
                         RT_OK, "%s\n%s", rt_error_message(), (char *)first.data);
            cr_assert_eq(rt_config_write(&config, schema, false, &second), RT_OK);
            cr_assert_str_eq((char *)first.data, (char *)second.data);
            rt_buffer_clear(&first);
            rt_buffer_clear(&second);
            accepted++;
        } else {
            cr_assert_eq(status, RT_ERROR_INPUT);
            cr_assert_gt(strlen(rt_error_message()), 10);
            for (const char *c = rt_error_message(); *c != 0; c++)
                cr_assert_geq((unsigned char)*c, 0x20);
        }
        rt_arena_clear(&arena);
    }
    cr_assert(accepted > 400 && accepted < 19000, "%d", accepted); /* both ways were walked */
}
