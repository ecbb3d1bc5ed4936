/* SPDX-License-Identifier: MIT */
/*
 * unistd - the numbers of the system calls as lab 5 names them: SYS_fork, SYS_wait, ...
 */
#ifndef LAB5_UNISTD_H
#define LAB5_UNISTD_H

#include "ulib.h"

enum {
#define SYSCALL0(nr, name, ...) SYS_##name = nr,
#define SYSCALL1(nr, name, ...) SYS_##name = nr,
#define SYSCALL2(nr, name, ...) SYS_##name = nr,
#define SYSCALL3(nr, name, ...) SYS_##name = nr,
#define SYSCALL4(nr, name, ...) SYS_##name = nr,
#include <ucow/syscalls.def>
};

#endif
