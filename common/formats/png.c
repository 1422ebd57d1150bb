#include "common/formats/png.h"

#include "common/base/io.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

/* What a compressed byte can unpack to at most (deflate's limit). */
enum { DEFLATE_LIMIT = 1032, MAX_CHUNKS = 64, MAX_CHUNK_BYTES = 1 << 20 };

/* The file being read or written, and what went wrong. libpng leaves a failing call by longjmp, so
 * all that must survive it lies here and not in the local variables of a function. */
typedef struct png_job {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t size, at;
    rt_buffer *output;
    png_bytep *rows;
    char message[160];
    bool out_of_memory;
} png_job;

static void on_error(png_structp png, png_const_charp message)
{
    png_job *job = png_get_error_ptr(png);
    snprintf(job->message, sizeof job->message, "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

/* libpng warns of what it can go on from; the pixels are then those it would show anyone. */
static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* libpng's own memory, zlib's included, is counted as ours is. */
static png_voidp allocate(png_structp png, png_alloc_size_t size)
{
    void *memory = rt_alloc(1, size);
    if (memory == NULL) ((png_job *)png_get_mem_ptr(png))->out_of_memory = true;
    return memory;
}

static void release(png_structp png, png_voidp memory)
{
    (void)png;
    rt_free(memory);
}

static void read_bytes(png_structp png, png_bytep out, size_t size)
{
    png_job *job = png_get_io_ptr(png);
    if (size > job->size - job->at) png_error(png, "the file is truncated");
    memcpy(out, job->data + job->at, size);
    job->at += size;
}

static void write_bytes(png_structp png, png_bytep data, size_t size)
{
    png_job *job = png_get_io_ptr(png);
    if (rt_buffer_append(job->output, data, size) == RT_OK) return;
    job->out_of_memory = true;
    png_error(png, "out of memory");
}

static void flush_bytes(png_structp png) { (void)png; }

bool rt_png_recognise(const void *data, size_t size)
{
    return size >= 8 && png_sig_cmp(data, 0, 8) == 0;
}

/* Asks libpng for 8-bit gray or RGB without transparency, whatever the file holds. */
static void set_transforms(png_structp png, png_infop info)
{
    const int colour = png_get_color_type(png, info);
    png_set_scale_16(png);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (colour == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void check_limits(const png_job *job, const rt_image *image, size_t row_bytes)
{
    const uint64_t pixels = (uint64_t)image->height * image->width;
    if (pixels > RT_IMAGE_MAX_PIXELS) png_error(job->png, "the picture is too large");
    /* Interlacing and filters only add bytes; a one-bit file has at least an eighth of these. */
    if (pixels / 8 > (uint64_t)job->size * DEFLATE_LIMIT)
        png_error(job->png, "the file is too small for the picture that it announces");
    if (row_bytes != (size_t)image->width * image->channels)
        png_error(job->png, "an unknown kind of pixel");
}

/* Everything that may longjmp. False: job->message says why, or memory ran out. */
static bool decode(png_job *job, rt_image *image, bool header_only)
{
    if (setjmp(png_jmpbuf(job->png))) return false;
    png_set_read_fn(job->png, job, read_bytes);
    png_set_user_limits(job->png, RT_IMAGE_MAX_SIDE, RT_IMAGE_MAX_SIDE);
    png_set_chunk_cache_max(job->png, MAX_CHUNKS);
    png_set_chunk_malloc_max(job->png, MAX_CHUNK_BYTES);
    png_set_crc_action(job->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(job->png, job->info);
    set_transforms(job->png, job->info);
    image->height = png_get_image_height(job->png, job->info);
    image->width = png_get_image_width(job->png, job->info);
    image->channels = png_get_channels(job->png, job->info);
    const size_t row_bytes = png_get_rowbytes(job->png, job->info);
    check_limits(job, image, row_bytes);
    if (header_only) return true;
    image->pixels = rt_alloc(image->height, row_bytes);
    job->rows = rt_alloc(image->height, sizeof *job->rows);
    if (image->pixels == NULL || job->rows == NULL) {
        job->out_of_memory = true;
        return false;
    }
    for (uint32_t y = 0; y < image->height; y++) job->rows[y] = image->pixels + y * row_bytes;
    png_read_image(job->png, job->rows);
    png_read_end(job->png, NULL);
    if (job->at != job->size) png_error(job->png, "bytes follow the end of the picture");
    return true;
}

rt_status rt_png_decode(rt_image *image, const char *name, const void *data, size_t size,
                        bool header_only)
{
    png_job job = {.data = data, .size = size};
    job.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job,
                                       allocate, release);
    job.info = job.png != NULL ? png_create_info_struct(job.png) : NULL;
    if (job.info == NULL) {
        png_destroy_read_struct(&job.png, NULL, NULL);
        return rt_fail(RT_ERROR_MEMORY, "out of memory while reading '%s'", name);
    }
    const bool good = decode(&job, image, header_only);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    rt_free(job.rows);
    if (good) return RT_OK;
    rt_image_clear(image);
    if (job.out_of_memory) return RT_ERROR_MEMORY;
    return rt_fail(RT_ERROR_INPUT, "'%s' is not a PNG file that can be read: %s", name,
                   job.message);
}

static bool encode(png_job *job, const rt_image *image)
{
    if (setjmp(png_jmpbuf(job->png))) return false;
    png_set_write_fn(job->png, job, write_bytes, flush_bytes);
    png_set_IHDR(job->png, job->info, image->width, image->height, 8,
                 image->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(job->png, job->info);
    for (uint32_t y = 0; y < image->height; y++)
        png_write_row(job->png, image->pixels + (size_t)y * image->width * image->channels);
    png_write_end(job->png, NULL);
    return true;
}

rt_status rt_png_encode(const rt_image *image, rt_buffer *bytes)
{
    if ((image->channels != 1 && image->channels != 3) || image->height < 1 || image->width < 1)
        return rt_fail(RT_ERROR_INTERNAL, "a picture of %ux%ux%u cannot be a PNG file",
                       image->height, image->width, image->channels);
    png_job job = {.output = bytes};
    job.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job,
                                        allocate, release);
    job.info = job.png != NULL ? png_create_info_struct(job.png) : NULL;
    if (job.info == NULL) {
        png_destroy_write_struct(&job.png, NULL);
        return rt_fail(RT_ERROR_MEMORY, "out of memory while writing a PNG file");
    }
    const bool good = encode(&job, image);
    png_destroy_write_struct(&job.png, &job.info);
    if (good) return RT_OK;
    rt_buffer_clear(bytes);
    if (job.out_of_memory) return RT_ERROR_MEMORY;
    return rt_fail(RT_ERROR_INTERNAL, "a PNG file cannot be made: %s", job.message);
}

rt_status rt_png_write(const rt_image *image, const char *path)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    RT_TRY_DONE(rt_png_encode(image, &bytes));
    RT_TRY_DONE(rt_file_replace(path, bytes.data, bytes.size));
done:
    rt_buffer_clear(&bytes);
    return status;
}
