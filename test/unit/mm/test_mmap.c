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
