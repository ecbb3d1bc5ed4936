/* SPDX-License-Identifier: MIT */
/*
 * heap - mistakes with heap objects, frames and kernel stacks that kasan finds; see planted.def.
 *
 * Pointers pass through a volatile, so that the compiler cannot see the mistake.
 */
#include "lib/string.h"
#include "mm/kstack.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "planted/planted.h"

#define BYTES 100

void plant_heap_overflow(void)
{
    char *volatile object = kmalloc(BYTES); /* <- heap_overflow taken */
    object[BYTES] = 1;                      /* <- heap_overflow */
}

void plant_heap_overflow_read(void)
{
    char *volatile object = kmalloc(BYTES);  /* <- heap_overflow_read taken */
    (void)*(volatile int *)(object + BYTES); /* <- heap_overflow_read */
}

void plant_heap_underflow(void)
{
    kmalloc(BYTES);
    char *volatile object = kmalloc(BYTES);
    object[-1] = 1; /* <- heap_underflow */
}

void plant_heap_after_free(void)
{
    char *volatile object = kmalloc(BYTES); /* <- heap_after_free taken */
    kfree(object);                          /* <- heap_after_free freed */
    object[BYTES / 2] = 1;                  /* <- heap_after_free */
}

/* Other objects of the size are allocated and freed meanwhile, without reusing this one. */
void plant_heap_after_reuse(void)
{
    char *volatile object = kmalloc(BYTES); /* <- heap_after_reuse taken */
    kfree(object);                          /* <- heap_after_reuse freed */
    for (int i = 0; i < 64; i++)
        kfree(kmalloc(BYTES));
    (void)*(volatile char *)object; /* <- heap_after_reuse */
}

void plant_heap_double_free(void)
{
    char *volatile object = kmalloc(BYTES); /* <- heap_double_free taken */
    kfree(object);                          /* <- heap_double_free freed */
    kfree(object);                          /* <- heap_double_free */
}

void plant_heap_invalid_free(void)
{
    char *volatile object = kmalloc(BYTES); /* <- heap_invalid_free taken */
    kfree(object + 16);                     /* <- heap_invalid_free */
}

void plant_heap_large_overflow(void)
{
    char *volatile object = kmalloc(PAGE_SIZE + BYTES); /* <- heap_large_overflow taken */
    object[PAGE_SIZE + BYTES] = 1;                      /* <- heap_large_overflow */
}

void plant_heap_memcpy(void)
{
    static const char source[2 * BYTES];
    char *volatile object = kmalloc(BYTES); /* <- heap_memcpy taken */
    memcpy(object, source, BYTES + 1);      /* <- heap_memcpy */
}

void plant_heap_usercopy(void)
{
    char *volatile object = kmalloc(BYTES);                      /* <- heap_usercopy taken */
    copy_from_user(object, (struct uaddr){USERBASE}, BYTES + 1); /* <- heap_usercopy */
}

void plant_frame_after_free(void)
{
    struct page *page = page_alloc(PAGE_OTHER); /* <- frame_after_free taken */
    char *volatile bytes = page_to_virt(page);
    page_drop(page);
    bytes[BYTES] = 1; /* <- frame_after_free */
}

void plant_frame_never_taken(void)
{
    volatile size_t last = page_frames - 1;
    (void)*(volatile char *)page_to_virt(pfn_to_page(last)); /* <- frame_never_taken */
}

void plant_kstack_after_free(void)
{
    volatile uintptr_t stack = kstack_alloc();
    kstack_free(stack);
    *(volatile int *)(stack + KSTACK_BYTES - 16) = 1; /* <- kstack_after_free */
}
