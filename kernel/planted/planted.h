/* SPDX-License-Identifier: MIT */
/*
 * selftest - mistakes on request: `selftest=NAME` on the kernel's command line.
 *
 * So that tests, and people, can see what the kernel does about a mistake of its own. All there
 * are stand in planted.def; this declares the functions that make them.
 */
#ifndef PLANTED_PLANTED_H
#define PLANTED_PLANTED_H

/* Returns only if the kernel can live with the mistake for now. Weak: those that only a compiler's
 * check finds are built with that check. */
#define PLANTED(name, check, status, says, what) __attribute__((weak)) void plant_##name(void);
#include "planted/planted.def"

/* A call in this function goes wherever it is told to. */
#if __has_feature(kcfi)
#define UNCHECKED_CALLS __attribute__((no_sanitize("function", "kcfi")))
#else
#define UNCHECKED_CALLS __attribute__((no_sanitize("function")))
#endif

/* Remember which one to make. */
void selftest_want(const char *name);

/* Make it, if one is wanted; in process context. An unknown name is said, with those there are. */
void selftest_run(void);

#endif
