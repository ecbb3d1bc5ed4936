/* SPDX-License-Identifier: MIT */
/*
 * fault.c: the outcome of each kind of fault, and the entry that it leaves, as the table in fault.c says;
 * with swap and shared page tables.
 */
#include <ucow/errno.h>

#include "host_disk.h"
#include "mm/image.h"
#include "mm/rmap.h"
#include "mm/shmem.h"

#define TEXT 0x00800000u /* of an image: 1 page, read and execute */
#define DATA 0x00801000u /* of an image: 1 page, private */
#define PRIVATE 0x00C00000u
#define READ_ONLY 0x01000000u
#define EXECUTE 0x01400000u
#define NO_RIGHT 0x01800000u
#define WRITE_ONLY 0x01C00000u
#define SHARED 0x02000000u
#define SHARED_READ 0x02400000u
#define NOTHING 0x03000000u

#define RW (VM_READ | VM_WRITE)
#define RIGHTS (PTE_P | PTE_U | PTE_W | PTE_COW | PTE_A | PTE_D)
#define READABLE (PTE_P | PTE_U | PTE_A)
#define WRITABLE (READABLE | PTE_W)

static struct mm *mm;
static size_t slots;

static void start(void)
{
    static uint8_t program[2 * PAGE_SIZE];
    host_swap_start();
    slots = host_slots_free();
    memset(program, 0x5A, sizeof(program));
    struct image *image = image_new(program);
    CHECK(image != NULL);
    image->segments_n = 2;
    image->segments[0] = (struct image_segment){TEXT, PAGE_SIZE, PAGE_SIZE, 0, VM_READ | VM_EXEC};
    image->segments[1] = (struct image_segment){DATA, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, RW};
    mm = host_locked(mm_new(image->object.lineage));
    mm_publish(mm);
    CHECK_EQ(image_map(image, mm), 0);
    image_drop(image);
    host_map(mm, PRIVATE, 4, RW, NULL);
    host_map(mm, READ_ONLY, 1, VM_READ, NULL);
    host_map(mm, EXECUTE, 1, VM_EXEC, NULL);
    host_map(mm, NO_RIGHT, 1, 0, NULL);
    host_map(mm, WRITE_ONLY, 1, VM_WRITE, NULL);
    struct vm_object *object = shmem_new(mm->lineage);
    vm_object_hold(object);
    host_map(mm, SHARED, 2, RW | VM_SHARED, object);
    host_map(mm, SHARED_READ, 1, VM_READ | VM_SHARED, object);
}

static void finish(void)
{
    disk_fails = false;
    host_mm_drop(mm);
    host_mm_check_all_back();
    CHECK_EQ(host_slots_free(), slots);
}

/* The rights of the entry for `va`, and whether the CPU has used it. */
static pte_t rights(struct mm *of, uintptr_t va)
{
    return *pte_find(of->pgdir, va) & RIGHTS;
}

static uint8_t first_byte(struct mm *of, uintptr_t va)
{
    return *(uint8_t *)page_to_virt(host_frame(of, va));
}

TEST(an_access_without_a_right_is_an_error)
{
    static const struct {
        uintptr_t va;
        bool read;
    } cases[] = {
        {NOTHING, false},  {PRIVATE - 1, false}, {PRIVATE + 4 * PAGE_SIZE, false},
        {NO_RIGHT, false}, {TEXT, true},         {READ_ONLY, true},
        {EXECUTE, true},   {SHARED_READ, true},
    };
    start();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK_EQ(mm_fault(mm, cases[i].va, true), MM_SEGV);
        CHECK_EQ(mm_fault(mm, cases[i].va, false), cases[i].read ? MM_FILL : MM_SEGV);
        CHECK_EQ(mm_fault(mm, cases[i].va, true), MM_SEGV);
    }
    finish();
}

/* The CPU need not set the accessed bit: the access follows. */
TEST(a_page_that_is_not_there_is_filled)
{
    static const struct {
        uintptr_t va;
        bool write;
        uint8_t byte;
        pte_t rights;
        enum page_owner owner;
    } cases[] = {
        {TEXT, false, 0x5A, READABLE, PAGE_CACHE},
        {DATA, false, 0x5A, WRITABLE, PAGE_USER},
        {PRIVATE, true, 0, WRITABLE, PAGE_USER},
        {PRIVATE + PAGE_SIZE + 0x123, false, 0, WRITABLE, PAGE_USER}, /* anywhere in the page */
        {READ_ONLY, false, 0, READABLE, PAGE_USER},
        {EXECUTE, false, 0, READABLE, PAGE_USER},
        {WRITE_ONLY, false, 0, WRITABLE, PAGE_USER}, /* as on Linux: the CPU has no such right */
        {SHARED, true, 0, WRITABLE, PAGE_SHARED},
        {SHARED_READ, false, 0, READABLE, PAGE_SHARED},
    };
    start();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK_EQ(mm_fault(mm, cases[i].va, cases[i].write), MM_FILL);
        CHECK_EQ(rights(mm, cases[i].va), cases[i].rights);
        CHECK_EQ(first_byte(mm, cases[i].va), cases[i].byte);
        CHECK_EQ(host_frame(mm, cases[i].va)->owner, cases[i].owner);
        CHECK_EQ(host_frame(mm, cases[i].va)->va, ALIGN_DOWN(cases[i].va, PAGE_SIZE)); /* for its eviction */
        CHECK_EQ(mm_fault(mm, cases[i].va, cases[i].write), MM_FILL); /* another thread was quicker */
    }
    finish();
}

TEST(a_private_page_on_the_disk_comes_back)
{
    start();
    host_write(mm, PRIVATE, 0x11);
    CHECK_EQ(mm_pageout(mm, PRIVATE, PAGE_SIZE), 1);
    CHECK_EQ(mm_fault(mm, PRIVATE, false), MM_SWAP_IN);
    CHECK_EQ(rights(mm, PRIVATE), READABLE | PTE_COW); /* until it is written, the slot has its bytes */
    CHECK_EQ(first_byte(mm, PRIVATE), 0x11);
    CHECK_EQ(mm_fault(mm, PRIVATE, true), MM_REUSE);
    CHECK_EQ(rights(mm, PRIVATE), WRITABLE);
    CHECK_EQ(mm_pageout(mm, PRIVATE, PAGE_SIZE), 1);
    CHECK_EQ(mm_fault(mm, PRIVATE, true), MM_SWAP_IN);
    CHECK_EQ(rights(mm, PRIVATE), WRITABLE);
    CHECK_EQ(host_slots_free(), slots); /* the slot is free again */
    CHECK_EQ(mm_pageout(mm, PRIVATE, PAGE_SIZE), 1);
    CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(mm_fault(mm, PRIVATE, false), MM_SWAP_IN);
    CHECK_EQ(rights(mm, PRIVATE), READABLE);
    finish();
}

TEST(a_page_on_the_disk_that_two_share_is_copied_when_it_is_written)
{
    start();
    host_write(mm, PRIVATE, 0x11);
    struct mm *child = host_mm_dup(mm);
    CHECK_EQ(mm_pageout(mm, PRIVATE, PAGE_SIZE), 1);
    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_SWAP_IN); /* in a table of its own */
    CHECK_EQ(rights(child, PRIVATE), READABLE | PTE_COW);
    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_COPY);
    CHECK_EQ(rights(child, PRIVATE), WRITABLE);
    CHECK_EQ(host_read(mm, PRIVATE), 0x11);
    host_mm_drop(child);
    finish();
}

TEST(a_page_of_an_object_comes_from_the_disk_or_from_the_file)
{
    start();
    host_write(mm, SHARED, 0x22);
    host_read(mm, TEXT);
    CHECK_EQ(mm_pageout(mm, SHARED, PAGE_SIZE), 1);
    CHECK_EQ(mm_pageout(mm, TEXT, PAGE_SIZE), 1);
    CHECK_EQ(mm_fault(mm, SHARED, false), MM_SWAP_IN);
    CHECK_EQ(rights(mm, SHARED), WRITABLE);
    CHECK_EQ(first_byte(mm, SHARED), 0x22);
    CHECK_EQ(mm_fault(mm, TEXT, false), MM_FILL); /* it was never written to the disk */
    CHECK_EQ(first_byte(mm, TEXT), 0x5A);
    finish();
}

TEST(a_disk_that_fails_is_an_error_and_the_page_stays_there)
{
    static const uintptr_t pages[] = {PRIVATE, SHARED};
    start();
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        host_write(mm, pages[i], 0x33);
        CHECK_EQ(mm_pageout(mm, pages[i], PAGE_SIZE), 1);
        disk_fails = true;
        CHECK_EQ(mm_fault(mm, pages[i], false), MM_SWAP_FAULT);
        CHECK_EQ(mm_fault(mm, pages[i], true), MM_SWAP_FAULT);
        disk_fails = false;
        CHECK_EQ(mm_fault(mm, pages[i], true), MM_SWAP_IN);
        CHECK_EQ(first_byte(mm, pages[i]), 0x33);
    }
    finish();
}

/* D06: no frame for any page; those that are there go on. */
TEST(a_fault_without_memory_says_so)
{
    static const uintptr_t pages[] = {DATA, PRIVATE, READ_ONLY, SHARED};
    start();
    host_read(mm, TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        host_leave_frames(0);
        while (page_owner_count(PAGE_CACHE) != 0) /* text may make room */
            mm_pageout(mm, TEXT, PAGE_SIZE);
        host_give_frames();
        host_leave_frames(0);
        CHECK_EQ(mm_fault(mm, pages[i], false), MM_OOM);
        CHECK(pte_find(mm->pgdir, pages[i]) == NULL || *pte_find(mm->pgdir, pages[i]) == 0);
        host_give_frames();
    }
    finish();
}

/* The first write below a shared table, where nothing but the table was shared. */
TEST(a_write_gets_its_table_its_page_or_both)
{
    start();
    host_write(mm, PRIVATE, 0x11);
    struct mm *child = host_mm_dup(mm);
    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_COPY);
    CHECK_EQ(rights(child, PRIVATE), WRITABLE);
    CHECK_EQ(rights(mm, PRIVATE) & (PTE_W | PTE_COW), PTE_COW);
    CHECK_EQ(mm_fault(mm, PRIVATE, true), MM_REUSE); /* the table and the page */
    CHECK_EQ(rights(mm, PRIVATE) & (PTE_W | PTE_COW), PTE_W);
    host_mm_drop(child);
    host_mm_drop(host_mm_dup(mm));
    CHECK_EQ(mm_fault(mm, PRIVATE, true), MM_REUSE); /* the table */
    CHECK_EQ(mm_fault(mm, PRIVATE, true), MM_FILL);
    finish();
}
