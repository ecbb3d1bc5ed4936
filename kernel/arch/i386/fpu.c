/* SPDX-License-Identifier: MIT */
/*
 * fpu - saves with fxsave if the CPU has it, otherwise with fnsave.
 */
#include "arch/i386/fpu.h"
#include "arch/i386/cpu.h"

#define MXCSR_DEFAULT 0x1F80u /* all SSE exceptions masked, round to nearest */
#define FCW_DEFAULT 0x037Fu

#define TAGS_EMPTY 0xFFFFu

/* The image fxrstor loads for a new program; the tags are abridged: 0 is empty. */
_Alignas(FPU_STATE_ALIGN) static const struct {
    uint16_t control, status, tag;
    uint8_t pad[18];
    uint32_t mxcsr;
    uint8_t rest[FPU_STATE_BYTES - 28];
} clean_fxsave = {.control = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT};

_Static_assert(sizeof(clean_fxsave) == FPU_STATE_BYTES, "fxsave's image, Intel SDM vol. 1, 10.5.1");

/* The image frstor loads for a new program. */
static const struct {
    uint32_t control, status, tags, pointers[4];
    uint8_t registers[80];
} clean_fnsave = {.control = FCW_DEFAULT, .tags = TAGS_EMPTY};

_Static_assert(sizeof(clean_fnsave) == 108, "fnsave's image, Intel SDM vol. 1, figure 8-9");

void fpu_disable(void)
{
    cpu_write_cr0(cpu_read_cr0() | CR0_TS);
}

void fpu_enable(void)
{
    cpu_clts();
}

void fpu_save(void *state)
{
    if (cpu_features.fxsr)
        cpu_fxsave(state);
    else
        cpu_fnsave(state);
}

void fpu_load(const void *state)
{
    /* Without fninit, frstor raises an exception that the previous owner left pending, and fxrstor leaves the
     * previous owner's instruction and data pointers (FIP, FDP, FOP) in place when no exception is pending in
     * `state`: AMD APM vol. 2, 11.4.4; CVE-2006-1056. */
    cpu_fninit();
    if (cpu_features.fxsr)
        cpu_fxrstor(state);
    else
        cpu_frstor(state);
}

void fpu_reset(void)
{
    fpu_load(cpu_features.fxsr ? (const void *)&clean_fxsave : &clean_fnsave);
}
