/* SPDX-License-Identifier: MIT */
/*
 * cow.c without mm: entries that are made by hand, each at the edge of a rule, and every word of the reports.
 * test_cow.c has them in address spaces.
 */
#include "check/cow.h"

#include "host_kernel.h"

enum { FROM = 1, TO, FROM_TABLE, TO_TABLE, DATA, OTHER, FRAMES }; /* frames */

#define VA (USERTOP - 2 * PAGE_SIZE)
#define TOP (USERTOP - PAGE_SIZE)
#define SHARED (DATA * PAGE_SIZE | PTE_P | PTE_U | PTE_COW)
#define OWN (DATA * PAGE_SIZE | PTE_P | PTE_U | PTE_W)

uint32_t mmu_flushes;
static uint32_t counts[FRAMES], found[FRAMES];

static struct pgdir *const from_dir = (void *)(host_memory + FROM * PAGE_SIZE);
static struct pgdir *const to_dir = (void *)(host_memory + TO * PAGE_SIZE);
static const struct cow_region stack = {.start = VA, .end = USERTOP, .writable = true},
                               text = {.start = VA, .end = USERTOP},
                               shared = {.start = VA, .end = USERTOP, .shared = true, .writable = true};
static const struct cow_who parent = {2, "parent"}, child = {3, "child"};
static struct cow_fork a_fork;
static paddr_t asked_frame; /* who maps it, at which address */
static uintptr_t asked_va;

static void site(void)
{
}

static uint32_t sharers(paddr_t frame)
{
    return counts[frame / PAGE_SIZE];
}

static uint32_t find(paddr_t frame)
{
    return found[frame / PAGE_SIZE];
}

static const char *what(const struct cow_region *region)
{
    return region->shared ? "shared memory" : "the stack";
}

static void who(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other)
{
    asked_frame = frame;
    asked_va = va;
    *running = parent;
    *other = child;
}

static void who_is_alone(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other)
{
    (void)frame, (void)va, (void)other;
    *running = parent;
}

static pte_t *entry(uint32_t table, uintptr_t va)
{
    return (pte_t *)(void *)(host_memory + table * PAGE_SIZE) + va / PAGE_SIZE % 1024;
}

static void start(void)
{
    memset(host_memory, 0, FRAMES * PAGE_SIZE);
    from_dir->entries[VA >> 22] = FROM_TABLE * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
    to_dir->entries[VA >> 22] = TO_TABLE * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
    for (size_t i = 0; i < FRAMES; i++)
        counts[i] = 2;
    memset(found, 0, sizeof(found));
    a_fork = (struct cow_fork){from_dir, to_dir, parent, child, false};
    mmu_flushes = 7;
    cow_begin((uintptr_t)site);
    mmu_flushes++;
    cow_countable = 0;
    host_name("copy_range", site);
    cow_set_mm(sharers, find, what);
    cow_set_who(who);
    console_clear();
}

#define SAYS_AFTER(message, after, statement) \
    CHECK(PANICS("# kernel check failed: " message "\n    " after "\n# the report ends\n", statement))
#define SAYS(message, rule, statement) \
    SAYS_AFTER(message, "the entry was made at copy_range; " rule, statement)

#define HAS_USER "every entry of user memory has PTE_U, or each access faults again"
#define READ_ONLY "a frame that two entries of private memory map is read-only (PTE_COW) in both"
#define NO_WRITE "an entry of a region without VM_WRITE has no PTE_W"
#define OWNS "each entry that maps a frame owns a reference: page_hold()"
#define GIVES_BACK \
    "each entry that maps a frame owns one reference, and gives it back: page_hold(), page_drop()"

static void check_one(const struct cow_region *region, uintptr_t va, pte_t pte)
{
    *entry(FROM_TABLE, va) = pte;
    cow_check_region(region, from_dir);
}

TEST(an_entry_that_keeps_the_rules)
{
    start();
    check_one(&stack, VA, SHARED);
    check_one(&text, VA, SHARED);
    check_one(&shared, VA, OWN);
    check_one(&stack, VA, 0x123000); /* on the disk: it has no rights */
    counts[DATA] = 1;
    check_one(&stack, VA, OWN);
    check_one(&text, VA, SHARED);
}

TEST(an_entry_that_breaks_one)
{
    start();
    SAYS("pid 2 \"parent\" cannot access its page 0xafffe000 (a page of the stack): the entry has no PTE_U",
         HAS_USER, check_one(&stack, VA, SHARED & ~PTE_U));
    SAYS("pid 2 \"parent\" cannot access its page 0xaffff000 (the stack's top page): the entry has no PTE_U",
         HAS_USER, check_one(&stack, TOP, SHARED & ~PTE_U));
    SAYS(
        "pid 2 \"parent\" can write to page 0xafffe000 (a page of the stack), which pid 3 \"child\" maps too",
        READ_ONLY, check_one(&stack, VA, OWN));
    SAYS("pid 2 \"parent\" cannot access its page 0xafffe000 (a page of shared memory): the entry has no "
         "PTE_U",
         HAS_USER, check_one(&shared, VA, OWN & ~PTE_U));
    counts[DATA] = 1;
    SAYS("pid 2 \"parent\" can write to page 0xafffe000 (a page of the stack), although its region permits "
         "no writes",
         NO_WRITE, check_one(&text, VA, OWN));
}

TEST(a_process_without_a_name_is_another)
{
    start();
    cow_set_who(who_is_alone);
    SAYS(
        "pid 2 \"parent\" can write to page 0xafffe000 (a page of the stack), which another process maps too",
        READ_ONLY, check_one(&stack, VA, OWN));
    cow_set_who(NULL);
    SAYS("another process can write to page 0xafffe000 (a page of the stack), which another process maps too",
         READ_ONLY, check_one(&stack, VA, OWN));
}

static void check_pair(const struct cow_region *region, pte_t from, pte_t to)
{
    *entry(FROM_TABLE, VA) = from;
    *entry(TO_TABLE, VA) = to;
    cow_check_fork(region, &a_fork);
}

TEST(two_sides_of_a_fork_that_keep_the_rules)
{
    const pte_t other = OTHER * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
    start();
    check_pair(&stack, SHARED, SHARED);
    check_pair(&stack, SHARED | PTE_A, SHARED | PTE_D);
    check_pair(&stack, OWN, other); /* a copy */
    check_pair(&stack, 0, other);   /* the child has more */
    check_pair(&stack, 0x123000, 0x123000);
    check_pair(&stack, 0x123000, SHARED);
    check_pair(&shared, OWN, OWN);
    check_pair(&text, SHARED, SHARED);
    counts[DATA] = UINT32_MAX;
    check_pair(&stack, SHARED, SHARED);
    a_fork.threads = true; /* which may write to the page meanwhile */
    host_memory[DATA * PAGE_SIZE] = 1;
    check_pair(&stack, OWN, other);
}

TEST(two_sides_of_a_fork_that_break_one)
{
    const pte_t other = OTHER * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
    start();
    SAYS("pid 2 \"parent\" cannot access its page 0xafffe000 (a page of the stack): the entry has no PTE_U",
         HAS_USER, check_pair(&stack, SHARED & ~PTE_U, SHARED & ~PTE_U));
    SAYS("pid 2 \"parent\" cannot access its page 0xafffe000 (a page of the stack): the entry has no PTE_U",
         HAS_USER, check_pair(&stack, OWN, other & ~PTE_U));
    SAYS("its child pid 3 \"child\" can write to page 0xafffe000 (a page of the stack), although its region "
         "permits "
         "no writes",
         NO_WRITE, check_pair(&text, SHARED, other));
    SAYS("pid 2 \"parent\" can write to page 0xafffe000 (a page of the stack), which its child pid 3 "
         "\"child\" maps too",
         READ_ONLY, check_pair(&stack, OWN, OWN));
    SAYS("its child pid 3 \"child\" can write to page 0xafffe000 (a page of the stack), which pid 2 "
         "\"parent\" maps too",
         READ_ONLY, check_pair(&stack, SHARED, OWN));
    SAYS_AFTER(
        "page 0xafffe000 (a page of the stack) of pid 2 \"parent\" is not in its child pid 3 \"child\"",
        "after copy_range; fork gives the child every page of the parent, shared or copied: copy_range()",
        check_pair(&stack, SHARED, 0));
    SAYS("page 0xafffe000 (a page of shared memory) of pid 2 \"parent\" has other bytes in its child pid 3 "
         "\"child\"",
         "a child begins with the bytes of its parent: cpu_copy_page()", check_pair(&shared, OWN, other));
    host_memory[OTHER * PAGE_SIZE + PAGE_SIZE - 1] = 1;
    SAYS("page 0xafffe000 (a page of the stack) of pid 2 \"parent\" has other bytes in its child pid 3 "
         "\"child\"",
         "a child begins with the bytes of its parent: cpu_copy_page()", check_pair(&stack, OWN, other));
    counts[DATA] = 1;
    SAYS("the frame of page 0xafffe000 (a page of the stack) has 1 reference, but pid 2 \"parent\" and its "
         "child pid "
         "3 \"child\" map it",
         OWNS, check_pair(&stack, SHARED, SHARED));
    counts[DATA] = 0;
    SAYS("the frame of page 0xafffe000 (a page of the stack) has 0 references, but pid 2 \"parent\" and its "
         "child pid "
         "3 \"child\" map it",
         OWNS, check_pair(&stack, SHARED, SHARED));
}

TEST(a_child_without_the_page_table_has_no_page)
{
    start();
    to_dir->entries[VA >> 22] = 0;
    cow_check_fork(&stack, &a_fork);
    *entry(FROM_TABLE, TOP) = SHARED;
    SAYS_AFTER(
        "page 0xaffff000 (the stack's top page) of pid 2 \"parent\" is not in its child pid 3 \"child\"",
        "after copy_range; fork gives the child every page of the parent, shared or copied: copy_range()",
        cow_check_fork(&stack, &a_fork));
}

TEST(no_side_can_write_below_a_page_table_of_both)
{
    start();
    cow_set_who(NULL); /* the fork names both */
    *entry(FROM_TABLE, VA) = SHARED;
    to_dir->entries[VA >> 22] = from_dir->entries[VA >> 22] &= ~PTE_W;
    cow_check_fork(&stack, &a_fork);
    *entry(FROM_TABLE, TOP) =
        OWN; /* as before the fork: the directory forbids writes, and there is one entry */
    counts[DATA] = 1;
    cow_check_fork(&stack, &a_fork);
    to_dir->entries[VA >> 22] |= PTE_W;
    SAYS("its child pid 3 \"child\" can write to page 0xafffe000 (a page of the stack), which pid 2 "
         "\"parent\" maps too",
         READ_ONLY, cow_check_fork(&stack, &a_fork));
    from_dir->entries[VA >> 22] |= PTE_W;
    SAYS("pid 2 \"parent\" can write to page 0xafffe000 (a page of the stack), which its child pid 3 "
         "\"child\" maps too",
         READ_ONLY, cow_check_fork(&stack, &a_fork));
    to_dir->entries[VA >> 22] &= ~PTE_W;
    SAYS("pid 2 \"parent\" can write to page 0xafffe000 (a page of the stack), which its child pid 3 "
         "\"child\" maps too",
         READ_ONLY, cow_check_fork(&stack, &a_fork));
}

/* Two entries are counted for each pair, as long as there is something left to count. */
TEST(entries_are_counted_in_the_rehearsal)
{
    const pte_t other = OTHER * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
    start();
    counts[DATA] = 3;
    found[DATA] = found[OTHER] = 2;
    cow_countable = 1;
    check_pair(&stack, SHARED, SHARED);
    CHECK_EQ(cow_countable, 1);
    cow_countable = 2;
    SAYS("the frame of page 0xafffe000 (a page of the stack) of pid 2 \"parent\" has 3 references, but 2 "
         "entries map it",
         GIVES_BACK, check_pair(&stack, SHARED, SHARED));
    found[DATA] = 1;
    SAYS("the frame of page 0xafffe000 (a page of the stack) of pid 2 \"parent\" has 3 references, but 1 "
         "entry maps it",
         GIVES_BACK, check_pair(&stack, SHARED, SHARED));
    found[DATA] = 3;
    cow_countable = 9;
    check_pair(&stack, SHARED, SHARED);
    CHECK_EQ(cow_countable, 7);
    found[DATA] = 0; /* not all can be found */
    check_pair(&stack, OWN, other);
    CHECK_EQ(cow_countable, 5);
    counts[OTHER] = 3;
    SAYS("the frame of page 0xafffe000 (a page of the stack) of pid 2 \"parent\" has 3 references, but 2 "
         "entries map it",
         GIVES_BACK, check_pair(&stack, OWN, other));
}

TEST(the_copy_of_a_page_table_has_its_entries)
{
    const pte_t table[] = {SHARED, SHARED, 0, 0x123000};
    pte_t copy[] = {SHARED | PTE_A, SHARED | PTE_D, 0, 0x123000};
    start();
    cow_check_table_copy(VA, table, copy, 4);
    copy[3] = 0;
    SAYS("page 0xb0001000 of the page table that pid 2 \"parent\" shared is not in its copy",
         "the copy has each entry of the table: share_run()", cow_check_table_copy(VA, table, copy, 4));
    copy[3] = table[3];
    copy[2] = SHARED;
    SAYS("page 0xb0000000 of the page table that pid 2 \"parent\" shared is not in its copy",
         "the copy has each entry of the table: share_run()", cow_check_table_copy(VA, table, copy, 4));
    copy[2] = 0;
    counts[DATA] = 1;
    SAYS("the frame of page 0xafffe000 has 1 reference, but pid 2 \"parent\" and pid 3 \"child\" map it",
         OWNS, cow_check_table_copy(VA, table, copy, 4));
}

TEST(the_middle_of_a_large_table_is_not_looked_at)
{
    enum { N = 2 * COW_WINDOW + 2 };
    pte_t table[N], copy[N];
    start();
    for (size_t n = 2 * COW_WINDOW - 1; n <= N; n++) {
        for (size_t i = 0; i < N; i++)
            table[i] = copy[i] = SHARED;
        for (size_t i = 0; i < n; i++) {
            copy[i] = 0;
            if (i < COW_WINDOW || i >= n - COW_WINDOW)
                CHECK(PANICS("is not in its copy", cow_check_table_copy(VA, table, copy, n)));
            else
                cow_check_table_copy(VA, table, copy, n);
            copy[i] = SHARED;
        }
    }
}

TEST(the_end_of_a_fork)
{
    start();
    cow_check_flushed(&a_fork, 5);
    cow_check_fork_done(&a_fork, 5, 5);
    SAYS("pid 2 \"parent\" has 5 pages, but its child pid 3 has 6",
         "fork gives the child every page of the parent, shared or copied",
         cow_check_fork_done(&a_fork, 5, 6));
    SAYS("the fork by pid 2 \"parent\" overwrote its page 0xaffff000 (the stack's top page): the copy was "
         "made in the "
         "wrong direction",
         "cpu_copy_page(to, from)", cow_overwritten(TOP));
    cow_begin((uintptr_t)site);
    cow_check_flushed(&a_fork, 0);
    SAYS("fork of pid 2 \"parent\": the TLB was not flushed, so it can still write to pages that its child "
         "pid 3 shares",
         "after entries lose PTE_W: mmu_flush_all()", cow_check_flushed(&a_fork, 1));
}

static struct cow_fault fault;

static void serve(pte_t before, bool write, pte_t now, bool copied)
{
    fault = (struct cow_fault){.pgdir = from_dir, .va = VA, .write = write, .before = before, .count = 2};
    if (pte_present(before))
        cow_fault_sample(&fault);
    cow_fault_check(&fault, &stack, &now, copied);
}

#define SAME "a fault that is served changes the entry, or flushes it from the TLB: mmu_flush_page()"

/* The CPU sets accessed and dirty: that is no progress of the fault. */
TEST(the_third_fault_that_changes_nothing)
{
    static const pte_t set[] = {0, PTE_A, PTE_D, PTE_A | PTE_D};
    start();
    counts[DATA] = 1;
    for (size_t i = 0; i < ARRAY_SIZE(set); i++) {
        serve(OWN, true, OWN | set[i], false);
        serve(OWN, true, OWN | set[i], false);
        SAYS("pid 2 \"parent\" faults again and again writing to page 0xafffe000 (a page of the stack): "
             "nothing "
             "changed between 3 faults",
             SAME, serve(OWN, true, OWN | set[i], false));
        serve(OWN, false, OWN, false); /* another one is the first of its own */
        serve(OWN, false, OWN, false);
        SAYS("pid 2 \"parent\" faults again and again reading page 0xafffe000 (a page of the stack): nothing "
             "changed between 3 faults",
             SAME, serve(OWN, false, OWN, false));
        serve(SHARED, true, OWN, false); /* progress */
        serve(OWN, false, OWN, false);
        serve(OWN, false, OWN, false);
    }
}

TEST(faults_before_a_fork_do_not_count)
{
    start();
    counts[DATA] = 1;
    cow_check_flushed(&a_fork, 0);
    for (int i = 0; i < 3; i++) {
        serve(OWN, true, OWN, false);
        serve(OWN, true, OWN, false);
        cow_check_flushed(&a_fork, 0);
    }
}

TEST(a_fault_is_not_served_if_the_access_would_fault_again)
{
    start();
    counts[DATA] = 1;
    serve(0, false, SHARED, false);
    serve(0x123000, true, SHARED, false); /* from the disk: the write faults once more */
    SAYS("the fault of pid 2 \"parent\" at page 0xafffe000 (a page of the stack) was served, but the page is "
         "still not "
         "there",
         "the access is retried, and faults again for ever", serve(0, false, 0, false));
    SAYS("the fault of pid 2 \"parent\" at page 0xafffe000 (a page of the stack) was served, but the page is "
         "still "
         "read-only",
         "the access is retried, and faults again for ever", serve(SHARED, true, SHARED, false));
    SAYS("pid 2 \"parent\" may write to page 0xafffe000 (a page of the stack), but the entry still has "
         "PTE_COW",
         "PTE_COW says that a write faults: the entry loses it when it gets PTE_W",
         serve(SHARED, true, OWN | PTE_COW, false));
    SAYS("pid 2 \"parent\" cannot access its page 0xafffe000 (a page of the stack): the entry has no PTE_U",
         HAS_USER, serve(0, false, SHARED & ~PTE_U, false));
}

#define COPY (OTHER * PAGE_SIZE | PTE_P | PTE_U | PTE_W)

static void copy(size_t changed_word_of, uint32_t left)
{
    uint32_t *words = (void *)(host_memory + (changed_word_of / 1024) * PAGE_SIZE);
    fault = (struct cow_fault){.pgdir = from_dir, .va = VA, .write = true, .before = SHARED, .count = 3};
    cow_fault_sample(&fault);
    const pte_t now = COPY;
    counts[DATA] = left;
    counts[OTHER] = 1;
    words[changed_word_of % 1024]++;
    cow_fault_check(&fault, &stack, &now, true);
}

/* Two words of a page are compared, 16 bytes before its end and in the middle. */
TEST(a_copy_that_is_wrong)
{
    start();
    copy(1024 * DATA + 5, 2);
    SAYS("pid 2 \"parent\" got a copy of page 0xafffe000 (a page of the stack), but the frame that it shared "
         "with "
         "pid 3 \"child\" still has 3 references instead of 2",
         "the entry's reference to the old frame is dropped: page_drop()", copy(1024 * DATA + 5, 3));
    for (size_t word = 512; word <= 1020; word += 1020 - 512) {
        SAYS("the copy of page 0xafffe000 (a page of the stack) for pid 2 \"parent\" overwrote the page of "
             "pid 3 "
             "\"child\": it was made in the wrong direction",
             "cpu_copy_page(to, from)", copy(1024 * DATA + word, 2));
        SAYS("the copy of page 0xafffe000 (a page of the stack) for pid 2 \"parent\" does not have the bytes "
             "that "
             "pid 3 \"child\" sees",
             "a copy has the bytes of its page: cpu_copy_page(to, from)", copy(1024 * OTHER + word, 2));
    }
}

TEST(pages_that_were_copied_for_nothing_are_counted)
{
    start();
    CHECK(cow_report());
    counts[DATA] = counts[OTHER] = 1;
    for (uint32_t slot = 0; slot < 2; slot++) { /* one that is also on the disk is copied for a reason */
        fault = (struct cow_fault){
            .pgdir = from_dir, .va = VA, .write = true, .before = SHARED, .count = 1, .slot = !slot};
        const pte_t now = OTHER * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
        CHECK(cow_report());
        cow_fault_check(&fault, &stack, &now, true);
    }
    CHECK(asked_frame == 0 && asked_va == VA);
    console_clear();
    CHECK(!cow_report());
    CHECK_STR_EQ(
        console,
        "kernel check failed: 1 page was copied although no other process had it, the first 0xafffe000 of "
        "pid "
        "2\n    at copy_range; the last process that maps a page makes it writable again instead of copying "
        "it\n");
    const pte_t now = OTHER * PAGE_SIZE | PTE_P | PTE_U | PTE_W;
    fault.va = TOP;
    cow_set_who(NULL);
    cow_fault_check(&fault, &stack, &now, true);
    console_clear();
    CHECK(!cow_report());
    CHECK_STR_EQ(
        console,
        "kernel check failed: 2 pages were copied although no other process had them, the first 0xafffe000 "
        "of "
        "pid 2\n    at copy_range; the last process that maps a page makes it writable again instead of "
        "copying it\n");
}
