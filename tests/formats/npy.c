#include "common/formats/npy.h"

#include "common/base/io.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(formats_npy, is_what_the_format_says)
{
    const uint64_t shape[] = {2, 3};
    const float values[] = {0, 1, 2, -3, 4.5f, 1e-3f};
    const char *path = rt_test_path("a.npy");
    rt_npy_writer writer = {0};
    cr_assert_eq(rt_npy_begin(&writer, path, "<f4", shape, 2), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_npy_append(&writer, values, 8), RT_OK);
    cr_assert_eq(rt_npy_append(&writer, values + 2, 16), RT_OK);
    cr_assert_eq(rt_npy_end(&writer), RT_OK, "%s", rt_error_message());
    rt_npy_clear(&writer);

    size_t size;
    uint8_t *bytes = rt_test_read(path, &size);
    cr_assert_arr_eq(bytes, "\x93NUMPY\x01\x00", 8);
    const size_t length = bytes[8] + 256u * bytes[9];
    cr_assert_eq((10 + length) % 64, 0);
    cr_assert_eq(size, 10 + length + sizeof values);
    cr_assert_eq(bytes[9 + length], '\n');
    static const char head[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, ), }";
    cr_assert_arr_eq(bytes + 10, head, sizeof head - 1);
    cr_assert_arr_eq(bytes + 10 + length, values, sizeof values);
    free(bytes);
}

Test(formats_npy, numpy_reads_it)
{
    const uint64_t shape[] = {3};
    const int32_t labels[] = {7, -1, 1 << 30};
    const char *path = rt_test_path("labels.npy");
    rt_npy_writer writer = {0};
    cr_assert_eq(rt_npy_begin(&writer, path, "<i4", shape, 1), RT_OK);
    cr_assert_eq(rt_npy_append(&writer, labels, sizeof labels), RT_OK);
    cr_assert_eq(rt_npy_end(&writer), RT_OK);
    rt_npy_clear(&writer);
    static const char script[] =
        "import numpy, sys\n"
        "a = numpy.load(sys.argv[1])\n"
        "sys.exit(a.dtype != numpy.int32 or a.tolist() != [7, -1, 1 << 30])\n";
    const int code = rt_test_python("numpy", script, path);
    if (code < 0) cr_skip_test("python3-numpy is not installed");
    cr_assert_eq(code, 0);
}

Test(formats_npy, an_unfinished_array_leaves_no_file)
{
    const uint64_t shape[] = {3};
    const char *path = rt_test_path("short.npy");
    rt_npy_writer writer = {0};
    cr_assert_eq(rt_npy_begin(&writer, path, "|u1", shape, 1), RT_OK);
    cr_assert_eq(rt_npy_append(&writer, "ab", 2), RT_OK);
    cr_assert_eq(rt_npy_end(&writer), RT_ERROR_INTERNAL);
    rt_npy_clear(&writer);
    cr_assert_not(rt_file_exists(path));
    cr_assert_not(rt_file_exists(rt_test_path("short.npy.tmp")));
}
