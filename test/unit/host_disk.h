/* SPDX-License-Identifier: MIT */
/*
 * host_disk - a disk for swap that is an array, and fails while a test wants it. Included by one file of a
 * program.
 */
#ifndef HOST_DISK_H
#define HOST_DISK_H

#include <stdlib.h>

#include "dev/ide.h"
#include "host_mm.h"
#include "mm/swap.h"

#define DISK_PAGES 64

static uint8_t disk[DISK_PAGES][PAGE_SIZE];
static bool disk_fails;

uint32_t ide_init(void)
{
    return DISK_PAGES;
}

bool ide_read_page(uint32_t page, void *to)
{
    memcpy(to, disk[page], PAGE_SIZE);
    return !disk_fails;
}

bool ide_write_page(uint32_t page, const void *from)
{
    memcpy(disk[page], from, PAGE_SIZE);
    return !disk_fails;
}

static void *host_disk_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

/* host_mm_start(), and the disk, once. */
static inline void host_swap_start(void)
{
    static bool ready;

    if (!ready)
        swap_init(host_disk_alloc, DISK_PAGES * 64);
    host_mm_start();
    if (!ready)
        swap_start();
    ready = true;
}

static inline size_t host_slots_free(void)
{
    struct swap_info info;

    swap_read_info(&info);
    return info.free;
}

#endif
