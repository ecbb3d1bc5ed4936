/* SPDX-License-Identifier: MIT */
/*
 * host_switch - what sched.c needs from the rest of the kernel, as steps of the journal, and a policy that
 * runs processes in the order in which they became runnable. Included by one file of a program.
 *
 * A switch is simulated: cpu_switch() returns at once, and `current` is the process that was picked.
 */
#ifndef HOST_SWITCH_H
#define HOST_SWITCH_H

#include "arch/i386/gdt.h"
#include "host_sched.h"
#include "journal.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "proc/exit.h"
#include "proc/linux.h"
#include "proc/proc_fpu.h"
#include "proc/proc_rules.h"
#include "proc/sched_policy.h"
#include "proc/sleep.h"

#define FIRST 10 /* pid of process 0 */

uint32_t peak_stretch_max = UINT32_MAX, peak_stretch_since, host_tsc;
volatile uintptr_t peak_stretch_eip;
unsigned host_halts;

void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    (void)tsc, (void)site;
}

static struct proc procs[3], idle;
static struct mm mm[2];
struct tss cpu_tss;

/* ---- the policy: first come, first served ---- */

static struct proc *queue[8];
static unsigned queue_n;
static bool forgets, turn_is_over;

void policy_enqueue(struct proc *proc)
{
    note("enqueue %d", proc->pid);
    if (!forgets)
        queue[queue_n++] = proc;
}

struct proc *policy_pick(void)
{
    struct proc *first = queue[0];
    if (queue_n == 0)
        return NULL;
    queue_n--;
    memmove(queue, queue + 1, queue_n * sizeof(queue[0]));
    return first;
}

bool policy_waiting(void)
{
    return queue_n > 0;
}

bool policy_tick(struct proc *proc)
{
    note("tick of %d", proc->pid);
    return turn_is_over;
}

/* ---- what sched.c calls ---- */

static void (*elsewhere)(void); /* what happens while the process that leaves the CPU does not run */

void cpu_switch(uintptr_t *save_sp, uintptr_t load_sp)
{
    CHECK(spin_is_held(&sched_lock) && !host_interrupts_on);
    CHECK_EQ(load_sp, current->sp);
    for (unsigned i = 0; i < ARRAY_SIZE(procs); i++)
        if (save_sp == &procs[i].sp)
            note("switch from %d to %d", procs[i].pid, current->pid);
    if (save_sp == &idle.sp)
        note("switch from idle to %d", current->pid);
    CHECK_EQ(trace_running, (uint32_t)current->pid << TRACE_PID_SHIFT);
    CHECK_EQ(cpu_tss.esp0, (uint32_t)(current->kstack + KSTACK_BYTES));
    if (elsewhere != NULL)
        elsewhere();
}

const uint8_t proc_may_become[] = {
#define TO(NAME) | BIT(PROC_##NAME)
#define PROC_STATE(NAME, next) [PROC_##NAME] = 0 next,
#include <ucow/enums.def>
};

void proc_set_state(struct proc *proc, enum proc_state state)
{
    CHECK(spin_is_held(&sched_lock));
    proc->state = state;
}

/* The ring ends at each event, so that these are called. */
struct trace_ring trace_ring = {.on = 1};
struct trace_record *trace_records;
uint32_t trace_index_mask, trace_running;
const size_t *trace_free;

uint64_t cpu_tsc(void)
{
    return 0;
}

void trace_switch_one_by_one(int from, enum proc_state state, int to)
{
    note("trace: %d is %s, %d runs", from, state == PROC_RUNNABLE ? "runnable" : "asleep", to);
}

void trace_leave_one_by_one(int from, int to)
{
    note("trace: %d is gone, %d runs", from, to);
}

void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    note("trace: %s %u %u",
         event == TRACE_sleep  ? "sleep"
         : event == TRACE_wake ? "wake"
                               : "?",
         a, event == TRACE_wake ? b : b != 0);
}

struct pgdir kernel_pgdir;
uint8_t host_memory[1];
uint32_t host_cr3;
void host_tlb_forget_all(void)
{
    note(host_cr3 == virt_to_phys(&kernel_pgdir) ? "load the kernel's pages"
         : host_cr3 == virt_to_phys(mm[0].pgdir) ? "load the pages of mm 0"
                                                 : "load the pages of mm 1");
}

void proc_fpu_switch(struct proc *next)
{
    note("FPU of %d", next->pid);
}

void linux_switch(const struct proc *next)
{
    note("TLS of %d", next->pid);
}

void timer_wake_due(void)
{
    CHECK(spin_is_held(&sched_lock));
    note("timer_wake_due");
}

static unsigned due; /* calls of rules_begin() that return true */

bool rules_begin(void)
{
    return due > 0 && due-- > 0;
}

void rules_idle(bool ran)
{
    CHECK(spin_is_held(&sched_lock));
    note("rules_idle %d", ran);
}

void do_exit(enum exit_reason reason, int code)
{
    CHECK(!spin_is_held(&sched_lock));
    panic("exit for reason %d with code %d", (int)reason, code);
}

void proc_check_failed(const struct proc *proc)
{
    panic("%p is no process", (const void *)proc);
}

static void make(struct proc *proc, int pid)
{
    *proc = (struct proc){.magic = PROC_MAGIC, .pid = pid, .kstack = 0x1000 * (uintptr_t)(pid + 1)};
    proc->sp = proc->kstack + 0x100;
    list_init(&proc->wait_link);
    list_init(&proc->children);
    waitq_init(&proc->child_exited);
    snprintf(proc->name, sizeof(proc->name), "p%d", pid);
}

/* The first of `n` processes runs, the others are runnable. */
static inline void start(unsigned n)
{
    static struct pgdir pgdirs[2];
    make(&idle, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(procs); i++)
        make(&procs[i], FIRST + (int)i);
    mm[0].pgdir = &pgdirs[0];
    mm[1].pgdir = &pgdirs[1];
    boot_cpu = (struct cpu){.idle = &idle};
    current = n > 0 ? &procs[0] : &idle;
    current->state = PROC_RUNNING;
    queue_n = 0;
    for (unsigned i = 1; i < n; i++) {
        procs[i].state = PROC_RUNNABLE;
        queue[queue_n++] = &procs[i];
    }
    idle.state = n > 0 ? PROC_RUNNABLE : PROC_RUNNING;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = true;
    forgets = turn_is_over = false;
    due = 0;
    rules_wait = 0;
    elsewhere = NULL;
    peak_stretch_eip = 0;
    host_halts = 0;
    journal_clear();
}

#endif
