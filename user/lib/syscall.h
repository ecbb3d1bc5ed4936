/* SPDX-License-Identifier: MIT */
/*
 * syscall - one stub per system call, generated from <ucow/syscalls.def>: sys_fork(), sys_wait(), ...
 *
 * Each stub is one inlined `int $0x80`: number in eax, arguments in edx, ecx, ebx, edi and esi, result
 * in eax. The kernel preserves all other registers. Every result is an int; a result that is an address
 * needs a cast.
 */
#ifndef LIB_SYSCALL_H
#define LIB_SYSCALL_H

#include <stdint.h>

static inline int syscall0(int nr)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr) : "memory", "cc");
    return result;
}

static inline int syscall1(int nr, uint32_t a)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "d"(a) : "memory", "cc");
    return result;
}

static inline int syscall2(int nr, uint32_t a, uint32_t b)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "d"(a), "c"(b) : "memory", "cc");
    return result;
}

static inline int syscall3(int nr, uint32_t a, uint32_t b, uint32_t c)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "d"(a), "c"(b), "b"(c) : "memory", "cc");
    return result;
}

static inline int syscall4(int nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "d"(a), "c"(b), "b"(c), "D"(d) : "memory", "cc");
    return result;
}

/* With all five arguments. No system call has five; tests use this one for numbers that do not exist. */
static inline int syscall5(int nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
    int result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(nr), "d"(a), "c"(b), "b"(c), "D"(d), "S"(e)
                     : "memory", "cc");
    return result;
}

/* The C types of the argument types in syscalls.def. */
#define SYSCALL_TYPE_INT int
#define SYSCALL_TYPE_UINT unsigned
#define SYSCALL_TYPE_ADDR uintptr_t
#define SYSCALL_TYPE_PTR void *
#define SYSCALL_TYPE_STR const char *
#define ARG(type, name) SYSCALL_TYPE_##type name
#define WORD(name) (uint32_t)(name)

#define SYSCALL0(nr, name, result)     \
    static inline int sys_##name(void) \
    {                                  \
        return syscall0(nr);           \
    }
#define SYSCALL1(nr, name, t1, a1, result)    \
    static inline int sys_##name(ARG(t1, a1)) \
    {                                         \
        return syscall1(nr, WORD(a1));        \
    }
#define SYSCALL2(nr, name, t1, a1, t2, a2, result)         \
    static inline int sys_##name(ARG(t1, a1), ARG(t2, a2)) \
    {                                                      \
        return syscall2(nr, WORD(a1), WORD(a2));           \
    }
#define SYSCALL3(nr, name, t1, a1, t2, a2, t3, a3, result)              \
    static inline int sys_##name(ARG(t1, a1), ARG(t2, a2), ARG(t3, a3)) \
    {                                                                   \
        return syscall3(nr, WORD(a1), WORD(a2), WORD(a3));              \
    }
#define SYSCALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, result)                   \
    static inline int sys_##name(ARG(t1, a1), ARG(t2, a2), ARG(t3, a3), ARG(t4, a4)) \
    {                                                                                \
        return syscall4(nr, WORD(a1), WORD(a2), WORD(a3), WORD(a4));                 \
    }
#include <ucow/syscalls.def>

/* The call numbers: NR_fork, NR_wait, ... */
enum {
#define SYSCALL0(nr, name, ...) NR_##name = nr,
#define SYSCALL1(nr, name, ...) NR_##name = nr,
#define SYSCALL2(nr, name, ...) NR_##name = nr,
#define SYSCALL3(nr, name, ...) NR_##name = nr,
#define SYSCALL4(nr, name, ...) NR_##name = nr,
#include <ucow/syscalls.def>
};

#undef ARG
#undef WORD

#endif
