#include "datasets/store.h"

#include "datasets/index.h"
#include "tests/datasets/support.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint32_t usual_shards[] = {8, 3, 8, 1};
enum { USUAL_COUNT = 20 };

static char *in(const char *folder, const char *name)
{
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

Test(datasets_store, round_trip)
{
    const char *path = rt_test_path("store");
    rt_test_store(path, &rt_test_description, usual_shards, 4);
    cr_assert(rt_test_store_holds(path, &rt_test_description, USUAL_COUNT), "%s",
              rt_error_message());
    rt_store_reader *reader;
    cr_assert_eq(rt_store_open(&reader, path), RT_OK);
    const rt_store_description *d = rt_store_reader_description(reader);
    cr_assert(d->height == 6 && d->width == 5 && d->channels == 3 && d->classes == 3);
    cr_assert_str_eq(d->class_names[2], "\xC3\xA4rger");
    cr_assert_str_eq(d->domain_names[1], "sketch");
    cr_assert_str_eq(d->config, rt_test_description.config);
    cr_assert_str_eq(d->teacher_sha256, rt_test_description.teacher_sha256);
    cr_assert_eq(memcmp(d->mean, rt_test_description.mean, 3 * sizeof(float)), 0);
    cr_assert_eq(memcmp(d->std, rt_test_description.std, 3 * sizeof(float)), 0);
    cr_assert_eq(d->seed, 7);
    cr_assert_eq(d->columns, rt_test_description.columns);
    rt_store_reader_close(reader);
}

/* What another program sees, through the index and in each shard. */
Test(datasets_store, h5py_reads_it)
{
    static const char script[] =
        "import h5py, glob, hashlib, sys, numpy as np\n"
        "d = sys.argv[1]\n"
        "e = np.fromfile(d + '/../images', np.uint8).reshape(20, 6, 5, 3)\n"
        "f = h5py.File(d + '/index.h5', 'r')\n"
        "assert f['images'].dtype == np.uint8 and np.array_equal(f['images'][:], e)\n"
        "assert f['labels'].dtype == np.int32 and list(f['labels']) == [i % 3 for i in range(20)]\n"
        "k = np.float32(np.arange(20)) / np.float32(3)\n"
        "assert f['teacher_logits'].dtype == np.float32\n"
        "assert np.array_equal(f['teacher_logits'][:, 1], k - np.float32(1.25))\n"
        "assert f['round'].dtype == np.uint32 and list(f['round']) == [i // 4 for i in range(20)]\n"
        "assert f['domain'].dtype == np.uint16\n"
        "assert [n.decode() for n in f.attrs['class_names']] == ['cat', 'dog', 'ärger']\n"
        "assert f.attrs['format_version'] == 1 and f.attrs['seed'] == 7\n"
        "assert f.attrs['mean'][1] == 0.25 and f.attrs['std'].dtype == np.float32\n"
        "assert f.attrs['config'].decode().startswith('rounds: 60\\n')\n"
        "s = sorted(glob.glob(d + '/shard-*.h5'))\n"
        "assert len(s) == 4 and list(f.attrs['shard_samples']) == [8, 3, 8, 1]\n"
        "first = 0\n"
        "for i, p in enumerate(s):\n"
        "    assert f.attrs['shards'][i].decode() == p.split('/')[-1]\n"
        "    h = hashlib.sha256(open(p, 'rb').read()).hexdigest()\n"
        "    assert f.attrs['shard_sha256'][i].decode() == h\n"
        "    g = h5py.File(p, 'r')\n"
        "    n = len(g['labels'])\n"
        "    assert np.array_equal(g['images'][:], e[first:first + n])\n"
        "    assert all(g[k].fletcher32 and g[k].chunks for k in g)\n"
        "    assert g.attrs['shard'] == i and g.attrs['first_sample'] == first\n"
        "    first += n\n";
    const char *path = rt_test_path("store");
    rt_test_samples all;
    rt_test_store(path, &rt_test_description, usual_shards, 4);
    rt_test_samples_make(&all, &rt_test_description, 0, USUAL_COUNT);
    rt_test_write(rt_test_path("images"), all.images, USUAL_COUNT * 6 * 5 * 3);
    rt_test_samples_clear(&all);
    const int result = rt_test_python("h5py", script, path);
    if (result < 0) cr_skip_test("python3-h5py is not installed");
    cr_assert_eq(result, 0);
}

/* However samples come in, and whatever the time is. */
Test(datasets_store, equal_input_makes_equal_bytes)
{
    rt_store_description description = rt_test_description;
    description.shard_samples = 8;
    const char *one = rt_test_path("one"), *other = rt_test_path("other");
    for (int kind = 0; kind < 2; kind++) {
        rt_store *store;
        cr_assert_eq(rt_store_create(&store, kind == 0 ? one : other, &description), RT_OK);
        const size_t step = kind == 0 ? 1 : 19;
        for (size_t first = 0; first < USUAL_COUNT; first += step) {
            rt_test_samples samples;
            const size_t left = USUAL_COUNT - first;
            rt_test_samples_make(&samples, &description, first, step < left ? step : left);
            cr_assert_eq(rt_store_append(store, &samples.samples), RT_OK);
            rt_test_samples_clear(&samples);
        }
        cr_assert_eq(rt_store_close(store), RT_OK);
        if (kind == 0) sleep(1); /* HDF5 keeps times to the second */
    }
    cr_assert(rt_test_store_holds(one, &description, USUAL_COUNT));
    cr_assert(rt_test_same(one, other, "lock"));
}

Test(datasets_store, few_columns_and_defaults)
{
    const rt_store_description description = {
        .height = 1, .width = 1, .channels = 1, .classes = 2, .std = {1}};
    const char *path = rt_test_path("store");
    const uint32_t shards[] = {1};
    rt_store_reader *reader;
    rt_test_store(path, &description, shards, 1);
    cr_assert(rt_test_store_holds(path, &description, 1), "%s", rt_error_message());
    cr_assert_eq(rt_store_open(&reader, path), RT_OK);
    cr_assert_str_eq(rt_store_reader_description(reader)->class_names[1], "1");
    cr_assert_str_eq(rt_store_reader_description(reader)->program_version, RT_VERSION);
    rt_store_reader_close(reader);
}

/* HDF5 keeps attributes above 64 KiB elsewhere than small ones. */
Test(datasets_store, large_text_survives)
{
    rt_store_description description = rt_test_description;
    char *config = calloc(300000, 1);
    memset(config, 'x', 299999);
    description.config = config;
    const char *path = rt_test_path("store"), *again = rt_test_path("again");
    rt_test_store(path, &description, usual_shards, 2);
    rt_test_store(again, &description, usual_shards, 2);
    cr_assert(rt_test_same(path, again, "lock"));
    rt_store_reader *reader;
    cr_assert_eq(rt_store_open(&reader, path), RT_OK, "%s", rt_error_message());
    cr_assert_str_eq(rt_store_reader_description(reader)->config, config);
    rt_store_reader_close(reader);
    free(config);
}

Test(datasets_store, refuses_wrong_samples)
{
    rt_store *store;
    rt_test_samples samples;
    cr_assert_eq(rt_store_create(&store, rt_test_path("store"), &rt_test_description), RT_OK);
    rt_test_samples_make(&samples, &rt_test_description, 0, 3);
    samples.labels[2] = 3;
    cr_expect_eq(rt_store_append(store, &samples.samples), RT_ERROR_INPUT);
    samples.labels[2] = -1;
    cr_expect_eq(rt_store_append(store, &samples.samples), RT_ERROR_INPUT);
    samples.labels[2] = 0;
    samples.domain[1] = 2;
    cr_expect_eq(rt_store_append(store, &samples.samples), RT_ERROR_INPUT);
    samples.domain[1] = 0;
    samples.teacher_logits[5] = NAN;
    cr_expect_eq(rt_store_append(store, &samples.samples), RT_ERROR_NUMERIC);
    samples.teacher_logits[5] = 0;
    samples.samples.round = NULL;
    cr_expect_eq(rt_store_append(store, &samples.samples), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "lack 'round'"));
    rt_store_abandon(store);
    rt_test_samples_clear(&samples);
    cr_assert_neq(access(in(rt_test_path("store"), "shard-000000.h5"), F_OK), 0);
}

Test(datasets_store, refuses_wrong_descriptions)
{
    rt_store *store = NULL;
    const char *path = rt_test_path("store");
    for (int i = 0; i < 12; i++) {
        rt_store_description d = rt_test_description;
        static const char *const unnamed[] = {"a", "", "c"};
        if (i == 0) d.height = 0;
        if (i == 1) d.width = 4097;
        if (i == 2) d.channels = 2;
        if (i == 3) d.classes = 0;
        if (i == 4) d.classes = 65537;
        if (i == 5) d.std[1] = 0;
        if (i == 6) d.mean[0] = INFINITY;
        if (i == 7) d.teacher_sha256 = "abc";
        if (i == 8) d.class_names = unnamed;
        if (i == 9) d.domains = 0;
        if (i == 10) d.shard_samples = 1u << 30;
        if (i == 11) d.std[2] = NAN;
        cr_expect_eq(rt_store_create(&store, path, &d), RT_ERROR_INPUT, "case %d", i);
        cr_expect_null(store);
    }
}

Test(datasets_store, create_does_not_touch_a_store)
{
    const char *path = rt_test_path("store");
    rt_store *store;
    rt_test_store(path, &rt_test_description, usual_shards, 2);
    cr_assert_eq(rt_store_create(&store, path, &rt_test_description), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "has shards already"));
    cr_assert(rt_test_store_holds(path, &rt_test_description, 11));
}

/* Continues a store after `shard_count` shards up to the usual ones. */
static void continue_store(const char *path, uint32_t shard_count,
                           const char (*hashes)[RT_SHA256_TEXT])
{
    rt_store *store;
    uint64_t first = 0;
    cr_assert_eq(rt_store_resume(&store, path, &rt_test_description, shard_count, hashes), RT_OK,
                 "%s", rt_error_message());
    cr_assert_eq(rt_store_shard_count(store), shard_count);
    for (uint32_t i = 0; i < RT_COUNT(usual_shards); first += usual_shards[i++]) {
        rt_test_samples samples;
        if (i < shard_count) continue;
        cr_assert_eq(rt_store_sample_count(store), first);
        rt_test_samples_make(&samples, &rt_test_description, first, usual_shards[i]);
        cr_assert_eq(rt_store_append(store, &samples.samples), RT_OK);
        cr_assert_eq(rt_store_flush_shard(store), RT_OK);
        rt_test_samples_clear(&samples);
    }
    cr_assert_eq(rt_store_close(store), RT_OK);
}

Test(datasets_store, resume_ends_as_an_uninterrupted_run)
{
    const char *whole = rt_test_path("whole"), *path = rt_test_path("store");
    char hashes[4][RT_SHA256_TEXT];
    rt_test_store(whole, &rt_test_description, usual_shards, 4);
    rt_test_store(path, &rt_test_description, usual_shards, 4);
    rt_store *store;
    cr_assert_eq(rt_store_resume(&store, path, &rt_test_description, 4, NULL), RT_OK);
    memcpy(hashes, rt_store_shard_hashes(store), sizeof hashes);
    cr_assert_eq(rt_store_close(store), RT_OK);
    for (uint32_t kept = 0; kept <= 4; kept++) {
        continue_store(path, kept, hashes);
        cr_assert(rt_test_same(whole, path, "lock"), "%u shards kept", kept);
    }
    memset(hashes[1], '0', RT_SHA256_TEXT - 1);
    cr_assert_eq(rt_store_resume(&store, path, &rt_test_description, 2, hashes), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "shard-000001.h5"));
    cr_assert_eq(rt_store_resume(&store, path, &rt_test_description, 5, NULL), RT_ERROR_INPUT);
    rt_store_description other = rt_test_description;
    other.seed = 8;
    cr_assert_eq(rt_store_resume(&store, path, &other, 2, NULL), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "another configuration"));
    cr_assert(rt_test_same(whole, path, "lock"), "a refused resume changed the store");
}

Test(datasets_store, one_writer_at_a_time)
{
    const char *path = rt_test_path("store");
    rt_store *first, *second;
    int ready[2], end[2];
    char byte, pid[32];
    cr_assert_eq(pipe(ready) | pipe(end), 0);
    const pid_t child = fork();
    if (child == 0) {
        const rt_status status = rt_store_create(&first, path, &rt_test_description);
        (void)!write(ready[1], &status, 1);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    cr_assert(read(ready[0], &byte, 1) == 1 && byte == RT_OK);
    cr_assert_eq(rt_store_create(&second, path, &rt_test_description), RT_ERROR_INPUT);
    snprintf(pid, sizeof pid, "%d", (int)child);
    cr_assert_not_null(strstr(rt_error_message(), pid), "%s", rt_error_message());
    cr_assert_not_null(strstr(rt_error_message(), path));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_assert_eq(rt_store_create(&second, path, &rt_test_description), RT_OK, "%s",
                 rt_error_message());
    rt_store_abandon(second);
}

/* Shards of a store that may have been interrupted anywhere: all must read. Their number. */
static uint32_t check_shards(const char *path, uint64_t *samples)
{
    rt_store_reader *reader;
    *samples = 0;
    if (access(in(path, "shard-000000.h5"), F_OK) != 0) return 0;
    cr_assert_eq(rt_store_open(&reader, path), RT_OK, "%s", rt_error_message());
    const uint32_t count = rt_store_reader_shard_count(reader);
    *samples = rt_store_reader_sample_count(reader);
    rt_store_reader_close(reader);
    cr_assert(rt_test_store_holds(path, &rt_test_description, *samples), "%s", rt_error_message());
    return count;
}

/* The writer is killed at its k-th system call, for every k. */
Test(datasets_store, kill_loses_nothing_complete)
{
    const char *whole = rt_test_path("whole"), *path = rt_test_path("store");
    uint64_t samples;
    uint32_t met = 0;
    bool killed = true;
    rt_test_store(whole, &rt_test_description, usual_shards, 4);
    for (unsigned k = 1; killed; k++) {
        const pid_t child = fork();
        int status;
        if (child == 0) {
            rt_test_fail_io(k, RT_TEST_KILL, false);
            continue_store(path, 0, NULL);
            _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        killed = WIFSIGNALED(status);
        const uint32_t count = check_shards(path, &samples);
        met |= 1u << count;
        continue_store(path, count, NULL);
        cr_assert(rt_test_same(whole, path, "lock"), "killed at call %u", k);
    }
    cr_assert_eq(met, 31, "from none to all four shards were there");
}

/* The k-th system call of the writer fails, for every k. */
Test(datasets_store, failed_calls_lose_nothing_complete)
{
    const char *whole = rt_test_path("whole"), *path = rt_test_path("store");
    static const int errors[] = {ENOSPC, EIO};
    bool reached = true;
    rt_test_store(whole, &rt_test_description, usual_shards, 4);
    for (unsigned k = 1; reached; k++) {
        rt_store *store;
        rt_status status;
        uint64_t samples, first = 0;
        rt_test_fail_io(k, errors[k % 2], k % 3 == 0);
        status = rt_store_resume(&store, path, &rt_test_description, 0, NULL);
        for (uint32_t i = 0; status == RT_OK && i < 4; first += usual_shards[i++]) {
            rt_test_samples made;
            rt_test_samples_make(&made, &rt_test_description, first, usual_shards[i]);
            status = rt_store_append(store, &made.samples);
            if (status == RT_OK) status = rt_store_flush_shard(store);
            if (status != RT_OK) rt_store_abandon(store);
            rt_test_samples_clear(&made);
        }
        if (status == RT_OK) status = rt_store_close(store);
        reached = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_IO || status == RT_ERROR_INPUT, "%d: %s",
                  status, rt_error_message());
        if (!reached) cr_assert_eq(status, RT_OK);
        continue_store(path, check_shards(path, &samples), NULL);
        cr_assert(rt_test_same(whole, path, "lock"), "call %u", k);
    }
}

Test(datasets_store, survives_lack_of_memory)
{
    const char *whole = rt_test_path("whole"), *path = rt_test_path("store");
    rt_status status = RT_ERROR_MEMORY;
    rt_test_store(whole, &rt_test_description, usual_shards, 4);
    for (uint64_t nth = 1; status != RT_OK; nth++) {
        rt_store *store;
        rt_test_samples made;
        rt_test_samples_make(&made, &rt_test_description, 0, 8);
        rt_alloc_fail_at(nth, nth % 2 == 0);
        status = rt_store_resume(&store, path, &rt_test_description, 0, NULL);
        if (status == RT_OK) {
            status = rt_store_append(store, &made.samples);
            if (status == RT_OK)
                status = rt_store_close(store);
            else
                rt_store_abandon(store);
        }
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_MEMORY, "%s", rt_error_message());
        rt_test_samples_clear(&made);
    }
    cr_assert(rt_test_store_holds(path, &rt_test_description, 8));
    status = RT_ERROR_MEMORY;
    for (uint64_t nth = 1; status != RT_OK; nth++) {
        rt_store_verification found;
        rt_alloc_fail_at(nth, nth % 2 == 0);
        status = rt_store_verify(whole, &found);
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_MEMORY, "%s", rt_error_message());
    }
}

Test(datasets_store, verify_sees_what_is_wrong)
{
    const char *path = rt_test_path("store");
    char first[1100], second[1100], last[1100], index[1100];
    rt_store_verification found;
    rt_test_store(path, &rt_test_description, usual_shards, 4);
    cr_assert_eq(rt_store_verify(path, &found), RT_OK, "%s", rt_error_message());
    cr_assert(found.shards == 4 && found.samples == USUAL_COUNT && found.has_index);
    snprintf(first, sizeof first, "%s/shard-000000.h5", path);
    snprintf(second, sizeof second, "%s/shard-000001.h5", path);
    snprintf(last, sizeof last, "%s/shard-000003.h5", path);
    snprintf(index, sizeof index, "%s/index.h5", path);
    const char *aside = rt_test_path("aside");

    cr_assert_eq(rename(second, aside), 0);
    cr_assert_eq(rt_store_verify(path, &found), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "lacks 'shard-000001.h5'"));
    cr_assert_eq(rename(last, second), 0); /* another number */
    cr_assert_eq(rt_store_verify(path, &found), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "renamed"), "%s", rt_error_message());
    cr_assert_eq(rename(second, last), 0);
    cr_assert_eq(rename(aside, second), 0);

    cr_assert_eq(rename(last, aside), 0); /* the last one: only the index knows */
    cr_assert_eq(rt_store_verify(path, &found), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "index.h5"));
    cr_assert_eq(rt_index_rebuild(path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_store_verify(path, &found), RT_OK);
    cr_assert_eq(rename(aside, last), 0);
    cr_assert_eq(rt_store_verify(path, &found), RT_ERROR_INPUT);

    cr_assert_eq(unlink(index), 0);
    cr_assert_eq(rt_store_verify(path, &found), RT_OK);
    cr_assert_not(found.has_index);
    rt_test_store(rt_test_path("whole"), &rt_test_description, usual_shards, 4);
    cr_assert_eq(rt_index_rebuild(path), RT_OK);
    cr_assert(rt_test_same(path, rt_test_path("whole"), "lock"));

    rt_store_description other = rt_test_description; /* a shard of another store */
    other.seed = 8;
    rt_test_store(rt_test_path("other"), &other, usual_shards, 4);
    cr_assert_eq(
        rename(in(rt_test_path("other"), "shard-000002.h5"), rt_test_path("store/shard-000002.h5")),
        0);
    cr_assert_eq(rt_store_verify(path, &found), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "another store"));
}

Test(datasets_store, refresh_sees_new_shards)
{
    const char *path = rt_test_path("store");
    rt_store *store;
    rt_store_reader *reader;
    rt_test_samples samples;
    rt_test_samples_make(&samples, &rt_test_description, 0, 4);
    cr_assert_eq(rt_store_create(&store, path, &rt_test_description), RT_OK);
    cr_assert_eq(rt_store_open(&reader, path), RT_ERROR_INPUT); /* nothing there yet */
    cr_assert_eq(rt_store_append(store, &samples.samples), RT_OK);
    cr_assert_eq(rt_store_flush_shard(store), RT_OK);
    cr_assert_eq(rt_store_flush_shard(store), RT_OK); /* nothing waits: no shard */
    cr_assert_eq(rt_store_open(&reader, path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_store_append(store, &samples.samples), RT_OK);
    cr_assert_eq(rt_store_flush_shard(store), RT_OK);
    cr_assert_eq(rt_store_reader_sample_count(reader), 4);
    cr_assert_eq(rt_store_refresh(reader), RT_OK);
    cr_assert_eq(rt_store_reader_sample_count(reader), 8);
    cr_assert_eq(rt_store_reader_shard_count(reader), 2);
    cr_assert_eq(rt_store_close(store), RT_OK);
    rt_store_reader_close(reader);
    rt_test_samples_clear(&samples);
}

Test(datasets_store, strange_folders)
{
    rt_store_reader *reader;
    const char *path = rt_test_path("store");
    char shard[1100];
    snprintf(shard, sizeof shard, "%s/shard-000000.h5", path);
    cr_assert_eq(rt_store_open(&reader, rt_test_path("missing")), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "does not exist"));
    mkdir(path, 0777);
    cr_assert_eq(rt_store_open(&reader, path), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "is not a store"));
    rt_test_store(rt_test_path("real"), &rt_test_description, usual_shards, 1);
    cr_assert_eq(symlink(in(rt_test_path("real"), "shard-000000.h5"), shard), 0);
    cr_assert_eq(rt_store_open(&reader, path), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "symbolic link"));
    unlink(shard);
    cr_assert_eq(mkfifo(shard, 0666), 0);
    cr_assert_eq(rt_store_open(&reader, path), RT_ERROR_INPUT); /* and does not hang */
    unlink(shard);
    mkdir(shard, 0777);
    cr_assert_eq(rt_store_open(&reader, path), RT_ERROR_INPUT);
    rmdir(shard);
    cr_assert_eq(link(in(rt_test_path("real"), "shard-000000.h5"), shard), 0);
    rt_test_write(rt_test_path("store/shard-1.h5"), "x", 1); /* other names do not matter */
    rt_test_write(rt_test_path("store/shard-000001.h5;rm"), "x", 1);
    rt_test_write(rt_test_path("store/shard-000001.h5.tmp"), "x", 1);
    cr_assert(rt_test_store_holds(path, &rt_test_description, 8), "%s", rt_error_message());
}
