/* SPDX-License-Identifier: MIT */
/*
 * fpu - saves with fxsave if the CPU has it, otherwise with fnsave.
 */
#include "arch/i386/fpu.h"
#include "arch/i386/cpu.h"

#define MXCSR_DEFAULT 0x1F80u /* all SSE exceptions masked, round to nearest */
#define FCW_DEFAULT 0x037Fu

/* A clean fxsave image; xmm registers 0. */
_Alignas(FPU_STATE_ALIGN) static const struct {
    uint16_t control, status, tag;
    uint8_t pad[18];
    uint32_t mxcsr;
    uint8_t rest[FPU_STATE_BYTES - 28];
} clean_state = {.control = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT};

_Static_assert(sizeof(clean_state) == FPU_STATE_BYTES, "fxsave's image, Intel SDM vol. 1, 10.5.1");

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
    if (cpu_features.fxsr) {
        cpu_fxrstor(state);
    } else {
        cpu_fninit(); /* frstor would raise an exception that an ended process left pending */
        cpu_frstor(state);
    }
}

void fpu_reset(void)
{
    if (cpu_features.fxsr)
        cpu_fxrstor(&clean_state);
    else
        cpu_fninit();
}
