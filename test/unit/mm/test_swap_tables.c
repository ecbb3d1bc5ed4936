/* SPDX-License-Identifier: MIT */
/*
 * swap_disk.c with tables_shared.c: the contract, and pages on the disk in page tables that are shared.
 */
#define SHARES_TABLES 1
#include "swap_contract.h"

/* The processes share only tables without shared memory. */
static struct mm *private_process(void)
{
    struct mm *mm = first_process();

    CHECK_EQ(mm_munmap(mm, page_at(PRIVATE_PAGES), 2 * PAGE_SIZE), 0);
    return mm;
}

static pte_t *entry(struct mm *mm, size_t page)
{
    return pte_find(mm->pgdir, page_at(page));
}

/* P11, P14 in a shared table: one entry, one reference to the slot, one transfer for all. */
TEST(a_page_of_a_shared_table_goes_and_comes_once)
{
    struct mm *mms[4] = {private_process()};
    size_t slots = slots_free();
    uint32_t slot;

    host_write(mms[0], page_at(0), 0x11);
    for (size_t i = 1; i < ARRAY_SIZE(mms); i++)
        mms[i] = host_mm_dup(mms[i - 1]);
    CHECK(evict(mms[2], 0));
    slot = pte_slot(*entry(mms[0], 0));
    for (size_t i = 0; i < ARRAY_SIZE(mms); i++) {
        CHECK_EQ(entry(mms[i], 0), entry(mms[0], 0));
        check_counts(mms[i], 0, 0, 1);
    }
    CHECK_EQ(swap_slot_count(slot), 1);
    CHECK_EQ(mm_fault(mms[3], page_at(0), false), MM_SWAP_IN);
    CHECK_EQ(reads, 1);
    for (size_t i = 0; i < ARRAY_SIZE(mms); i++) {
        CHECK_EQ(host_read(mms[i], page_at(0)), 0x11);
        check_counts(mms[i], 0, 1, 0);
    }
    CHECK_EQ(reads, 1);
    end_all(mms, ARRAY_SIZE(mms), slots);
}

/* P33: a table with pages on the disk is copied: each copy names the slot. */
TEST(a_copied_table_shares_its_slots)
{
    struct mm *mms[2] = {private_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    host_write(mms[0], page_at(1), 0x12);
    mms[1] = host_mm_dup(mms[0]);
    CHECK(evict(mms[1], 0));
    host_write(mms[1], page_at(1), 0x22);
    CHECK(is_out(mms[0], 0) && is_out(mms[1], 0));
    CHECK_EQ(swap_slot_count(pte_slot(*entry(mms[0], 0))), 2);
    host_write(mms[1], page_at(0), 0x21);
    CHECK_EQ(host_read(mms[0], page_at(0)), 0x11);
    CHECK_EQ(host_read(mms[0], page_at(1)), 0x12);
    CHECK_EQ(host_read(mms[1], page_at(0)), 0x21);
    check_slots(mms, 2, 0);
    end_all(mms, 2, slots);
}

/* The accessed bit of a shared entry is seen once, and cleared whichever address space is loaded. */
TEST(an_access_through_a_shared_table_is_seen)
{
    struct mm *mms[2] = {private_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    mms[1] = host_mm_dup(mms[0]);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(host_read(mms[i % 2], page_at(0)), 0x11);
        CHECK(rmap_test_clear_accessed(host_frame(mms[0], page_at(0))));
        CHECK(!rmap_test_clear_accessed(host_frame(mms[0], page_at(0))));
        CHECK_EQ(host_read(mms[i % 2], page_at(0)), 0x11);
        CHECK(rmap_test_clear_accessed(host_frame(mms[0], page_at(0))));
    }
    end_all(mms, 2, slots);
}

/* The loaded address space is not the first that the walk finds: its TLB forgets the page all the same. */
TEST(an_eviction_is_seen_by_the_loaded_sharer)
{
    struct mm *mms[2] = {private_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    mms[1] = host_mm_dup(mms[0]);
    CHECK_EQ(host_read(mms[1], page_at(0)), 0x11);
    CHECK(evict(mms[0], 0));
    CHECK(is_out(mms[1], 0));
    CHECK_EQ(reads, 0);
    CHECK_EQ(host_read(mms[1], page_at(0)), 0x11);
    CHECK_EQ(reads, 1);
    end_all(mms, 2, slots);
}
