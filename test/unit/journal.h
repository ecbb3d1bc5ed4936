/* SPDX-License-Identifier: MIT */
/*
 * journal - what a subject made the rest of the kernel do, step by step.
 *
 *     void pid_free(int pid)
 *     {
 *         note("pid_free %d", pid);
 *     }
 *
 *     CHECK_EQ(do_fork(0, 0), -E_NO_MEM);
 *     CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "pid_free 7");
 *
 * A step that is missing, that comes twice, at the wrong time or with the wrong argument makes the journal
 * another. Included by one file of a program.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static char journal[8192]; /* a line for each step */

static inline void journal_clear(void)
{
    journal[0] = '\0';
}

__attribute__((format(printf, 1, 2))) static inline void note(const char *format, ...)
{
    size_t used = strlen(journal);
    va_list args;
    va_start(args, format);
    vsnprintf(journal + used, sizeof(journal) - used, format, args);
    va_end(args);
    strncat(journal, "\n", sizeof(journal) - strlen(journal) - 1);
}

static inline void check_steps(const char *const *steps, size_t n, const char *file, int line)
{
    char wanted[sizeof(journal)] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s\n", steps[i]);
    unit_check_str_eq(journal, wanted, file, line, "the steps");
    journal_clear();
}

/* The steps since the last check are these. */
#define CHECK_STEPS(...)                            \
    check_steps((const char *const[]){__VA_ARGS__}, \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), __FILE__, __LINE__)

#endif
