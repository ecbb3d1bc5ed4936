/* SPDX-License-Identifier: MIT */
/*
 * host_main - included before main.c, which would find the kernel's own headers first, because it is in their
 * folder.
 */
#ifndef HOST_MAIN_H
#define HOST_MAIN_H

#ifndef __has_feature /* a compiler other than clang */
#define __has_feature(x) 0
#endif

#include "arch/i386/convention.h"
#include "arch/i386/cpu.h"
#include "arch/i386/linear.h"

#endif
