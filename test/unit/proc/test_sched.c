/* SPDX-License-Identifier: MIT */
/*
 * sched.c under policies that are legal and odd: one that prefers the current process, and one that picks the
 * newest. The kernel may not care which of the runnable processes a policy picks. (D100)
 *
 * A switch is simulated: cpu_switch() returns at once, and `current` is the process that was picked.
 */
#include "arch/i386/gdt.h"
#include "host_sched.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "proc/exit.h"
#include "proc/linux.h"
#include "proc/proc_fpu.h"
#include "proc/proc_rules.h"
#include "proc/sleep.h"
#include "sched_contract.h"

/* For the inline functions of check/peak.h: no stretch is the longest. */
uint32_t peak_stretch_max = UINT32_MAX, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;
void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    (void)tsc, (void)site;
}

void rules_idle(bool ran)
{
    (void)ran;
}

struct trace_ring trace_ring;
struct tss cpu_tss;
static struct proc idle;
static unsigned switches;

/* ---- the odd policies: a stack of processes ---- */

static struct proc *stack[MOST_PROCS];
static unsigned stack_n;
static bool prefers_current, turn_goes_on;

void policy_enqueue(struct proc *proc)
{
    stack[stack_n++] = proc;
}

struct proc *policy_pick(void)
{
    for (unsigned i = 0; prefers_current && i < stack_n; i++) {
        if (stack[i] == current) {
            stack[i] = stack[--stack_n];
            return current;
        }
    }
    return stack_n > 0 ? stack[--stack_n] : NULL;
}

bool policy_waiting(void)
{
    return stack_n > 0;
}

bool policy_tick(struct proc *proc)
{
    (void)proc;
    return !turn_goes_on;
}

/* ---- what sched.c calls ---- */

void cpu_switch(uintptr_t *save_sp, uintptr_t load_sp)
{
    (void)save_sp, (void)load_sp;
    switches++;
}

const uint8_t proc_may_become[] = {
#define TO(NAME) | BIT(PROC_##NAME)
#define PROC_STATE(NAME, next) [PROC_##NAME] = 0 next,
#include <ucow/enums.def>
};

void proc_set_state(struct proc *proc, enum proc_state state)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK((proc_may_become[proc->state] & BIT(state)) != 0);
    proc->state = state;
}

struct trace_record *trace_records;
uint32_t trace_index_mask;
const size_t *trace_free;

void trace_switch_one_by_one(int from, enum proc_state state, int to)
{
    (void)from, (void)state, (void)to;
}

void trace_leave_one_by_one(int from, int to)
{
    (void)from, (void)to;
}

void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    (void)event, (void)a, (void)b;
}

void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    (void)event, (void)a, (void)b, (void)c;
}

void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    (void)event, (void)a, (void)b, (void)c;
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    (void)event, (void)words;
}

uint32_t trace_running;

struct pgdir kernel_pgdir;
uint32_t host_cr3;
uint8_t host_memory[PAGE_SIZE];
static unsigned loads; /* of a page directory */
void host_tlb_forget_all(void)
{
    loads++;
}

void proc_fpu_switch(struct proc *next)
{
    (void)next;
}

void linux_switch(const struct proc *next)
{
    (void)next;
}

void timer_wake_due(void)
{
}

void do_exit(enum exit_reason reason, int code)
{
    (void)reason, (void)code;
    panic("do_exit");
}

void proc_check_failed(const struct proc *proc)
{
    (void)proc;
    panic("not a process");
}

/* ---- tests ---- */

/* Idle runs, `n` processes are runnable, and the policy is odd in this way. */
static void start(unsigned n, bool prefer_current)
{
    prefers_current = prefer_current;
    idle = (struct proc){.magic = PROC_MAGIC, .state = PROC_RUNNING};
    boot_cpu = (struct cpu){.idle = &idle};
    current = &idle;
    start_procs(n);
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    for (unsigned i = 0; i < n; i++)
        sched_start(&procs[i]);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

static void check_states(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (procs[i].state != PROC_SLEEPING)
            CHECK_EQ(procs[i].state, current == &procs[i] ? PROC_RUNNING : PROC_RUNNABLE);
    CHECK_EQ(idle.state, current == &idle ? PROC_RUNNING : PROC_RUNNABLE);
}

TEST(a_priority_is_that_of_the_caller)
{
    start(2, true);
    sched_idle();
    sched_set_priority(7);
    CHECK_EQ(current->priority, 7);
    CHECK_EQ(procs[current == &procs[0]].priority, 1); /* of the other */
    CHECK(!spin_is_held(&sched_lock));
}

TEST(no_one_sleeps_with_interrupts_off)
{
    struct waitq queue;

    start(1, true);
    sched_idle();
    waitq_init(&queue);
    CHECK(PANICS("interrupts off", {
        host_interrupts_on = false;
        spin_lock_irqsave(&sched_lock);
        waitq_sleep(&queue, true);
    }));
}

TEST(the_current_process_may_be_picked_D100)
{
    start(3, true);
    sched_idle();
    struct proc *chosen = current;
    CHECK(chosen != &idle);
    switches = 0;
    for (uint32_t turn = 1; turn <= 100; turn++) {
        sched_yield();
        CHECK_EQ(current, chosen);
        CHECK_EQ(chosen->runs, turn + 1);
        check_states(3);
    }
    CHECK_EQ(switches, 0);
}

TEST(the_newest_process_may_be_picked_D100)
{
    start(3, false);
    sched_idle();
    CHECK_EQ(current, &procs[2]);
    for (int turn = 0; turn < 100; turn++) {
        sched_yield(); /* the newest is the one that yields */
        CHECK_EQ(current, &procs[2]);
        check_states(3);
    }
}

/* Any order of yields, ticks, sleeps and wakes, under both. */
TEST(any_choice_keeps_the_states_right_D100)
{
    for (int odd = 0; odd < 2; odd++) {
        struct waitq queue;
        waitq_init(&queue);
        start(8, odd == 1);
        for (int step = 0; step < 20000; step++) {
            uint32_t eflags;
            switch (unit_below(4)) {
            case 0:
                if (current == &idle)
                    sched_idle();
                else
                    sched_yield();
                break;
            case 1:
                eflags = spin_lock_irqsave(&sched_lock);
                if (current != &idle)
                    waitq_sleep(&queue, false);
                spin_unlock_irqrestore(&sched_lock, eflags);
                break;
            case 2:
                eflags = spin_lock_irqsave(&sched_lock);
                waitq_wake(&queue);
                spin_unlock_irqrestore(&sched_lock, eflags);
                break;
            default:
                host_interrupts_on = false;
                sched_tick();
                host_interrupts_on = true;
                CHECK_EQ(sched_point(), 0);
            }
            check_states(8);
        }
    }
}

/* The current process sleeps; the newest that is runnable goes on. */
static void sleep_in(struct waitq *queue)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    waitq_sleep(queue, false);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

TEST(who_came_first_is_woken_first)
{
    struct waitq queue;
    waitq_init(&queue);
    start(3, false);
    sched_idle();
    sleep_in(&queue); /* process 2, then 1 */
    sleep_in(&queue);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    waitq_wake(&queue);
    spin_unlock_irqrestore(&sched_lock, eflags);
    CHECK_EQ(procs[2].state, PROC_RUNNABLE);
    CHECK_EQ(procs[1].state, PROC_SLEEPING);
}

TEST(who_was_killed_does_not_begin_to_sleep)
{
    struct waitq queue;
    waitq_init(&queue);
    start(2, false);
    sched_idle();
    struct proc *victim = current;
    victim->killed = true;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    CHECK_EQ(waitq_sleep(&queue, true), -E_KILLED);
    CHECK_EQ(victim->state, PROC_RUNNING);
    CHECK(current == victim && list_empty(&queue.sleepers));
    CHECK_EQ(waitq_sleep(&queue, false), 0);
    CHECK_EQ(victim->state, PROC_SLEEPING);
    CHECK(current != victim && !list_empty(&queue.sleepers));
    CHECK(!victim->killable);
    struct proc *other = current;
    CHECK_EQ(waitq_sleep(&queue, true), 0);
    CHECK_EQ(other->state, PROC_SLEEPING);
    CHECK(other->killable); /* a kill wakes it */
    spin_unlock_irqrestore(&sched_lock, eflags);
}

TEST(threads_keep_what_is_loaded)
{
    struct mm mm = {.pgdir = &kernel_pgdir};
    struct waitq queue;
    waitq_init(&queue);
    start(2, false);
    procs[0].mm = procs[1].mm = &mm;
    loads = 0;
    sched_idle();
    CHECK_EQ(loads, 1);
    sleep_in(&queue); /* the other one runs, which has the same memory */
    CHECK_EQ(current, &procs[0]);
    CHECK_EQ(loads, 1);
}

static unsigned attended;

static void attend(void)
{
    CHECK(!spin_is_held(&sched_lock));
    attended++;
}

/* So ^C ends a process that is in a long loop of the kernel. */
TEST(a_point_does_what_interrupts_left_to_do)
{
    start(1, false);
    sched_on_attention(attend);
    sched_idle();
    sched_call_attention();
    CHECK_EQ(attended, 0);
    CHECK_EQ(sched_point(), 0);
    CHECK_EQ(attended, 1);
    CHECK_EQ(sched_point(), 0);
    CHECK_EQ(attended, 1); /* once */
}

/* The timer interrupts. */
static bool wants_another_after_a_tick(void)
{
    host_interrupts_on = false;
    sched_tick();
    host_interrupts_on = true;
    return boot_cpu.need_resched;
}

TEST(a_tick_ends_a_turn_if_the_policy_says_so)
{
    start(2, false);
    sched_idle();
    turn_goes_on = true;
    CHECK(!wants_another_after_a_tick());
    turn_goes_on = false;
    CHECK(wants_another_after_a_tick());
    start(0, false);
    CHECK(!wants_another_after_a_tick()); /* idle has no turn */
}

TEST(who_yields_gives_up_the_rest_of_its_turn)
{
    start(2, false);
    sched_idle();
    struct proc *yields = current;
    yields->slice_ticks = 3;
    sched_yield();
    CHECK_EQ(yields->slice_ticks, 0);
}
