#include "datasets/resize.h"

#include <criterion/criterion.h>
#include <string.h>

Test(datasets_resize, follows_its_definition)
{
    /* 3 -> 2: each new pixel covers 1.5 old ones. 2 -> 4: between centres, flat at the ends. */
    static const uint8_t three[] = {0, 90, 240}, two[] = {0, 200};
    uint8_t out[8], big[7 * 9];
    cr_assert_eq(rt_resize_image(out, 1, 2, three, 1, 3, 1), RT_OK);
    cr_assert(out[0] == 30 && out[1] == 190); /* (0 + 45) / 1.5, (45 + 240) / 1.5 */
    cr_assert_eq(rt_resize_image(out, 2, 1, three, 3, 1, 1), RT_OK);
    cr_assert(out[0] == 30 && out[1] == 190);
    cr_assert_eq(rt_resize_image(out, 1, 4, two, 1, 2, 1), RT_OK);
    cr_assert(out[0] == 0 && out[1] == 50 && out[2] == 150 && out[3] == 200);
    cr_assert_eq(rt_resize_image(out, 1, 3, three, 1, 3, 1), RT_OK);
    cr_assert_eq(memcmp(out, three, 3), 0);
    for (uint32_t size = 1; size < 8; size++) { /* one colour stays that colour */
        uint8_t flat[64];
        memset(flat, 77, sizeof flat);
        cr_assert_eq(rt_resize_image(big, 7, 9, flat, size, 8 - size, 1), RT_OK);
        for (int i = 0; i < 63; i++) cr_assert_eq(big[i], 77);
    }
}
