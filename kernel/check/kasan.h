/* SPDX-License-Identifier: MIT */
/*
 * kasan - finds accesses to memory that is not allocated; only with `kasan`.
 *
 * For each eight bytes of kernel memory, one byte of the shadow (arch/i386/shadow.h) says which of them may
 * be accessed: 0 all, 1 to 7 that many from the first, or one of the values below: none. The compiler calls
 * a check before every access, and poisons the surroundings of local and global variables; the allocators
 * unpoison what they allocate and poison what is freed.
 */
#ifndef CHECK_KASAN_H
#define CHECK_KASAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* Why memory is poisoned. The compiler uses those of variables. */
enum kasan_shadow {
    KASAN_STACK_LEFT = 0xF1, /* around and between the variables of a frame */
    KASAN_STACK_MIDDLE = 0xF2,
    KASAN_STACK_RIGHT = 0xF3,
    KASAN_STACK_SCOPE = 0xF8, /* a variable whose block was left */
    KASAN_GLOBAL = 0xF9,      /* after a global variable */
    KASAN_HEAP_NEVER = 0xFA,  /* an object that was never allocated */
    KASAN_HEAP_RED = 0xFC,    /* between heap objects */
    KASAN_HEAP_FREED = 0xFD,
    KASAN_KSTACK_FREED = 0xFE,
    KASAN_PAGE_FREED = 0xFF, /* a free frame */
};

#if CONFIG_KASAN

/* Poison the surroundings of global variables and start checking. After shadow_init(). */
void kasan_init(void);

/* Unpoison [va, va + bytes); va is a multiple of 8. */
void kasan_unpoison(uintptr_t va, size_t bytes);

/* Poison [va, va + bytes); both are multiples of 8. */
void kasan_poison(uintptr_t va, size_t bytes, enum kasan_shadow why);

/* The shadow of the granule with this byte. */
uint8_t kasan_state(uintptr_t va);

/* Check an access that the compiler cannot see; `caller` is the return address of the code to blame. */
void kasan_check(const void *va, size_t bytes, bool write, uintptr_t caller);

/* Report a misuse of `va` that is no access; `caller` is the return address of the code to blame. */
_Noreturn void kasan_report(const char *why, uintptr_t va, uintptr_t caller);

/* Set the function that describes an address of the heap or a frame. It prints whole lines. */
void kasan_set_describer(void (*describe)(uintptr_t va));

#else

static inline void kasan_init(void)
{
}

static inline void kasan_unpoison(uintptr_t va, size_t bytes)
{
    (void)va, (void)bytes;
}

static inline void kasan_poison(uintptr_t va, size_t bytes, enum kasan_shadow why)
{
    (void)va, (void)bytes, (void)why;
}

static inline void kasan_check(const void *va, size_t bytes, bool write, uintptr_t caller)
{
    (void)va, (void)bytes, (void)write, (void)caller;
}

#endif

#endif
