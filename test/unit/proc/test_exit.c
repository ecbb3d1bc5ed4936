/* SPDX-License-Identifier: MIT */
/*
 * exit.c: the steps of an exit, each once and in this order. (D04, D82)
 */
#include "proc/exit.h"

#include <setjmp.h>

#include "host_sched.h"
#include "journal.h"
#include "mm/mm.h"
#include "proc/abi.h"
#include "proc/family.h"
#include "proc/linux.h"
#include "proc/proc_fpu.h"
#include "proc/proc_line.h"
#include "proc/visit.h"

#define PID 300

static struct proc proc, parent, init, idle;
struct proc *init_proc = &init;
static struct mm mm;
static struct linux_proc linux_proc;
struct pgdir kernel_pgdir;

static int parts;         /* in which the children are handed over, as yet */
static bool zombies;      /* whether there are zombies among them */
static bool makes_zombie; /* family_make_zombie() does what it should */
static jmp_buf left;

struct trace_ring trace_ring = {.on = 1};
void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    CHECK_EQ(event, TRACE_exit);
    note("trace exit %u %u %u", a, b, c);
}

void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    (void)event, (void)a, (void)b, (void)c;
}

void proc_check_failed(const struct proc *what)
{
    check_failed("%p is no process", (const void *)what);
}

uint8_t host_memory[1];
uint32_t host_cr3 = 1;

void host_tlb_forget_all(void)
{
    CHECK_EQ(host_cr3, virt_to_phys(&kernel_pgdir));
    CHECK(proc.mm == NULL);
    note("mmu_load");
}

void visit_await_last(const struct mm *what)
{
    CHECK_EQ(what, &mm);
    note("visit_await_last");
}

void mm_drop(struct mm *what)
{
    CHECK_EQ(what, &mm);
    note("mm_drop");
}

void proc_line_exit(void)
{
    CHECK(proc.exiting && host_interrupts_on);
    note("proc_line_exit");
}

void proc_fpu_drop(struct proc *what)
{
    CHECK_EQ(what, &proc);
    note("proc_fpu_drop");
}

void linux_drop(struct proc *what)
{
    CHECK_EQ(what, &proc);
    proc.linux_state = NULL;
    note("linux_drop");
}

static void leave(enum exit_reason *reason, int *code)
{
    CHECK(proc.mm == &mm && !proc.exiting);
    note("leave %d %d", (int)*reason, *code);
    *reason = EXIT_FAULT;
    *code = 9;
}

static const struct abi abi = {.leave = leave};

bool family_hand_over(struct proc *from, struct proc *to, unsigned n, bool *some)
{
    CHECK(from == &proc && to == &init);
    *some = zombies;
    note("family_hand_over %u", n);
    return --parts > 0;
}

void family_make_zombie(struct proc *child)
{
    CHECK(child == &proc && spin_is_held(&sched_lock));
    CHECK(child->state != PROC_ZOMBIE);
    note("family_make_zombie");
    if (makes_zombie)
        list_add_head(&parent.zombies, &proc.sibling);
}

void proc_set_state(struct proc *what, enum proc_state state)
{
    CHECK(what == &proc && spin_is_held(&sched_lock));
    note("state %d", (int)state == PROC_ZOMBIE);
    proc.state = state;
}

void waitq_wake(struct waitq *queue)
{
    CHECK(spin_is_held(&sched_lock));
    note(queue == &init.child_exited     ? "wake init"
         : queue == &parent.child_exited ? "wake parent"
                                         : "wake another");
    if (queue == &parent.child_exited)
        CHECK(proc.state == PROC_ZOMBIE);
}

int sched_point(void)
{
    CHECK(!spin_is_held(&sched_lock));
    note("sched_point");
    return 0;
}

void sched_leave(void)
{
    CHECK(spin_is_held(&sched_lock) && !host_interrupts_on);
    note("sched_leave");
    longjmp(left, 1);
}

static void make(struct proc *what, int pid, const char *name)
{
    *what = (struct proc){.magic = PROC_MAGIC, .pid = pid};
    strcpy(what->name, name);
    list_init(&what->children);
    list_init(&what->zombies);
    list_init(&what->sibling);
    waitq_init(&what->child_exited);
}

static void start(void)
{
    make(&init, 1, "init");
    make(&idle, 0, "idle");
    make(&parent, 2, "parent");
    make(&proc, PID, "proc");
    proc.parent = &parent;
    proc.mm = &mm;
    proc.abi = &abi;
    this_cpu()->idle = &idle;
    current = &proc;
    parts = 1;
    zombies = false;
    makes_zombie = true;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = false; /* a fault's handler */
    journal_clear();
}

static void end(enum exit_reason reason, int code)
{
    if (setjmp(left) == 0)
        do_exit(reason, code);
    spin_unlock_irqrestore(&sched_lock, 1);
}

#define ZOMBIE "family_make_zombie", "state 1", "wake parent", "sched_leave"
#define MEMORY "mmu_load", "visit_await_last", "mm_drop"

TEST(a_process_ends_in_this_order)
{
    start();
    end(EXIT_CALL, -5);
    CHECK_STEPS("trace exit 300 4294967291 0", "proc_line_exit", MEMORY, "proc_fpu_drop",
                "family_hand_over 64", "sched_point", ZOMBIE);
    CHECK(proc.exit_code == -5 && proc.exit_reason == EXIT_CALL);
}

TEST(init_is_woken_for_zombies_that_it_gets)
{
    start();
    parts = 3;
    zombies = true;
    end(EXIT_CALL, 0);
    CHECK_STEPS("trace exit 300 0 0", "proc_line_exit", MEMORY, "proc_fpu_drop", "family_hand_over 64",
                "wake init", "sched_point", "family_hand_over 64", "wake init", "sched_point",
                "family_hand_over 64", "wake init", "sched_point", ZOMBIE);
}

TEST(a_kernel_thread_has_no_memory)
{
    start();
    proc.mm = NULL;
    end(EXIT_CALL, 0);
    CHECK_STEPS("trace exit 300 0 0", "proc_line_exit", "proc_fpu_drop", "family_hand_over 64", "sched_point",
                ZOMBIE);
}

TEST(a_kill_because_memory_is_full_has_a_reason_of_its_own)
{
    start();
    proc.out_of_memory = true;
    end(EXIT_KILL, -9);
    CHECK_EQ(proc.exit_reason, EXIT_OOM);
    start();
    end(EXIT_KILL, -9);
    CHECK_EQ(proc.exit_reason, EXIT_KILL);
    start();
    proc.out_of_memory = true; /* but it ended before that */
    end(EXIT_CALL, -9);
    CHECK_EQ(proc.exit_reason, EXIT_CALL);
}

TEST(a_program_for_linux_leaves_while_it_has_its_memory)
{
    start();
    proc.linux_state = &linux_proc;
    end(EXIT_CALL, 4);
    char trace[40];
    snprintf(trace, sizeof(trace), "trace exit 300 9 %d", EXIT_FAULT);
    CHECK_STEPS("leave 0 4", trace, "proc_line_exit", MEMORY, "proc_fpu_drop", "linux_drop",
                "family_hand_over 64", "sched_point", ZOMBIE);
    CHECK(proc.exit_code == 9 && proc.exit_reason == EXIT_FAULT);
}

TEST(neither_init_nor_idle_ends)
{
    start();
    current = &init;
    CHECK(PANICS("init ends with code 3", do_exit(EXIT_CALL, 3)));
    current = &idle;
    CHECK(PANICS("idle ends with code 4", do_exit(EXIT_CALL, 4)));
}

TEST(a_process_ends_without_locks)
{
    start();
    CHECK(PANICS("ends with a lock held", {
        spin_lock_irqsave(&sched_lock);
        do_exit(EXIT_CALL, 0);
    }));
}

TEST(an_exit_that_forgets_something_is_reported)
{
    struct proc other;
    start();
    make(&other, 301, "other");
    list_add_head(&proc.children, &other.sibling);
    CHECK(PANICS("pid 300 \"proc\" ended, but its children were not handed to init", do_exit(EXIT_CALL, 0)));
    start();
    list_add_head(&proc.zombies, &other.sibling);
    CHECK(PANICS("pid 300 \"proc\" ended, but its children were not handed to init", do_exit(EXIT_CALL, 0)));
    start();
    list_add_head(&parent.child_exited.sleepers, &other.wait_link);
    CHECK(PANICS("pid 300 \"proc\" ended, but its parent pid 2 \"parent\" still sleeps in wait",
                 do_exit(EXIT_CALL, 0)));
    start();
    makes_zombie = false;
    CHECK(PANICS("pid 300 \"proc\" ended, but is no zombie of its parent pid 2 \"parent\"",
                 do_exit(EXIT_CALL, 0)));
}
