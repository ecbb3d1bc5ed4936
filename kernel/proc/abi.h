/* SPDX-License-Identifier: MIT */
/*
 * abi - the system calls that a program makes: those of ucow, or those of Linux.
 *
 * exec decides by the ELF file: a program whose lowest segment is at LINUX_BASE or above
 * (include/ucow/linux.h) is for Linux. Children inherit the parent's. Without -Dlinux every program is for
 * ucow.
 */
#ifndef PROC_ABI_H
#define PROC_ABI_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/proc.h"

struct trapframe;

/* A system call: takes its arguments from the frame and returns the result. */
typedef int32_t call_fn(const struct trapframe *tf);

#define ABI_CALLS 512u /* numbers from here on have no entry */
#define ABI_EBX 0u     /* words of a trap frame, from ebx on */
#define ABI_EDX 1u

struct abi {
    const char *name;
    uint32_t traced;       /* what is added to a call's number in the trace */
    uint32_t first, third; /* the registers of these arguments: ABI_EBX or ABI_EDX; ecx has the second */
    /* A process with a linux_state ends, and still has its memory; may change what it ends with, and sleep.
     */
    void (*leave)(enum exit_reason *reason, int *code);
    void (*check)(void); /* checking builds: checks, as the current process, how calls are made; or NULL */
    call_fn *calls[ABI_CALLS];
};

/* Set what there is; `linux_table` is NULL without it. Once, before the first program. */
void abi_init(const struct abi *ucow, const struct abi *linux_table);

/* The ABI of a program whose lowest segment is at `lowest`. */
const struct abi *abi_of(uintptr_t lowest);

/* Whether it is Linux's. */
bool abi_is_linux(const struct abi *abi);

#endif
