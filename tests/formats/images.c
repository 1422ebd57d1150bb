#include "common/formats/gzip.h"
#include "common/formats/jpeg.h"
#include "common/formats/png.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

static uint8_t pattern(size_t i) { return (uint8_t)(i * 37 + i / 11 * 5); }

static rt_image make_image(uint32_t height, uint32_t width, uint32_t channels)
{
    rt_image image = {height, width, channels, NULL};
    const size_t size = (size_t)height * width * channels;
    cr_assert_eq(RT_ALLOC(image.pixels, size), RT_OK);
    for (size_t i = 0; i < size; i++) image.pixels[i] = pattern(i);
    return image;
}

static bool same_pixels(const rt_image *a, const rt_image *b)
{
    return a->height == b->height && a->width == b->width && a->channels == b->channels &&
           memcmp(a->pixels, b->pixels, (size_t)a->height * a->width * a->channels) == 0;
}

Test(formats_images, png_round_trip)
{
    static const uint32_t shapes[][3] = {{1, 1, 1}, {7, 5, 3}, {28, 28, 1}, {3, 1, 3}};
    for (size_t i = 0; i < RT_COUNT(shapes); i++) {
        rt_image image = make_image(shapes[i][0], shapes[i][1], shapes[i][2]), back = {0};
        const char *path = rt_test_path("image.png");
        cr_assert_eq(rt_png_write(&image, path), RT_OK, "%s", rt_error_message());
        cr_assert_eq(rt_image_read(&back, path), RT_OK, "%s", rt_error_message());
        cr_assert(same_pixels(&image, &back));
        rt_image_clear(&back);
        cr_assert_eq(rt_image_read_header(&back, path), RT_OK);
        cr_assert(back.height == shapes[i][0] && back.width == shapes[i][1] &&
                  back.channels == shapes[i][2] && back.pixels == NULL);
        rt_image_clear(&image);
    }
}

/* A PNG file of any kind through libpng's simplified or plain interface: `rows` as libpng wants. */
static void write_kind(const char *path, int colour, int depth, int interlace, png_bytepp rows,
                       uint32_t height, uint32_t width)
{
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    static const png_color palette[4] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {9, 8, 7}};
    png_init_io(png, file);
    png_set_IHDR(png, info, width, height, depth, colour, interlace, 0, 0);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
    png_set_rows(png, info, rows);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

Test(formats_images, png_of_other_kinds)
{
    uint8_t row[64] = {0};
    png_bytep rows[2] = {row, row};
    rt_image image = {0};
    const char *path = rt_test_path("kind.png");
    for (int i = 0; i < 64; i++) row[i] = pattern((size_t)i);

    row[0] = 0x1B; /* palette indices 0 1 2 3 */
    write_kind(path, PNG_COLOR_TYPE_PALETTE, 2, PNG_INTERLACE_NONE, rows, 2, 4);
    cr_assert_eq(rt_image_read(&image, path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(image.channels, 3);
    cr_assert_eq(memcmp(image.pixels + 3, "\x00\xFF\x00\x00\x00\xFF\x09\x08\x07", 9), 0);
    rt_image_clear(&image);

    row[0] = 0xA0; /* bits 1 0 1 0 */
    write_kind(path, PNG_COLOR_TYPE_GRAY, 1, PNG_INTERLACE_ADAM7, rows, 2, 4);
    cr_assert_eq(rt_image_read(&image, path), RT_OK);
    cr_assert(image.channels == 1 && memcmp(image.pixels, "\xFF\0\xFF\0\xFF\0\xFF\0", 8) == 0);
    rt_image_clear(&image);

    memcpy(row, "\x80\x00\xFF\x80", 4); /* 16 bits: 32768 and 65408 of 65535, rounded to 8 */
    write_kind(path, PNG_COLOR_TYPE_GRAY, 16, PNG_INTERLACE_NONE, rows, 2, 2);
    cr_assert_eq(rt_image_read(&image, path), RT_OK);
    cr_assert(image.channels == 1 && image.pixels[0] == 128 && image.pixels[1] == 255);
    rt_image_clear(&image);

    write_kind(path, PNG_COLOR_TYPE_RGB_ALPHA, 8, PNG_INTERLACE_ADAM7, rows, 2, 3);
    cr_assert_eq(rt_image_read(&image, path), RT_OK);
    cr_assert(image.channels == 3 && memcmp(image.pixels, row, 3) == 0 &&
              memcmp(image.pixels + 3, row + 4, 3) == 0);
    rt_image_clear(&image);
}

Test(formats_images, damaged_png_is_an_error)
{
    rt_image image = make_image(9, 6, 3), back = {0};
    rt_buffer bytes = {0};
    cr_assert_eq(rt_png_encode(&image, &bytes), RT_OK);
    for (size_t cut = 0; cut < bytes.size; cut++)
        cr_assert_eq(rt_png_decode(&back, "cut.png", bytes.data, cut, false), RT_ERROR_INPUT);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) { /* every chunk has a checksum */
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const rt_status status = rt_png_decode(&back, "bit.png", bytes.data, bytes.size, false);
        cr_assert(status != RT_OK || same_pixels(&image, &back), "bit %zu", bit);
        rt_image_clear(&back);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_eq(rt_buffer_append(&bytes, "x", 1), RT_OK);
    cr_assert_eq(rt_png_decode(&back, "tail.png", bytes.data, bytes.size, false), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "'tail.png'"));
    rt_buffer_clear(&bytes);
    rt_image_clear(&image);
}

/* A head that announces `width` x `height`, with a right checksum, and no pixels. */
static size_t make_png_head(uint8_t *bytes, uint32_t width, uint32_t height)
{
    static const uint8_t start[16] = "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR";
    memcpy(bytes, start, 16);
    for (int i = 0; i < 4; i++) {
        bytes[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        bytes[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    memcpy(bytes + 24, "\x08\x02\0\0\0", 5);
    const uint32_t sum = (uint32_t)crc32(0, bytes + 12, 17);
    for (int i = 0; i < 4; i++) bytes[29 + i] = (uint8_t)(sum >> (24 - 8 * i));
    memcpy(bytes + 33, "\0\0\0\0IDAT\x35\xAF\x06\x1E", 12);
    return 45;
}

Test(formats_images, png_bombs_are_refused)
{
    static const uint32_t sizes[][2] = {{65535, 65535}, {16384, 16384}, {16385, 1}, {1, 16385},
                                        {4000, 4000},   {0, 5},         {5, 0}};
    uint8_t bytes[64];
    rt_image image = {0};
    for (size_t i = 0; i < RT_COUNT(sizes); i++) {
        const size_t size = make_png_head(bytes, sizes[i][0], sizes[i][1]);
        cr_expect_eq(rt_png_decode(&image, "bomb", bytes, size, false), RT_ERROR_INPUT);
        cr_expect_null(image.pixels);
    }
}

/* Independent of Retort: libjpeg's writer. */
static size_t make_jpeg(unsigned char **bytes, const rt_image *image, int channels,
                        bool progressive)
{
    struct jpeg_compress_struct writer;
    struct jpeg_error_mgr errors;
    unsigned long size = 0;
    *bytes = NULL;
    writer.err = jpeg_std_error(&errors);
    jpeg_create_compress(&writer);
    jpeg_mem_dest(&writer, bytes, &size);
    writer.image_height = image->height;
    writer.image_width = image->width;
    writer.input_components = channels;
    writer.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&writer);
    jpeg_set_quality(&writer, 100, TRUE);
    if (progressive) jpeg_simple_progression(&writer);
    jpeg_start_compress(&writer, TRUE);
    while (writer.next_scanline < writer.image_height) {
        JSAMPROW row = image->pixels + writer.next_scanline * image->width * (size_t)channels;
        jpeg_write_scanlines(&writer, &row, 1);
    }
    jpeg_finish_compress(&writer);
    jpeg_destroy_compress(&writer);
    return size;
}

Test(formats_images, jpeg_is_read)
{
    for (int kind = 0; kind < 4; kind++) {
        const uint32_t channels = kind % 2 == 0 ? 1 : 3;
        rt_image image = make_image(17, 12, channels), back = {0};
        for (size_t i = 0; i < 17u * 12 * channels; i++)
            image.pixels[i] = (uint8_t)(100 + i / (12 * channels)); /* smooth: nothing is lost */
        unsigned char *bytes;
        const size_t size = make_jpeg(&bytes, &image, (int)channels, kind >= 2);
        rt_test_write(rt_test_path("image.jpg"), bytes, size);
        cr_assert_eq(rt_image_read(&back, rt_test_path("image.jpg")), RT_OK, "%s",
                     rt_error_message());
        cr_assert(back.height == 17 && back.width == 12 && back.channels == channels);
        for (size_t i = 0; i < 17u * 12 * channels; i++)
            cr_assert_leq(abs(back.pixels[i] - image.pixels[i]), 2);
        rt_image_clear(&back);
        for (size_t cut = 0; cut + 2 < size; cut++) { /* the last two bytes are only an end mark */
            cr_assert_eq(rt_jpeg_decode(&back, "cut.jpg", bytes, cut, false), RT_ERROR_INPUT,
                         "%zu of %zu", cut, size);
            cr_assert_null(back.pixels);
        }
        for (size_t bit = 0; bit < 8 * size; bit++) { /* no checksums: it must only not crash */
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            (void)!rt_jpeg_decode(&back, "bit.jpg", bytes, size, false);
            rt_image_clear(&back);
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        free(bytes);
        rt_image_clear(&image);
    }
}

Test(formats_images, jpeg_of_four_colours_is_refused)
{
    rt_image image = make_image(8, 8, 4), back = {0};
    unsigned char *bytes;
    const size_t size = make_jpeg(&bytes, &image, 4, false);
    cr_assert_eq(rt_jpeg_decode(&back, "cmyk.jpg", bytes, size, false), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "CMYK"));
    free(bytes);
    rt_image_clear(&image);
}

/* A progressive file whose last scan comes again and again. */
Test(formats_images, jpeg_of_many_scans_is_refused)
{
    rt_image image = make_image(16, 16, 1), back = {0};
    unsigned char *bytes;
    rt_buffer many = {0};
    const size_t size = make_jpeg(&bytes, &image, 1, true);
    size_t scan = size;
    while (scan-- > 0 && !(bytes[scan] == 0xFF && bytes[scan + 1] == 0xDA)) continue;
    cr_assert_eq(rt_buffer_append(&many, bytes, size - 2), RT_OK);
    for (int i = 0; i < 2000; i++)
        cr_assert_eq(rt_buffer_append(&many, bytes + scan, size - 2 - scan), RT_OK);
    cr_assert_eq(rt_buffer_append(&many, "\xFF\xD9", 2), RT_OK);
    cr_assert_eq(rt_jpeg_decode(&back, "scans.jpg", many.data, many.size, false), RT_ERROR_INPUT);
    rt_buffer_clear(&many);
    free(bytes);
    rt_image_clear(&image);
}

Test(formats_images, other_files_are_refused)
{
    rt_image image = {0};
    const char *path = rt_test_path("text.png");
    rt_test_write(path, "hello", 5);
    cr_assert_eq(rt_image_read(&image, path), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "neither a PNG nor a JPEG"));
    cr_assert_neq(rt_image_read(&image, rt_test_path("missing.png")), RT_OK);
}

/* zlib's own gzip writer. */
static size_t make_gzip(uint8_t *out, size_t capacity, const void *data, size_t size)
{
    z_stream stream = {.next_in = (Bytef *)data,
                       .avail_in = (uInt)size,
                       .next_out = out,
                       .avail_out = (uInt)capacity};
    cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

/* One lack of memory after the other: `work` fails as such, or does without. */
static void run_short_of_memory(rt_status (*work)(void))
{
    const uint64_t before = rt_alloc_count();
    cr_assert_eq(work(), RT_OK, "%s", rt_error_message());
    const uint64_t total = rt_alloc_count() - before;
    cr_assert_geq(total, 2);
    for (uint64_t nth = 1; nth <= total; nth++) {
        rt_alloc_fail_at(nth, nth % 2 == 0);
        const rt_status status = work();
        rt_alloc_fail_at(0, false);
        cr_assert_eq(status, RT_ERROR_MEMORY, "allocation %d of %d: %s", (int)nth, (int)total,
                     rt_error_message());
        cr_assert_not_null(strstr(rt_error_message(), "out of memory"), "%s", rt_error_message());
    }
}

static rt_image short_image;
static rt_buffer short_png;
static size_t short_gzip_size;
static uint8_t short_gzip[1024];

static rt_status encode_png(void)
{
    rt_buffer png = {0};
    const rt_status status = rt_png_encode(&short_image, &png);
    if (status != RT_OK) cr_assert_null(png.data);
    rt_buffer_clear(&png);
    return status;
}

static rt_status decode_png(void)
{
    rt_image back = {0};
    const rt_status status = rt_png_decode(&back, "a.png", short_png.data, short_png.size, false);
    if (status != RT_OK) cr_assert_null(back.pixels);
    rt_image_clear(&back);
    return status;
}

static rt_status decode_gzip(void)
{
    rt_buffer bytes = {0};
    const rt_status status =
        rt_gzip_decode(&bytes, "a.gz", short_gzip, short_gzip_size, sizeof short_gzip);
    if (status != RT_OK) cr_assert_null(bytes.data);
    rt_buffer_clear(&bytes);
    return status;
}

Test(formats_images, survives_lack_of_memory)
{
    short_image = make_image(9, 6, 3);
    cr_assert_eq(rt_png_encode(&short_image, &short_png), RT_OK);
    short_gzip_size = make_gzip(short_gzip, sizeof short_gzip, "hello", 5);
    run_short_of_memory(encode_png);
    run_short_of_memory(decode_png);
    run_short_of_memory(decode_gzip);
    unsigned char *jpeg; /* libjpeg has memory of its own */
    const size_t jpeg_size = make_jpeg(&jpeg, &short_image, 3, false);
    rt_image back = {0};
    rt_alloc_fail_at(1, false);
    cr_assert_eq(rt_jpeg_decode(&back, "a.jpg", jpeg, jpeg_size, false), RT_ERROR_MEMORY);
    rt_alloc_fail_at(0, false);
    free(jpeg);
    rt_buffer_clear(&short_png);
    rt_image_clear(&short_image);
}

Test(formats_images, gzip_is_unpacked_and_checked)
{
    enum { SIZE = 3 << 20, CAPACITY = 64 << 10 };
    uint8_t *data = calloc(SIZE, 1), *packed = malloc(CAPACITY);
    rt_buffer bytes = {0};
    memcpy(data + 1000000, "needle", 6);
    const size_t size = make_gzip(packed, CAPACITY, data, SIZE);
    cr_assert(rt_gzip_recognise(packed, size));
    cr_assert_eq(rt_gzip_decode(&bytes, "x.gz", packed, size, SIZE), RT_OK, "%s",
                 rt_error_message());
    cr_assert(bytes.size == SIZE && memcmp(bytes.data, data, SIZE) == 0);
    rt_buffer_clear(&bytes);
    cr_assert_eq(rt_gzip_decode(&bytes, "bomb.gz", packed, size, SIZE - 1), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "unpacks to more than"));
    for (size_t cut = 0; cut < size; cut += 7)
        cr_assert_eq(rt_gzip_decode(&bytes, "cut.gz", packed, cut, SIZE), RT_ERROR_INPUT);
    packed[size] = 'x';
    cr_assert_eq(rt_gzip_decode(&bytes, "tail.gz", packed, size + 1, SIZE), RT_ERROR_INPUT);
    packed[size / 2] ^= 4;
    cr_assert_eq(rt_gzip_decode(&bytes, "bit.gz", packed, size, SIZE), RT_ERROR_INPUT);
    cr_assert_null(bytes.data);
    free(data);
    free(packed);
}
