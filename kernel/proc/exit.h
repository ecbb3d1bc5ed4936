/* SPDX-License-Identifier: MIT */
/*
 * exit - release everything, hand the children to init, become a zombie, wake the parent.
 */
#ifndef PROC_EXIT_H
#define PROC_EXIT_H

#include <ucow/abi.h>

/* End the current process. Its memory is freed at once and its children become init's; it stays a zombie
 * until its parent reaps it. Panics if it is init or idle. Caller holds no lock. */
_Noreturn void do_exit(enum exit_reason reason, int code);

#endif
