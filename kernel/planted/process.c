/* SPDX-License-Identifier: MIT */
/*
 * process - mistakes with processes, their stacks and pids, and with lists; see planted.def.
 */
#include "planted/planted.h"
#include "proc/fork.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/sched.h"
#include "proc/wait.h"

#define DEEP_FREE_BYTES (STACK_FREE_MIN - 64)

static struct mutex hat = MUTEX_INIT(hat);

static void keep_hat(void *unused)
{
    (void)unused;
    mutex_lock(&hat); /* <- lockkept */
}

/* Run a kernel thread until it has ended. Returns it as a zombie, for the caller to reap. */
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

/* Recurse until only DEEP_FREE_BYTES of the stack are unused. */
static uint32_t go_down(uint32_t depth)
{
    volatile uint32_t frame[4] = {depth};
    bool enough = (uintptr_t)frame < current->kstack + DEEP_FREE_BYTES;
    return enough ? 0 : go_down(depth + 1) + frame[0];
}

static void use_most_of_the_stack(void *unused)
{
    (void)unused;
    cpu_cli(); /* a handler would need more stack than is left */
    go_down(0);
    cpu_sti();
}

void plant_stackdeep(void)
{
    struct proc *zombie = run_to_the_end(use_most_of_the_stack);
    do_reap(zombie); /* <- stackdeep */
}

/* Not inline, so that the backtrace has a line of the caller. */
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

void plant_leak_pid(void)
{
    pid_alloc(); /* <- leak_pid */
}
