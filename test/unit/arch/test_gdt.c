/* SPDX-License-Identifier: MIT */
/*
 * gdt.c: the descriptors, as the CPU reads them, and when it reads them. The program is linked to addresses
 * of 32 bits, which descriptors have.
 */
#include "arch/i386/gdt.h"

#include "arch/i386/vectors.h"
#include "journal.h"

uint8_t host_memory[1];
uint32_t host_cr3;
struct pgdir kernel_pgdir;

static const uint64_t *table;
static uint16_t table_limit;

void host_tlb_forget(uintptr_t va)
{
    (void)va;
}

void host_tlb_forget_all(void)
{
}

void cpu_lgdt(const struct descriptor_table *loaded)
{
    table = (const uint64_t *)(uintptr_t)loaded->base;
    table_limit = loaded->limit;
    note("lgdt");
}

/* A descriptor as Intel SDM vol. 3A, figures 3-8 and 8-3, lay it out. */
struct seen {
    uint32_t base, limit; /* in units of 4 KiB, if flags has 8 */
    unsigned access, flags;
};

static struct seen seen(uint64_t d)
{
    return (struct seen){
        .base = (uint32_t)(d >> 16 & 0xFFFFFF) | (uint32_t)(d >> 56 << 24),
        .limit = (uint32_t)(d & 0xFFFF) | (uint32_t)(d >> 48 & 0xF) << 16,
        .access = d >> 40 & 0xFF,
        .flags = d >> 52 & 0xF,
    };
}

static struct seen selected(uint16_t selector)
{
    CHECK(table != NULL && (selector | 7) <= table_limit);
    return seen(table[selector / 8]);
}

/* The CPU reads the descriptors at once. */
void cpu_load_segments(uint16_t code, uint16_t data)
{
    note("segments %x %x: %x %x", code, data, selected(code).access, selected(data).access);
}

void cpu_ltr(uint16_t selector)
{
    note("ltr %x: %x", selector, selected(selector).access);
}

void cpu_lldt_none(void)
{
    note("lldt");
}

void cpu_clear_fs_gs(void)
{
    note("clear fs gs, tls %x", selected(SEL_TLS).access);
}

static void handler(void)
{
}

TEST(the_tables_are_loaded_and_then_what_they_describe)
{
    gdt_init(handler);
    CHECK_STEPS("lgdt", "segments 8 10: 9a 92", "ltr 28: 89", "lldt");
    CHECK_EQ(table_limit % 8, 7);
    CHECK_EQ(table_limit, SEL_TLS | 7); /* the last */
}

/* Present; readable code or writable data; of ring 3 or 0; all 4 GiB in pages, 32 bits. */
TEST(segments_are_flat)
{
    static const struct {
        uint16_t selector;
        unsigned access;
    } all[] = {{0x08, 0x9A}, {0x10, 0x92}, {0x1B, 0xFA}, {0x23, 0xF2}};
    gdt_init(handler);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct seen segment = selected(all[i].selector);
        CHECK_EQ(segment.base, 0);
        CHECK_EQ(segment.limit, 0xFFFFF);
        CHECK_EQ(segment.access, all[i].access);
        CHECK_EQ(segment.flags, 0xC);
    }
}

TEST(nothing_else_can_be_selected)
{
    gdt_init(handler);
    gdt_set_tls(0);
    for (unsigned i = 0; i <= table_limit / 8u; i++)
        CHECK_EQ(table[i] == 0, i == 0 || i > SEL_DOUBLE_FAULT_TSS / 8);
}

/* A task state segment has 104 bytes and no I/O map, so ring 3 has no port. (D09) */
TEST(task_state_segments)
{
    gdt_init(handler);
    for (uint16_t selector = SEL_TSS; selector <= SEL_DOUBLE_FAULT_TSS; selector += 8) {
        struct seen segment = selected(selector);
        CHECK_EQ(segment.limit, 103);
        CHECK_EQ(segment.access, 0x89);
        CHECK_EQ(segment.flags, 0);
        CHECK(((const struct tss *)(uintptr_t)segment.base)->io_map_base > segment.limit);
    }
    CHECK_EQ(selected(SEL_TSS).base, (uintptr_t)&cpu_tss);
    CHECK_EQ(cpu_tss.ss0, SEL_KERNEL_DATA);
    gdt_set_kernel_stack(0xFB002000);
    CHECK_EQ(cpu_tss.esp0, 0xFB002000);
}

/* D38 */
TEST(a_double_fault_runs_its_handler_on_a_stack_of_its_own)
{
    gdt_init(handler);
    const struct tss *tss = (const struct tss *)(uintptr_t)selected(SEL_DOUBLE_FAULT_TSS).base;
    CHECK_EQ(tss->eip, (uintptr_t)handler);
    CHECK_EQ(tss->cs, SEL_KERNEL_TEXT);
    CHECK_EQ(tss->ss, SEL_KERNEL_DATA);
    CHECK_EQ(tss->ds, SEL_KERNEL_DATA);
    CHECK_EQ(tss->es, SEL_KERNEL_DATA);
    CHECK_EQ(tss->eflags, EFLAGS_FIXED); /* interrupts are off */
    CHECK_EQ(tss->cr3, virt_to_phys(&kernel_pgdir));
    CHECK(tss->esp % 16 == 0);
    /* It has room for the calls of a kernel stack; the sanitizer knows whether this memory is one thing. */
    static const size_t bytes = 2 * PAGE_SIZE;
    struct seen tasks[] = {selected(SEL_TSS), selected(SEL_DOUBLE_FAULT_TSS)};
    for (size_t i = 0; i < 2; i++)
        CHECK(tasks[i].base >= tss->esp || tasks[i].base + sizeof(*tss) <= tss->esp - bytes);
    memset((void *)(uintptr_t)(tss->esp - bytes), 0xEE, bytes);
}

/* Present and writable for ring 3, and accessed: the CPU need not write to the descriptor when it is loaded.
 */
TEST(a_segment_of_a_thread_begins_at_its_base)
{
    static const uint32_t bases[] = {0, 0x1234, 0xAB0000, 0x87654321, 0xFFFFFFFF};
    gdt_init(handler);
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        journal_clear();
        gdt_set_tls(gdt_tls_descriptor(bases[i]));
        CHECK_STR_EQ(journal, "");
        struct seen segment = selected(SEL_TLS);
        CHECK_EQ(segment.base, bases[i]);
        CHECK_EQ(segment.limit, 0xFFFFF);
        CHECK_EQ(segment.access, 0xF3);
        CHECK_EQ(segment.flags, 0xC);
    }
}

/* An interrupt that comes between loads what it has saved. */
TEST(no_register_selects_the_segment_when_it_goes)
{
    gdt_init(handler);
    gdt_set_tls(gdt_tls_descriptor(0x1000));
    journal_clear();
    gdt_set_tls(0);
    CHECK_STEPS("clear fs gs, tls f3");
    CHECK_EQ(table[SEL_TLS / 8], 0);
}
