/* SPDX-License-Identifier: MIT */
/*
 * linux - what a program for Linux without a libc needs: a stub for each system call of <ucow/linux.def>,
 * lx_fork(), lx_wait4(), ..., and some output.
 *
 * Each stub returns what the kernel returns: a result, or a negative error number. The file has a program run
 * with Linux's system calls because it is linked at LINUX_BASE.
 */
#ifndef LINUX_LIB_LINUX_H
#define LINUX_LIB_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/linux.h>

/* A system call with all six arguments. */
int lx_call(unsigned nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f);

#define LX_INT int
#define LX_UINT unsigned
#define LX_ADDR uintptr_t
#define LX_PTR const void *
#define LX_STR const char *
#define W(name) (uint32_t)(name)
#define LX(name, parameters, ...)                  \
    static inline int lx_##name parameters         \
    {                                              \
        return lx_call(LX_NR_##name, __VA_ARGS__); \
    }

/* The numbers: LX_NR_fork, also of calls that the kernel does not have. */
enum {
#define LINUX_NONE(nr, name) LX_NR_##name = (nr),
#define LINUX(nr, name, ...) LX_NR_##name = (nr),
#include <ucow/linux.def>
};

#define LINUX_NONE(nr, name)
#define LINUX0(nr, name, result) LX(name, (void), 0, 0, 0, 0, 0, 0)
#define LINUX1(nr, name, t1, a1, result) LX(name, (LX_##t1 a1), W(a1), 0, 0, 0, 0, 0)
#define LINUX2(nr, name, t1, a1, t2, a2, result) LX(name, (LX_##t1 a1, LX_##t2 a2), W(a1), W(a2), 0, 0, 0, 0)
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, result) \
    LX(name, (LX_##t1 a1, LX_##t2 a2, LX_##t3 a3), W(a1), W(a2), W(a3), 0, 0, 0)
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, result) \
    LX(name, (LX_##t1 a1, LX_##t2 a2, LX_##t3 a3, LX_##t4 a4), W(a1), W(a2), W(a3), W(a4), 0, 0)
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, result)                               \
    LX(name, (LX_##t1 a1, LX_##t2 a2, LX_##t3 a3, LX_##t4 a4, LX_##t5 a5), W(a1), W(a2), W(a3), W(a4), \
       W(a5), 0)
#define LINUX6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, result)                            \
    LX(name, (LX_##t1 a1, LX_##t2 a2, LX_##t3 a3, LX_##t4 a4, LX_##t5 a5, LX_##t6 a6), W(a1), W(a2), W(a3), \
       W(a4), W(a5), W(a6))
#include <ucow/linux.def>

/* futex() with all its arguments. */
static inline int lx_futex6(const void *word, unsigned op, unsigned value, const void *time,
                            const void *other, unsigned value3)
{
    return lx_call(LX_NR_futex, W(word), op, value, W(time), W(other), value3);
}

#undef LX
#undef W

/* Memory that a program gets: mmap2()'s prot and flags. */
#define LX_RW 3u
#define LX_PRIVATE 0x22u /* MAP_PRIVATE | MAP_ANONYMOUS */

/* Make a child that calls the function at `stack`, which shares memory and other things as `flags` say. */
int clone_onto(unsigned flags, void *stack, const void *tls, int *child_tid);

/* Print; the line is written at once. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print what is wrong and exit with 1, unless `value` is `expected`. */
#define EXPECT(value, expected) expect((int)(value), (int)(expected), #value, __LINE__)
void expect(int value, int expected, const char *what, int line);

/* The pages of the stack that the kernel made: argc, argv, NULL, environment, NULL, auxiliary vector. */
struct start {
    int argc;
    char *argv[];
};

int linux_main(const struct start *start);

#endif
