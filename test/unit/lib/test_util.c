/* SPDX-License-Identifier: MIT */
/*
 * util.h: alignment keeps the width of its argument.
 */
#include "lib/util.h"
#include "unit.h"

TEST(alignment_goes_to_the_multiple_below_and_above)
{
    CHECK_EQ(ALIGN_DOWN(0u, 4096), 0);
    CHECK_EQ(ALIGN_DOWN(4095u, 4096), 0);
    CHECK_EQ(ALIGN_DOWN(4096u, 4096), 4096);
    CHECK_EQ(ALIGN_UP(0u, 4096), 0);
    CHECK_EQ(ALIGN_UP(1u, 4096), 4096);
    CHECK_EQ(ALIGN_UP(4096u, 4096), 4096);
    CHECK(IS_ALIGNED(8192u, 4096) && !IS_ALIGNED(8193u, 4096));
}

TEST(alignment_keeps_the_upper_half_of_wide_numbers)
{
    CHECK_EQ(ALIGN_DOWN((uint64_t)0x123456789, 4096u), 0x123456000);
    CHECK_EQ(ALIGN_UP((uint64_t)0x123456789, 4096u), 0x123457000);
}

TEST(alignment_up_wraps_to_0)
{
    CHECK_EQ(ALIGN_UP(0xfffff001u, 4096u), 0);
}

TEST(container_is_found_from_its_member)
{
    struct {
        int first, second;
    } pair;

    CHECK_EQ(container_of(&pair.second, __typeof__(pair), second), &pair);
}
