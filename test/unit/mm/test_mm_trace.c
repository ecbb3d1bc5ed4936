/* SPDX-License-Identifier: MIT */
/*
 * mmap.c, mprotect.c, copy_range_cow.c, tables_shared.c: what they record in the trace, so that a reader can
 * follow every region, page and page table. What fails or changes nothing leaves no event.
 */
#include <ucow/errno.h>

#include "host_mm.h"
#include "journal.h"
#include "watch/trace.h"

#define AT 0x10000000u
#define HEAP 0x20000000u
#define RW (PROT_READ | PROT_WRITE)

struct trace_ring trace_ring = {.on = 1};

static const char *event_name(enum trace_event event)
{
    static const char *const names[] = {
#define EVENT(number, name, fields) [number] = #name,
#include <ucow/trace.def>
    };
    return names[event];
}

void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    note("%s %x %x", event_name(event), a, b);
}

void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    note("%s %x %x %x", event_name(event), a, b, c);
}

static pte_t *lost; /* an entry that the copy of a table loses before it is checked */

void trace_record4(enum trace_event event, const uint32_t words[4])
{
    if (lost != NULL && event == TRACE_table_copy)
        ((pte_t *)phys_to_virt(words[2]))[pgtable_index(lost)] = 0;
    note("%s %x %x %x %x", event_name(event), words[0], words[1], words[2], words[3]);
}

static struct mm *mm;

static void start(void)
{
    host_mm_start();
    mm = host_mm_new();
    journal_clear();
}

static void finish(void)
{
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* The line of an event with four words. */
static const char *line(const char *name, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    static char text[80];
    snprintf(text, sizeof(text), "%s %x %x %x %x", name, a, b, c, d);
    return text;
}

static int map(uintptr_t va, size_t pages, unsigned prot, unsigned flags)
{
    uintptr_t at = mm_mmap(mm, va, pages * PAGE_SIZE, prot, flags | MAP_ANONYMOUS);
    return at == va ? 0 : (int)at;
}

TEST(a_mapping_is_recorded_with_its_rights_and_its_object)
{
    start();
    CHECK_EQ(map(AT, 2, RW, MAP_PRIVATE | MAP_FIXED), 0);
    CHECK_STEPS("map 10000000 10002000 3 0");
    CHECK_EQ(map(AT + PAGE_SIZE, 1, PROT_READ, MAP_SHARED | MAP_FIXED), 0); /* over the other */
    CHECK_STEPS(line("map", AT + PAGE_SIZE, AT + 2 * PAGE_SIZE, VM_READ | VM_SHARED,
                     (uint32_t)(uintptr_t)vma_at(&mm->vmas, AT + PAGE_SIZE)->object));
    CHECK_EQ(map(AT, 0, RW, MAP_PRIVATE | MAP_FIXED), -E_INVAL);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(mm_munmap(mm, AT, PAGE_SIZE + 1), 0);
    CHECK_STEPS("unmap 10000000 10002000");
    CHECK_EQ(mm_munmap(mm, AT, 0), -E_INVAL);
    CHECK_STR_EQ(journal, "");
    finish();
}

TEST(the_pages_that_the_heap_gains_and_loses_are_recorded)
{
    start();
    mm->brk_start = mm->brk = HEAP + 1;
    CHECK_EQ(mm_brk(mm, HEAP + 2), HEAP + 2); /* in a page of the program */
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(mm_brk(mm, HEAP + 3 * PAGE_SIZE), HEAP + 3 * PAGE_SIZE);
    CHECK_STEPS("map 20001000 20003000 3 0");
    CHECK_EQ(mm_brk(mm, HEAP + PAGE_SIZE + 1), HEAP + PAGE_SIZE + 1);
    CHECK_STEPS("unmap 20002000 20003000");
    CHECK_EQ(mm_brk(mm, USERTOP), HEAP + PAGE_SIZE + 1);
    CHECK_STR_EQ(journal, "");
    finish();
}

TEST(a_heap_without_memory_is_not_recorded)
{
    start();
    mm->brk_start = mm->brk = HEAP;
    host_leave_frames(0);
    while (map(AT, 1, PROT_READ, MAP_PRIVATE) != -E_NO_MEM) /* until there is none for a region */
        ;
    journal_clear();
    CHECK_EQ(mm_brk(mm, HEAP + PAGE_SIZE), HEAP);
    CHECK_STR_EQ(journal, "");
    host_give_frames();
    finish();
}

TEST(new_rights_are_recorded_for_each_region)
{
    start();
    host_map(mm, AT, 2, VM_READ | VM_WRITE, NULL);
    host_map(mm, AT + 2 * PAGE_SIZE, 2, VM_READ | VM_WRITE | VM_EXEC, NULL);
    CHECK_EQ(mm_protect(mm, AT + PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0);
    CHECK_STEPS("protect 10001000 10002000 1", "protect 10002000 10003000 1");
    CHECK_EQ(mm_protect(mm, AT + PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0); /* as it was */
    CHECK_STR_EQ(journal, "");
    finish();
}

/* A table that maps shared memory is copied: its pages are shared one by one. */
TEST(a_fork_that_shares_pages_says_how_many)
{
    start();
    CHECK_EQ(map(AT, 4, RW, MAP_SHARED | MAP_FIXED), 0);
    host_write(mm, AT, 1);
    host_write(mm, AT + 2 * PAGE_SIZE, 1);
    CHECK_EQ(map(HEAP, 1, RW, MAP_SHARED | MAP_FIXED), 0); /* there is no page of it */
    journal_clear();
    struct mm *child = host_mm_dup(mm);
    CHECK_STEPS("share 10000000 10004000 2");
    host_mm_drop(child);
    finish();
}

TEST(a_page_table_that_is_shared_and_then_copied)
{
    start();
    uint32_t va = AT + 5 * PAGE_SIZE; /* not the first address of the table */
    host_map(mm, va, 5, VM_READ | VM_WRITE, NULL);
    for (size_t i = 0; i < 5; i++)
        host_write(mm, va + i * PAGE_SIZE, 1);
    uint32_t table = page_to_phys(pgtable_of(pte_find(mm->pgdir, va)));
    uint32_t page = page_to_phys(host_frame(mm, va));
    struct mm *second = host_mm_dup(mm);
    CHECK_STEPS(line("table_share", AT, table, 5, 2));
    struct mm *third = host_mm_dup(mm);
    CHECK_STEPS(line("table_share", AT, table, 5, 3));

    host_write(third, va, 2);
    char copy[80];
    snprintf(copy, sizeof(copy), "%s",
             line("table_copy", AT, table, page_to_phys(pgtable_of(pte_find(third->pgdir, va))), 5));
    CHECK_STEPS(copy, line("page_copy", va, page, page_to_phys(host_frame(third, va)),
                           2)); /* the sharers, by tables */
    host_mm_drop(third);
    host_mm_drop(second);
    journal_clear();
    host_write(mm, va, 3); /* it has both again */
    CHECK_STR_EQ(journal, "");
    finish();
}

/* The first and the last that were used; those outside are 0 in both. */
TEST(the_copy_of_a_table_is_checked_at_once)
{
    start();
    host_map(mm, AT, PGTABLE_ENTRIES, VM_READ | VM_WRITE, NULL);
    for (size_t i = 100; i < 120; i++)
        host_write(mm, AT + i * PAGE_SIZE, 1);
    struct mm *child = host_mm_dup(mm);
    CHECK(PANICS("page 0x10064000 of the page table that another process shared is not in its copy", {
        lost = pte_find(mm->pgdir, AT + 100 * PAGE_SIZE);
        pgtable_own(child->pgdir, AT + 110 * PAGE_SIZE);
    }));
    CHECK(PANICS("page 0x10077000 of the page table that another process shared is not in its copy", {
        lost = pte_find(mm->pgdir, AT + 119 * PAGE_SIZE);
        pgtable_own(child->pgdir, AT + 110 * PAGE_SIZE);
    }));
    host_mm_drop(child);
    finish();
}
