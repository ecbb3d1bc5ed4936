/* SPDX-License-Identifier: MIT */
/*
 * stack_protector - a word between a function's arrays and its return address, looked at on return.
 */
#ifndef CHECK_STACK_PROTECTOR_H
#define CHECK_STACK_PROTECTOR_H

#include "config.h"

/* Choose the word. By a function that does not return itself: its word would have changed. */
#if CONFIG_STACK_PROTECTOR
void stack_protector_init(void);
#else
static inline void stack_protector_init(void)
{
}
#endif

#endif
