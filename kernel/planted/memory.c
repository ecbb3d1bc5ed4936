/* SPDX-License-Identifier: MIT */
/*
 * memory - mistakes with frames and heap objects that the allocators find themselves; see planted.def.
 */
#include "lib/util.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "planted/planted.h"

#define BYTES 100

/* Not through a plain pointer, so that the compiler cannot see the mistake. */
static void store(volatile char *byte)
{
    *byte = 0x11;
}

/* Not inline, so that the backtrace has a line of the caller. */
static __attribute__((noinline)) void drop(struct page *page)
{
    page_drop(page);
}

static __attribute__((noinline)) void hold(struct page *page)
{
    page_hold(page);
}

/* Two frames and an object that are never freed. */
void plant_leak(void)
{
    page_alloc(PAGE_OTHER);
    page_alloc(PAGE_USER);
    kmalloc(BYTES); /* <- leak */
}

void plant_page_double_free(void)
{
    struct page *page = page_alloc(PAGE_OTHER); /* <- page_double_free taken */
    drop(page);
    drop(page); /* <- page_double_free */
}

/* As after billions of page_hold() without page_drop(). */
void plant_count_overflow(void)
{
    struct page *page = page_alloc(PAGE_OTHER);
    page->count = PAGE_COUNT_MAX;
    hold(page); /* <- count_overflow */
}

void plant_object_overflow(void)
{
    char *object = kmalloc(128); /* <- object_overflow taken */
    store(object + 128);
    kfree(object); /* <- object_overflow */
}

void plant_object_after_free(void)
{
    char *object = kmalloc(BYTES); /* <- object_after_free taken */
    kfree(object);
    store(object + BYTES / 2);
    kmalloc(BYTES); /* <- object_after_free */
}

void plant_object_double_free(void)
{
    char *object = kmalloc(BYTES); /* <- object_double_free taken */
    kfree(object);
    kfree(object); /* <- object_double_free */
}

void plant_object_invalid_free(void)
{
    char *object = kmalloc(BYTES);
    kfree(object + 16); /* <- object_invalid_free */
}

void plant_page_after_free(void)
{
    struct page *page = page_alloc(PAGE_OTHER); /* <- page_after_free taken */
    page_drop(page);
    store(page_to_virt(page));
    page_alloc(PAGE_OTHER); /* <- page_after_free */
}

void plant_leak_frame(void)
{
    page_alloc(PAGE_KSTACK); /* <- leak_frame */
}

void plant_leak_table(void)
{
    page_alloc_zero(PAGE_PGTABLE); /* <- leak_table */
}

void plant_leak_large(void)
{
    kmalloc(5 * PAGE_SIZE); /* <- leak_large */
}
