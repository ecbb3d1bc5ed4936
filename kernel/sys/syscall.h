/* SPDX-License-Identifier: MIT */
/*
 * syscall - system calls. Each sys_NAME() checks its arguments and calls the subsystem that does the work.
 *
 * The prototypes are generated from include/ucow/syscalls.def. Arguments of type PTR and STR are
 * passed as struct uaddr, which only usercopy can dereference.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include <stdint.h>

#include "mm/usercopy.h"

struct abi;

/* NR_exit, NR_fork, ... */
enum syscall_number {
#define SYSCALL(nr, name, ...) NR_##name = (nr),
#include <ucow/syscalls.def>
};

struct trapframe;

/* The system calls of ucow; and those of Linux, NULL without -Dlinux. */
extern const struct abi syscall_abi;
const struct abi *linux_calls(void);

/* Execute the system call that the frame describes and store the result in its eax. Interrupts on. */
void syscall(struct trapframe *tf);

/* Checking builds: check that arguments are taken from the registers of the ABI. */
void syscall_check(void);

#define KERNEL_INT int32_t
#define KERNEL_UINT uint32_t
#define KERNEL_ADDR uintptr_t
#define KERNEL_PTR struct uaddr
#define KERNEL_STR struct uaddr

#define SYSCALL0(nr, name, ...) int32_t sys_##name(void);
#define SYSCALL1(nr, name, t1, a1, ...) int32_t sys_##name(KERNEL_##t1 a1);
#define SYSCALL2(nr, name, t1, a1, t2, a2, ...) int32_t sys_##name(KERNEL_##t1 a1, KERNEL_##t2 a2);
#define SYSCALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) \
    int32_t sys_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3);
#define SYSCALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    int32_t sys_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4);
#include <ucow/syscalls.def>

#endif
