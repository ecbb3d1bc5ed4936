/* SPDX-License-Identifier: MIT */
/*
 * Tests that fail on purpose, each in another way, between tests that pass: see test_unit.py.
 */
#include "unit.h"

#include "watch/panic.h"

static int left = 1; /* what a failed test leaves in the middle of something */

static void check_in_a_function(int value)
{
    CHECK_EQ(value, 3);
}

TEST(the_first_passes)
{
    CHECK_EQ(left, 1);
}

TEST(a_number_differs)
{
    left = 0;
    check_in_a_function(1 + 1);
}

TEST(the_next_begins_afresh)
{
    CHECK_EQ(left, 1);
}

TEST(a_text_differs)
{
    CHECK_STR_EQ("kernel", "colonel");
}

TEST(the_kernel_panics)
{
    panic("frame %d is free", 7);
}

TEST(the_kernel_does_not_panic)
{
    CHECK(PANICS("so it says", left = 2));
}

TEST(the_last_passes)
{
    CHECK(PANICS("frame 8", panic("frame %d is free", 8)));
}
