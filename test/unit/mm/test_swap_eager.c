/*
 * copy_range_eager.c and swap_disk.c: the contract.
 */
#include "swap_contract.h"
