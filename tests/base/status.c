#include "common/base/status.h"
#include "common/base/escape.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

Test(base_status, message_replaces_the_earlier_one)
{
    cr_assert_str_eq(rt_error_message(), "");
    cr_assert_eq(rt_fail(RT_ERROR_INPUT, "no file '%s'", "a"), RT_ERROR_INPUT);
    cr_assert_str_eq(rt_error_message(), "no file 'a'");
    cr_assert_eq(rt_fail(RT_ERROR_IO, "first: %s", rt_error_message()), RT_ERROR_IO);
    cr_assert_str_eq(rt_error_message(), "first: no file 'a'");
    rt_error_prefix("in '%s': ", "kd.yaml");
    cr_assert_str_eq(rt_error_message(), "in 'kd.yaml': first: no file 'a'");
}

Test(base_status, message_shows_hostile_names_escaped)
{
    (void)rt_fail(RT_ERROR_INPUT, "no '%s'", "\x1b[31m\n\x7f\xc2\x9b\xff\xc0\xaf ü€😀");
    cr_assert_str_eq(rt_error_message(), "no '\\x1b[31m\\x0a\\x7f\\xc2\\x9b\\xff\\xc0\\xaf ü€😀'");
    rt_error_prefix("%s", "\r");
    cr_assert_eq(strncmp(rt_error_message(), "\\x0dno '", 8), 0);
    rt_error_give("a\tb");
    cr_assert_str_eq(rt_error_message(), "a\\x09b");
}

Test(base_status, long_message_is_cut_after_a_whole_character)
{
    char text[4000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 0;
    (void)rt_fail(RT_ERROR_INPUT, "%s", text);
    cr_assert_geq(strlen(rt_error_message()), 1000);
    char small[10];
    rt_text_escape(small, sizeof small, "abcdefgh€");
    cr_assert_str_eq(small, "abcdef...");
    rt_text_escape(small, sizeof small, "abcdefghi");
    cr_assert_str_eq(small, "abcdefghi");
    rt_text_escape(small, sizeof small, "€€€€");
    cr_assert_str_eq(small, "€€...");
    rt_text_escape(small, sizeof small, "abcde\x01");
    cr_assert_str_eq(small, "abcde\\x01");
    rt_text_escape(small, sizeof small, "abcdef\x01");
    cr_assert_str_eq(small, "abcdef...");
}

Test(base_status, utf8_decoder_is_strict)
{
    static const char *const broken[] = {
        "\x80",
        "\xc1\xbf",
        "\xc3",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xc3\x28",
    };
    uint32_t code_point;
    for (size_t i = 0; i < RT_COUNT(broken); i++)
        cr_assert_eq(rt_utf8_decode(broken[i], strlen(broken[i]), &code_point), 0, "%zu", i);
    cr_assert_eq(rt_utf8_decode("", 0, &code_point), 0);
    cr_assert_eq(rt_utf8_decode("\xed\x9f\xbf", 3, &code_point), 3);
    cr_assert_eq(code_point, 0xd7ff);
    cr_assert_eq(rt_utf8_decode("\xf4\x8f\xbf\xbf", 4, &code_point), 4);
    cr_assert_eq(code_point, 0x10ffff);
}

static void *fail_elsewhere(void *message)
{
    if (strcmp(rt_error_message(), "") != 0) return (void *)"not empty";
    (void)rt_fail(RT_ERROR_IO, "worker failed");
    rt_error_take(message, 64);
    return NULL;
}

Test(base_status, message_belongs_to_its_thread)
{
    char message[64];
    pthread_t thread;
    void *problem;
    (void)rt_fail(RT_ERROR_INPUT, "mine");
    pthread_create(&thread, NULL, fail_elsewhere, message);
    pthread_join(thread, &problem);
    cr_assert_null(problem);
    cr_assert_str_eq(rt_error_message(), "mine");
    rt_error_give(message);
    cr_assert_str_eq(rt_error_message(), "worker failed");
    char small[7];
    rt_error_take(small, sizeof small);
    cr_assert_str_eq(small, "worker");
}

Test(base_status, exit_codes)
{
    cr_assert_eq(rt_status_exit_code(RT_OK), 0);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_INPUT), 2);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_IO), 2);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_MEMORY), 3);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_DEVICE), 3);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_NUMERIC), 4);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_INTERNAL), 70);
    cr_assert_eq(rt_status_exit_code(RT_ERROR_INTERRUPTED), 130);
}

static rt_status try_it(rt_status status)
{
    RT_TRY(status);
    return RT_ERROR_INTERNAL;
}

static rt_status try_done(rt_status given, bool *released)
{
    rt_status status = RT_OK;
    RT_TRY_DONE(given);
done:
    *released = true;
    return status;
}

Test(base_status, try_passes_a_failure_up)
{
    bool released = false;
    cr_assert_eq(try_it(RT_ERROR_IO), RT_ERROR_IO);
    cr_assert_eq(try_it(RT_OK), RT_ERROR_INTERNAL);
    cr_assert_eq(try_done(RT_ERROR_IO, &released), RT_ERROR_IO);
    cr_assert(released);
    cr_assert_eq(try_done(RT_OK, &released), RT_OK);
}

/* The section must be an array: gcc's alignment or a sanitizer's red zone would break its rows. */
Test(base_status, error_sites_are_an_array)
{
    size_t count;
    const rt_fail_site *sites = rt_fail_sites(&count);
    cr_assert_gt(count, 20);
    (void)rt_fail(RT_ERROR_INPUT, "the witness %d", 1);
    (void)rt_fail(RT_ERROR_INPUT, "not the witness");
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        cr_assert_not_null(sites[i].file);
        cr_assert_not_null(sites[i].format);
        cr_assert_gt(sites[i].line, 0);
        cr_assert_not_null(strstr(sites[i].file, ".c"));
        if (strcmp(sites[i].format, "the witness %d") != 0) continue;
        cr_assert_eq(sites[i].reached, 1);
        cr_assert_not_null(strstr(sites[i].file, "status.c"));
        found++;
    }
    cr_assert_eq(found, 1);
}
