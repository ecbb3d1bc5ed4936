/* SPDX-License-Identifier: MIT */
/*
 * pmm_buddy.c: the contract, and what only the buddy allocator promises.
 */
#include "pmm_contract.h"

TEST(the_smallest_block_that_fits_is_split)
{
    start();
    add(64, 32); /* one block of order 5 */
    add(128, 2); /* and one of order 1 */
    CHECK_EQ(take(0), 128);
    CHECK_EQ(take(0), 129);
    CHECK_EQ(take(0), 64);
}

TEST(neighbours_that_are_not_buddies_do_not_merge)
{
    start();
    add(3, 2);
    CHECK_EQ(take(1), 0);
    add(2, 1);
    CHECK_EQ(take(1), 2);
}
