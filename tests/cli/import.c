/* `retort import` of every source through the built program, judged by `inspect` and by other
 * programs; and what happens when two import at once. */
#include "common/base/io.h"
#include "common/formats/png.h"
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/temporary.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

static void make_folder(const char *name) { cr_assert_eq(mkdir(rt_test_path(name), 0700), 0); }

static double at(const cJSON *object, const char *key, int place)
{
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, key), place);
    cr_assert(cJSON_IsNumber(item), "%s[%d]", key, place);
    return item->valuedouble;
}

/* What `inspect` says of "store" must be this. */
static void expect_store(int samples, int height, int width, int channels, const int *per_class,
                         int classes)
{
    const rt_child *child = rt_test_retort_ends(0, "inspect", "store", "--json", "--verify");
    cJSON *seen = cJSON_Parse(child->output);
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(seen, "samples");
    cr_assert_eq(cJSON_GetNumberValue(count), samples);
    cr_assert_eq(at(seen, "shape", 0), height);
    cr_assert_eq(at(seen, "shape", 1), width);
    cr_assert_eq(at(seen, "shape", 2), channels);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(seen, "per_class")), classes);
    for (int k = 0; per_class != NULL && k < classes; k++)
        cr_assert_eq(at(seen, "per_class", k), per_class[k], "class %d", k);
    cJSON_Delete(seen);
}

/* Python reads the Debian package's files and the store's index, each as one array. */
Test(cli_import, fashion_mnist)
{
    static const char script[] =
        "import gzip, h5py, numpy, sys\n"
        "d = '/usr/share/datasets/fashion-mnist/t10k-'\n"
        "read = lambda n, skip: numpy.frombuffer(gzip.open(d + n).read(), 'u1', offset=skip)\n"
        "x = read('images-idx3-ubyte.gz', 16).reshape(-1, 28, 28)\n"
        "y = read('labels-idx1-ubyte.gz', 8)\n"
        "f = h5py.File(sys.argv[1] + '/store/index.h5', 'r')\n"
        "want = numpy.pad(x, ((0, 0), (2, 2), (2, 2)))[..., None]\n"
        "assert f['images'].shape == (10000, 32, 32, 1) and f['images'].dtype == 'u1'\n"
        "assert (f['images'][:] == want).all() and (f['labels'][:] == y).all()\n"
        "assert f.attrs['class_names'][9].decode() == 'Ankle boot'\n"
        "assert abs(f.attrs['mean'][0] - (want / 255.0).mean()) < 1e-6\n"
        "assert abs(f.attrs['std'][0] - (want / 255.0).std()) < 1e-6\n";
    static const int per_class[] = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
    static const char source[] = "/usr/share/datasets/fashion-mnist";
    if (access(source, R_OK) != 0) cr_skip_test("dataset-fashion-mnist is not installed");
    rt_test_retort_ends(0, "import", "fashion-mnist", source, "--split", "test", "--pad", "2",
                        "--out", "store");
    expect_store(10000, 32, 32, 1, per_class, 10);
    const int result = rt_test_python("h5py", script, rt_test_folder());
    cr_assert(result <= 0, "another program sees another store");
}

Test(cli_import, idx_with_padding_and_resizing)
{
    static const int per_class[] = {4, 3, 3};
    rt_tiny_idx("a", 10);
    rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--resize", "4x6", "--pad", "1",
                        "--out", "store", "--shard-samples", "4");
    expect_store(10, 6, 8, 1, per_class, 3);
    const rt_child *child =
        rt_test_retort_ends(2, "import", "idx", "a-images-idx3-ubyte", "--out", "store");
    cr_assert_not_null(strstr(child->errors, "'store' is there already"), "%s", child->errors);
    expect_store(10, 6, 8, 1, per_class, 3);
}

/* CIFAR's binary version: records of label bytes and 3 planes of 32x32. */
static void write_cifar(const char *name, size_t label_bytes, int records, int classes)
{
    const size_t size = label_bytes + 3 * 1024;
    uint8_t *bytes = calloc((size_t)records, size);
    for (int n = 0; n < records; n++) {
        bytes[n * size + label_bytes - 1] = (uint8_t)(n % classes);
        memset(bytes + n * size + label_bytes, n, 1024);         /* red */
        memset(bytes + n * size + label_bytes + 2048, 99, 1024); /* blue */
    }
    rt_test_write(rt_test_path(name), bytes, size * (size_t)records);
    free(bytes);
}

Test(cli_import, cifar)
{
    static const int ten[] = {2, 2, 1, 1, 1, 1, 1, 1, 1, 1};
    int hundred[100];
    make_folder("c10");
    make_folder("c100");
    write_cifar("c10/test_batch.bin", 1, 12, 10);
    write_cifar("c100/test.bin", 2, 100, 100);
    rt_test_retort_ends(0, "import", "cifar10", "c10", "--split", "test", "--out", "store");
    expect_store(12, 32, 32, 3, ten, 10);
    rt_test_retort_ends(0, "inspect", "store", "--npy", "arrays");
    size_t size;
    uint8_t *images = rt_test_read(rt_test_path("arrays/images.npy"), &size);
    const uint8_t *last = images + size - 3;
    cr_assert(last[0] == 11 && last[1] == 0 && last[2] == 99, "planes became pixels");
    free(images);
    for (int k = 0; k < 100; k++) hundred[k] = 1;
    cr_assert_eq(rename(rt_test_path("store"), rt_test_path("aside")), 0);
    rt_test_retort_ends(0, "import", "cifar100", "c100", "--split", "test", "--out", "store");
    expect_store(100, 32, 32, 3, hundred, 100);
}

/* One colour, written by libpng and libjpeg. */
static void write_pictures(const char *name, uint32_t side, uint8_t value)
{
    char file[64];
    uint8_t pixels[3 * 64];
    rt_image image = {side, side, 3, pixels};
    memset(pixels, value, sizeof pixels);
    snprintf(file, sizeof file, "%s.png", name);
    cr_assert_eq(rt_png_write(&image, rt_test_path(file)), RT_OK, "%s", rt_error_message());
    struct jpeg_compress_struct writer;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    writer.err = jpeg_std_error(&errors);
    jpeg_create_compress(&writer);
    jpeg_mem_dest(&writer, &bytes, &size);
    writer.image_height = writer.image_width = side;
    writer.input_components = 3;
    writer.in_color_space = JCS_RGB;
    jpeg_set_defaults(&writer);
    jpeg_start_compress(&writer, TRUE);
    for (uint32_t y = 0; y < side; y++) {
        JSAMPROW row = pixels;
        jpeg_write_scanlines(&writer, &row, 1);
    }
    jpeg_finish_compress(&writer);
    jpeg_destroy_compress(&writer);
    snprintf(file, sizeof file, "%s.JPG", name);
    rt_test_write(rt_test_path(file), bytes, size);
    free(bytes);
}

Test(cli_import, folders_of_pictures)
{
    static const int per_class[] = {4, 2}, in_one_domain[] = {2, 2};
    make_folder("all");
    make_folder("all/photo");
    make_folder("all/photo/cat");
    make_folder("all/photo/dog");
    make_folder("all/sketch");
    make_folder("all/sketch/cat");
    write_pictures("all/photo/cat/0", 8, 10);
    write_pictures("all/photo/dog/1", 6, 200);
    write_pictures("all/sketch/cat/2", 8, 90);
    rt_test_retort_ends(2, "import", "folder", "all", "--out", "store"); /* several sizes */
    rt_test_retort_ends(0, "import", "folder", "all", "--resize", "4x4", "--out", "store");
    expect_store(6, 4, 4, 3, per_class, 2);
    rt_test_retort_ends(0, "inspect", "store", "--npy", "arrays");
    cr_assert_eq(access(rt_test_path("arrays/domain.npy"), R_OK), 0);
    cr_assert_eq(rename(rt_test_path("store"), rt_test_path("aside")), 0);
    rt_test_retort_ends(0, "import", "folder", "all/photo", "--resize", "4x4", "--out", "store");
    expect_store(4, 4, 4, 3, in_one_domain, 2);
}

/* The first has the name's lock and half a store: the second says who it is and touches nothing. */
Test(cli_import, a_second_writer_waits)
{
    rt_lock lock;
    char pid[32];
    rt_tiny_idx("a", 10);
    make_folder("store.importing");
    rt_tiny_text("store.importing/shard-000000.h5", "of the first");
    cr_assert_eq(rt_lock_take(&lock, rt_test_path("store.importing/lock"), "first"), RT_OK);
    const rt_child *child =
        rt_test_retort_ends(2, "import", "idx", "a-images-idx3-ubyte", "--out", "store");
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    cr_assert_not_null(strstr(child->errors, "'store.importing' is being written by"), "%s",
                       child->errors);
    cr_assert_not_null(strstr(child->errors, pid), "%s", child->errors);
    size_t size;
    char *text = rt_test_read(rt_test_path("store.importing/shard-000000.h5"), &size);
    cr_assert_eq(memcmp(text, "of the first", size), 0);
    free(text);
    rt_lock_release(&lock); /* it was killed: what it left is cleared away */
    rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--out", "store");
    expect_store(10, RT_TINY_SIDE, RT_TINY_SIDE, 1, NULL, RT_TINY_CLASSES);
    cr_assert_neq(access(rt_test_path("store.importing"), F_OK), 0);
}
