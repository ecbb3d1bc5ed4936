/* SPDX-License-Identifier: MIT */
/*
 * zeros - new memory is zero, even after other processes have written to much memory and freed it: stack,
 * bss, heap, mappings, and the rest of the pages in which the program's segments begin and end (D15, D16,
 * D71).
 */
#include "check.h"

enum { CHILDREN = 4, DIRTY_BYTES = 4 << 20, PATTERN = 0xdeadbeefu, BSS_WORDS = 256 * 1024 };

static volatile unsigned bss[BSS_WORDS];

/* The ends of text (with constants) and bss, from the linker script. */
extern const char etext[], end[];

static void dirty(volatile unsigned *words, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof(*words); i++)
        words[i] = PATTERN;
}

static int dirty_much(void *arg)
{
    (void)arg;
    dirty(map_pages(DIRTY_BYTES, MAP_PRIVATE), DIRTY_BYTES);
    dirty(sbrk(DIRTY_BYTES), DIRTY_BYTES);
    dirty(bss, sizeof(bss));
    dirty((unsigned *)(USERTOP - USER_STACK_PAGES * PAGE_SIZE), 200 * PAGE_SIZE);
    return 0;
}

/* Returns the number of bytes in [from, to) that are not zero. */
static int stale(const volatile void *from, const volatile void *to)
{
    int count = 0;
    for (const volatile char *p = from; p < (const volatile char *)to; p++)
        count += *p != 0;
    return count;
}

static const void *page_end(const void *p)
{
    return (const void *)ALIGN_UP((uintptr_t)p, PAGE_SIZE);
}

int main(void)
{
    for (int i = 0; i < CHILDREN; i++)
        CHECK(child_code(dirty_much, NULL), 0, "exit code of dirty child %d", i);

    CHECK(stale((void *)(USER_TEXT & ~(PAGE_SIZE - 1)), (void *)USER_TEXT), 0, "stale before the text");
    CHECK(stale(etext, page_end(etext)), 0, "stale behind the constants");
    CHECK(stale(end, page_end(end)), 0, "stale behind bss");
    CHECK(stale(bss, bss + BSS_WORDS), 0, "stale in bss");

    char *stack = (char *)(USERTOP - USER_STACK_PAGES * PAGE_SIZE);
    CHECK(stale(stack, stack + 200 * PAGE_SIZE), 0, "stale in the stack");
    char *heap = sbrk(DIRTY_BYTES);
    assert(heap != NULL);
    CHECK(stale(heap, heap + DIRTY_BYTES), 0, "stale in the heap");
    char *mapping = map_pages(DIRTY_BYTES, MAP_PRIVATE);
    CHECK(stale(mapping, mapping + DIRTY_BYTES), 0, "stale in a mapping");
    char *shared = map_pages(DIRTY_BYTES, MAP_SHARED);
    CHECK(stale(shared, shared + DIRTY_BYTES), 0, "stale in a shared mapping");
    return pass();
}
