/* SPDX-License-Identifier: MIT */
/*
 * image.c: the pages of a program while memory and disk are full, the regions that its segments make, and
 * what remains of a program that does not come to be. test_elf.c has the bytes of its pages.
 */
#include "mm/image.h"

#include <ucow/errno.h>

#include "host_disk.h"
#include "mm/rmap.h"
#include "mm/shmem.h"

#define TEXT 0x00800000u
#define SHARED 0x02000000u
#define PRIVATE 0x04000000u /* more pages than memory and disk have */
#define FRAMES 40           /* that are free when a test begins */

static uint8_t program[4 * PAGE_SIZE];
static struct image *image;
static struct mm *mm;

/* An address space that executes the program. */
static struct mm *user_new(void)
{
    struct mm *user = mm_new(image->object.lineage);
    CHECK(user != NULL);
    mm_publish(user);
    return host_locked(user);
}

static void start(void)
{
    host_swap_start();
    for (size_t i = 0; i < sizeof(program); i++)
        program[i] = (uint8_t)(1 + i % 251);
    image = image_new(program);
    CHECK(image != NULL);
    mm = user_new();
}

static void finish(void)
{
    image_drop(image);
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* Add a segment with the bytes of the program from `offset` on, and `zeros` after them. */
static void segment(uintptr_t va, size_t bytes, size_t zeros, size_t offset, uint32_t flags)
{
    image->segments[image->segments_n++] = (struct image_segment){va, bytes + zeros, bytes, offset, flags};
}

/* Write to pages that were never written to until there is no memory for another one. */
static void fill_memory(void)
{
    static uintptr_t next;
    if (host_slots_free() == DISK_PAGES - 1)
        next = PRIVATE;
    while (mm_fault(mm, next, true) != MM_OOM)
        next += PAGE_SIZE;
}

/* What swap_exchange_begin() promises: a page of a program needs no slot when it goes again, so one of the
 * process may take the last slot for it. Nothing else may. */
TEST(a_page_of_a_program_comes_though_memory_and_disk_are_full)
{
    start();
    size_t slots = host_slots_free();
    segment(TEXT, 2 * PAGE_SIZE, 0, 0, VM_READ | VM_EXEC);
    CHECK_EQ(image_map(image, mm), 0);
    host_map(mm, SHARED, 1, VM_READ | VM_WRITE | VM_SHARED, shmem_new(mm->lineage));
    host_map(mm, PRIVATE, 1024, VM_READ | VM_WRITE, NULL);
    host_write(mm, SHARED, 0x11); /* so that there is room for another stored page */
    host_read(mm, TEXT);
    host_leave_frames(FRAMES);
    fill_memory();
    CHECK_EQ(host_slots_free(), 1);
    CHECK_EQ(mm_fault(mm, TEXT + PAGE_SIZE, false), MM_FILL);
    CHECK_EQ(host_slots_free(), 0);
    CHECK_EQ(mm_munmap(mm, PRIVATE, 4 * PAGE_SIZE), 0); /* the oldest are on the disk */
    CHECK(host_slots_free() > 0);
    fill_memory();
    CHECK_EQ(host_slots_free(), 1);
    host_give_frames();
    finish();
    CHECK_EQ(host_slots_free(), slots);
}

/* All sharers have the same frame, and its address space keeps it while the program has one. */
TEST(a_page_of_a_program_is_read_once)
{
    start();
    segment(TEXT, PAGE_SIZE, 0, 0, VM_READ | VM_EXEC);
    struct mm *other = user_new();
    CHECK_EQ(image_map(image, mm), 0);
    CHECK_EQ(image_map(image, other), 0);
    CHECK_EQ(host_read(mm, TEXT), program[0]);
    struct page *page = host_frame(mm, TEXT);
    memset(page_to_virt(page), 0x77, 1);
    CHECK_EQ(host_read(other, TEXT), 0x77);
    CHECK_EQ(host_frame(other, TEXT), page);
    CHECK_EQ(page->count, 3); /* an entry in each, and the image */
    host_mm_drop(other);
    CHECK_EQ(page->count, 2);
    CHECK(swap_evict_page(page)); /* nothing is lost: the file has its bytes */
    CHECK_EQ(*pte_find(mm->pgdir, TEXT), 0);
    CHECK_EQ(host_read(mm, TEXT), program[0]);
    finish();
}

/* The regions that segments make: their pages, and for a page with parts of two the rights of both. */
TEST(segments_that_meet_in_a_page_share_it)
{
    enum { X = VM_READ | VM_EXEC, W = VM_READ | VM_WRITE };
    static const struct {
        struct image_segment segments[3];
        struct vma regions[4];
        uintptr_t brk;
    } cases[] = {
        /* in pages of their own */
        {{{TEXT, 0x1000, 0x1000, 0, X}, {TEXT + 0x1000, 0x1001, 0x1000, 0x1000, W}},
         {{.start = TEXT, .end = TEXT + 0x1000, .flags = X},
          {.start = TEXT + 0x1000, .end = TEXT + 0x3000, .flags = W}},
         TEXT + 0x3000},
        /* the last page of one is the first of the next */
        {{{TEXT, 0x1800, 0x1800, 0, X}, {TEXT + 0x1800, 0x1800, 0x800, 0x1800, W}},
         {{.start = TEXT, .end = TEXT + 0x1000, .flags = X},
          {.start = TEXT + 0x1000, .end = TEXT + 0x2000, .flags = W | X},
          {.start = TEXT + 0x2000, .end = TEXT + 0x3000, .flags = W}},
         TEXT + 0x3000},
        /* the second has no other */
        {{{TEXT, 0x1800, 0x1800, 0, X}, {TEXT + 0x1800, 0x800, 0x800, 0x1800, W}},
         {{.start = TEXT, .end = TEXT + 0x1000, .flags = X},
          {.start = TEXT + 0x1000, .end = TEXT + 0x2000, .flags = W | X}},
         TEXT + 0x2000},
        /* all three have but one */
        {{{TEXT, 0x10, 0x10, 0, VM_READ},
          {TEXT + 0x100, 0x10, 0x10, 0x100, VM_EXEC},
          {TEXT + 0x200, 0x10, 0x10, 0x200, VM_WRITE}},
         {{.start = TEXT, .end = TEXT + 0x1000, .flags = VM_READ | VM_WRITE | VM_EXEC}},
         TEXT + 0x1000},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        start();
        for (size_t k = 0; k < 3 && cases[i].segments[k].va != 0; k++)
            image->segments[image->segments_n++] = cases[i].segments[k];
        CHECK_EQ(image_map(image, mm), 0);
        const struct vma *wanted = cases[i].regions;
        for (const struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma), wanted++) {
            CHECK_EQ(vma->start, wanted->start);
            CHECK_EQ(vma->end, wanted->end);
            CHECK_EQ(vma->flags, wanted->flags);
            CHECK_EQ(vma->object, &image->object);
        }
        CHECK_EQ(wanted->start, 0); /* there is no other */
        CHECK_EQ(mm->brk, cases[i].brk);
        CHECK_EQ(mm->brk_start, cases[i].brk);
        finish();
    }
}

/* The page of two segments has the bytes of both, and zeros in between and after them. */
TEST(the_page_of_two_segments_has_the_bytes_of_both)
{
    enum mm_outcome outcome;
    start();
    segment(TEXT, 0x10, 0, 0x123, VM_READ | VM_EXEC);
    segment(TEXT + 0x20, 0x10, 0x2000, 0x234, VM_READ | VM_WRITE);
    CHECK_EQ(image_map(image, mm), 0);
    const uint8_t *bytes = host_byte(mm, TEXT, true, &outcome);
    for (size_t i = 0; i < PAGE_SIZE; i++) {
        uint8_t wanted = 0;
        if (i < 0x10)
            wanted = program[0x123 + i];
        else if (i >= 0x20 && i < 0x30)
            wanted = program[0x234 + i - 0x20];
        CHECK_EQ(bytes[i], wanted);
    }
    finish();
}

TEST(a_region_where_something_else_is_ends_the_program)
{
    start();
    segment(TEXT, PAGE_SIZE, 0, 0, VM_READ | VM_EXEC);
    segment(TEXT + PAGE_SIZE, PAGE_SIZE, 0, PAGE_SIZE, VM_READ | VM_WRITE);
    host_map(mm, TEXT + PAGE_SIZE, 1, VM_READ, NULL);
    CHECK_EQ(image_map(image, mm), -E_INVAL);
    CHECK_EQ(image->object.count, 2); /* of the test, and of the region that was added */
    finish();
}

/* D06: whatever is missing: the page, what the image notes of it, or the page table. */
TEST(a_page_of_a_program_without_memory_leaves_nothing)
{
    enum mm_outcome outcome = MM_OOM;
    size_t frames;
    for (frames = 0; outcome == MM_OOM; frames++) {
        start();
        segment(TEXT, PAGE_SIZE, 0, 0, VM_READ | VM_EXEC);
        CHECK_EQ(image_map(image, mm), 0);
        host_leave_frames(frames);
        outcome = mm_fault(mm, TEXT, false);
        host_give_frames();
        finish();
    }
    CHECK_EQ(outcome, MM_FILL);
    CHECK_EQ(frames, 4);
}

/* D06: for the image, or for its lineage. */
TEST(a_program_without_memory_does_not_begin)
{
    struct image *made = NULL;
    size_t frames;
    start(); /* the caches of swap are there */
    finish();
    for (frames = 0; made == NULL; frames++) {
        host_leave_frames(frames);
        made = image_new(program);
        if (made == NULL) {
            host_shrink();
            CHECK_EQ(page_free_count(), frames);
        }
        host_give_frames();
    }
    CHECK_EQ(frames, 3);
    image_drop(made);
    host_mm_check_all_back();
}
