/* SPDX-License-Identifier: MIT */
/*
 * kasan_report - prints the reports of kasan.c.
 */
#ifndef CHECK_KASAN_REPORT_H
#define CHECK_KASAN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kasan_access {
    uintptr_t va;
    uintptr_t bad; /* its first poisoned byte */
    size_t bytes;
    bool write;
    uintptr_t caller; /* the return address of the check */
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

/* Keep the array for reports. */
void kasan_add_globals(const struct kasan_global *globals, size_t n);

/* Print a report and end the run. Checking has stopped. */
_Noreturn void kasan_report_access(const struct kasan_access *access);
_Noreturn void kasan_report_other(const char *why, uintptr_t va, uintptr_t caller);

#endif
