/*
 * copy_range_cow.c and swap_disk.c: the contract.
 */
#include "swap_contract.h"
