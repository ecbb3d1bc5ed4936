/*
 * copy_range_cow.c and swap_disk.c, first in first out: the contract.
 */
#include "swap_contract.h"
