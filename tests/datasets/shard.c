#include "datasets/shard.h"

#include "common/base/random.h"
#include "datasets/hdf5_file.h"
#include "tests/datasets/support.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { COUNT = 40 };

/* The bytes of a shard of the made-up samples 0 .. COUNT - 1. */
static void make_shard(rt_buffer *bytes, const rt_store_description *description)
{
    rt_test_samples samples;
    const rt_shard_head head = {.description = *description, .count = COUNT};
    rt_test_samples_make(&samples, description, 0, COUNT);
    cr_assert_eq(rt_shard_encode(bytes, &head, &samples.samples), RT_OK, "%s", rt_error_message());
    rt_test_samples_clear(&samples);
}

/* What must come of damaged bytes: an error, or all of the data with nothing changed. */
static bool error_or_same(rt_buffer *bytes, const char *sha256, bool *accepted)
{
    rt_arena arena = {0};
    rt_shard_head head;
    rt_shard shard = {0};
    const rt_status status = rt_shard_decode("damaged", bytes, &arena, &head, &shard);
    bool good = status == RT_ERROR_INPUT;
    *accepted = status == RT_OK;
    if (status == RT_OK)
        good = head.count == COUNT && head.number == 0 && head.first_sample == 0 &&
               strcmp(head.description_sha256, sha256) == 0 &&
               rt_test_samples_equal(&shard.samples, &rt_test_description, 0);
    rt_shard_clear(&shard);
    rt_arena_clear(&arena);
    return good;
}

static uint64_t draw(uint32_t number, uint32_t which, uint64_t bound)
{
    uint32_t draws[4];
    rt_philox(11, RT_STREAM_NOISE, which, number, draws);
    return ((uint64_t)draws[0] << 32 | draws[1]) % bound;
}

/* RT_TEST_MUTANTS sets another number of each kind of damage. */
static uint32_t mutant_count(void)
{
    const char *text = getenv("RT_TEST_MUTANTS");
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 500;
}

Test(datasets_shard, bit_rot_is_never_read_as_data)
{
    rt_buffer bytes = {0};
    char sha256[RT_SHA256_TEXT];
    bool accepted;
    make_shard(&bytes, &rt_test_description);
    cr_assert_eq(rt_store_description_hash(&rt_test_description, sha256), RT_OK);
    cr_assert(error_or_same(&bytes, sha256, &accepted) && accepted);
    const uint32_t count = mutant_count();
    for (uint32_t i = 0; i < count; i++) {
        const size_t bit = draw(i, 0, 8 * bytes.size);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(error_or_same(&bytes, sha256, &accepted), "bit %zu", bit);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(!accepted || bytes.data[bit / 8] == 0, "not in unused space: bit %zu", bit);
    }
    for (uint32_t i = 0; i < count; i++) { /* a smear of up to 64 bytes */
        uint8_t saved[64];
        const size_t at = draw(i, 1, bytes.size - 64), size = 1 + draw(i, 2, 64);
        memcpy(saved, bytes.data + at, 64);
        for (size_t k = 0; k < size; k++)
            bytes.data[at + k] = (uint8_t)draw(i, 3 + (uint32_t)k, 256);
        cr_assert(error_or_same(&bytes, sha256, &accepted), "%zu bytes at %zu", size, at);
        memcpy(bytes.data + at, saved, 64);
    }
    const size_t size = bytes.size;
    for (uint32_t i = 0; i < count; i++) {
        bytes.size = draw(i, 99, size);
        cr_assert(error_or_same(&bytes, sha256, &accepted) && !accepted, "cut to %zu", bytes.size);
    }
    rt_buffer_clear(&bytes);
}

/* Attributes above 64 KiB have no checksum of HDF5's: description_sha256 covers them. */
Test(datasets_shard, bit_rot_in_large_text_is_seen)
{
    rt_store_description description = rt_test_description;
    rt_buffer bytes = {0};
    char *config = calloc(100001, 1), sha256[RT_SHA256_TEXT];
    bool accepted;
    memset(config, 'x', 100000);
    description.config = config;
    make_shard(&bytes, &description);
    cr_assert_eq(rt_store_description_hash(&description, sha256), RT_OK);
    const uint8_t *text = memmem(bytes.data, bytes.size, config, 100000);
    cr_assert_not_null(text, "the text is not stored as it is: choose another way to damage it");
    for (size_t i = 0; i < 20; i++) {
        uint8_t *byte = bytes.data + (text - bytes.data) + i * 4999;
        *byte ^= 1;
        cr_assert(error_or_same(&bytes, sha256, &accepted) && !accepted);
        *byte ^= 1;
    }
    cr_assert(error_or_same(&bytes, sha256, &accepted) && accepted);
    rt_buffer_clear(&bytes);
    free(config);
}

/* Files made by h5py from a good shard, each with one thing wrong; the list says what is to be
 * said of each. Descriptions are re-hashed nowhere: only one rule may be broken at a time. */
static const char hostile_script[] =
    "import h5py, numpy as np, os, shutil, sys\n"
    "d = sys.argv[1]\n"
    "good = h5py.File(d + '/good.h5', 'r')\n"
    "names = list(good)\n"
    "listed = open(d + '/list', 'w')\n"
    "number = 0\n"
    "F = ('shuffle', 'gzip', 'fletcher32')\n"
    "def put(f, k, data=None, **o):\n"
    "    v = good[k][:] if data is None else data\n"
    "    a = dict(chunks=v.shape, shuffle=True, compression='gzip', fletcher32=True)\n"
    "    a.update(o)\n"
    "    return f.create_dataset(k, data=v, **a)\n"
    "def make(message, skip=(), edit=None, attrs={}, drop=(), low='v110', **file):\n"
    "    global number\n"
    "    p = '%s/%03d.h5' % (d, number)\n"
    "    with h5py.File(p, 'w', libver=(low, 'v110'), **file) as f:\n"
    "        for k in names:\n"
    "            if k not in skip: put(f, k)\n"
    "        for k, v in good.attrs.items():\n"
    "            if k in drop: continue\n"
    "            if isinstance(v, bytes) or v.dtype.kind == 'S':\n"
    "                a = np.asarray(v)\n"
    "                t = h5py.string_dtype('utf-8', max(a.dtype.itemsize, 1))\n"
    "                f.attrs.create(k, np.array(v, 'S'), dtype=t)\n"
    "            else: f.attrs.create(k, v)\n"
    "        for k, v in attrs.items():\n"
    "            if k in f.attrs: del f.attrs[k]\n"
    "            f.attrs.create(k, *v) if isinstance(v, tuple) else f.attrs.create(k, v)\n"
    "        if edit: edit(f)\n"
    "    listed.write('%03d.h5\\t%s\\n' % (number, message)); number += 1\n"
    "make('OK')\n"
    "make('superblock version 0', low='earliest')\n"
    "make('not an HDF5 file', userblock_size=512)\n"
    "make('superblock extension', fs_strategy='page')\n"
    "for k in ('images', 'labels'): make(\"'%s' of\" % k, skip=[k])\n"
    "i = good['images'][:]; l = good['labels'][:]; t = good['teacher_logits'][:]\n"
    "n = len(l)\n"
    "def with_(k, **o): return dict(skip=[k], edit=lambda f: put(f, k, **o))\n"
    "make('fletcher32', **with_('labels', fletcher32=False))\n"
    "make('fletcher32', **with_('images', fletcher32=False))\n"
    "make('OK', **with_('images', shuffle=False, compression=None))\n"
    "make('filters other', **with_('images', compression='lzf'))\n"
    "make('filters other', **with_('labels', scaleoffset=True, shuffle=False, compression=None,\n"
    "                              fletcher32=False))\n"
    "make('not chunked', **with_('labels', chunks=None, shuffle=False, compression=None,\n"
    "                           fletcher32=False))\n"
    "make('wrong type', **with_('images', data=i.astype(np.int8)))\n"
    "make('wrong type', **with_('images', data=i.astype(np.uint16)))\n"
    "make('wrong type', **with_('labels', data=l.astype('>i4')))\n"
    "make('wrong type', **with_('labels', data=l.astype(np.uint32)))\n"
    "make('wrong type', **with_('teacher_logits', data=t.astype(np.float64)))\n"
    "make('wrong type', **with_('teacher_logits', data=t.astype(np.int32)))\n"
    "make('wrong type', **with_('round', data=np.zeros(n, np.uint64)))\n"
    "e = h5py.enum_dtype({'a': 0, 'b': 1}, basetype='i4')\n"
    "make('wrong type', **with_('labels', data=np.zeros(n, 'i4'), dtype=e))\n"
    "c = np.zeros(n, [('a', 'i4')])\n"
    "make('wrong type', **with_('labels', data=c))\n"
    "def string(f): f.create_dataset('labels', (n,), h5py.string_dtype(), chunks=(n,),\n"
    "                                fletcher32=False)\n"
    "make('wrong type', skip=['labels'], edit=string)\n"
    "def refs(f): f.create_dataset('labels', (n,), h5py.ref_dtype, chunks=(n,))\n"
    "make('wrong type', skip=['labels'], edit=refs)\n"
    "def committed(f):\n"
    "    f['type'] = np.dtype('<i4')\n"
    "    put(f, 'labels', dtype=f['type'])\n"
    "make('wrong type', skip=['labels'], edit=committed)\n"
    "make('wrong rank', **with_('labels', data=l.reshape(n, 1)))\n"
    "make('wrong rank', **with_('images', data=i.reshape(n, -1)))\n"
    "make('wrong rank', skip=['labels'],\n"
    "     edit=lambda f: f.create_dataset('labels', data=h5py.Empty('i4')))\n"
    "make('wrong rank', skip=['labels'], edit=lambda f: f.create_dataset('labels', "
    "data=np.int32(1)))\n"
    "make('can grow', **with_('labels', maxshape=(None,)))\n"
    "make('can grow', **with_('images', maxshape=(2 * n, 6, 5, 3)))\n"
    "make('no samples', skip=['labels'], edit=lambda f: f.create_dataset('labels', (0,), 'i4',\n"
    "     maxshape=(None,), chunks=(4,)))\n"
    "make('another number of samples', **with_('labels', data=l[1:]))\n"
    "make('another number of samples', **with_('round', data=np.zeros(n + 1, np.uint32)))\n"
    "make('another number of classes', **with_('teacher_logits', data=t[:, :2].copy()))\n"
    "make('do not fit', skip=['images'], edit=lambda f: f.create_dataset('images',\n"
    "     (n, 4097, 5, 3), 'u1', chunks=(1, 8, 5, 3), fletcher32=True))\n"
    "make('do not fit', **with_('images', data=np.zeros((n, 6, 5, 5), 'u1')))\n"
    "make('images of 6x5x2', drop=['mean', 'std'], attrs=dict(mean=np.zeros(2, 'f4'),\n"
    "     std=np.ones(2, 'f4')), **with_('images', data=np.zeros((n, 6, 5, 2), 'u1')))\n"
    "make('no samples', skip=['images'], edit=lambda f: f.create_dataset('images',\n"
    "     (2**40, 32, 32, 3), 'u1', chunks=(8, 32, 32, 3), fletcher32=True))\n"
    "make('larger than 512', skip=['images'], edit=lambda f: f.create_dataset('images',\n"
    "     (10**6, 32, 32, 3), 'u1', chunks=(8, 32, 32, 3), fletcher32=True))\n"
    "make('fewer bytes', skip=['images'], edit=lambda f: f.create_dataset('images',\n"
    "     (10**5, 32, 32, 3), 'u1', chunks=(8, 32, 32, 3), fletcher32=True))\n"
    "make('chunks that are too large', skip=['images'], edit=lambda f: f.create_dataset('images',\n"
    "     (30000, 64, 64, 3), 'u1', chunks=(30000, 64, 64, 3), fletcher32=True))\n"
    "def link(k, v): return dict(skip=[k], edit=lambda f: f.__setitem__(k, v))\n"
    "make('link to somewhere', **link('images', h5py.ExternalLink('good.h5', '/images')))\n"
    "make('link to somewhere', **link('images', h5py.ExternalLink('/etc/passwd', '/')))\n"
    "make('link to somewhere', **link('labels', h5py.SoftLink('/labels')))\n"

    "def soft2(f):\n"
    "    f.create_dataset('other', data=l, chunks=l.shape, fletcher32=True)\n"
    "    f['labels'] = h5py.SoftLink('/other')\n"
    "make('link to somewhere', skip=['labels'], edit=soft2)\n"
    "make('no dataset', skip=['labels'], edit=lambda f: f.create_group('labels'))\n"
    "def typed(f): f['labels'] = np.dtype('<i4')\n"
    "make('no dataset', skip=['labels'], edit=typed)\n"
    "def outside(f):\n"
    "    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)\n"
    "    p.set_external(b'/etc/passwd', 0, i.size)\n"
    "    s = h5py.h5s.create_simple(i.shape)\n"
    "    h5py.h5d.create(f.id, b'images', h5py.h5t.STD_U8LE, s, p)\n"
    "make('another file', skip=['images'], edit=outside)\n"
    "def virtual(f):\n"
    "    v = h5py.VirtualLayout(i.shape, 'u1')\n"
    "    v[:] = h5py.VirtualSource('good.h5', 'images', i.shape)\n"
    "    f.create_virtual_dataset('images', v)\n"
    "make('not chunked', skip=['images'], edit=virtual)\n"
    "b = l.copy(); b[3] = 3\n"
    "make('label 3 of sample 3', **with_('labels', data=b))\n"
    "b = l.copy(); b[3] = -1\n"
    "make('label -1', **with_('labels', data=b))\n"
    "b = t.copy(); b[2, 1] = np.nan\n"
    "make('not finite', **with_('teacher_logits', data=b))\n"
    "b = t.copy(); b[2, 1] = np.inf\n"
    "make('not finite', **with_('teacher_logits', data=b))\n"
    "make('domain 2', **with_('domain', data=np.full(n, 2, np.uint16)))\n"
    "for k in good.attrs: make(\"lacks attribute '%s'\" % k, drop=[k])\n"
    "make('store format 2', attrs=dict(format_version=np.uint64(2)))\n"
    "make('wrong type', attrs=dict(format_version=np.int32(1)))\n"
    "make('wrong type', attrs=dict(seed=np.float32(1)))\n"
    "make('wrong type', attrs=dict(seed=np.zeros(1, 'u8')))\n"
    "make('wrong type', attrs=dict(mean=np.zeros(3, 'f8')))\n"
    "make('wrong type', attrs=dict(mean=np.zeros(2, 'f4')))\n"
    "make('wrong type', attrs=dict(config='text of variable length'))\n"
    "make('wrong type', attrs=dict(config=np.uint64(1)))\n"
    "make('not usable', attrs=dict(std=np.zeros(3, 'f4')))\n"
    "make('not usable', attrs=dict(std=np.full(3, np.nan, 'f4')))\n"
    "make('64 hex digits', attrs=dict(teacher_sha256=np.array(b'xyz')))\n"
    "make('do not have the hash', attrs=dict(method=np.array(b'other')))\n"
    "make('do not have the hash', attrs=dict(description_sha256=np.array(b'0' * 64)))\n"
    "make('says that it is shard', attrs=dict(shard=np.uint64(2**40)))\n"
    "make('too large', attrs=dict(config=np.array(b'x' * (2 << 20))))\n"
    "def many(f):\n"
    "    for j in range(100): f.attrs['x%d' % j] = j\n"
    "make('more than 64', edit=many)\n"
    "def groups(f):\n"
    "    for j in range(100): f.create_group('x%d' % j)\n"
    "make('more than 64', edit=groups)\n"
    "make('OK', edit=lambda f: f.create_group('unknown'))\n"
    "def loop(f): f['unknown'] = h5py.ExternalLink('/dev/zero', '/')\n"
    "make('OK', edit=loop)\n"
    "listed.close()\n"
    "sys.exit(0 if number > 80 else 1)\n";

/* One line of the list: a file, and what must be said of it. */
static void check_hostile(const char *name, const char *message)
{
    rt_buffer bytes = {0};
    rt_arena arena = {0};
    rt_shard_head head;
    rt_shard shard = {0};
    rt_status status = rt_shard_file_read(&bytes, rt_test_path(name));
    if (status == RT_OK) status = rt_shard_decode(name, &bytes, &arena, &head, &shard);
    if (strcmp(message, "OK") == 0) {
        cr_expect_eq(status, RT_OK, "%s: %s", name, rt_error_message());
    } else {
        cr_expect_eq(status, RT_ERROR_INPUT, "%s was accepted; expected: %s", name, message);
        cr_expect_not_null(strstr(rt_error_message(), message), "%s, expected '%s': %s", name,
                           message, rt_error_message());
        cr_expect_not_null(strstr(rt_error_message(), name), "%s", rt_error_message());
    }
    rt_shard_clear(&shard);
    rt_arena_clear(&arena);
    rt_buffer_clear(&bytes);
}

Test(datasets_shard, hostile_files_are_refused)
{
    rt_buffer bytes = {0};
    char line[256];
    make_shard(&bytes, &rt_test_description);
    rt_test_write(rt_test_path("good.h5"), bytes.data, bytes.size);
    rt_buffer_clear(&bytes);
    const int result = rt_test_python("h5py", hostile_script, rt_test_folder());
    if (result < 0) cr_skip_test("python3-h5py is not installed");
    cr_assert_eq(result, 0);
    FILE *list = fopen(rt_test_path("list"), "r");
    while (fgets(line, sizeof line, list) != NULL) {
        char *tab = strchr(line, '\t');
        line[strcspn(line, "\n")] = 0;
        *tab = 0;
        check_hostile(line, tab + 1);
    }
    fclose(list);
}

/* Neither a file nor the environment makes the library load code or follow a link outside. */
Test(datasets_shard, the_library_loads_no_plugins)
{
    unsigned allowed = 1;
    setenv("HDF5_PLUGIN_PATH", rt_test_folder(), 1);
    rt_hdf5_begin();
    cr_assert_null(getenv("HDF5_PLUGIN_PATH"));
    cr_assert(H5PLget_loading_state(&allowed) >= 0 && allowed == 0);
    cr_assert_eq(H5Lis_registered(H5L_TYPE_EXTERNAL), 0);
}

Test(datasets_shard, names)
{
    static const char *const wrong[] = {"shard-00000.h5",   "shard-0000000.h5", "shard-000000.h5x",
                                        "shard- 00001.h5",  "shard-+00001.h5",  "Shard-000000.h5",
                                        "shard-00000a.h5",  "shard-000000.hdf", "xshard-000000.h5",
                                        "shard-000000.h5\n"};
    char name[RT_SHARD_NAME_SIZE];
    uint32_t number = 0;
    rt_shard_name(name, 123);
    cr_assert_str_eq(name, "shard-000123.h5");
    cr_assert(rt_shard_number(name, &number) && number == 123);
    for (size_t i = 0; i < RT_COUNT(wrong); i++) cr_expect_not(rt_shard_number(wrong[i], &number));
}
