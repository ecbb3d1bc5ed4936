/* SPDX-License-Identifier: MIT */
/*
 * linux - the table of the system calls of Linux.
 */
#include "sys/linux.h"

#include "proc/abi.h"
#include "proc/linux.h"
#include "sys/call.h"

#define CALL_FUNCTION(name) linux_##name
#define LINUX0(nr, name, ...) CALL(name)
#define LINUX1(nr, name, t1, a1, ...) CALL(name, TO_##t1(tf->ebx))
#define LINUX2(nr, name, t1, a1, t2, a2, ...) CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx))
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, ...) \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx))
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx), TO_##t4(tf->esi))
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx), TO_##t4(tf->esi), TO_##t5(tf->edi))
#define LINUX6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...)                            \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx), TO_##t4(tf->esi), TO_##t5(tf->edi), \
         TO_##t6(tf->ebp))
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>

static int32_t call_none(const struct trapframe *tf)
{
    (void)tf;
    return -LINUX_ENOSYS;
}

/* Numbers that the list does not have keep what the first line gives them. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
static const struct abi linux_abi = {.name = "linux",
                                     .traced = LINUX_TRACED,
                                     .first = ABI_EBX,
                                     .third = ABI_EDX,
                                     .leave = linux_leave,
                                     .calls = {
                                         [0 ... ABI_CALLS - 1] = call_none,
#define LINUX(nr, name, ...) [nr] = call_##name,
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>
                                     }};
#pragma clang diagnostic pop

const struct abi *linux_calls(void)
{
    return &linux_abi;
}
