/* SPDX-License-Identifier: MIT */
/*
 * kasan - no access to memory that nobody may access: the compiler asks before each one.
 *
 * Of each eight bytes of kernel memory one byte of the shadow (arch/i386/shadow.h) says whether
 * they may be accessed: 0 all of them, 1 to 7 so many from the first, or one of the values below. The
 * compiler puts the calls into the kernel and marks local and global variables; the allocators
 * mark what they hand out and take back through the functions here.
 *
 * Built without kasan, all this is nothing.
 */
#ifndef CHECK_KASAN_H
#define CHECK_KASAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* Why memory may not be accessed. Those of variables are known to the compiler. */
enum kasan_shadow {
    KASAN_STACK_LEFT = 0xF1, /* around and between the variables of a frame */
    KASAN_STACK_MIDDLE = 0xF2,
    KASAN_STACK_RIGHT = 0xF3,
    KASAN_STACK_SCOPE = 0xF8, /* a variable whose block is left */
    KASAN_GLOBAL = 0xF9,      /* behind a global variable */
    KASAN_HEAP_NEVER = 0xFA,  /* an object that was never handed out */
    KASAN_HEAP_RED = 0xFC,    /* between heap objects */
    KASAN_HEAP_FREED = 0xFD,
    KASAN_KSTACK_FREED = 0xFE,
    KASAN_PAGE_FREED = 0xFF, /* a frame that nobody holds */
};

#if CONFIG_KASAN

/* From here on accesses are checked; marks the global variables. After shadow_init(). */
void kasan_init(void);

/* [va, va + bytes) may be accessed; va is a multiple of 8. */
void kasan_open(uintptr_t va, size_t bytes);

/* [va, va + bytes) may not be accessed; both are multiples of 8. */
void kasan_close(uintptr_t va, size_t bytes, enum kasan_shadow why);

/* What the shadow says of a byte; 0: it may be accessed. */
uint8_t kasan_state(uintptr_t va);

/* Somebody, who called and will go on at `site`, is about to read, or write, so many bytes where the
 * compiler does not see it. */
void kasan_check(const void *va, size_t bytes, bool write, uintptr_t site);

/* Report what is wrong with `va`, other than an access; `site` is the code to blame, where it goes on. */
_Noreturn void kasan_report(const char *why, uintptr_t va, uintptr_t site);

/* Who can say more about an address of the heap or the page allocator. Prints whole lines. */
void kasan_set_describer(void (*describe)(uintptr_t va));

#else

static inline void kasan_init(void)
{
}

static inline void kasan_open(uintptr_t va, size_t bytes)
{
    (void)va, (void)bytes;
}

static inline void kasan_close(uintptr_t va, size_t bytes, enum kasan_shadow why)
{
    (void)va, (void)bytes, (void)why;
}

static inline void kasan_check(const void *va, size_t bytes, bool write, uintptr_t site)
{
    (void)va, (void)bytes, (void)write, (void)site;
}

#endif

#endif
