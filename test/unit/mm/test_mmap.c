/* SPDX-License-Identifier: MIT */
/*
 * mmap.c: the rights of a mapping, and the break, also where it cannot move.
 */
#include <ucow/errno.h>

#include "host_mm.h"
#include "mm/shmem.h"

#define AT 0x10000000u
#define HEAP 0x20000000u
#define MOST_ERROR 100

static struct mm *mm;

static void start(void)
{
    host_mm_start();
    mm = host_mm_new();
}

static void finish(void)
{
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* Map a page at `va`. Returns the flags of its region. */
static uint32_t mapped(uintptr_t va, unsigned prot, unsigned flags)
{
    CHECK_EQ(mm_mmap(mm, va, PAGE_SIZE, prot, flags | MAP_ANONYMOUS | MAP_FIXED), va);
    return vma_at(&mm->vmas, va)->flags;
}

TEST(a_mapping_has_the_rights_that_were_asked_for)
{
    static const struct {
        unsigned prot;
        uint32_t flags;
    } rights[] = {
        {PROT_NONE, 0},
        {PROT_READ, VM_READ},
        {PROT_WRITE, VM_WRITE},
        {PROT_EXEC, VM_EXEC},
        {PROT_READ | PROT_WRITE | PROT_EXEC, VM_READ | VM_WRITE | VM_EXEC},
    };
    start();
    for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
        CHECK_EQ(mapped(AT, rights[i].prot, MAP_PRIVATE), rights[i].flags);
        CHECK_EQ(mapped(AT, rights[i].prot, MAP_SHARED), rights[i].flags | VM_SHARED);
    }
    finish();
}

TEST(the_break_moves_or_stays)
{
    start();
    mm->brk_start = mm->brk = HEAP;
    CHECK_EQ(mm_brk(mm, 0), HEAP); /* a question */
    CHECK_EQ(mm_brk(mm, HEAP + 3 * PAGE_SIZE + 5), HEAP + 3 * PAGE_SIZE + 5);
    host_write(mm, HEAP + 3 * PAGE_SIZE, 0x11);
    CHECK_EQ(mm_brk(mm, USERTOP), HEAP + 3 * PAGE_SIZE + 5);
    CHECK_EQ(mm_brk(mm, HEAP - 1), HEAP + 3 * PAGE_SIZE + 5);
    CHECK_EQ(mm_brk(mm, HEAP + PAGE_SIZE), HEAP + PAGE_SIZE);
    CHECK_EQ(vma_at(&mm->vmas, HEAP + PAGE_SIZE), NULL);
    CHECK_EQ(mm_munmap(mm, HEAP, PAGE_SIZE), 0);
    CHECK_EQ(mm_brk(mm, HEAP), HEAP + PAGE_SIZE); /* there is nothing to move over */
    mapped(HEAP + 4 * PAGE_SIZE, PROT_READ, MAP_PRIVATE);
    CHECK_EQ(mm_brk(mm, HEAP), HEAP + PAGE_SIZE);                     /* nor is what lies above it */
    CHECK_EQ(mm_brk(mm, HEAP + 3 * PAGE_SIZE + 1), HEAP + PAGE_SIZE); /* one page stays free below it */
    CHECK_EQ(mm_brk(mm, HEAP + 3 * PAGE_SIZE), HEAP + 3 * PAGE_SIZE);
    finish();
}

/* However much is left: for the object, for its region, or for neither. */
TEST(a_mapping_without_memory_leaves_nothing)
{
    for (size_t left = 0; left < 3; left++) {
        start();
        host_leave_frames(left);
        int at;
        while ((at = (int)mm_mmap(mm, 0, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS)) < -MOST_ERROR)
            ;
        CHECK_EQ(at, -E_NO_MEM);
        host_give_frames();
        finish();
    }
}

TEST(a_region_outside_user_space_is_refused)
{
    static const uintptr_t outside[][2] = {
        {USERBASE - PAGE_SIZE, USERBASE}, {USERTOP - PAGE_SIZE, USERTOP + PAGE_SIZE}, {AT, AT}};
    start();
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        const struct vma model = {.start = outside[i][0],
                                  .end = outside[i][1],
                                  .flags = VM_READ | VM_SHARED,
                                  .object = shmem_new(mm->lineage)};
        CHECK_EQ(mm_map(mm, &model), -E_INVAL);
    }
    finish();
}

TEST(a_new_entry_counts_as_accessed)
{
    start();
    mapped(AT, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    CHECK_EQ(mm_fault(mm, AT, true), MM_FILL);
    CHECK((*pte_find(mm->pgdir, AT) & PTE_A) != 0); /* the CPU need not set it */
    finish();
}

#define ANYWHERE (MAP_PRIVATE | MAP_ANONYMOUS)
#define THERE (ANYWHERE | MAP_FIXED)

/* Both errors may apply: then the one that Linux returns. */
TEST(a_mapping_with_bad_arguments_is_refused)
{
    enum { TOP_PAGE = USERTOP - PAGE_SIZE, ALL = USERTOP - USERBASE };
    static const struct {
        uintptr_t addr;
        size_t length;
        unsigned flags;
        int error;
    } cases[] = {
        {AT, 0, ANYWHERE, -E_INVAL},
        {AT, 0, THERE, -E_INVAL},
        {AT, PAGE_SIZE, MAP_PRIVATE, -E_INVAL}, /* of a file */
        {AT, PAGE_SIZE, MAP_PRIVATE | MAP_FIXED, -E_INVAL},
        {AT, PAGE_SIZE, MAP_ANONYMOUS, -E_INVAL},
        {AT, PAGE_SIZE, ANYWHERE | MAP_SHARED, -E_INVAL},
        {AT, PAGE_SIZE, ANYWHERE | 0x100, -E_INVAL},
        {AT, ALL + 1, ANYWHERE, -E_NO_MEM},
        {AT, ALL + 1, ANYWHERE | 0x100, -E_NO_MEM},
        {AT, ALL, THERE, -E_NO_MEM},
        {USERBASE, ALL + 1, THERE, -E_NO_MEM},
        {AT + 1, PAGE_SIZE, THERE, -E_INVAL},
        {AT + 1, ALL, THERE, -E_NO_MEM},
        {USERBASE - PAGE_SIZE, PAGE_SIZE, THERE, -E_NO_MEM},
        {USERBASE - PAGE_SIZE, PAGE_SIZE, THERE | 0x100, -E_NO_MEM},
        {0, PAGE_SIZE, THERE, -E_NO_MEM},
        {TOP_PAGE, PAGE_SIZE + 1, THERE, -E_NO_MEM},
        {TOP_PAGE, 3 * PAGE_SIZE, THERE, -E_NO_MEM},
        {TOP_PAGE + 1, 1, THERE, -E_NO_MEM}, /* its pages end above */
        {USERTOP, 1, THERE, -E_NO_MEM},
    };
    start();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int error = (int)mm_mmap(mm, cases[i].addr, cases[i].length, PROT_READ, cases[i].flags);
        if (error != cases[i].error)
            fprintf(stderr, "# case %zu\n", i);
        CHECK_EQ(error, cases[i].error);
        CHECK_EQ(mm->vmas.n, 0);
    }
    CHECK_EQ(mm_mmap(mm, TOP_PAGE, 1, PROT_READ, THERE), TOP_PAGE);
    CHECK_EQ(mm_mmap(mm, USERBASE, 1, PROT_READ, THERE), USERBASE);
    CHECK_EQ(mm->vmas.n, 2);
    finish();
}

TEST(what_is_unmapped_is_in_user_space)
{
    static const struct {
        uintptr_t addr;
        size_t length;
        int error;
    } cases[] = {
        {AT + 1, PAGE_SIZE, -E_INVAL},
        {AT, 0, -E_INVAL},
        {USERTOP, PAGE_SIZE, -E_INVAL},
        {AT, USERTOP - AT + 1, -E_INVAL},
        {USERTOP - PAGE_SIZE, PAGE_SIZE + 1, -E_INVAL},
        {0, PAGE_SIZE, 0}, /* nothing is there */
        {0, USERBASE, 0},
        {AT + PAGE_SIZE, USERTOP - AT - PAGE_SIZE, 0},
    };
    start();
    mapped(AT, PROT_READ, MAP_PRIVATE);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK_EQ(mm_munmap(mm, cases[i].addr, cases[i].length), cases[i].error);
        CHECK_EQ(mm->vmas.n, 1);
    }
    CHECK_EQ(mm_munmap(mm, 0, AT + 1), 0); /* from below user space up to the page */
    CHECK_EQ(mm->vmas.n, 0);
    finish();
}

/* The wish is a hint. Without one, the highest gap below the page table of the stack, then below the stack.
 */
TEST(a_mapping_is_placed_where_there_is_room)
{
    const uintptr_t below_stack = USER_STACK_BASE - PAGE_SIZE; /* the page between is a guard */
    const uintptr_t first_top = ALIGN_DOWN(below_stack, MMU_TABLE_SPAN);
    const size_t n = 2 * PAGE_SIZE;
    start();
    host_map(mm, USER_STACK_BASE, USER_STACK_PAGES, VM_READ | VM_WRITE, NULL);
    CHECK_EQ(mm_mmap(mm, AT + 5, n - 5, PROT_READ, ANYWHERE), AT);
    CHECK_EQ(mm_mmap(mm, AT + n, n, PROT_WRITE, ANYWHERE), AT + n);   /* just above it */
    CHECK_EQ(mm_mmap(mm, AT - n, n, PROT_WRITE, ANYWHERE), AT - n);   /* just below */
    CHECK_EQ(mm_mmap(mm, AT, n, PROT_READ, ANYWHERE), first_top - n); /* it is not free */
    CHECK_EQ(mm_mmap(mm, AT - 2 * n, n + 1, PROT_READ, ANYWHERE), first_top - n - n - PAGE_SIZE);
    CHECK_EQ(mm_mmap(mm, 0, PAGE_SIZE, PROT_WRITE, ANYWHERE), first_top - 2 * n - 2 * PAGE_SIZE);
    CHECK_EQ(mm_mmap(mm, USERBASE - PAGE_SIZE, PAGE_SIZE, PROT_READ, ANYWHERE),
             first_top - 2 * n - 3 * PAGE_SIZE);
    CHECK_EQ(mm_mmap(mm, below_stack - n, n, PROT_READ, ANYWHERE), below_stack - n); /* a wish may be there */
    CHECK_EQ(mm_munmap(mm, below_stack - n, n), 0);
    CHECK_EQ(mm_mmap(mm, below_stack - n + PAGE_SIZE, n, PROT_READ, ANYWHERE),
             first_top - 3 * n - 3 * PAGE_SIZE); /* but not at the guard page */
    finish();

    start();
    host_map(mm, USER_STACK_BASE, USER_STACK_PAGES, VM_READ | VM_WRITE, NULL);
    host_map(mm, USERBASE, (first_top - USERBASE) / PAGE_SIZE, VM_READ, NULL);
    CHECK_EQ(mm_mmap(mm, 0, n, PROT_WRITE, ANYWHERE), below_stack - n);
    CHECK_EQ(mm_mmap(mm, 0, below_stack - first_top - n, PROT_READ, ANYWHERE), first_top);
    CHECK_EQ((int)mm_mmap(mm, 0, PAGE_SIZE, PROT_READ, ANYWHERE), -E_NO_MEM);
    CHECK_EQ((int)mm_mmap(mm, 0, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS), -E_NO_MEM);
    finish();
}

static uintptr_t page_at(int page)
{
    return AT + 2 * MMU_TABLE_SPAN + (uintptr_t)((intptr_t)page * (intptr_t)PAGE_SIZE);
}

/* Each with a page: before, in and after the page tables that go with the range. */
TEST(what_is_unmapped_across_page_tables_is_gone)
{
    static const struct {
        int first, last; /* pages from page_at(0) on that are unmapped, both included */
        bool stays[7];   /* of `pages` */
    } cases[] = {
        {-1, 1024, {true, false, false, false, false, true, true}},
        {-1, -1, {true, false, true, true, true, true, true}},
        {0, 1023, {true, true, false, false, true, true, true}},
        {1, 1022, {true, true, true, true, true, true, true}},
        {1023, 1024, {true, true, true, false, false, true, true}},
        {-2, 2047, {false, false, false, false, false, false, true}},
        {-1024, 2048, {false, false, false, false, false, false, false}},
    };
    static const int pages[] = {-2, -1, 0, 1023, 1024, 1025, 2048};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        start();
        host_map(mm, page_at(-(int)PGTABLE_ENTRIES), 4 * MMU_TABLE_SPAN / PAGE_SIZE, VM_READ | VM_WRITE,
                 NULL);
        for (size_t k = 0; k < ARRAY_SIZE(pages); k++)
            host_write(mm, page_at(pages[k]), (uint8_t)(1 + k));
        uintptr_t va = page_at(cases[i].first);
        CHECK_EQ(mm_munmap(mm, va, (size_t)(cases[i].last - cases[i].first + 1) * PAGE_SIZE), 0);
        size_t stay = 0;
        for (size_t k = 0; k < ARRAY_SIZE(pages); k++) {
            va = page_at(pages[k]);
            stay += cases[i].stays[k];
            if (cases[i].stays[k])
                CHECK_EQ(host_read(mm, va), 1 + k);
            else
                CHECK_EQ(host_failure(mm, va, false), MM_SEGV);
        }
        CHECK_EQ(mm_page_count(mm), stay);
        CHECK_EQ(page_owner_count(PAGE_USER), stay);
        finish();
    }
}

/* A flush costs all translations: there is one if an entry is gone that the CPU may use. */
TEST(unmapping_flushes_if_there_was_something)
{
    start();
    host_map(mm, AT, 3, VM_READ | VM_WRITE, NULL);
    host_write(mm, AT, 1);
    unsigned flushes = host_flushes;
    CHECK_EQ(mm_munmap(mm, AT + 2 * PAGE_SIZE, PAGE_SIZE), 0); /* never touched */
    CHECK_EQ(host_flushes, flushes);
    host_write(mm, AT + PAGE_SIZE, 1);
    CHECK_EQ(mm_munmap(mm, AT + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(host_flushes, flushes + 1);
    mmu_load(&kernel_pgdir);
    flushes = host_flushes;
    pgtable_clear(mm->pgdir, AT, AT + PAGE_SIZE); /* by another process than those that use it */
    CHECK_EQ(host_flushes, flushes);
    finish();
}

static void be_killed(void)
{
    host_point_result = -E_KILLED;
}

TEST(pages_are_not_sent_out_where_no_program_is)
{
    start();
    CHECK_EQ(mm_pageout(mm, USERBASE - PAGE_SIZE, PAGE_SIZE), -E_INVAL);
    CHECK_EQ(mm_pageout(mm, USERTOP, PAGE_SIZE), -E_INVAL);
    CHECK_EQ(mm_pageout(mm, AT, USERTOP - AT + 1), -E_INVAL);
    CHECK_EQ(mm_pageout(mm, AT, USERTOP - AT), 0);
    host_points_begin(be_killed, 0);
    CHECK_EQ(mm_pageout(mm, AT, USERTOP - AT), -E_KILLED); /* D93: it does not go on */
    host_points_end();
    finish();
}
