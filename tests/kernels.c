/* Which convolution kernels the tests, and the programs that they start, use: the best known ones,
 * untimed. Every test is a process of its own, and a race in each would cost more than the tests
 * (common/ops/conv2d_choice.h). Tests of the choice itself unset the variable. */

#include <stdlib.h>

__attribute__((constructor)) static void use_untimed_kernels(void)
{
    setenv("RETORT_CONV2D", "untimed", 0);
}
