#include "common/formats/image.h"

#include "common/base/io.h"
#include "common/formats/jpeg.h"
#include "common/formats/png.h"

/* A picture of the largest allowed size does not compress worse than this. */
static const uint64_t LARGEST_FILE = 256 << 20;

static rt_status read_image(rt_image *image, const char *path, bool header_only)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    RT_TRY_DONE(rt_file_read(&bytes, path, LARGEST_FILE));
    if (rt_png_recognise(bytes.data, bytes.size))
        RT_TRY_DONE(rt_png_decode(image, path, bytes.data, bytes.size, header_only));
    else if (rt_jpeg_recognise(bytes.data, bytes.size))
        RT_TRY_DONE(rt_jpeg_decode(image, path, bytes.data, bytes.size, header_only));
    else
        status = rt_fail(RT_ERROR_INPUT, "'%s' is neither a PNG nor a JPEG file", path);
done:
    rt_buffer_clear(&bytes);
    return status;
}

rt_status rt_image_read(rt_image *image, const char *path)
{
    return read_image(image, path, false);
}

rt_status rt_image_read_header(rt_image *image, const char *path)
{
    return read_image(image, path, true);
}

void rt_image_clear(rt_image *image)
{
    rt_free(image->pixels);
    *image = (rt_image){0};
}
