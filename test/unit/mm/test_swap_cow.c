/* SPDX-License-Identifier: MIT */
/*
 * swap_disk.c with copy_range_cow.c and evict_clock.c: the contract.
 */
#include "swap_contract.h"
