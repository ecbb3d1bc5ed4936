/* SPDX-License-Identifier: MIT */
/*
 * copy_range_contract - what mm/copy_range.h promises, whichever file implements it; compiled once for each.
 * On the real mm.c, pgtable.c, fault.c and page.c.
 *
 * Programs cannot distinguish the two files, so every test here checks only bytes and counts.
 */
#ifndef COPY_RANGE_CONTRACT_H
#define COPY_RANGE_CONTRACT_H

#include <ucow/errno.h>

#include "host_mm.h"
#include "mm/image.h"
#include "mm/shmem.h"
#include "random_processes.h"

/* What a fork allocates at least: a directory, four tables and a slab of regions. */
#ifndef FORK_FRAMES
#define FORK_FRAMES 6
#endif

/* An address space with one of everything. */
#define TEXT 0x00800000u    /* of an image: 2 pages, read and execute */
#define DATA 0x00802000u    /* of an image: 1 page, private */
#define PRIVATE 0x00BFE000u /* 5 pages, on both sides of a page table's end */
#define READ_ONLY 0x01000000u
#define SHARED 0x02000000u /* 3 pages, the last not touched by the parent */
#define UNTOUCHED 0x03000000u
#define MANY 0x04000000u /* regions enough for more than one slab */
#define MANY_REGIONS 60

static const struct {
    uintptr_t va;
    bool writable, shared;
} touched[] = {
    {TEXT, false, false},
    {TEXT + PAGE_SIZE, false, false},
    {DATA, true, false},
    {PRIVATE, true, false},
    {PRIVATE + PAGE_SIZE, true, false},
    {PRIVATE + 2 * PAGE_SIZE, true, false},
    {PRIVATE + 4 * PAGE_SIZE, true, false}, /* the page before it is not touched */
    {READ_ONLY, false, false},
    {SHARED, true, true},
    {SHARED + PAGE_SIZE, true, true},
    {MANY, true, false},
    {MANY + 2 * PAGE_SIZE, true, false}, /* the last shares a page table with the one before */
};
#define TOUCHED ARRAY_SIZE(touched)

static uint8_t program[3 * PAGE_SIZE];

static inline void map_image(struct mm *mm)
{
    struct image *image;

    for (size_t i = 0; i < sizeof(program); i++)
        program[i] = (uint8_t)(i % 251);
    image = image_new(program);
    CHECK(image != NULL);
    image->segments_n = 2;
    image->segments[0] = (struct image_segment){TEXT, 2 * PAGE_SIZE, 2 * PAGE_SIZE, 0, VM_READ | VM_EXEC};
    image->segments[1] =
        (struct image_segment){DATA, PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, VM_READ | VM_WRITE};
    CHECK_EQ(image_map(image, mm), 0);
    image_drop(image);
}

static inline struct mm *parent_new(void)
{
    struct mm *mm;

    host_mm_start();
    mm = host_mm_new();
    map_image(mm);
    host_map(mm, PRIVATE, 5, VM_READ | VM_WRITE, NULL);
    host_map(mm, READ_ONLY, 1, VM_READ, NULL);
    host_map(mm, SHARED, 3, VM_READ | VM_WRITE | VM_SHARED, shmem_new(mm->lineage));
    host_map(mm, UNTOUCHED, 2, VM_READ | VM_WRITE, NULL);
    for (size_t i = 0; i < MANY_REGIONS; i++)
        host_map(mm, MANY + i * 2 * PAGE_SIZE, 1, VM_READ | VM_WRITE, NULL);
    for (size_t i = 0; i < TOUCHED; i++) {
        if (touched[i].writable)
            host_write(mm, touched[i].va, (uint8_t)(0x10 + i));
        else
            host_read(mm, touched[i].va);
    }
    return mm;
}

/* One page of private memory, for tests with many address spaces. */
static inline struct mm *small_parent_new(void)
{
    struct mm *mm;

    host_mm_start();
    mm = host_mm_new();
    host_map(mm, PRIVATE, 1, VM_READ | VM_WRITE, NULL);
    host_write(mm, PRIVATE, 0xAA);
    return mm;
}

struct snapshot {
    uint8_t bytes[TOUCHED][PAGE_SIZE];
};

static inline void snapshot_take(struct snapshot *snapshot, struct mm *mm)
{
    enum mm_outcome outcome;

    for (size_t i = 0; i < TOUCHED; i++)
        memcpy(snapshot->bytes[i], host_byte(mm, touched[i].va, false, &outcome), PAGE_SIZE);
}

static inline void snapshot_check(const struct snapshot *snapshot, struct mm *mm)
{
    enum mm_outcome outcome;

    for (size_t i = 0; i < TOUCHED; i++)
        CHECK_EQ(memcmp(snapshot->bytes[i], host_byte(mm, touched[i].va, false, &outcome), PAGE_SIZE), 0);
}

/* For check_world(): how many entries map each frame, how many directories have each table, and whether an
 * object has a reference to the frame too. */
static uint32_t mappings[HOST_FRAMES], directories[HOST_FRAMES];
static bool stored[HOST_FRAMES];

/* `again`: the entry is in a table that was found in an earlier address space. */
static inline void check_entry(const struct vma *vma, pte_t pte, bool again)
{
    struct page *page = phys_to_page(pte_frame(pte));
    bool writable = (vma->flags & VM_WRITE) != 0, shared = (vma->flags & VM_SHARED) != 0;

    mappings[page_to_pfn(page)] += !again;
    stored[page_to_pfn(page)] |= vma->object != NULL && (shared || !writable);
    CHECK(!pte_writable(pte) || writable);
    CHECK(!pte_cow(pte) || (writable && !shared && !pte_writable(pte)));
    CHECK(!pte_writable(pte) || shared ||
          page->count == 1); /* a private page that is writable has no other sharer */
}

static inline size_t check_region(struct mm *mm, const struct vma *vma)
{
    size_t present = 0;

    for (uintptr_t va = vma->start; va < vma->end; va += PAGE_SIZE) {
        pte_t *pte = pte_find(mm->pgdir, va);

        if (pte == NULL || !pte_present(*pte))
            continue;
        check_entry(vma, *pte, directories[page_to_pfn(pgtable_of(pte))] > 1);
        present++;
    }
    return present;
}

/* Check that a table counts its entries and knows their bounds, and that it is writable for its only
 * directory. Returns how many are in use. */
static inline size_t check_table(struct mm *mm, uintptr_t va, const pte_t *table)
{
    const struct page *page = pgtable_of(table);
    size_t used = 0;

    for (size_t i = 0; i < PGTABLE_ENTRIES; i++) {
        used += table[i] != 0;
        CHECK(table[i] == 0 || (i >= page->table.low && i < page->table.high));
    }
    CHECK_EQ(page->table_used, used);
    CHECK(page->count == 1 || !pgdir_permits_writes(mm->pgdir, va));
    directories[page_to_pfn(page)]++;
    return used;
}

static inline size_t check_tables(struct mm *mm)
{
    size_t used = 0, n;

    for (uintptr_t va = 0; va < KERNBASE; va += n * PAGE_SIZE) {
        const pte_t *table = pte_run(mm->pgdir, va, KERNBASE, &n);

        if (table != NULL)
            used += check_table(mm, va, table);
    }
    return used;
}

/* Check all address spaces: each present entry is in a region and owns one reference, each directory one to
 * each of its tables, and there are no other references. */
static inline void check_world(struct mm *const *mms, size_t n)
{
    memset(mappings, 0, sizeof(mappings));
    memset(stored, 0, sizeof(stored));
    memset(directories, 0, sizeof(directories));
    for (size_t i = 0; i < n; i++) {
        size_t used = check_tables(mms[i]), present = 0;

        for (struct vma *vma = vma_first(&mms[i]->vmas); vma != NULL; vma = vma_next(vma))
            present += check_region(mms[i], vma);
        CHECK_EQ(mm_page_count(mms[i]), present);
        CHECK_EQ(used, present);
    }
    for (size_t pfn = 0; pfn < page_frames; pfn++) {
        if (directories[pfn] != 0)
            CHECK_EQ(page_array[pfn].count, directories[pfn]);
        if (mappings[pfn] != 0)
            CHECK_EQ(page_array[pfn].count, mappings[pfn] + stored[pfn]);
    }
}

static inline void end(struct mm *parent, struct mm *child)
{
    host_mm_drop(child);
    check_world(&parent, 1);
    host_mm_drop(parent);
    host_mm_check_all_back();
}

TEST(each_side_reads_what_was_there)
{
    static struct snapshot snapshot;
    struct mm *parent = parent_new(), *child;

    snapshot_take(&snapshot, parent);
    child = host_mm_dup(parent);
    check_world((struct mm *[]){parent, child}, 2);
    snapshot_check(&snapshot, child);
    snapshot_check(&snapshot, parent);
    CHECK_EQ(child->vmas.n, parent->vmas.n);
    CHECK_EQ(child->brk_start, parent->brk_start);
    CHECK_EQ(child->brk, parent->brk);
    CHECK_EQ(child->count, 1);
    end(parent, child);
}

static __attribute__((noinline)) struct pgdir *take_directory(void)
{
    struct pgdir *pgdir = pgtable_new();

    CHECK(pgdir != NULL);
    return pgdir;
}

/* The ledger names the caller of pgtable_new(), also if the directory was cached. */
TEST(a_cached_table_belongs_to_its_new_caller)
{
    struct pgdir *pgdir;
    uintptr_t first;

    host_mm_start();
    pgdir = take_directory();
    first = virt_to_page(pgdir)->caller;
    pgtable_free(pgdir);
    CHECK_EQ(pgtable_new(), pgdir); /* the same one, from the cache */
    CHECK(virt_to_page(pgdir)->caller != first);
    pgtable_free(pgdir);
    CHECK_EQ(take_directory(), pgdir);
    CHECK_EQ(virt_to_page(pgdir)->caller, first);
    pgtable_free(pgdir);
    host_mm_check_all_back();
}

/* D15: memory that was not accessed before the fork is zero, and private to each side. */
TEST(untouched_pages_are_zero_on_each_side)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    host_write(parent, UNTOUCHED, 0x77);
    CHECK_EQ(host_read(child, UNTOUCHED), 0);
    CHECK_EQ(host_read(child, UNTOUCHED + PAGE_SIZE), 0);
    host_write(child, UNTOUCHED + PAGE_SIZE, 0x78);
    CHECK_EQ(host_read(parent, UNTOUCHED + PAGE_SIZE), 0);
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* D35; and D21: the parent has just written, so its TLB still knows the pages as writable. */
TEST(a_write_is_seen_by_the_writer_only)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    for (size_t i = 0; i < TOUCHED; i++) {
        if (touched[i].writable && !touched[i].shared)
            host_write(parent, touched[i].va, (uint8_t)(0x80 + i));
    }
    for (size_t i = 0; i < TOUCHED; i++) {
        if (!touched[i].writable || touched[i].shared)
            continue;
        CHECK_EQ(host_read(child, touched[i].va), 0x10 + i);
        host_write(child, touched[i].va, (uint8_t)(0xC0 + i));
        CHECK_EQ(host_read(parent, touched[i].va), 0x80 + i);
    }
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

TEST(the_child_may_write_first)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    host_write(child, PRIVATE, 0x55);
    CHECK_EQ(host_read(parent, PRIVATE), 0x13);
    host_write(parent, PRIVATE, 0x66);
    CHECK_EQ(host_read(child, PRIVATE), 0x55);
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* One byte is written, and the rest of the page is what it was. */
TEST(a_page_that_is_written_keeps_its_other_bytes)
{
    static struct snapshot snapshot;
    struct mm *parent = parent_new(), *child;

    snapshot_take(&snapshot, parent);
    child = host_mm_dup(parent);
    for (size_t i = 0; i < TOUCHED; i++) {
        if (!touched[i].writable || touched[i].shared)
            continue;
        host_poke(child, touched[i].va + 2000, 0xFF);
        host_poke(parent, touched[i].va + 3000, 0xFF);
        snapshot.bytes[i][2000] = 0xFF;
    }
    snapshot_check(&snapshot, child);
    end(parent, child);
}

/* D79, P09 */
TEST(read_only_pages_stay_shared_and_read_only)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    for (size_t i = 0; i < TOUCHED; i++) {
        if (touched[i].writable)
            continue;
        CHECK_EQ(host_frame(child, touched[i].va), host_frame(parent, touched[i].va));
        CHECK_EQ(host_failure(child, touched[i].va, true), MM_SEGV);
        CHECK_EQ(host_failure(parent, touched[i].va, true), MM_SEGV);
    }
    end(parent, child);
}

/* P04, P10; P27: it is freed with its last address space. */
TEST(shared_memory_is_one_memory)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent), *grandchild = host_mm_dup(child);

    host_write(child, SHARED, 0x91);
    CHECK_EQ(host_read(parent, SHARED), 0x91);
    host_write(parent, SHARED + PAGE_SIZE, 0x92);
    CHECK_EQ(host_read(grandchild, SHARED + PAGE_SIZE), 0x92);
    host_write(grandchild, SHARED + 2 * PAGE_SIZE, 0x93); /* not accessed before */
    CHECK_EQ(host_read(parent, SHARED + 2 * PAGE_SIZE), 0x93);
    CHECK_EQ(host_frame(parent, SHARED), host_frame(grandchild, SHARED));
    check_world((struct mm *[]){parent, child, grandchild}, 3);
    host_mm_drop(grandchild);
    end(parent, child);
}

/* D80: the pages of the child stay when its parent ends. */
TEST(the_child_outlives_its_parent)
{
    static struct snapshot snapshot;
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    snapshot_take(&snapshot, parent);
    host_mm_drop(parent);
    check_world(&child, 1);
    snapshot_check(&snapshot, child);
    host_write(child, PRIVATE, 0x44);
    host_mm_drop(child);
    host_mm_check_all_back();
}

/* D06, D10, D73: memory runs out at each possible point of a fork. The parent keeps every byte and can write
 * without free memory, and no frame is lost. */
TEST(without_memory_the_parent_is_untouched)
{
    static struct snapshot snapshot;
    struct mm *parent = parent_new(), *child = NULL;
    size_t frames, used = kmem_used_bytes();
    int error;

    snapshot_take(&snapshot, parent);
    for (frames = 0; child == NULL; frames++) {
        host_leave_frames(frames);
        child = mm_dup(parent, &error);
        if (child == NULL) {
            CHECK_EQ(error, -E_NO_MEM);
            host_shrink();
            CHECK_EQ(page_free_count(), frames);
            CHECK_EQ(kmem_used_bytes(), used);
            snapshot_check(&snapshot, parent);
            check_world(&parent, 1);
            for (size_t i = 0; i < TOUCHED; i++) {
                if (touched[i].writable)
                    host_write(parent, touched[i].va, (uint8_t)(0x10 + i));
            }
            CHECK_EQ(page_free_count(), frames);
            snapshot_check(&snapshot, parent);
        }
        host_give_frames();
    }
    CHECK(frames > FORK_FRAMES);
    snapshot_check(&snapshot, host_locked(child));
    end(parent, child);
}

static int points_left;

/* The process is killed while it lets others run at the last of so many points. */
static inline void die_at_point(void)
{
    host_point_result = points_left-- > 0 ? 0 : -E_KILLED;
}

/* D93: a process that was killed does not go on with its fork, and its memory is as before. */
TEST(a_fork_of_the_killed_stops_and_is_undone)
{
    static struct snapshot snapshot;
    struct mm *parent = parent_new(), *child = NULL;
    int points, error = 0;

    snapshot_take(&snapshot, parent);
    for (points = 0; child == NULL; points++) {
        points_left = points;
        host_points_begin(die_at_point, 0);
        child = mm_dup(parent, &error);
        host_points_end();
        CHECK_EQ(error, child != NULL ? 0 : -E_KILLED);
        snapshot_check(&snapshot, parent);
        if (child == NULL)
            check_world(&parent, 1);
    }
    CHECK(points > MANY_REGIONS); /* one for each region that is copied, at least */
    end(parent, host_locked(child));
}

/* An address space whose region at MANY is being removed. */
static struct mm *unmapping;
static int refused;

static inline void access_what_is_gone(void)
{
    pte_t *pte = pte_find(unmapping->pgdir, MANY);

    if (pte == NULL || *pte != 0 || refused != 0)
        return;
    refused++;
    CHECK_EQ(host_failure(unmapping, MANY, false), MM_SEGV);
}

/* D93: at a point of munmap another process of the same memory runs. It cannot access what was removed. */
TEST(nothing_that_is_gone_is_accessed_at_a_point)
{
    enum { LENGTH = 600 };
    struct mm *mm = small_parent_new();

    host_map(mm, MANY, LENGTH + 1, VM_READ | VM_WRITE, NULL); /* the page table stays */
    host_write(mm, MANY, 0x11);
    host_write(mm, MANY + (LENGTH - 1) * PAGE_SIZE, 0x22);
    unmapping = mm;
    refused = 0;
    host_points_begin(access_what_is_gone, 0);
    CHECK_EQ(mm_munmap(mm, MANY, LENGTH * PAGE_SIZE), 0);
    host_points_end();
    CHECK_EQ(refused, 1);
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* Its frame was another thing before, which used the same words of struct page. */
TEST(a_new_page_table_has_no_entries)
{
    struct page *before[8];
    struct mm *mm = small_parent_new();

    host_shrink();
    for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
        before[i] = page_alloc(PAGE_HEAP);
        before[i]->table_used = 77;
        before[i]->table.high = 0xFFFF;
        before[i]->table_has_shmem = true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(before); i++)
        page_drop(before[i]);
    host_map(mm, MANY, 1, VM_READ | VM_WRITE, NULL);
    host_write(mm, MANY, 0x11);
    check_world(&mm, 1);
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* What is scanned is the part between the first and the last entry that may be in use. */
TEST(a_page_table_that_loses_entries_is_scanned_less)
{
    struct mm *mm = small_parent_new();

    host_map(mm, MANY, 600, VM_READ | VM_WRITE, NULL);
    host_write(mm, MANY, 0x11);
    host_write(mm, MANY + 300 * PAGE_SIZE, 0x22);
    host_write(mm, MANY + 599 * PAGE_SIZE, 0x33);
    const struct page *table = pgtable_of(pte_find(mm->pgdir, MANY));
    CHECK_EQ(mm_munmap(mm, MANY + 400 * PAGE_SIZE, 200 * PAGE_SIZE), 0);
    CHECK_EQ(table->table.low, 0);
    CHECK_EQ(table->table.high, 400);
    CHECK_EQ(mm_munmap(mm, MANY, 10 * PAGE_SIZE), 0);
    CHECK_EQ(table->table.low, 10);
    CHECK_EQ(table->table.high, 400);
    CHECK_EQ(mm_munmap(mm, MANY + 300 * PAGE_SIZE, PAGE_SIZE), 0); /* the last entry */
    CHECK(table->table.low >= table->table.high);
    host_mm_drop(mm);
    host_mm_check_all_back();
}

static unsigned points_passed;

static inline void count_a_point(void)
{
    points_passed++;
}

/* D93: at the end of a process, too, others run after each page table. */
TEST(a_process_that_ends_has_a_point_after_each_page_table)
{
    enum { TABLES = 5 };
    struct mm *mm = small_parent_new();

    host_map(mm, MANY, TABLES * PGTABLE_ENTRIES, VM_READ | VM_WRITE, NULL);
    for (size_t i = 0; i < TABLES; i++)
        host_write(mm, MANY + i * MMU_TABLE_SPAN, 0x11);
    struct mm *child = host_mm_dup(mm); /* which may share the tables */
    for (int i = 0; i < 2; i++) {
        points_passed = 0;
        host_points_begin(count_a_point, 0);
        host_mm_drop(i == 0 ? child : mm);
        host_points_end();
        CHECK(points_passed >= TABLES);
    }
    host_mm_check_all_back();
}

/* D06: no memory for the page, or for its page table. */
TEST(a_fault_without_memory_changes_nothing)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);
    enum mm_outcome outcome = MM_OOM;
    size_t frames;

    for (frames = 0; outcome == MM_OOM; frames++) {
        host_leave_frames(frames);
        outcome = mm_fault(child, UNTOUCHED, true);
        host_shrink();
        if (outcome == MM_OOM)
            CHECK_EQ(page_free_count(), frames);
        host_give_frames();
    }
    CHECK_EQ(outcome, MM_FILL);
    CHECK_EQ(frames, 3); /* it needs two: a page and a table */
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* D78: the child of a child of a child ... */
TEST(sixteen_generations_keep_their_own)
{
    struct mm *line[17] = {small_parent_new()};

    for (size_t i = 1; i < ARRAY_SIZE(line); i++) {
        line[i] = host_mm_dup(line[i - 1]);
        CHECK_EQ(host_read(line[i], PRIVATE), 0xAA);
    }
    check_world(line, ARRAY_SIZE(line));
    for (size_t i = ARRAY_SIZE(line); i-- > 0;)
        host_write(line[i], PRIVATE, (uint8_t)i);
    for (size_t i = 0; i < ARRAY_SIZE(line); i++)
        CHECK_EQ(host_read(line[i], PRIVATE), i);
    check_world(line, ARRAY_SIZE(line));
    for (size_t i = 0; i < ARRAY_SIZE(line); i++)
        host_mm_drop(line[i]);
    host_mm_check_all_back();
}

/* The same with a write in each generation: the page changes hands before it is shared again. */
TEST(each_generation_inherits_from_the_last)
{
    struct mm *line[17] = {small_parent_new()};

    for (size_t i = 1; i < ARRAY_SIZE(line); i++) {
        line[i] = host_mm_dup(line[i - 1]);
        CHECK_EQ(host_read(line[i], PRIVATE), i == 1 ? 0xAA : i - 1);
        host_write(line[i], PRIVATE, (uint8_t)i);
    }
    for (size_t i = 1; i < ARRAY_SIZE(line); i++)
        CHECK_EQ(host_read(line[i], PRIVATE), i);
    check_world(line, ARRAY_SIZE(line));
    for (size_t i = 0; i < ARRAY_SIZE(line); i++)
        host_mm_drop(line[i]);
    host_mm_check_all_back();
}

/* D77: more than 8 bits can count. */
TEST(three_hundred_sharers)
{
    static struct mm *all[301];

    all[0] = small_parent_new();
    for (size_t i = 1; i < ARRAY_SIZE(all); i++)
        all[i] = host_mm_dup(all[0]);
    check_world(all, ARRAY_SIZE(all));
    for (size_t i = 1; i < ARRAY_SIZE(all); i += 2)
        host_write(all[i], PRIVATE, (uint8_t)i);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        CHECK_EQ(host_read(all[i], PRIVATE), i % 2 == 0 ? 0xAA : (uint8_t)i);
    check_world(all, ARRAY_SIZE(all));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        host_mm_drop(all[i]);
    host_mm_check_all_back();
}

TEST(an_address_space_is_not_freed_while_locked)
{
    host_mm_start();
    struct mm *mm = host_mm_new();
    CHECK(PANICS("an address space is freed while its lock is held", mm_drop(mm)));
    host_mm_drop(mm);
    host_mm_check_all_back();
}

TEST(random_processes_against_arrays)
{
    const struct look look = {host_read, check_world, 200};

    host_mm_start();
    random_lives(random_first(PRIVATE), PRIVATE, &look);
    host_mm_check_all_back();
}

#endif
