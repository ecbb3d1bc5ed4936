/* SPDX-License-Identifier: MIT */
/*
 * peek - which addresses can be read, on the host: a test says so.
 */
#ifndef ARCH_PEEK_H
#define ARCH_PEEK_H

#include "arch/i386/mmu.h"

bool peek_readable(uintptr_t va);

#endif
