/* SPDX-License-Identifier: MIT */
/*
 * syscall.c: from a trap frame to the function of a call and back, for each number; what is recorded about a
 * call, and how long the kernel worked for it.
 */
#include "sys/syscall.h"

#include <ucow/errno.h>

#include "arch/i386/trapframe.h"
#include "check/peak.h"
#include "journal.h"
#include "lib/util.h"
#include "proc/abi.h"
#include "proc/sched.h"
#include "watch/trace_record.h"

#define CALLED 1000 /* the time while a function of a call runs */

void syscall_trap(struct trapframe *tf);
void do_traced_syscall(struct trapframe *tf);

struct cpu boot_cpu;
bool host_interrupts_on;
uint32_t host_tsc;
static struct proc self = {.pid = 300, .group = 77};
static int32_t answers[ABI_CALLS];

uint32_t peak_stretch_max, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;

static struct trace_record records[4], stamped[4]; /* as they were just before they counted */
struct trace_ring trace_ring;
struct trace_record *trace_records = records;
uint32_t trace_index_mask = ARRAY_SIZE(records) - 1, trace_running;
static size_t free_frames;
const size_t *trace_free = &free_frames;

uint64_t cpu_tsc(void)
{
    stamped[trace_ring.next] = records[trace_ring.next];
    return (7ull << 32) + host_tsc;
}

void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    CHECK_EQ(site, (uintptr_t)syscall);
    note("stretch of %u", tsc);
}

void sched_interrupt_return(void)
{
    note("return to user, interrupts %s, %u events", host_interrupts_on ? "on" : "off",
         (unsigned)trace_ring.next);
}

/* Each function says with what it was called, and at which point; it takes its time. */
#define WORD_INT(a) ((uint32_t)(a))
#define WORD_UINT(a) (a)
#define WORD_ADDR(a) ((uint32_t)(a))
#define WORD_PTR(a) ((uint32_t)(a).va)
#define WORD_STR(a) ((uint32_t)(a).va)

static int32_t called(uint32_t nr)
{
    host_tsc = CALLED;
    return answers[nr];
}

#define SAY(nr, name, ...)                                                                              \
    note(name " " __VA_ARGS__),                                                                         \
        note("interrupts %s, %u events", host_interrupts_on ? "on" : "off", (unsigned)trace_ring.next); \
    return called(nr)
#define SYSCALL0(nr, name, ...) \
    int32_t sys_##name(void)    \
    {                           \
        SAY(nr, #name);         \
    }
#define SYSCALL1(nr, name, t1, a1, ...)      \
    int32_t sys_##name(KERNEL_##t1 a1)       \
    {                                        \
        SAY(nr, #name, "%x", WORD_##t1(a1)); \
    }
#define SYSCALL2(nr, name, t1, a1, t2, a2, ...)                \
    int32_t sys_##name(KERNEL_##t1 a1, KERNEL_##t2 a2)         \
    {                                                          \
        SAY(nr, #name, "%x %x", WORD_##t1(a1), WORD_##t2(a2)); \
    }
#define SYSCALL3(nr, name, t1, a1, t2, a2, t3, a3, ...)                          \
    int32_t sys_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3)           \
    {                                                                            \
        SAY(nr, #name, "%x %x %x", WORD_##t1(a1), WORD_##t2(a2), WORD_##t3(a3)); \
    }
#define SYSCALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...)                                    \
    int32_t sys_##name(KERNEL_##t1 a1, KERNEL_##t2 a2, KERNEL_##t3 a3, KERNEL_##t4 a4)             \
    {                                                                                              \
        SAY(nr, #name, "%x %x %x %x", WORD_##t1(a1), WORD_##t2(a2), WORD_##t3(a3), WORD_##t4(a4)); \
    }
#include <ucow/syscalls.def>

/* What the list says: the name of each number, and how many arguments it has. */
static const struct {
    const char *name;
    int arguments;
} list[ABI_CALLS] = {
#define SYSCALL0(nr, name, ...) [nr] = {#name " ", 0},
#define SYSCALL1(nr, name, ...) [nr] = {#name " 1d", 1},
#define SYSCALL2(nr, name, ...) [nr] = {#name " 1d 1c", 2},
#define SYSCALL3(nr, name, ...) [nr] = {#name " 1d 1c 1b", 3},
#define SYSCALL4(nr, name, ...) [nr] = {#name " 1d 1c 1b d1", 4},
#include <ucow/syscalls.def>
};

static void start(const struct abi *abi)
{
    self.abi = abi;
    self.killed = false;
    current = &self;
    boot_cpu.need_resched = false;
    host_interrupts_on = false;
    host_tsc = 100;
    peak_stretch_max = UINT32_MAX;
    peak_stretch_since = 0;
    memset(answers, 0, sizeof(answers));
    memset(records, 0xEE, sizeof(records));
    trace_ring.next = 0;
    trace_running = 300u << TRACE_PID_SHIFT;
    free_frames = 555;
    journal_clear();
}

static struct trapframe frame(uint32_t nr)
{
    return (struct trapframe){.eax = nr,
                              .edx = 0x1d,
                              .ecx = 0x1c,
                              .ebx = 0x1b,
                              .edi = 0xd1,
                              .esi = 0x51,
                              .ebp = 0xb9,
                              .oesp = 0x59,
                              .eip = 0x800,
                              .esp = 0x900};
}

TEST(each_call_has_its_arguments_and_returns_its_result)
{
    start(&syscall_abi);
    for (uint32_t nr = 0; nr < ABI_CALLS; nr++) {
        if (list[nr].name == NULL)
            continue;
        struct trapframe tf = frame(nr), expected = frame(-(uint32_t)nr - 1);
        answers[nr] = -(int32_t)nr - 1;
        syscall(&tf);
        CHECK_STEPS(list[nr].name, "interrupts off, 0 events");
        CHECK_EQ(memcmp(&tf, &expected, sizeof(tf)), 0); /* only eax is another */
    }
}

TEST(a_number_without_a_call_calls_nothing)
{
    static const uint32_t beyond[] = {ABI_CALLS, ABI_CALLS + 1, 2 * ABI_CALLS,
                                      INT32_MAX, 1u << 31,      UINT32_MAX};
    start(&syscall_abi);
    for (uint32_t nr = 0; nr < ABI_CALLS; nr++) {
        struct trapframe tf = frame(nr);
        if (list[nr].name != NULL)
            continue;
        syscall(&tf);
        CHECK_EQ((int32_t)tf.eax, -E_UNIMP);
    }
    for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
        struct trapframe tf = frame(beyond[i]);
        syscall(&tf);
        CHECK_EQ((int32_t)tf.eax, -E_UNIMP);
    }
    CHECK_STR_EQ(journal, "");
}

/* The last entry is the one for numbers beyond the table: those of Linux have an error of their own. */
TEST(the_table_of_the_process_answers)
{
    static struct abi other;
    other = syscall_abi;
    other.calls[NR_fork] = syscall_abi.calls[NR_getpid];
    other.calls[ABI_CALLS - 1] = syscall_abi.calls[NR_yield];
    start(&other);
    struct trapframe tf = frame(NR_fork), beyond = frame(ABI_CALLS);
    syscall(&tf);
    syscall(&beyond);
    CHECK_STEPS("getpid ", "interrupts off, 0 events", "yield ", "interrupts off, 0 events");
}

TEST(interrupts_are_on_during_a_call_and_off_again)
{
    start(&syscall_abi);
    struct trapframe tf = frame(NR_getpid);
    answers[NR_getpid] = 4711;
    syscall_trap(&tf);
    CHECK_EQ(tf.eax, 4711);
    CHECK_STEPS("getpid ", "interrupts on, 0 events");
    CHECK(!host_interrupts_on);
}

TEST(others_may_run_after_a_call)
{
    for (int traced = 0; traced < 2; traced++) {
        void (*trap)(struct trapframe * tf) = traced ? do_traced_syscall : syscall_trap;
        const char *back =
            traced ? "return to user, interrupts off, 2 events" : "return to user, interrupts off, 0 events";
        const char *called_at = traced ? "interrupts on, 1 events" : "interrupts on, 0 events";
        start(&syscall_abi);
        struct trapframe tf = frame(NR_getpid);
        trap(&tf);
        CHECK_STEPS("getpid ", called_at);
        start(&syscall_abi);
        tf = frame(NR_getpid);
        boot_cpu.need_resched = true;
        trap(&tf);
        CHECK_STEPS("getpid ", called_at, back);
        start(&syscall_abi);
        tf = frame(NR_getpid);
        self.killed = true;
        trap(&tf);
        CHECK_STEPS("getpid ", called_at, back);
    }
}

TEST(the_kernel_works_for_the_process_from_entry_to_return)
{
    for (int traced = 0; traced < 2; traced++) {
        void (*trap)(struct trapframe * tf) = traced ? do_traced_syscall : syscall_trap;
        const char *called_at = traced ? "interrupts on, 1 events" : "interrupts on, 0 events";
        const char *back =
            traced ? "return to user, interrupts off, 2 events" : "return to user, interrupts off, 0 events";
        start(&syscall_abi);
        struct trapframe tf = frame(NR_getpid);
        peak_stretch_max = CALLED - 100 - 1;
        peak_stretch_eip = 5;         /* of an interrupt before */
        boot_cpu.need_resched = true; /* what others do then is not its time */
        trap(&tf);
        CHECK_STEPS("getpid ", called_at, "stretch of 900", back);
        CHECK_EQ(peak_stretch_eip, 0);
    }
}

static void check_event(size_t i, enum trace_event event, uint32_t low_stamp)
{
    CHECK_EQ(memcmp(stamped[i].arg, records[i].arg, sizeof(records[i].arg)), 0);
    CHECK_EQ(records[i].event, event);
    CHECK_EQ(records[i].pid, 300);
    CHECK_EQ(records[i].stamp, (7ull << 32) + low_stamp);
}

TEST(a_call_is_recorded_with_its_arguments_and_its_result)
{
    static struct abi other;
    other = syscall_abi;
    other.traced = 2000;
    other.first = ABI_EBX;
    other.third = ABI_EDX;
    for (int theirs = 0; theirs < 2; theirs++) {
        start(theirs ? &other : &syscall_abi);
        struct trapframe tf = frame(NR_getpid);
        uint32_t nr = NR_getpid + (theirs ? 2000 : 0);
        answers[NR_getpid] = -4711;
        do_traced_syscall(&tf);
        CHECK_EQ(tf.eax, (uint32_t)-4711);
        CHECK_EQ(trace_ring.next, 2);
        check_event(0, TRACE_syscall_enter, 100);
        CHECK_EQ(records[0].arg[0], nr);
        CHECK_EQ(records[0].arg[1], theirs ? tf.ebx : tf.edx);
        CHECK_EQ(records[0].arg[2], tf.ecx);
        CHECK_EQ(records[0].arg[3], theirs ? tf.edx : tf.ebx);
        CHECK_EQ(records[0].arg[4], tf.eip);
        check_event(1, TRACE_syscall_leave, CALLED);
        CHECK_EQ(records[1].arg[0], nr);
        CHECK_EQ(records[1].arg[1], (uint32_t)-4711);
        CHECK_EQ(records[1].arg[4], 555); /* free frames */
    }
}

TEST(the_registers_of_arguments_are_those_of_the_abi)
{
    start(&syscall_abi);
    syscall_check();
}

TEST(a_call_that_goes_elsewhere_is_noticed)
{
    start(&syscall_abi);
    answers[NR_getpgid] = self.group;
    answers[NR_setpriority] = -E_INVAL;
    syscall_abi.check();
    CHECK_STEPS("getpgid 0", "interrupts off, 0 events", "setpriority 3e9", "interrupts off, 0 events");
    answers[NR_getpgid]++;
    CHECK(PANICS(
        "system calls 209 and 255, getpgid(0) and setpriority(1001), return 78 and -3 in eax, not 77 and -3",
        syscall_abi.check()));
    answers[NR_getpgid]--;
    answers[NR_setpriority] = 0;
    CHECK(PANICS("return 77 and 0 in eax, not 77 and -3", syscall_abi.check()));
}
