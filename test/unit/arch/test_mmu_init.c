/* SPDX-License-Identifier: MIT */
/*
 * mmu.c: the kernel's half at boot, for an image of our own choice (image_symbols.h).
 */
#include "arch/i386/mmu.h"

#include "host_console.h"
#include "lib/util.h"

/* The image as kernel.ld makes it, from 1 MiB on: text and rodata, data and the boot stack, lines. It ends
 * with the second large page. */
__asm__(".globl kernel_rodata_end, kernel_lines, kernel_end, boot_stack_guard\n"
        ".set kernel_rodata_end, 0xC0140000\n"
        ".set boot_stack_guard, 0xC0200000\n"
        ".set kernel_lines, 0xC0628000\n"
        ".set kernel_end, 0xC0800000\n");
#define RODATA_END 0xC0140000u
#define GUARD 0xC0200000u
#define LINES 0xC0628000u
#define END 0xC0800000u

#define FRAMES 40 /* the first is not used: it has the address 0 */
_Alignas(4096) uint8_t host_memory[FRAMES * PAGE_SIZE];
uint32_t host_cr3;
static unsigned frames, forgotten;

void host_tlb_forget(uintptr_t va)
{
    (void)va;
}

void host_tlb_forget_all(void)
{
    forgotten++;
}

static void *boot_alloc(void)
{
    CHECK(++frames < FRAMES);
    return host_memory + frames * PAGE_SIZE;
}

#define LARGE(i) ((uint32_t)(i) << 22 | PTE_P | PTE_W | PTE_LARGE)

/* The directory as boot.S makes it: all linear memory, and 4 MiB at 0. */
static void boot(paddr_t memory_end, size_t kva_pages)
{
    memset(host_memory, 0, sizeof(host_memory));
    memset(&kernel_pgdir, 0, sizeof(kernel_pgdir));
    kernel_pgdir.entries[0] = LARGE(0);
    for (uint32_t i = 0; i < KMEMSIZE / MMU_TABLE_SPAN; i++)
        kernel_pgdir.entries[KERNBASE / MMU_TABLE_SPAN + i] = LARGE(i);
    frames = forgotten = 0;
    host_cr3 = 1;
    mmu_init(memory_end, kva_pages, boot_alloc);
}

#define MIB 0x100000u
#define KERNEL_ENTRY (KERNBASE / MMU_TABLE_SPAN)

TEST(linear_memory_ends_with_the_memory)
{
    static const struct {
        paddr_t end;
        uint32_t entries;
    } all[] = {{12 * MIB, 3}, {12 * MIB + PAGE_SIZE, 4}, {16 * MIB - PAGE_SIZE, 4}, {KMEMSIZE, 224}};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        boot(all[i].end, 0);
        for (uint32_t entry = 2; entry < 256; entry++)
            CHECK_EQ(kernel_pgdir.entries[KERNEL_ENTRY + entry], entry < all[i].entries ? LARGE(entry) : 0);
    }
}

TEST(nothing_is_mapped_below_the_kernels_half)
{
    boot(64 * MIB, KVA_PAGES);
    for (uint32_t entry = 0; entry < KERNEL_ENTRY; entry++)
        CHECK_EQ(kernel_pgdir.entries[entry], 0);
    CHECK_EQ(host_cr3, virt_to_phys(&kernel_pgdir));
    CHECK_EQ(forgotten, 1);
}

/* Text and rodata are read-only, and so are the lines; the page below the boot stack is missing. */
TEST(the_image_is_mapped_by_page)
{
    boot(64 * MIB, 0);
    CHECK_EQ(frames, 2);
    for (uint32_t i = 0; i < 2; i++)
        CHECK_EQ(kernel_pgdir.entries[KERNEL_ENTRY + i] & 0xFFF, PTE_P | PTE_W);
    for (uint32_t va = KERNBASE; va < KERNBASE + 2 * MMU_TABLE_SPAN; va += PAGE_SIZE) {
        bool constant = (va >= KERNBASE + MIB && va < RODATA_END) || (va >= LINES && va < END);
        pte_t entry = virt_to_phys((void *)(uintptr_t)va) | PTE_P | (constant ? 0 : PTE_W);
        CHECK_EQ(*pte_find(&kernel_pgdir, va), va == GUARD ? 0 : entry);
    }
}

/* The directory has empty tables for this many pages of each part of the kernel's area, and no others. */
static void check_area(size_t pages, size_t tables, size_t more)
{
    boot(KMEMSIZE, pages);
    for (uint32_t i = KVA_MORE_BASE / MMU_TABLE_SPAN; i < 1024; i++) {
        bool has = (i >= KVA_BASE / MMU_TABLE_SPAN && i < KVA_BASE / MMU_TABLE_SPAN + tables) ||
                   i < KVA_MORE_BASE / MMU_TABLE_SPAN + more;
        uint32_t entry = kernel_pgdir.entries[i];
        CHECK_EQ(entry & 0xFFF, has ? PTE_P | PTE_W : 0);
        CHECK_EQ(entry != 0, has);
        for (uint32_t j = KERNEL_ENTRY; has && j < i; j++)
            CHECK(pte_frame(kernel_pgdir.entries[j]) != pte_frame(entry));
        for (uint32_t j = 0; has && j < 1024; j++)
            CHECK_EQ(((pte_t *)phys_to_virt(pte_frame(entry)))[j], 0);
    }
    CHECK_EQ(frames, 2 + tables + more);
}

TEST(the_kernels_area_has_a_table_for_each_page_that_is_asked_for)
{
    check_area(0, 0, 0);
    check_area(1, 1, 0);
    check_area(1024, 1, 0);
    check_area(1025, 2, 0);
    check_area(KVA_PAGES, 20, 0);
    check_area(KVA_PAGES + 1, 20, 1);
    check_area(KVA_PAGES + 1024, 20, 1);
    check_area(KVA_PAGES + 1025, 20, 2);
    check_area(KVA_PAGES + KVA_MORE_PAGES, 20, 11);
    CHECK(PANICS("", boot(KMEMSIZE, KVA_PAGES + KVA_MORE_PAGES + 1)));
}

TEST(each_page_of_the_kernels_area_has_an_address_of_its_own)
{
    for (size_t page = 0; page < KVA_PAGES + KVA_MORE_PAGES; page++) {
        uintptr_t va = kva_page_at(page);
        CHECK_EQ(kva_page_number(va), page);
        CHECK(page < KVA_PAGES ? va >= KVA_BASE && va < 0xFFFFF000u
                               : va >= KVA_MORE_BASE && va < 0xFAC00000u);
    }
}
