/* SPDX-License-Identifier: MIT */
/*
 * fpu.c: which instructions save and load the registers, on a CPU with fxsave and on one without, and the
 * images that a new program starts with.
 */
#include "arch/i386/fpu.h"

#include "arch/i386/cpu.h"
#include "journal.h"

struct cpu_features cpu_features;

static uint32_t cr0;
static uint8_t state[FPU_STATE_BYTES], loaded[FPU_STATE_BYTES];

uint32_t cpu_read_cr0(void)
{
    return cr0;
}

void cpu_write_cr0(uint32_t value)
{
    cr0 = value;
}

void cpu_clts(void)
{
    cr0 &= ~CR0_TS;
}

void cpu_fninit(void)
{
    note("fninit");
}

void cpu_fxsave(void *area)
{
    CHECK(area == state);
    note("fxsave");
}

void cpu_fnsave(void *area)
{
    CHECK(area == state);
    note("fnsave");
}

void cpu_fxrstor(const void *area)
{
    CHECK_EQ((uintptr_t)area % FPU_STATE_ALIGN, 0);
    memcpy(loaded, area, 512);
    note("fxrstor");
}

void cpu_frstor(const void *area)
{
    memcpy(loaded, area, 108);
    note("frstor");
}

static void start(uint8_t fxsr)
{
    cpu_features.fxsr = fxsr;
    memset(loaded, 0xEE, sizeof(loaded));
    journal_clear();
}

static uint32_t word(size_t offset)
{
    uint32_t value;
    memcpy(&value, loaded + offset, sizeof(value));
    return value;
}

TEST(only_the_bit_that_makes_the_fpu_trap_changes)
{
    cr0 = 0x80010033;
    fpu_disable();
    CHECK_EQ(cr0, 0x8001003B);
    fpu_disable();
    CHECK_EQ(cr0, 0x8001003B);
    fpu_enable();
    CHECK_EQ(cr0, 0x80010033);
}

TEST(the_registers_are_saved_as_the_cpu_can)
{
    start(1);
    fpu_save(state);
    CHECK_STEPS("fxsave");
    start(0);
    fpu_save(state);
    CHECK_STEPS("fnsave");
}

/* What the previous owner left goes first: a pending exception, and pointers to its code and data.
 * (CVE-2006-1056) */
TEST(nothing_of_the_previous_owner_is_left_when_registers_are_loaded)
{
    _Alignas(FPU_STATE_ALIGN) static uint8_t other[FPU_STATE_BYTES];
    for (size_t i = 0; i < sizeof(other); i++)
        other[i] = (uint8_t)i;
    start(1);
    fpu_load(other);
    CHECK_STEPS("fninit", "fxrstor");
    CHECK_EQ(memcmp(loaded, other, 512), 0);
    start(0);
    fpu_load(other);
    CHECK_STEPS("fninit", "frstor");
    CHECK_EQ(memcmp(loaded, other, 108), 0);
}

/* Intel SDM vol. 1, 10.5.1: the control word, the abridged tags, where 0 is empty, and MXCSR at byte 24. */
TEST(a_program_starts_with_empty_registers_and_masked_exceptions)
{
    start(1);
    fpu_reset();
    CHECK_STEPS("fninit", "fxrstor");
    for (size_t i = 0; i < 512; i += 4)
        CHECK_EQ(word(i), i == 0 ? 0x037F : i == 24 ? 0x1F80 : 0);
}

/* Intel SDM vol. 1, figure 8-9: a word each for control, status and tags, of which 3 is empty. */
TEST(so_it_does_on_a_cpu_without_fxsave)
{
    start(0);
    fpu_reset();
    CHECK_STEPS("fninit", "frstor");
    for (size_t i = 0; i < 108; i += 4)
        CHECK_EQ(word(i), i == 0 ? 0x037F : i == 8 ? 0xFFFF : 0);
}
