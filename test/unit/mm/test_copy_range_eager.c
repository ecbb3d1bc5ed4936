/* SPDX-License-Identifier: MIT */
/*
 * copy_range_eager.c: the contract, and what only eager copying promises.
 */
#include "copy_range_contract.h"

TEST(fork_copies_every_writable_private_page)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

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
