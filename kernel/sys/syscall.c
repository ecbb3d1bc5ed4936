/* SPDX-License-Identifier: MIT */
/*
 * syscall - the way of a system call, from trap_entry.S to its function and back.
 *
 * One small function per system call converts registers to typed arguments; a table maps numbers
 * to these functions. Unknown numbers return -E_UNIMP. This is the table of ucow's own calls; linux.c has
 * that of Linux, and every process points to one of the two.
 */
#include "sys/syscall.h"

#include <ucow/errno.h>

#include "arch/i386/convention.h"
#include "arch/i386/vectors.h"
#include "check/hooks.h"
#include "lib/util.h"
#include "proc/abi.h"
#include "proc/proc.h"
#include "proc/sched.h"
#include "sys/call.h"
#include "watch/assert.h"
#include "watch/trace_record.h"

ASM_CALL void syscall_trap(struct trapframe *tf);
ASM_CALL void do_traced_syscall(struct trapframe *tf);
_Static_assert(offsetof(struct trace_ring, on) == TRACE_RING_ON, "trap_entry.S");

#define CALL_FUNCTION(name) sys_##name
#define CALL0(nr, name, ...) CALL(name)
#define CALL1(nr, name, t1, a1, ...) CALL(name, TO_##t1(tf->edx))
#define CALL2(nr, name, t1, a1, t2, a2, ...) CALL(name, TO_##t1(tf->edx), TO_##t2(tf->ecx))
#define CALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) \
    CALL(name, TO_##t1(tf->edx), TO_##t2(tf->ecx), TO_##t3(tf->ebx))
#define CALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    CALL(name, TO_##t1(tf->edx), TO_##t2(tf->ecx), TO_##t3(tf->ebx), TO_##t4(tf->edi))
#define SYSCALL0 CALL0
#define SYSCALL1 CALL1
#define SYSCALL2 CALL2
#define SYSCALL3 CALL3
#define SYSCALL4 CALL4
#include <ucow/syscalls.def>

static int32_t call_none(const struct trapframe *tf)
{
    (void)tf;
    return -E_UNIMP;
}

static void check_dispatch(void);

/* Numbers that the list does not have keep what the first line gives them. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
const struct abi syscall_abi = {.name = "ucow",
                                .first = ABI_EDX,
                                .third = ABI_EBX,
                                .check = check_dispatch,
                                .calls = {
                                    [0 ... ABI_CALLS - 1] = call_none,
#define SYSCALL(nr, name, ...) [nr] = call_##name,
#include <ucow/syscalls.def>
                                }};
#pragma clang diagnostic pop

/* System calls that return their arguments as digits. */
static int32_t sys_digit1(uint32_t a1)
{
    return (int32_t)a1;
}

static int32_t sys_digit2(uint32_t a1, uint32_t a2)
{
    return (int32_t)(a1 * 10 + a2);
}

static int32_t sys_digit3(uint32_t a1, uint32_t a2, uint32_t a3)
{
    return (int32_t)(a1 * 100 + a2 * 10 + a3);
}

static int32_t sys_digit4(uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4)
{
    return (int32_t)(a1 * 1000 + a2 * 100 + a3 * 10 + a4);
}

CALL1(0, digit1, UINT, a1)
CALL2(0, digit2, UINT, a1, UINT, a2)
CALL3(0, digit3, UINT, a1, UINT, a2, UINT, a3)
CALL4(0, digit4, UINT, a1, UINT, a2, UINT, a3, UINT, a4)

void syscall_check(void)
{
    const struct trapframe tf = {.edx = 1, .ecx = 2, .ebx = 3, .edi = 4};
    static call_fn *const digits[] = {call_digit1, call_digit2, call_digit3, call_digit4};
    static const int32_t expected[] = {1, 12, 123, 1234};
    for (size_t i = 0; i < ARRAY_SIZE(digits); i++)
        RULE(digits[i](&tf) == expected[i],
             "arguments 1, 2, 3, 4 of a system call are in edx, ecx, ebx, edi, but one with %u arguments "
             "gets %d",
             (unsigned)i + 1, (int)digits[i](&tf));
}

void syscall(struct trapframe *tf)
{
    const struct abi *abi = current->abi;
    uint32_t nr = tf->eax;
    /* LAB 1 begin: syscall */
    if (__builtin_expect(nr < ABI_CALLS, 1))
        tf->eax = (uint32_t)abi->calls[nr](tf);
    else
        tf->eax = (uint32_t)abi->calls[ABI_CALLS - 1](tf); /* none has that number */
    /* LAB 1 end */
}

/* Returns what the program gets. */
static inline uint32_t do_syscall(struct trapframe *tf)
{
    cpu_sti();
    syscall(tf);
    uint32_t result = tf->eax;
    cpu_cli();
    return result;
}

/* Called by trap_entry.S for int 0x80 with interrupts off. */
void syscall_trap(struct trapframe *tf)
{
    check_kernel_entered();
    do_syscall(tf);
    check_kernel_done((uintptr_t)syscall);
    sched_return_to_user();
}

/* The same while events are recorded. A function of its own, because it saves registers for the second event.
 */
void do_traced_syscall(struct trapframe *tf)
{
    const struct abi *abi = current->abi;
    const uint32_t *ebx_on = &tf->ebx;
    uint32_t nr = tf->eax + abi->traced;
    struct trace_record *record = trace_begin(TRACE_syscall_enter);
    record->arg[0] = nr;
    record->arg[1] = ebx_on[abi->first];
    record->arg[2] = tf->ecx;
    record->arg[3] = ebx_on[abi->third];
    record->arg[4] = tf->eip;
    check_kernel_entered_at(trace_publish(record));
    uint32_t result = do_syscall(tf);
    record = trace_begin(TRACE_syscall_leave);
    record->arg[0] = nr;
    record->arg[1] = result;
    trace_add_free(record);
    check_kernel_done_at(trace_publish(record), (uintptr_t)syscall);
    sched_return_to_user();
}

/* Returns the result of a system call with one argument. */
static int32_t result_of(uint32_t nr, uint32_t argument)
{
    struct trapframe tf = {.eax = nr, .edx = argument, .ecx = UINT32_MAX, .ebx = UINT32_MAX};
    syscall(&tf);
    return (int32_t)tf.eax;
}

/* Check that syscall() calls the function of a number, and stores its result. For struct abi. */
static void check_dispatch(void)
{
    int32_t group = result_of(NR_getpgid, 0), error = result_of(NR_setpriority, PRIORITY_MAX + 1);
    int32_t unknown = result_of(NR_setpriority - 1, 0);
    RULE(group == current->group && error == -E_INVAL,
         "system calls %d and %d, getpgid(0) and setpriority(%d), return %d and %d in eax, not %d and %d: "
         "syscall()",
         NR_getpgid, NR_setpriority, PRIORITY_MAX + 1, (int)group, (int)error, current->group, -E_INVAL);
    RULE(unknown == -E_UNIMP, "system call %d, which there is not, returns %d in eax, not %d: syscall()",
         NR_setpriority - 1, (int)unknown, -E_UNIMP);
}
