/* SPDX-License-Identifier: MIT */
/*
 * stack_protector - a guard word between a function's arrays and its return address, compared on return.
 */
#ifndef CHECK_STACK_PROTECTOR_H
#define CHECK_STACK_PROTECTOR_H

#include "config.h"

/* Choose the word. The caller must not return: its own word has changed. */
#if CONFIG_STACK_PROTECTOR
void stack_protector_init(void);
#else
static inline void stack_protector_init(void)
{
}
#endif

#endif
