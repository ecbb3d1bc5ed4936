/* SPDX-License-Identifier: MIT */
/*
 * pmm_first_fit.c: the contract, and what only first fit promises.
 */
#include "pmm_contract.h"

TEST(the_lowest_address_that_fits_is_used)
{
    start();
    add(100, 1);
    add(200, 10);
    CHECK_EQ(take(0), 100);
    CHECK_EQ(take(2), 200);
    give(100, 0);
    CHECK_EQ(take(1), 204);
    CHECK_EQ(take(0), 100);
}

TEST(frames_before_and_after_an_aligned_block_stay_free)
{
    start();
    add(61, 10);
    CHECK_EQ(take(2), 64);
    CHECK_EQ(take(0), 61);
    CHECK_EQ(take(1), 62);
    CHECK_EQ(take(1), 68);
    CHECK_EQ(take(0), 70);
    CHECK_EQ(free_now, 0);
}
