/* SPDX-License-Identifier: MIT */
/*
 * planted_proc - mistakes on request with locks, lists and processes; see planted/planted.def.
 */
#include "planted/planted.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/mutex.h"
#include "proc/proc.h"
#include "proc/sched.h"
#include "proc/sleep.h"

#define LONG_TICKS (IRQ_OFF_TICKS_MAX + 1)
#define DEEP_FREE_BYTES (STACK_FREE_MIN - 64)

static struct mutex coat = MUTEX_INIT(coat), hat = MUTEX_INIT(hat);
static struct spinlock spin = SPINLOCK_IRQ("selftest");

void plant_locktwice(void)
{
    spin_lock_irqsave(&spin);
    spin_lock_irqsave(&spin); /* <- locktwice */
}

void plant_lockorder(void)
{
    mutex_lock(&coat); /* <- lockorder taken */
    mutex_lock(&hat);
    mutex_unlock(&hat);
    mutex_unlock(&coat);
    mutex_lock(&hat);  /* <- lockorder */
    mutex_lock(&coat); /* <- lockorder */
}

void plant_lockheld(void)
{
    uint32_t eflags = spin_lock_irqsave(&spin); /* <- lockheld */
    uint32_t since = cpu_tsc_low();
    while ((cpu_tsc_low() - since) / LONG_TICKS < trace_ring.tsc_per_tick)
        ;
    spin_unlock_irqrestore(&spin, eflags);
}

static void keep_hat_for_a_while(void *unused)
{
    (void)unused;
    mutex_lock(&hat); /* <- lockother taken */
    do_sleep(1);
    mutex_unlock(&hat);
}

void plant_lockother(void)
{
    kernel_thread("owner", keep_hat_for_a_while, NULL);
    sched_yield();
    mutex_unlock(&hat); /* <- lockother */
}

static void keep_hat(void *unused)
{
    (void)unused;
    mutex_lock(&hat); /* <- lockkept */
}

/* A thread that begins here, has come to its end, and is still to be reaped. */
static struct proc *run_to_the_end(void (*thread)(void *unused))
{
    struct proc *zombie = NULL;
    int pid = kernel_thread("planted", thread, NULL);
    if (pid > 0)
        do_wait(pid, &zombie);
    return zombie;
}

void plant_lockkept(void)
{
    run_to_the_end(keep_hat);
}

void plant_sleepspin(void)
{
    spin_lock_irqsave(&spin); /* <- sleepspin */
    do_sleep(1);
}

void plant_sleepoff(void)
{
    cpu_irq_save();
    do_sleep(1); /* <- sleepoff */
}

/* What the interrupt handlers do when they begin: this stands for one that takes a lock which sleeps. */
void plant_sleephandler(void)
{
    locks_handler_begins();
    mutex_lock(&hat); /* <- sleephandler */
}

/* Goes down until only DEEP_FREE_BYTES are left. */
static uint32_t go_down(uint32_t depth)
{
    volatile uint32_t frame[4] = {depth};
    bool enough = (uintptr_t)frame < current->kstack + DEEP_FREE_BYTES;
    return enough ? 0 : go_down(depth + 1) + frame[0];
}

static void use_most_of_the_stack(void *unused)
{
    (void)unused;
    cpu_cli(); /* a handler would need more than is left */
    go_down(0);
    cpu_sti();
}

void plant_stackdeep(void)
{
    struct proc *zombie = run_to_the_end(use_most_of_the_stack);
    do_reap(zombie); /* <- stackdeep */
}

/* Not inline, so that the caller has a line of its own in the backtrace. */
static __attribute__((noinline)) void take_out(struct list_node *node)
{
    list_del(node);
}

void plant_listlost(void)
{
    struct list_node list, first, second;
    list_init(&list);
    list_add_tail(&list, &first);
    list_add_tail(&list, &second);
    second.prev = &list;
    take_out(&first); /* <- listlost */
}

static void do_nothing(void *unused)
{
    (void)unused;
}

void plant_deadproc(void)
{
    struct proc *zombie = run_to_the_end(do_nothing);
    do_reap(zombie);
    spin_lock_irqsave(&sched_lock);
    wakeup_proc(zombie); /* <- deadproc */
}

/* The handler counts them. */
void plant_race(void)
{
    for (uint64_t end = timer_ticks() + LONG_TICKS; timer_ticks() < end;)
        trace_ring.ticks = 0; /* <- race */
}

static int answer(int question)
{
    return question + 1;
}

void plant_wildcall(void)
{
    static void *volatile address = (void *)answer;
    void (*call)(void) = (void (*)(void))address;
    call(); /* <- wildcall */
}

void plant_leak_pid(void)
{
    pid_alloc(); /* <- leak_pid */
}
