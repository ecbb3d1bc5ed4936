/* SPDX-License-Identifier: MIT */
/*
 * sched.c: what a switch does, in which order, and the rules of who is ready and who sleeps. test_sched.c has
 * odd policies, test_sched_points.c what leads to a switch.
 */
#include "host_switch.h"

static struct linux_proc linux_proc;

static void sleep_in(struct waitq *where)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    waitq_sleep(where, false);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

TEST(kernel_threads_switch_without_loading_anything)
{
    start(2);
    boot_cpu.need_resched = true;
    sched_yield();
    CHECK_STEPS("enqueue 10", "trace: 10 is runnable, 11 runs", "switch from 10 to 11");
    CHECK(current == &procs[1] && procs[1].runs == 1 && procs[0].runs == 0);
    CHECK(!boot_cpu.need_resched && host_interrupts_on && !spin_is_held(&sched_lock));
}

TEST(memory_is_loaded_if_it_is_another)
{
    start(3);
    procs[1].mm = procs[2].mm = &mm[0];
    sched_yield();
    CHECK_STEPS("enqueue 10", "trace: 10 is runnable, 11 runs", "load the pages of mm 0",
                "switch from 10 to 11");
    sched_yield();
    CHECK_STEPS("enqueue 11", "trace: 11 is runnable, 12 runs", "switch from 11 to 12");
    sched_yield();
    CHECK_STEPS("enqueue 12", "trace: 12 is runnable, 10 runs", "load the kernel's pages",
                "switch from 12 to 10");
    start(2);
    procs[0].mm = &mm[0];
    procs[1].mm = &mm[1];
    sched_yield();
    CHECK_STEPS("enqueue 10", "trace: 10 is runnable, 11 runs", "load the pages of mm 1",
                "switch from 10 to 11");
}

/* Of the FPU and of programs for Linux: the process that runs next must not see the registers of the one
 * before. */
TEST(special_registers_are_switched_when_there_are_some)
{
    static const char *const wanted[] = {
        "",
        "FPU of 11\nTLS of 11\n",
        "FPU of 11\nTLS of 11\n",
        "FPU of 11\nTLS of 11\n",
    };
    for (int i = 0; i < 4; i++) {
        char steps[200];
        start(2);
        procs[0].mm = procs[1].mm = &mm[0];
        boot_cpu.fpu_open = i == 1;
        boot_cpu.tls_loaded = i == 2;
        procs[1].linux_state = i == 3 ? &linux_proc : NULL;
        sched_yield();
        snprintf(steps, sizeof(steps), "enqueue 10\ntrace: 10 is runnable, 11 runs\n%sswitch from 10 to 11\n",
                 wanted[i]);
        CHECK_STR_EQ(journal, steps);
    }
}

TEST(who_yields_alone_goes_on)
{
    start(1);
    boot_cpu.need_resched = true;
    procs[0].slice_ticks = 3;
    sched_yield();
    CHECK_STR_EQ(journal, "");
    CHECK(current == &procs[0] && procs[0].slice_ticks == 0 && procs[0].state == PROC_RUNNING);
    CHECK(!boot_cpu.need_resched && host_interrupts_on && !spin_is_held(&sched_lock));
}

TEST(who_sleeps_leaves_the_CPU_to_the_next_or_to_idle)
{
    struct waitq where;
    waitq_init(&where);
    start(2);
    procs[0].mm = procs[1].mm = &mm[0];
    sleep_in(&where);
    CHECK_STEPS("trace: sleep 10 1", "trace: 10 is asleep, 11 runs", "switch from 10 to 11");
    sleep_in(&where);
    CHECK_STEPS("trace: sleep 11 1", "trace: 11 is asleep, 0 runs", "load the kernel's pages",
                "switch from 11 to 0");
    CHECK(current == &idle && procs[0].state == PROC_SLEEPING && procs[1].state == PROC_SLEEPING);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    waitq_wake(&where);
    waitq_wake(&where);
    waitq_wake(&where); /* no one is left */
    spin_unlock_irqrestore(&sched_lock, eflags);
    CHECK_STEPS("trace: wake 10 0", "enqueue 10", "trace: wake 11 0", "enqueue 11");
}

TEST(who_does_not_sleep_is_not_woken)
{
    start(2);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    wakeup_proc(&procs[0]);
    wakeup_proc(&procs[1]);
    spin_unlock_irqrestore(&sched_lock, eflags);
    CHECK_STR_EQ(journal, "");
    CHECK(procs[0].state == PROC_RUNNING && procs[1].state == PROC_RUNNABLE);
    procs[2].magic = PROC_MAGIC_DEAD;
    CHECK(PANICS("is no process", wakeup_proc(&procs[2])));
}

static void kill_sleeper(void)
{
    procs[0].killed = true;
    current = &procs[0]; /* it was woken, and its turn comes */
}

TEST(a_kill_ends_a_sleep_that_may_be_killed)
{
    for (int killable = 0; killable <= 1; killable++) {
        struct waitq where;
        waitq_init(&where);
        start(2);
        elsewhere = kill_sleeper;
        uint32_t eflags = spin_lock_irqsave(&sched_lock);
        CHECK_EQ(waitq_sleep(&where, killable), killable ? -E_KILLED : 0);
        spin_unlock_irqrestore(&sched_lock, eflags);
        list_del(&procs[0].wait_link);
    }
}

static void take_another_lock(void)
{
    locks_held.classes = LOCKS_ALWAYS; /* the next process's */
    peak_stretch_eip = 7;
    host_tsc = 5000;
}

/* What the checks know of a process, too, is another's while it sleeps. */
TEST(a_process_comes_back_with_its_locks)
{
    start(2);
    host_tsc = 1000;
    elsewhere = take_another_lock;
    sched_yield();
    CHECK_EQ(peak_stretch_since, 5000);
    CHECK_EQ(peak_stretch_eip, 0);
    CHECK(!spin_is_held(&sched_lock));
}

TEST(a_new_process_finishes_the_switch_to_it)
{
    start(1);
    host_tsc = 6000;
    spin_lock_irqsave(&sched_lock); /* by the one that left */
    locks_held.classes = 0;
    sched_first_run();
    CHECK_EQ(locks_held.classes, LOCKS_ALWAYS);
    CHECK_EQ(peak_stretch_since, 6000);
    CHECK(!spin_is_held(&sched_lock) && !host_interrupts_on);
    host_interrupts_on = true;
}

static void end_here(void)
{
    CHECK_STEPS("trace: 10 is gone, 11 runs", "load the pages of mm 1", "switch from 10 to 11");
    CHECK(procs[0].state == PROC_ZOMBIE && procs[1].state == PROC_RUNNING);
    current = &procs[2]; /* as if it came back */
}

TEST(a_process_that_ended_never_runs_again)
{
    start(2);
    procs[1].mm = &mm[1];
    procs[0].state = PROC_ZOMBIE;
    elsewhere = end_here;
    CHECK(PANICS("zombie pid 12 was scheduled", {
        spin_lock_irqsave(&sched_lock);
        sched_leave();
    }));
}

static void start_one(struct proc *proc)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    rules_wait = 1;
    due = 1;
    sched_start(proc);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

static void wake_one(struct proc *proc)
{
    struct waitq where;
    waitq_init(&where);
    list_add_head(&where.sleepers, &proc->wait_link);
    proc->state = PROC_SLEEPING;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    rules_wait = 1;
    due = 1;
    wakeup_proc(proc);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

TEST(a_policy_that_forgets_a_process_is_reported)
{
    start(1);
    start_one(&procs[1]);
    CHECK_STEPS("enqueue 11");
    wake_one(&procs[2]);
    CHECK_STEPS("trace: wake 12 10", "enqueue 12");
    queue_n = 0;
    forgets = true;
    CHECK(PANICS("pid 11 \"p11\" is ready to run, but is not in the run queue", start_one(&procs[1])));
    CHECK(PANICS("pid 12 \"p12\" is ready to run, but is not in the run queue", wake_one(&procs[2])));
}

TEST(who_is_ready_and_still_in_a_wait_queue_is_reported)
{
    struct waitq where;
    waitq_init(&where);
    start(1);
    list_add_head(&where.sleepers, &procs[1].wait_link);
    CHECK(PANICS("pid 11 \"p11\" is woken, but stays in the queue in which it slept", start_one(&procs[1])));
    procs[2].wait_link = (struct list_node){NULL, NULL}; /* a new process has never slept */
    start_one(&procs[2]);
}

TEST(a_sleep_that_no_one_could_end_is_reported)
{
    struct waitq where;
    waitq_init(&where);
    start(1);
    CHECK(PANICS("pid 10 \"p10\" sleeps in wait, but has no child", sleep_in(&procs[0].child_exited)));
    CHECK(PANICS("spin_is_held(&sched_lock)", waitq_sleep(&where, false)));
    start(0);
    CHECK(PANICS("current != this_cpu()->idle", sleep_in(&where)));
}
