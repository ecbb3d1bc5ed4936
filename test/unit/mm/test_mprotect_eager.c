/* SPDX-License-Identifier: MIT */
/*
 * mprotect.c where a fork copies at once: a page that a process may write to is its own before that.
 */
#include "test_mprotect.c"
