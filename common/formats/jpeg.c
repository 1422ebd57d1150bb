#include "common/formats/jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

/* Nobody needs more scans than these; a file of 10,000 would keep the reader busy for minutes. */
enum { MAX_SCANS = 100, MAX_MEMORY = 256 << 20 };

/* What a call of the library needs when it fails. `errors` and `progress` come first in theirs,
 * because the library hands out pointers to them. */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct reader;
    jmp_buf failed;
    char message[JMSG_LENGTH_MAX];
    bool out_of_memory;
} jpeg_job;

/* The library's own error_exit ends the program. */
static void on_error(j_common_ptr reader)
{
    jpeg_job *job = reader->client_data;
    reader->err->format_message(reader, job->message);
    longjmp(job->failed, 1);
}

/* Warnings (level -1) mean that data was damaged and guessed at; traces are of no interest. */
static void on_message(j_common_ptr reader, int level)
{
    if (level < 0) on_error(reader);
}

static void on_progress(j_common_ptr reader)
{
    jpeg_job *job = reader->client_data;
    if (job->reader.input_scan_number <= MAX_SCANS) return;
    snprintf(job->message, sizeof job->message, "more than %d scans", MAX_SCANS);
    longjmp(job->failed, 1);
}

static void refuse(jpeg_job *job, const char *message)
{
    snprintf(job->message, sizeof job->message, "%s", message);
    longjmp(job->failed, 1);
}

bool rt_jpeg_recognise(const void *data, size_t size)
{
    return size >= 3 && memcmp(data, "\xFF\xD8\xFF", 3) == 0;
}

static void read_header(jpeg_job *job, rt_image *image)
{
    struct jpeg_decompress_struct *reader = &job->reader;
    jpeg_read_header(reader, TRUE);
    if (reader->image_width > RT_IMAGE_MAX_SIDE || reader->image_height > RT_IMAGE_MAX_SIDE ||
        (uint64_t)reader->image_width * reader->image_height > RT_IMAGE_MAX_PIXELS)
        refuse(job, "the picture is too large");
    const bool gray = reader->jpeg_color_space == JCS_GRAYSCALE;
    if (!gray && reader->jpeg_color_space != JCS_YCbCr && reader->jpeg_color_space != JCS_RGB)
        refuse(job, "its colours are neither gray nor RGB (CMYK?); convert it");
    reader->out_color_space = gray ? JCS_GRAYSCALE : JCS_RGB;
    image->height = reader->image_height;
    image->width = reader->image_width;
    image->channels = gray ? 1 : 3;
}

/* Everything that may longjmp. False: job->message says why, or memory ran out. */
static bool decode(jpeg_job *job, rt_image *image, const void *data, size_t size, bool header_only)
{
    struct jpeg_decompress_struct *reader = &job->reader;
    if (setjmp(job->failed)) return false;
    jpeg_create_decompress(reader);
    reader->client_data = job;
    reader->mem->max_memory_to_use = MAX_MEMORY;
    reader->progress = &job->progress;
    jpeg_mem_src(reader, data, size);
    read_header(job, image);
    if (header_only) return true;
    /* Pinned, so that the same file gives the same pixels whatever the library's defaults are. */
    reader->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(reader);
    const size_t row_bytes = (size_t)image->width * image->channels;
    image->pixels = rt_alloc(image->height, row_bytes);
    if (image->pixels == NULL) {
        job->out_of_memory = true;
        return false;
    }
    while (reader->output_scanline < reader->output_height) {
        JSAMPROW row = image->pixels + reader->output_scanline * row_bytes;
        jpeg_read_scanlines(reader, &row, 1);
    }
    jpeg_finish_decompress(reader);
    return true;
}

rt_status rt_jpeg_decode(rt_image *image, const char *name, const void *data, size_t size,
                         bool header_only)
{
    jpeg_job job = {.progress.progress_monitor = on_progress};
    job.reader.err = jpeg_std_error(&job.errors);
    job.reader.client_data = &job; /* errors of jpeg_create_decompress need it too */
    job.errors.error_exit = on_error;
    job.errors.emit_message = on_message;
    const bool good = decode(&job, image, data, size, header_only);
    jpeg_destroy_decompress(&job.reader);
    if (good) return RT_OK;
    rt_image_clear(image);
    if (job.out_of_memory) return RT_ERROR_MEMORY;
    return rt_fail(RT_ERROR_INPUT, "'%s' is not a JPEG file that can be read: %s", name,
                   job.message);
}
