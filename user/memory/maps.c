/* SPDX-License-Identifier: MIT */
/*
 * maps - mmap and munmap behave as on Linux: protection, sharing, holes, replaced and clipped mappings,
 * and refused arguments (D12, D72).
 */
#include "check.h"

enum {
    RW = PROT_READ | PROT_WRITE,
    PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS,
    SHARED = MAP_SHARED | MAP_ANONYMOUS
};

/* Where the mappings at fixed addresses go, far from everything else. */
enum { PLACE = 0x40000000 };

static int load(void *addr)
{
    return *(volatile char *)addr & 0;
}

static int store(void *addr)
{
    *(volatile char *)addr = 'c';
    return 0;
}

static volatile char *place(int page)
{
    return (volatile char *)PLACE + page * (int)PAGE_SIZE;
}

/* Map `count` pages from `page` on, over any existing mapping. */
static void map_fixed(int page, size_t count, unsigned prot, unsigned flags)
{
    void *at = mmap((uintptr_t)place(page), count * PAGE_SIZE, prot, flags | MAP_FIXED);
    CHECK(at == place(page), true, "mmap of %zu pages at page %d", count, page);
}

static void unmap(int page, size_t count)
{
    CHECK(munmap(place(page), count * PAGE_SIZE), 0, "munmap of %zu pages at page %d", count, page);
}

static void check_refusals(void)
{
    static const struct {
        const char *what;
        uintptr_t addr;
        size_t len;
        unsigned flags;
        int error;
    } bad[] = {
        {"no length", 0, 0, PRIVATE, -E_INVAL},
        {"neither private nor shared", 0, PAGE_SIZE, MAP_ANONYMOUS, -E_INVAL},
        {"a fixed address inside a page", PLACE + 1, PAGE_SIZE, PRIVATE | MAP_FIXED, -E_INVAL},
        {"all addresses", 0, 0xfffff000, PRIVATE, -E_NO_MEM},
        {"more than user space", 0, USERTOP, PRIVATE, -E_NO_MEM},
        {"a length that wraps", 0, 0xffffffff, PRIVATE, -E_NO_MEM},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(mmap_error(mmap(bad[i].addr, bad[i].len, RW, bad[i].flags)), bad[i].error, "mmap of %s",
              bad[i].what);

    static const uintptr_t outside[] = {0, 0x1000, USERTOP - PAGE_SIZE, USERTOP, 0xC0100000, 0xFFFFF000};
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        int error = mmap_error(mmap(outside[i], 2 * PAGE_SIZE, RW, PRIVATE | MAP_FIXED));
        CHECK(error == -E_INVAL || error == -E_NO_MEM, true, "mmap at 0x%zx refused", outside[i]);
    }
    CHECK(munmap(place(0) + 1, PAGE_SIZE), -E_INVAL, "munmap inside a page");
    CHECK(munmap(place(0), 0), -E_INVAL, "munmap of nothing");
    CHECK(munmap((void *)USERTOP, PAGE_SIZE), -E_INVAL, "munmap of the top of user space");
    CHECK(munmap((void *)0xC0100000, PAGE_SIZE), -E_INVAL, "munmap of the kernel");
    CHECK(munmap(place(0), 0xfffff000), -E_INVAL, "munmap of a length that wraps");
    CHECK(munmap(place(0), USERTOP), -E_INVAL, "munmap beyond user space");
}

static void check_life(void)
{
    volatile char *p = mmap(0, PAGE_SIZE + 1, RW, PRIVATE);
    CHECK(mmap_error(p), 0, "mmap of a page and a byte");
    CHECK(p[0] + p[PAGE_SIZE] + p[2 * PAGE_SIZE - 1], 0, "sum of fresh bytes");
    p[2 * PAGE_SIZE - 1] = 'a';
    volatile char *q = mmap((uintptr_t)p, PAGE_SIZE, RW, PRIVATE);
    CHECK(q != p && mmap_error(q) == 0, true, "a hint that is taken is not followed");
    CHECK(p[2 * PAGE_SIZE - 1], 'a', "the mapping that was there");
    CHECK(mmap(PLACE, PAGE_SIZE, RW, PRIVATE) == place(0), true, "a hint that is free is followed");
    unmap(0, 1);
    CHECK(munmap(p, PAGE_SIZE + 1), 0, "munmap of a page and a byte");
    CHECK(child_code(load, (void *)&p[PAGE_SIZE]), -E_KILLED, "load from the second page afterwards");
    CHECK(munmap(q, PAGE_SIZE), 0, "munmap of the other");
}

static void check_rights(void)
{
    map_fixed(0, 1, PROT_READ, PRIVATE);
    map_fixed(1, 1, PROT_NONE, PRIVATE);
    CHECK(child_code(load, (void *)place(0)), 0, "load with PROT_READ");
    CHECK(child_code(store, (void *)place(0)), -E_KILLED, "store with PROT_READ");
    CHECK(child_code(load, (void *)place(1)), -E_KILLED, "load with PROT_NONE");
    CHECK(child_code(store, (void *)place(1)), -E_KILLED, "store with PROT_NONE");
    unmap(0, 2);
}

/* Map pages 0 to 5 and mark each with a letter; unmap 2 and 3, then the rest with the hole in one call. */
static void check_holes(void)
{
    map_fixed(0, 6, RW, PRIVATE);
    for (int page = 0; page < 6; page++)
        *place(page) = (char)('a' + page);
    unmap(2, 2);
    CHECK(child_code(load, (void *)place(2)), -E_KILLED, "load at the hole's begin");
    CHECK(child_code(load, (void *)(place(4) - 1)), -E_KILLED, "load at the hole's end");
    CHECK(*place(1), 'b', "the page before the hole");
    CHECK(*place(4), 'e', "the page behind the hole");
    unmap(2, 2);
    map_fixed(8, 1, RW, PRIVATE);
    unmap(1, 9);
    CHECK(*place(0), 'a', "the page before everything unmapped");
    CHECK(child_code(load, (void *)place(8)), -E_KILLED, "load from the last page unmapped");
    unmap(0, 1);
}

/* MAP_FIXED replaces existing mappings: the middle of one, and across the end of one. */
static void check_replacement(void)
{
    map_fixed(0, 4, RW, PRIVATE);
    for (int page = 0; page < 4; page++)
        *place(page) = 'o';
    map_fixed(1, 1, RW, PRIVATE);
    map_fixed(3, 3, PROT_READ, PRIVATE);
    CHECK(*place(0) + *place(2), 'o' + 'o', "what was not replaced");
    CHECK(*place(1) + *place(3) + *place(5), 0, "what was replaced");
    CHECK(child_code(store, (void *)place(3)), -E_KILLED, "store to the replacement to be read");
    unmap(0, 6);
}

/* Page 0 is present before the fork, page 1 is not: the parent sees a child's stores to both. */
static void check_sharing(void)
{
    map_fixed(0, 2, RW, SHARED);
    map_fixed(2, 2, RW, PRIVATE);
    *place(0) = *place(2) = 'p';
    for (int page = 0; page < 4; page++)
        CHECK(child_code(store, (void *)place(page)), 0, "a child's store to page %d", page);
    CHECK(*place(0), 'c', "the shared page");
    CHECK(*place(1), 'c', "the shared page that only the child had touched");
    CHECK(*place(2), 'p', "the private page");
    CHECK(*place(3), 0, "the private page that only the child had touched");
    unmap(1, 1);
    CHECK(*place(0), 'c', "the shared page without its neighbour");
    unmap(0, 4);
}

static int unmap_and_end(void *page)
{
    return munmap(page, PAGE_SIZE);
}

static void check_child_unmaps(void)
{
    map_fixed(0, 1, RW, SHARED);
    *place(0) = 'p';
    CHECK(child_code(unmap_and_end, (void *)place(0)), 0, "a child's munmap of the shared page");
    CHECK(*place(0), 'p', "the parent's shared page");
    unmap(0, 1);
}

int main(void)
{
    check_refusals();
    check_life();
    check_rights();
    check_holes();
    check_replacement();
    check_sharing();
    check_child_unmaps();
    return pass();
}
