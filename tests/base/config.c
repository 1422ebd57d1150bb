#include "common/base/config.h"
#include "common/base/random.h"
#include "tests/base/config_example.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static rt_arena arena;

static void clear_arena(void) { rt_arena_clear(&arena); }

TestSuite(base_config, .fini = clear_arena);

static void parse(rt_config_example *config, const char *text, const char *override)
{
    const rt_status status = rt_config_example_parse(config, text, override, &arena);
    cr_assert_eq(status, RT_OK, "%s", rt_error_message());
}

Test(base_config, defaults)
{
    const char *const texts[] = {NULL,
                                 "",
                                 "# only a comment\n",
                                 "---\n",
                                 "{}",
                                 "triplet:\n",
                                 "triplet:\n  # margin: 1\na: {deep: ~}\n"};
    for (size_t i = 0; i < RT_COUNT(texts); i++) {
        rt_config_example config;
        memset(&config, 0xff, sizeof config);
        parse(&config, texts[i], NULL);
        cr_assert_eq(config.batch_size, 128);
        cr_assert_eq(config.margin, 0.1f);
        cr_assert_null(config.store);
        cr_assert_eq(config.direction, 1);
        cr_assert_eq(config.mean.count, 2);
        cr_assert_eq(config.mean.values[0], 0.5f);
        cr_assert_eq(config.mean.values[1], 0.25f);
        cr_assert_eq(config.layers.count, 0);
        cr_assert_eq(config.seed, 0);
        cr_assert_eq(config.flag, true);
        cr_assert_str_eq(config.name, "x y");
        cr_assert_eq(config.free, 0);
    }
}

Test(base_config, file_values)
{
    rt_config_example config;
    parse(&config,
          "batch_size: 64 # a comment\n"
          "triplet:\n"
          "  margin: 8/255\n"
          "  direction: released\n"
          "store: runs/demo store\n"
          "mean:\n"
          "  - -0.5\n"
          "  - 1e-2\n"
          "layers: [block1, \"block 2\"]\n"
          "seed: 18446744073709551615\n"
          "a: {deep: {flag: false}, name: ~}\n"
          "free: -3.4e38\n",
          NULL);
    cr_assert_eq(config.batch_size, 64);
    cr_assert_eq(config.margin, (float)(8.0 / 255.0));
    cr_assert_eq(config.direction, 0);
    cr_assert_str_eq(config.store, "runs/demo store");
    cr_assert_eq(config.mean.count, 2);
    cr_assert_eq(config.mean.values[0], -0.5f);
    cr_assert_eq(config.mean.values[1], 0.01f);
    cr_assert_eq(config.layers.count, 2);
    cr_assert_str_eq(config.layers.values[0], "block1");
    cr_assert_str_eq(config.layers.values[1], "block 2");
    cr_assert_eq(config.seed, UINT64_MAX);
    cr_assert_eq(config.flag, false);
    cr_assert_null(config.name); /* null takes a default away */
    cr_assert_eq(config.free, -3.4e38f);
    parse(&config, "triplet.margin: 0.1\na.deep.flag: false\nstore: true\n", NULL);
    cr_assert_eq(config.margin, 0.1f); /* the float is above the double 0.1 and still allowed */
    cr_assert_eq(config.flag, false);
    cr_assert_str_eq(config.store, "true");
}

Test(base_config, overrides_win_and_later_ones_too)
{
    rt_config_example config;
    const char *const overrides[] = {
        "batch_size=7", "batch_size=8", "triplet.direction=released", "mean=[1, 1/2, 0]",
        "store=a=b",    "a.name=",      "triplet={margin: 0.05}"};
    const char *text = "batch_size: 64\nmean: [0]\n";
    cr_assert_eq(rt_config_parse(&config, &rt_config_example_schema, "kd.yaml", text, strlen(text),
                                 overrides, RT_COUNT(overrides), &arena),
                 RT_OK, "%s", rt_error_message());
    cr_assert_eq(config.batch_size, 8);
    cr_assert_eq(config.direction, 0);
    cr_assert_eq(config.mean.count, 3);
    cr_assert_eq(config.mean.values[1], 0.5f);
    cr_assert_str_eq(config.store, "a=b");
    cr_assert_null(config.name);
    cr_assert_eq(config.margin, 0.05f);
}

Test(base_config, required_keys)
{
    rt_config_example config;
    const rt_config_schema *schema = &rt_config_required_schema;
    const char *text = "batch_size: 1\nmean: []\n";
    cr_assert_eq(rt_config_parse(&config, schema, "kd.yaml", text, strlen(text), NULL, 0, &arena),
                 RT_ERROR_INPUT);
    cr_assert_str_eq(rt_error_message(), "missing key 'store' (where the samples are) in "
                                         "'kd.yaml'; add it, or give --set store=value");
    cr_assert_eq(rt_config_parse(&config, schema, NULL, NULL, 0, NULL, 0, &arena), RT_ERROR_INPUT);
    cr_assert_str_eq(rt_error_message(),
                     "missing key 'batch_size' (samples a step); give --set batch_size=value");
    const char *override = "store=s";
    cr_assert_eq(
        rt_config_parse(&config, schema, "kd.yaml", text, strlen(text), &override, 1, &arena),
        RT_OK);
    override = "store="; /* null is not a value for a required key */
    cr_assert_eq(
        rt_config_parse(&config, schema, "kd.yaml", text, strlen(text), &override, 1, &arena),
        RT_ERROR_INPUT);
}

Test(base_config, load_reads_a_file)
{
    rt_config_example config;
    const rt_config_schema *schema = &rt_config_example_schema;
    const char *path = rt_test_path("kd.yaml");
    rt_test_write(path, "batch_size: 3\n", 14);
    cr_assert_eq(rt_config_load(&config, schema, path, NULL, 0, &arena), RT_OK);
    cr_assert_eq(config.batch_size, 3);
    cr_assert_eq(rt_config_load(&config, schema, NULL, NULL, 0, &arena), RT_OK);
    cr_assert_eq(config.batch_size, 128);
    rt_test_write(path, "batch: 3\n", 9);
    cr_assert_eq(rt_config_load(&config, schema, path, NULL, 0, &arena), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "kd.yaml:1:1'"));
    cr_assert_eq(rt_config_load(&config, schema, rt_test_path("none"), NULL, 0, &arena),
                 RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "no file '"));
}

Test(base_config, write_gives_this_text)
{
    rt_config_example config;
    rt_buffer yaml = {0};
    parse(&config, "store: \"a\\tb\\\"\\u2028\"\nlayers: [b1, null word, \"null\"]\nseed: 5\n",
          NULL);
    cr_assert_eq(rt_config_write(&config, &rt_config_example_schema, false, &yaml), RT_OK);
    cr_assert_str_eq((char *)yaml.data, "batch_size: 128\n"
                                        "triplet:\n"
                                        "  margin: 0.100000001\n"
                                        "  direction: paper\n"
                                        "store: \"a\\u0009b\\u0022\\u2028\"\n"
                                        "mean: [0.5, 0.25]\n"
                                        "layers: [b1, \"null word\", \"null\"]\n"
                                        "seed: 5\n"
                                        "a:\n"
                                        "  deep:\n"
                                        "    flag: true\n"
                                        "  name: \"x y\"\n"
                                        "free: 0\n");
    rt_buffer_clear(&yaml);
    parse(&config, "a: {name: ~}", NULL);
    cr_assert_eq(rt_config_write(&config, &rt_config_example_schema, false, &yaml), RT_OK);
    cr_assert_not_null(strstr((char *)yaml.data, "  name: null\n")); /* or the default came back */
    cr_assert_null(strstr((char *)yaml.data, "store"));
    rt_buffer_clear(&yaml);
    cr_assert_eq(rt_config_write(&config, &rt_config_example_schema, true, &yaml), RT_OK);
    cr_assert_str_eq((char *)yaml.data, "batch_size: 128\n"
                                        "triplet:\n"
                                        "  margin: 0.100000001\n"
                                        "  direction: paper\n"
                                        "mean: [0.5, 0.25]\n"
                                        "layers: []\n"
                                        "a:\n"
                                        "  deep:\n"
                                        "    flag: true\n"
                                        "free: 0\n");
    rt_buffer_clear(&yaml);
}

Test(base_config, write_refuses_what_cannot_be_read_back)
{
    rt_config_example config;
    rt_buffer yaml = {0};
    parse(&config, NULL, NULL);
    config.free = INFINITY;
    cr_assert_eq(rt_config_write(&config, &rt_config_example_schema, false, &yaml),
                 RT_ERROR_INTERNAL);
    config.free = 0;
    config.store = "a\xff";
    cr_assert_eq(rt_config_write(&config, &rt_config_example_schema, false, &yaml), RT_ERROR_INPUT);
    cr_assert_str_eq(rt_error_message(), "the value 'a\\xff' of 'store' is not UTF-8 text");
    rt_buffer_clear(&yaml);
}

/* Draws for the round trip; every call another one. */
static uint32_t draw(void)
{
    static uint64_t element;
    uint32_t draws[4];
    rt_philox(11, 0, 0, element++, draws);
    return draws[0];
}

static float draw_float(void)
{
    for (;;) {
        const uint32_t bits = draw();
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) return value;
    }
}

/* Text of 0 to 9 code points of all lengths and kinds, encoded by hand. */
static const char *draw_text(void)
{
    static const uint32_t tops[] = {0x20, 0x80, 0x100, 0x3000, 0xffff, 0x110000};
    static const uint32_t special[] = {0x85, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff, 0xa0, '\n'};
    char *text = rt_arena_alloc(&arena, 64, 1), *end = text;
    for (uint32_t left = draw() % 10; left > 0; left--) {
        const uint32_t kind = draw() % 7;
        uint32_t c = kind < 6 ? 1 + draw() % (tops[kind] - 1) : special[draw() % 8];
        if (c >= 0xd800 && c < 0xe000) c = 'x';
        if (c < 0x80) {
            *end++ = (char)c;
            continue;
        }
        const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        *end++ = (char)(0xffu << (7 - more) | c >> 6 * more);
        for (int i = more - 1; i >= 0; i--) *end++ = (char)(0x80 | (c >> 6 * i & 0x3f));
    }
    return text;
}

static void assert_same_text(const char *a, const char *b)
{
    cr_assert_eq(a == NULL, b == NULL);
    if (a != NULL) cr_assert_str_eq(a, b);
}

Test(base_config, what_was_written_reads_back_exactly)
{
    for (int i = 0; i < 2000; i++) {
        float floats[3];
        const char *texts[3];
        rt_config_example config = {
            .batch_size = 1 + draw() % 65536,
            .margin = 0.01f + 0.09f * ((float)draw() / 4294967296.0f),
            .store = draw() % 4 == 0 ? NULL : draw_text(),
            .direction = draw() % 2 != 0,
            .mean = {floats, draw() % 4},
            .layers = {texts, draw() % 4},
            .seed = (uint64_t)draw() << 32 | draw(),
            .flag = draw() % 2 != 0,
            .name = draw() % 4 == 0 ? NULL : draw_text(),
            .free = draw_float(),
        };
        for (int k = 0; k < 3; k++) {
            floats[k] = 2 * rt_random_uniform(draw()) - 1;
            texts[k] = draw_text();
        }
        rt_buffer yaml = {0};
        rt_config_example again;
        cr_assert_eq(rt_config_write(&config, &rt_config_example_schema, false, &yaml), RT_OK);
        parse(&again, (char *)yaml.data, NULL);
        cr_assert_eq(again.batch_size, config.batch_size);
        cr_assert_eq(memcmp(&again.margin, &config.margin, sizeof config.margin), 0);
        cr_assert_eq(memcmp(&again.free, &config.free, sizeof config.free), 0);
        assert_same_text(again.store, config.store);
        assert_same_text(again.name, config.name);
        cr_assert_eq(again.direction, config.direction);
        cr_assert_eq(again.seed, config.seed);
        cr_assert_eq(again.flag, config.flag);
        cr_assert_eq(again.mean.count, config.mean.count);
        for (uint32_t k = 0; k < config.mean.count; k++)
            cr_assert_eq(again.mean.values[k], config.mean.values[k]);
        cr_assert_eq(again.layers.count, config.layers.count);
        for (uint32_t k = 0; k < config.layers.count; k++)
            cr_assert_str_eq(again.layers.values[k], config.layers.values[k]);
        rt_buffer_clear(&yaml);
        rt_arena_clear(&arena);
    }
}

Test(base_config, describe)
{
    rt_buffer text = {0};
    cr_assert_eq(rt_config_describe(&rt_config_required_schema, false, &text), RT_OK);
    const char *start = "  batch_size: a whole number from 1 to 65536; required\n"
                        "      samples a step\n"
                        "  triplet.margin: a number from 0.01 to 0.1; default 0.1\n"
                        "      distance between classes\n";
    cr_assert_eq(strncmp((char *)text.data, start, strlen(start)), 0);
    rt_buffer_clear(&text);
    cr_assert_eq(rt_config_describe(&rt_config_example_schema, true, &text), RT_OK);
    cr_assert_str_eq(
        (char *)text.data,
        "| key | takes | default | meaning |\n|---|---|---|---|\n"
        "| `batch_size` | a whole number from 1 to 65536 | 128 | samples a step |\n"
        "| `triplet.margin` | a number from 0.01 to 0.1 | 0.1 | distance between classes |\n"
        "| `store` | text | none | where the samples are |\n"
        "| `triplet.direction` | one of released, paper | paper | which way |\n"
        "| `mean` | a list of numbers from -1 to 1 | [0.5, 1/4] | of the pixels |\n"
        "| `layers` | a list of texts | none | which layers |\n"
        "| `seed` | a whole number | 0 | of all draws |\n"
        "| `a.deep.flag` | true or false | true | on or off |\n"
        "| `a.name` | text | x y | a name |\n"
        "| `free` | a number | 0 | any number |\n");
    rt_buffer_clear(&text);
}

Test(base_config, numbers_and_fractions)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"8/255", 8.0 / 255}, {"-1/2", -0.5}, {"+3", 3},         {".5", 0.5}, {"5.", 5},
                {"1e-3", 1e-3},       {"2E+2", 200},  {"1.5/0.5e1", 0.3}};
    static const char *const bad[] = {"",    " 1",   "1 ",    "nan", "inf", "0x10",  "1/0",
                                      "0/0", "1/-2", "1/",    "/2",  "1e",  "1e999", "--1",
                                      ".",   "1_0",  "1/2/3", "e5",  "1,5", "1/ 2",  "infinity"};
    double value;
    for (size_t i = 0; i < RT_COUNT(good); i++) {
        cr_assert(rt_parse_number(good[i].text, &value), "'%s'", good[i].text);
        cr_assert_float_eq(value, good[i].value, 1e-15);
    }
    for (size_t i = 0; i < RT_COUNT(bad); i++)
        cr_assert_not(rt_parse_number(bad[i], &value), "'%s'", bad[i]);
}

Test(base_config, nearest_name)
{
    static const char *const names[] = {"temperature", "batch_size", "seed", "store", "lr"};
    const size_t count = RT_COUNT(names);
    cr_assert_str_eq(rt_nearest_name("tempreture", names, count), "temperature");
    cr_assert_str_eq(rt_nearest_name("batchsize", names, count), "batch_size");
    cr_assert_str_eq(rt_nearest_name("sede", names, count), "seed");
    cr_assert_str_eq(rt_nearest_name("stores", names, count), "store");
    cr_assert_null(rt_nearest_name("unrelated", names, count));
    cr_assert_null(rt_nearest_name("", names, count));
    cr_assert_null(rt_nearest_name("seed", names, 0));
    char long_name[1000];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    cr_assert_null(rt_nearest_name(long_name, names, count));
    const char *candidate = long_name;
    cr_assert_null(rt_nearest_name("aaaa", &candidate, 1));
}
