/* SPDX-License-Identifier: MIT */
/*
 * linux - the system calls of Linux. Each linux_NAME() checks its arguments and calls the subsystem that does
 * the work, or the function of ucow's own call; it returns an error number of Linux.
 *
 * The prototypes are generated from include/ucow/linux.def, as those of syscall.h are.
 */
#ifndef SYS_LINUX_H
#define SYS_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include <ucow/linux.h>

#include "sys/syscall.h"

/* What Linux calls an error of ucow's, below 0. A result of 0 or more stays as it is. */
int32_t linux_error(int32_t result);

/* The result of ucow's own system call `nr`, by its entry in the table. A direct call would be a second one
 * of each function, which link-time optimisation then no longer makes part of its only caller. */
int32_t linux_ask(enum syscall_number nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* As copy_from_user() and copy_to_user(), with the error of Linux: -EFAULT for a bad pointer. */
int32_t linux_get(void *to, struct uaddr from, size_t n);
int32_t linux_put(struct uaddr to, const void *from, size_t n);

/* Read how long a call may take at most: a time in 32-bit words, or 64-bit ones if `wide`, that is `absolute`
 * or from now on. Returns 0; -EFAULT; -EINVAL. */
int32_t linux_get_ticks(uint64_t *ticks, struct uaddr from, bool absolute, bool wide);

/* The wait status of a process that ended. */
struct proc;
uint32_t linux_status(const struct proc *zombie);

#define LINUX0(nr, name, ...) int32_t linux_##name(void);
#define LINUX1(nr, name, t1, a1, ...) int32_t linux_##name(KERNEL_##t1 a1);
#define LINUX2(nr, name, t1, a1, t2, a2, ...) int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2);
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, ...) \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3);
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4);
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4, KERNEL_##t5 a5);
#define LINUX6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...)                            \
    int32_t linux_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4, KERNEL_##t5 a5, \
                         KERNEL_##t6 a6);
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>

#endif
