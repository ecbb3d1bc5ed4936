/* SPDX-License-Identifier: MIT */
/*
 * copy_range_eager.c: the contract, and what only eager copying promises.
 */
#include "copy_range_contract.h"

#include "mm/copy_range.h"

TEST(fork_copies_every_writable_private_page)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    CHECK(made_by_other_than((uintptr_t)copy_range));
    for (size_t i = 0; i < TOUCHED; i++) {
        bool same = host_frame(child, touched[i].va) == host_frame(parent, touched[i].va);

        CHECK_EQ(same, touched[i].shared || !touched[i].writable);
        CHECK(!pte_cow(*pte_find(child->pgdir, touched[i].va)));
        CHECK(!pte_cow(*pte_find(parent->pgdir, touched[i].va)));
    }
    end(parent, child);
}

TEST(a_write_after_fork_needs_no_memory)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);

    host_leave_frames(0);
    host_write(child, PRIVATE, 0x01);
    host_write(parent, PRIVATE, 0x02);
    CHECK_EQ(host_read(child, PRIVATE), 0x01);
    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_FILL); /* already done when a second thread faults */
    host_give_frames();
    end(parent, child);
}

/* For mprotect: a page that two processes only read may become writable, and then each has its own. */
TEST(a_page_of_two_processes_becomes_ones_own)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);
    struct page *shared = host_frame(parent, READ_ONLY);
    pte_t *pte = pte_find(child->pgdir, READ_ONLY), before = *pte;

    CHECK_EQ(host_frame(child, READ_ONLY), shared);
    host_leave_frames(0);
    CHECK_EQ(copy_range_own(child, READ_ONLY, pte), -E_NO_MEM);
    CHECK_EQ(*pte, before);
    host_give_frames();
    CHECK_EQ(copy_range_own(child, READ_ONLY, pte), 0);
    struct page *own = host_frame(child, READ_ONLY);
    CHECK(own != shared);
    CHECK_EQ(memcmp(page_to_virt(own), page_to_virt(shared), PAGE_SIZE), 0);
    CHECK_EQ((*pte ^ before) & (PAGE_SIZE - 1), 0);
    CHECK_EQ(shared->count, 1);
    CHECK_EQ(copy_range_own(child, READ_ONLY, pte), 0);
    CHECK_EQ(host_frame(child, READ_ONLY), own);
    CHECK_EQ(copy_range_right(), PTE_W);
    end(parent, child);
}

static unsigned points_of_fork(struct mm *mm)
{
    points_passed = 0;
    host_points_begin(count_a_point, 0);
    struct mm *child = host_mm_dup(mm);
    host_points_end();
    host_mm_drop(child);
    return points_passed;
}

/* D93 */
TEST(others_run_after_each_page_that_is_copied)
{
    enum { DIRTY = 8 };
    struct mm *mm = parent_new();
    host_map(mm, 0x10000000, DIRTY, VM_READ | VM_WRITE, NULL);
    unsigned before = points_of_fork(mm);
    for (size_t i = 0; i < DIRTY; i++)
        host_write(mm, 0x10000000 + i * PAGE_SIZE, 0x11);
    CHECK(points_of_fork(mm) >= before + DIRTY);
    host_mm_drop(mm);
    host_mm_check_all_back();
}
