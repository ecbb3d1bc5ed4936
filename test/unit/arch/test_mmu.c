/* SPDX-License-Identifier: MIT */
/*
 * mmu.c: entries of directories and tables, and the runs that a walk finds. mmu_init() needs a kernel image.
 */
#include "arch/i386/mmu.h"

#include "host_console.h"
#include "lib/util.h"

enum { TABLE = 1, SECOND, OTHER, FRAMES }; /* frames of page tables */

_Alignas(4096) uint8_t host_memory[FRAMES * PAGE_SIZE];
char kernel_rodata_end[1], kernel_lines[1], kernel_end[1], boot_stack_guard[1];
uint32_t host_cr3;
static uintptr_t forgotten; /* the page whose translation was flushed; 1: all */

void host_tlb_forget(uintptr_t va)
{
    CHECK_EQ(forgotten, 0);
    forgotten = va;
}

void host_tlb_forget_all(void)
{
    forgotten = 1;
}

static pte_t *table_of(uint32_t frame)
{
    return (pte_t *)phys_to_virt(frame * PAGE_SIZE);
}

#define VA (5 * MMU_TABLE_SPAN + 3 * PAGE_SIZE)

static struct pgdir dir, other;

static void start(void)
{
    memset(host_memory, 0, sizeof(host_memory));
    memset(&dir, 0, sizeof(dir));
    memset(&other, 0, sizeof(other));
    memset(&kernel_pgdir, 0, sizeof(kernel_pgdir));
    forgotten = 0;
}

TEST(a_new_directory_has_the_kernels_half)
{
    start();
    for (size_t i = 0; i < 1024; i++)
        kernel_pgdir.entries[i] = (uint32_t)i << 12 | 7;
    pgdir_init(&dir);
    for (size_t i = 0; i < 1024; i++)
        CHECK_EQ(dir.entries[i], i < KERNBASE / MMU_TABLE_SPAN ? 0 : kernel_pgdir.entries[i]);
}

TEST(a_table_is_entered_and_taken)
{
    start();
    CHECK_EQ(pgdir_take_table(&dir, VA), NULL);
    pgdir_add_table(&dir, VA, table_of(TABLE));
    CHECK_EQ(dir.entries[5], TABLE * PAGE_SIZE | PTE_P | PTE_W | PTE_U);
    CHECK_EQ(pte_find(&dir, VA), table_of(TABLE) + 3);
    CHECK(PANICS("", pgdir_add_table(&dir, VA, table_of(SECOND))));
    CHECK_EQ(pgdir_take_table(&dir, VA + PAGE_SIZE), table_of(TABLE));
    CHECK_EQ(dir.entries[5], 0);
    pgdir_add_table(&dir, USERTOP, table_of(TABLE)); /* of the kernel's own, below its half */
    CHECK_EQ(dir.entries[USERTOP / MMU_TABLE_SPAN], TABLE * PAGE_SIZE | PTE_P | PTE_W);
    CHECK_EQ(pgdir_take_table(&dir, USERTOP), table_of(TABLE));
    CHECK(PANICS("", pgdir_add_table(&dir, KERNBASE, table_of(SECOND))));
    CHECK(PANICS("", pgdir_take_table(&dir, KERNBASE)));
}

TEST(a_shared_table_permits_no_writes)
{
    start();
    CHECK(PANICS("", pgdir_share_table(&other, &dir, VA))); /* none */
    pgdir_add_table(&dir, VA, table_of(TABLE));
    CHECK(pgdir_permits_writes(&dir, VA) && !pgdir_shares_table(&dir, &other, VA));
    pgdir_share_table(&other, &dir, VA);
    CHECK_EQ(dir.entries[5], TABLE * PAGE_SIZE | PTE_P | PTE_U);
    CHECK_EQ(other.entries[5], dir.entries[5]);
    CHECK(!pgdir_permits_writes(&dir, VA) && pgdir_shares_table(&dir, &other, VA));
    CHECK(PANICS("", pgdir_share_table(&other, &dir, VA))); /* it has one */
    CHECK(PANICS("", pgdir_share_table(&other, &dir, USERTOP)));
    pgdir_replace_table(&other, VA, table_of(SECOND));
    CHECK_EQ(other.entries[5], SECOND * PAGE_SIZE | PTE_P | PTE_W | PTE_U);
    CHECK_EQ(dir.entries[5], TABLE * PAGE_SIZE | PTE_P | PTE_U);
    CHECK(PANICS("", pgdir_replace_table(&other, VA + MMU_TABLE_SPAN, table_of(SECOND))));
    CHECK(PANICS("", pgdir_replace_table(&other, USERTOP, table_of(SECOND))));
}

TEST(the_kernels_area_is_mapped_by_page)
{
    pte_t *pte = table_of(TABLE) + 7;
    uintptr_t va = KVA_BASE + 7 * PAGE_SIZE;
    start();
    CHECK(PANICS("", mmu_kva_map(va, 0x5000))); /* no table */
    kernel_pgdir.entries[KVA_BASE / MMU_TABLE_SPAN] = TABLE * PAGE_SIZE | PTE_P | PTE_W;
    mmu_kva_map(va, 0x5000);
    CHECK_EQ(*pte, 0x5000 | PTE_P | PTE_W);
    CHECK(PANICS("", mmu_kva_map(va, 0x6000)));
    CHECK(PANICS("", mmu_kva_map_device(va, 0x6000)));
    mmu_kva_unmap(va);
    CHECK_EQ(*pte, 0);
    CHECK_EQ(forgotten, va);
    CHECK(PANICS("", mmu_kva_unmap(va)));
    mmu_kva_map_device(va, 0xFEE00000);
    CHECK_EQ(*pte, 0xFEE00000 | PTE_P | PTE_W | PTE_UNCACHED);
    pte[0] = 0;
    for (int i = 0; i < 1024; i++)
        CHECK_EQ(table_of(TABLE)[i], 0);
}

/* ---- runs ---- */

static unsigned visits, stop_at; /* the visit that ends the walk; 0: none */

static int visit(const struct mmu_run *run)
{
    visits++;
    if (run == NULL)
        kprintf(".\n");
    else
        kprintf("%d %u %x-%x %x\n", run->level, (unsigned)run->count, (unsigned)run->start,
                (unsigned)run->end, run->rights);
    return visits == stop_at ? (int)visits : 0;
}

/* Directory entries 1 and 2 have tables, 3 too with other rights, and 768 to 770 are large pages. */
static void make_runs(void)
{
    start();
    dir.entries[1] = TABLE * PAGE_SIZE | PTE_P | PTE_W | PTE_U | PTE_A;
    dir.entries[2] = SECOND * PAGE_SIZE | PTE_P | PTE_W | PTE_U;
    dir.entries[3] = OTHER * PAGE_SIZE | PTE_P | PTE_U;
    for (size_t i = 768; i < 771; i++)
        dir.entries[i] = (uint32_t)i << 22 | PTE_P | PTE_W | PTE_LARGE;
    for (size_t i = 0; i < 2; i++)
        table_of(TABLE)[i] = 0x5000 | PTE_P | PTE_U;
    table_of(TABLE)[2] = 0x5000 | PTE_P | PTE_W | PTE_U | PTE_D;
    table_of(TABLE)[3] = 0x5000 | PTE_HIDDEN | PTE_W | PTE_U; /* not for the CPU */
    table_of(TABLE)[1022] = table_of(TABLE)[1023] = 0x5000 | PTE_P | PTE_U;
    for (size_t i = 0; i < 1024; i++)
        table_of(SECOND)[i] = 0x5000 | PTE_P | PTE_U;
    table_of(OTHER)[0] = table_of(OTHER)[7] = 0x5000 | PTE_P | PTE_U;
    console_clear();
    visits = stop_at = 0;
}

#define RUNS                    \
    "0 2 400000-c00000 7\n"     \
    "1 2 400000-402000 5\n"     \
    "1 1 402000-403000 7\n"     \
    ".\n.\n"                    \
    "1 1026 7fe000-c00000 5\n"  \
    "0 1 c00000-1000000 5\n"    \
    "1 1 c00000-c01000 5\n"     \
    "1 1 c07000-c08000 5\n"     \
    ".\n"                       \
    "0 3 c0000000-c0c00000 3\n" \
    ".\n.\n"                    \
    "1 3072 c0000000-c0c00000 3\n"

TEST(a_walk_finds_runs_of_equal_rights)
{
    make_runs();
    CHECK_EQ(mmu_walk_runs(&dir, visit), 0);
    CHECK_STR_EQ(console, RUNS);
}

TEST(a_walk_begins_at_address_0)
{
    start();
    dir.entries[0] = TABLE * PAGE_SIZE | PTE_P | PTE_W | PTE_U;
    table_of(TABLE)[0] = 0x5000 | PTE_P | PTE_U;
    console_clear();
    visits = stop_at = 0;
    CHECK_EQ(mmu_walk_runs(&dir, visit), 0);
    CHECK_STR_EQ(console, "0 1 0-400000 7\n1 1 0-1000 5\n.\n");
}

TEST(a_walk_ends_when_the_visitor_says_so)
{
    make_runs();
    mmu_walk_runs(&dir, visit);
    for (unsigned all = visits, last = 1; last <= all; last++) {
        console_clear();
        visits = 0;
        stop_at = last;
        CHECK_EQ(mmu_walk_runs(&dir, visit), last);
        CHECK_EQ(visits, last);
        CHECK_EQ(strncmp(console, RUNS, strlen(console)), 0);
    }
}
