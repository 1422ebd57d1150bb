/* Random edits of a good file: what the reader makes of them. */
#include "common/base/random.h"
#include "common/formats/safetensors.h"
#include "tests/formats/safetensors_maker.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One to three random edits of a good file, most of them in the header. */
static size_t mutate(uint8_t *bytes, const uint8_t *good, size_t size, uint32_t number)
{
    static const char likely[] = "{}[]:,\" 0123456789.-eE\\ux\"dtypeF";
    uint32_t draws[4];
    memcpy(bytes, good, size);
    rt_philox(1, RT_STREAM_NOISE, 0, number, draws);
    for (uint32_t edit = 0; edit <= draws[0] % 3; edit++) {
        uint32_t more[4];
        rt_philox(2, RT_STREAM_NOISE, edit, number, more);
        const size_t at = more[0] % 8 == 0 ? more[1] % size : 8 + more[1] % (size - 16);
        if (more[2] % 4 == 0 && size < 480) { /* insert, and say so in the length */
            memmove(bytes + at + 1, bytes + at, size - at);
            bytes[at] = (uint8_t)likely[more[3] % (sizeof likely - 1)];
            size++;
            if (at >= 8) bytes[0]++;
        } else if (more[2] % 4 == 1) { /* remove */
            memmove(bytes + at, bytes + at + 1, size - at - 1);
            size--;
            if (at >= 8) bytes[0]--;
        } else
            bytes[at] = more[2] % 4 == 2 ? (uint8_t)more[3]
                                         : (uint8_t)likely[more[3] % (sizeof likely - 1)];
    }
    return size;
}

static const char mutated_header[] = RT_TEST_HEADER;

Test(formats_safetensors_mutants, never_crash)
{
    uint8_t good[512], bytes[512];
    size_t accepted = 0;
    const size_t good_size =
        rt_test_safetensors(good, mutated_header, sizeof mutated_header - 1, 10);
    for (uint32_t i = 0; i < 50000; i++) {
        rt_safetensors file = {0};
        const size_t size = mutate(bytes, good, good_size, i);
        if (rt_safetensors_parse(&file, "mutant", bytes, size) == RT_OK) accepted++;
        rt_safetensors_close(&file);
    }
    cr_assert(accepted > 100 && accepted < 25000, "%zu accepted: the mutants are no test",
              accepted);
}

/* The rules once more, on top of Python's JSON reader: both accept the same mutants. */
Test(formats_safetensors_mutants, agree_with_an_oracle)
{
    enum { MUTANTS = 20000 };
    static const char script[] =
        "import hashlib, json, re, struct, sys\n"
        "W = dict(F64=8, F32=4, F16=2, BF16=2, I64=8, I32=4, I16=2, I8=1, U64=8, U32=4, U16=2,\n"
        "         U8=1, BOOL=1, F8_E5M2=1, F8_E4M3=1)\n"
        "class Integer:\n"
        "    def __init__(s, t):\n"
        "        assert re.fullmatch('[0-9]+', t) and int(t) < 2**53\n"
        "        s.v = int(t)\n"
        "def no(x): raise ValueError\n"
        "def pairs(p):\n"
        "    for k, v in p:\n"
        "        for t in (k, v):\n"
        "            if isinstance(t, str):\n"
        "                t.encode(); assert '\\0' not in t\n"
        "    assert len({k for k, v in p}) == len(p)\n"
        "    return dict(p)\n"
        "def check(b):\n"
        "    n = struct.unpack('<Q', b[:8])[0]\n"
        "    assert 2 <= n <= len(b) - 8\n"
        "    t = b[8:8 + n].decode(); d = b[8 + n:]\n"
        "    assert t[0] == '{'\n"
        "    r = json.JSONDecoder(object_pairs_hook=pairs, parse_int=Integer, parse_float=no,\n"
        "                         parse_constant=no)\n"
        "    h, end = r.raw_decode(t)\n"
        "    assert set(t[end:]) <= {' '}\n"
        "    m = h.pop('__metadata__', {})\n"
        "    assert isinstance(m, dict) and all(isinstance(v, str) for v in m.values())\n"
        "    assert m.get('sha256', None) in (None, hashlib.sha256(d).hexdigest())\n"
        "    spans = []\n"
        "    for k, v in h.items():\n"
        "        assert 1 <= len(k.encode()) <= 1024 and isinstance(v, dict)\n"
        "        assert set(v) == {'dtype', 'shape', 'data_offsets'}\n"
        "        s = v['shape']; o = v['data_offsets']\n"
        "        assert isinstance(s, list) and isinstance(o, list) and len(o) == 2\n"
        "        assert all(isinstance(i, Integer) for i in s + o) and len(s) <= 8\n"
        "        size = W[v['dtype']]\n"
        "        for i in s: size *= i.v\n"
        "        assert size > 0 and o[1].v - o[0].v == size\n"
        "        spans.append((o[0].v, o[1].v))\n"
        "    at = 0\n"
        "    for i, j in sorted(spans):\n"
        "        assert i == at; at = j\n"
        "    assert at == len(d)\n"
        "bad = 0\n"
        "b = open(sys.argv[1], 'rb').read()\n"
        "while b:\n"
        "    n, ok = struct.unpack('<IB', b[:5])\n"
        "    try: check(b[5:5 + n]); good = 1\n"
        "    except (ValueError, AssertionError, KeyError, TypeError, AttributeError,\n"
        "            IndexError, struct.error, RecursionError): good = 0\n"
        "    if good != ok: bad += 1; print(ok, good, b[5:5 + n])\n"
        "    b = b[5 + n:]\n"
        "sys.exit(bad > 0)\n";
    uint8_t good[512], bytes[512];
    const char *path = rt_test_path("mutants");
    FILE *list = fopen(path, "wb");
    const size_t good_size =
        rt_test_safetensors(good, mutated_header, sizeof mutated_header - 1, 10);
    for (uint32_t i = 0; i < MUTANTS; i++) {
        rt_safetensors file = {0};
        const uint32_t size = (uint32_t)mutate(bytes, good, good_size, 1000000 + i);
        const uint8_t accepted = rt_safetensors_parse(&file, "mutant", bytes, size) == RT_OK;
        fwrite(&size, sizeof size, 1, list);
        fwrite(&accepted, 1, 1, list);
        fwrite(bytes, 1, size, list);
        rt_safetensors_close(&file);
    }
    cr_assert_eq(fclose(list), 0);
    const int result = rt_test_python("json", script, path);
    if (result < 0) cr_skip_test("python3 is not installed");
    cr_assert_eq(result, 0);
}
