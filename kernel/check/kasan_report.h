/* SPDX-License-Identifier: MIT */
/*
 * kasan_report - what is said of an access that kasan refuses; only for kasan.c.
 */
#ifndef CHECK_KASAN_REPORT_H
#define CHECK_KASAN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kasan_access {
    uintptr_t va;
    uintptr_t bad; /* the first byte of it that is refused */
    size_t bytes;
    bool write;
    uintptr_t eip; /* the call in the code that wanted it */
};

/* A global variable, as the compiler lays it out. */
struct kasan_global {
    uintptr_t start;
    size_t bytes, bytes_with_red_zone;
    const char *name, *file;
    uintptr_t initialised_dynamically;
    const void *location;
    uintptr_t odr_indicator;
};

/* Remember them for reports. The array stays. */
void kasan_add_globals(const struct kasan_global *globals, size_t n);

/* Say what is wrong, and end the run. Nothing may be checked any more. */
_Noreturn void kasan_report_access(const struct kasan_access *access);
_Noreturn void kasan_report_other(const char *why, uintptr_t va, uintptr_t site);

#endif
