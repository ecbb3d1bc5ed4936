/* SPDX-License-Identifier: MIT */
/*
 * planted - mistakes on purpose: `selftest=NAME` on the kernel's command line; only with `planted`.
 *
 * They show how the kernel reports a bug of its own. planted.def lists them; this file declares the functions
 * that make them. main.c hands selftest_run() to init: no other part of the kernel knows this folder.
 */
#ifndef PLANTED_PLANTED_H
#define PLANTED_PLANTED_H

/* Returns only if the mistake is not noticed at once. Weak, because a mistake is built only with the check
 * that finds it. */
#define PLANTED(name, check, status, says, what) __attribute__((weak)) void plant_##name(void);
#include "planted/planted.def"

/* No check of the compiler looks at indirect calls in this function. */
#if __has_feature(kcfi)
#define UNCHECKED_CALLS __attribute__((no_sanitize("function", "kcfi")))
#else
#define UNCHECKED_CALLS __attribute__((no_sanitize("function")))
#endif

/* Choose the mistake to make. */
void selftest_want(const char *name);

/* Make it, in process context. Without a choice does nothing; prints all names if the chosen one is unknown.
 */
void selftest_run(void);

#endif
