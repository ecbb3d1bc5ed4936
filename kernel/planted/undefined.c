/* SPDX-License-Identifier: MIT */
/*
 * undefined - undefined behaviour and lossy conversions that ubsan finds; see planted.def.
 *
 * Values pass through volatiles, so that the compiler cannot see the mistake.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/util.h"
#include "planted/planted.h"

static volatile int sink;

void plant_add_overflow(void)
{
    volatile int large = INT_MAX;
    sink = large + 1; /* <- add_overflow */
}

void plant_sub_overflow(void)
{
    volatile long long small = LLONG_MIN;
    sink = (int)(small - 1); /* <- sub_overflow */
}

void plant_mul_overflow(void)
{
    volatile int large = INT_MAX;
    sink = large * 2; /* <- mul_overflow */
}

void plant_negate_overflow(void)
{
    volatile int small = INT_MIN;
    sink = -small; /* <- negate_overflow */
}

void plant_division_by_zero(void)
{
    volatile int zero = 0;
    sink = 7 / zero; /* <- division_by_zero */
}

void plant_shift_too_far(void)
{
    volatile int by = 32;
    sink = 1 << by; /* <- shift_too_far */
}

void plant_shift_of_sign(void)
{
    volatile int negative = -1;
    sink = negative << 1; /* <- shift_of_sign */
}

void plant_array_index(void)
{
    static int array[4];
    volatile int index = 4;
    sink = array[index]; /* <- array_index */
}

void plant_misaligned(void)
{
    static char bytes[8];
    char *volatile pointer = bytes;
    sink = *(int *)(void *)(pointer + 1); /* <- misaligned */
}

void plant_null_pointer(void)
{
    int *volatile pointer = NULL;
    sink = *pointer; /* <- null_pointer */
}

void plant_pointer_overflow(void)
{
    char *volatile pointer = (char *)-16;
    volatile unsigned offset = 32;
    sink = pointer + offset != NULL; /* <- pointer_overflow */
}

void plant_unreachable(void)
{
    volatile int one = 1;
    if (one == 1)
        __builtin_unreachable(); /* <- unreachable */
}

void plant_bool_load(void)
{
    volatile unsigned char byte = 2;
    sink = *(volatile bool *)&byte; /* <- bool_load */
}

void plant_truncation(void)
{
    volatile uint8_t narrow = 255;
    narrow++; /* <- truncation */
    sink = narrow;
}

void plant_sign_change(void)
{
    volatile int negative = -1;
    volatile unsigned positive;
    positive = negative; /* <- sign_change */
    sink = positive != 0;
}

static __attribute__((noinline, nonnull)) void want(const int *pointer)
{
    sink = pointer == (const int *)&sink;
}

void plant_nonnull_argument(void)
{
    int *volatile pointer = NULL;
    want(pointer); /* <- nonnull_argument */
}

static __attribute__((noinline, returns_nonnull)) int *promise(int *pointer)
{
    return pointer; /* <- nonnull_return */
}

void plant_nonnull_return(void)
{
    int *volatile pointer = NULL;
    sink = promise(pointer) == (int *)&sink;
}

void plant_zero_bits(void)
{
    volatile unsigned zero = 0;
    sink = __builtin_ctz(zero); /* <- zero_bits */
}

void plant_assumed_alignment(void)
{
    static char bytes[32];
    char *volatile pointer = bytes + 1;
    sink = *(char *)__builtin_assume_aligned(pointer, 16); /* <- assumed_alignment */
}
