/* SPDX-License-Identifier: MIT */
/*
 * host_kernel - what the files of kernel/mm need from the rest of the kernel: memory, a console that tests
 * can read, names for callers. Included by one file of a program.
 */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include <string.h>

#include "check/peak.h"
#include "host_console.h"
#include "lib/util.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "unit.h"
#include "watch/backtrace.h"

#define HOST_FRAMES 2048 /* 8 MiB */

_Alignas(4096) uint8_t host_memory[HOST_FRAMES * PAGE_SIZE];

/* Set up the frames and the heap. Only the first call does, and returns true: caches are never removed. */
static inline bool host_heap_start(void)
{
    static struct page array[HOST_FRAMES];
    static bool ready;

    if (ready)
        return false;
    page_init(array, HOST_FRAMES);
    page_add_free(1, HOST_FRAMES - 1);
    kmalloc_init();
    ready = true;
    return true;
}

/* For the inline functions of check/peak.h: no stretch is the longest. */
uint32_t peak_stretch_max = UINT32_MAX, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;

void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    (void)tsc, (void)site;
}

/* A code address belongs to the last function of this table that starts before it. */
struct host_function {
    const char *name;
    uintptr_t address;
};

static struct host_function host_functions[8];

static inline void host_name(const char *name, void (*function)(void))
{
    for (size_t i = 0; i < ARRAY_SIZE(host_functions); i++) {
        if (host_functions[i].name == NULL || strcmp(host_functions[i].name, name) == 0) {
            host_functions[i] = (struct host_function){name, (uintptr_t)function};
            return;
        }
    }
}

void backtrace_print_caller(uintptr_t address)
{
    const struct host_function *found = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(host_functions); i++) {
        const struct host_function *function = &host_functions[i];

        if (function->name != NULL && function->address <= address &&
            (found == NULL || function->address > found->address))
            found = function;
    }
    kprintf("%s", found == NULL ? "?" : found->name);
}

#endif
