/* SPDX-License-Identifier: MIT */
/*
 * fork.c: the steps of a fork, that it publishes a complete child, and that it undoes what it has done if a
 * step fails. (D06)
 */
#include "proc/fork.h"

#include <setjmp.h>

#include <ucow/errno.h>

#include "arch/i386/switch.h"
#include "host_sched.h"
#include "journal.h"
#include "mm/mm.h"
#include "mm/mm_check.h"
#include "proc/exit.h"
#include "proc/family.h"
#include "proc/linux.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/proc_fpu.h"

#define PARENT 3
#define GROUP 2
#define CHILD 300
#define STACK 0x1000u

/* The functions that can fail, in the order of a fork. */
enum step { NONE, RESERVE, PID, PROC, FPU, LINUX, LOCK, DUP };

static enum step failing;
static _Alignas(16) uint8_t parent_stack[KSTACK_BYTES], child_stack[KSTACK_BYTES];
static struct proc parent, child;
static struct mm mm, child_mm;
static struct linux_proc parent_linux, child_linux;
static uint32_t users_checked; /* whether mm_check_fork() was told of threads */

static int moved_to; /* the group that the parent is moved to while its memory is copied; 0: it stays */

static void (*damage)(struct trapframe *tf); /* what goes wrong with the child's frame, if anything */

struct trace_ring trace_ring = {.on = 1};
void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    CHECK_EQ(event, TRACE_fork);
    note("trace fork %u %u %x", a, b, c);
}

void fork_return(void);
void fork_return(void)
{
}

static size_t free_frames;
static int short_searches; /* so many free a frame, and end before there are enough */
static int point_result;

size_t page_free_count(void)
{
    return free_frames;
}

int sched_point(void)
{
    note("point");
    return point_result;
}

bool page_reserve(size_t pages)
{
    note("page_reserve %zu", pages);
    if (short_searches > 0) {
        short_searches--;
        free_frames++;
        return false;
    }
    return failing != RESERVE;
}

int pid_alloc(void)
{
    note("pid_alloc");
    return failing == PID ? -E_NO_FREE_PROC : CHILD;
}

void pid_free(int pid)
{
    note("pid_free %d", pid);
}

unsigned rules_wait; /* 1: the rules are checked, which is seldom so */

bool rules_begin(void)
{
    return true;
}

/* Only a rule looks for processes: here it finds one. */
struct proc *proc_find(int pid)
{
    CHECK_EQ(pid, CHILD);
    return &parent;
}

bool trap_frame_same_registers(const struct trapframe *a, const struct trapframe *b)
{
    (void)a, (void)b;
    panic("only a rule compares frames");
}

struct proc *proc_new(void)
{
    note("proc_new");
    child = (struct proc){.magic = PROC_MAGIC, .name = "child", .kstack = (uintptr_t)child_stack};
    memset(child_stack, 0xAA, sizeof(child_stack));
    return failing == PROC ? NULL : &child;
}

void proc_free(struct proc *proc)
{
    CHECK_EQ(proc, &child);
    CHECK(child.mm == NULL && child.fpu == NULL && child.linux_state == NULL);
    note("proc_free");
}

void proc_set_name(struct proc *proc, const char *name)
{
    CHECK_EQ(proc, &child);
    note("proc_set_name %s", name);
}

void proc_check_failed(const struct proc *proc)
{
    check_failed("%p is no process", (const void *)proc);
}

int proc_fpu_copy(struct proc *proc)
{
    CHECK_EQ(proc, &child);
    note("proc_fpu_copy");
    child.fpu = failing == FPU ? NULL : &child;
    return failing == FPU ? -E_NO_MEM : 0;
}

void proc_fpu_drop(struct proc *proc)
{
    CHECK_EQ(proc, &child);
    child.fpu = NULL;
    note("proc_fpu_drop");
}

int linux_inherit(struct proc *proc)
{
    CHECK_EQ(proc, &child);
    note("linux_inherit");
    child.linux_state = failing == LINUX ? NULL : &child_linux;
    return failing == LINUX ? -E_NO_MEM : 0;
}

void linux_drop(struct proc *proc)
{
    CHECK_EQ(proc, &child);
    child.linux_state = NULL;
    note("linux_drop");
}

void linux_first_run(void)
{
    note("linux_first_run");
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    CHECK_EQ(mutex, &mm.lock);
    CHECK(killable);
    note("killed");
    return -E_KILLED;
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

struct mm *mm_dup(struct mm *from, int *error)
{
    CHECK_EQ(from, &mm);
    CHECK_EQ(mm.lock.owner, &parent);
    note("mm_dup");
    if (moved_to != 0)
        parent.group = moved_to;
    *error = failing == DUP ? -E_NO_MEM : 0;
    return failing == DUP ? NULL : &child_mm;
}

void mm_check_fork(struct mm *to, struct mm *from, bool threads, struct cow_who father, struct cow_who son)
{
    CHECK(to == &child_mm && from == &mm && mm.lock.owner == &parent);
    CHECK_EQ(threads, users_checked);
    CHECK(father.pid == PARENT && son.pid == CHILD && father.name == parent.name && son.name == child.name);
    note("mm_check_fork");
}

/* Once others can see the child, it has all that it needs to run. */
static void check_complete(const struct proc *proc)
{
    const struct switch_frame *frame = (const struct switch_frame *)proc->sp;
    CHECK_EQ(proc, &child);
    CHECK_EQ(child.pid, CHILD);
    CHECK_EQ((uintptr_t)(frame + 1), (uintptr_t)proc_trapframe(&child));
    CHECK_EQ(frame->eip, (uint32_t)(uintptr_t)fork_return);
    CHECK_EQ(frame->ebp, 0);
    if (!child.kernel) {
        CHECK(child.mm != NULL && child.fpu != NULL);
        CHECK_EQ(child.group, moved_to != 0 ? moved_to : GROUP);
        CHECK_EQ(proc_trapframe(&child)->eax, 0);
    }
}

void family_add(struct proc *father, struct proc *son)
{
    CHECK_EQ(father, &parent);
    check_complete(son);
    son->parent = father;
    note("family_add");
}

static bool family_broken, starts; /* starts: sched_start() does what it should */

bool family_ok(const struct proc *proc)
{
    return proc->parent == &parent && !family_broken;
}

void pid_publish(int pid, struct proc *proc)
{
    check_complete(proc);
    note("pid_publish %d", pid);
}

void pid_group_join(int group)
{
    note("pid_group_join %d", group);
}

void sched_start(struct proc *proc)
{
    check_complete(proc);
    CHECK(spin_is_held(&sched_lock));
    note("sched_start");
    if (starts)
        child.state = PROC_RUNNABLE;
    if (damage != NULL)
        damage(proc_trapframe(&child));
}

static jmp_buf left; /* where a function that never returns goes instead */

void do_exit(enum exit_reason reason, int code)
{
    CHECK(host_interrupts_on);
    note("do_exit %d %d", (int)reason, code);
    longjmp(left, 1);
}

void sched_first_run(void)
{
    note("sched_first_run");
}

void sched_interrupt_return(void)
{
    CHECK(!host_interrupts_on);
    note("sched_interrupt_return");
}

/* A parent that runs, in a system call. */
static void start(void)
{
    parent = (struct proc){.magic = PROC_MAGIC,
                           .pid = PARENT,
                           .group = GROUP,
                           .name = "parent",
                           .kstack = (uintptr_t)parent_stack,
                           .mm = &mm};
    mm = (struct mm){.count = 1};
    mutex_init(&mm.lock);
    child_mm = (struct mm){.count = 1};
    memset(parent_stack, 0x55, sizeof(parent_stack));
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &parent;
    failing = NONE;
    users_checked = false;
    moved_to = short_searches = point_result = 0;
    damage = NULL;
    family_broken = false;
    starts = true;
    host_interrupts_on = true;
    journal_clear();
}

static int forked(uint32_t flags, uintptr_t stack)
{
    int pid = do_fork(flags, stack);
    CHECK(mm.lock.owner == NULL);
    CHECK(!spin_is_held(&sched_lock));
    return pid;
}

#define PUBLISHED "family_add", "pid_publish 300", "pid_group_join 2"

TEST(a_child_has_a_copy_of_everything)
{
    start();
    CHECK_EQ(forked(0, 0), CHILD);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "mm_dup", "mm_check_fork",
                PUBLISHED, "trace fork 3 300 0", "sched_start");
    CHECK(child.mm == &child_mm && mm.count == 1 && child_mm.count == 1);
    struct trapframe *tf = proc_trapframe(&child);
    CHECK_EQ(tf->eax, 0);
    tf->eax = 0x55555555;
    CHECK_EQ(memcmp(tf, proc_trapframe(&parent), sizeof(*tf)), 0);
}

TEST(a_child_may_have_another_stack_and_its_parents_memory)
{
    start();
    CHECK_EQ(forked(CLONE_VM, STACK), CHILD);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", PUBLISHED,
                "trace fork 3 300 100", "sched_start");
    CHECK(child.mm == &mm && mm.count == 2);
    CHECK_EQ(proc_trapframe(&child)->esp, STACK);
    CHECK_EQ(proc_trapframe(&parent)->esp, 0x55555555);
}

/* D135: the old group may be gone, and its number that of another process. */
TEST(a_child_is_in_the_group_that_its_parent_has_in_the_end)
{
    start();
    moved_to = GROUP + 5;
    CHECK_EQ(forked(0, 0), CHILD);
    CHECK(strstr(journal, "pid_group_join 7") != NULL);
}

/* D93: what one search for pages to evict cannot do in its time, the next does. */
TEST(a_search_for_frames_is_repeated_while_it_makes_progress)
{
    start();
    short_searches = 2;
    CHECK_EQ(forked(CLONE_VM, STACK), CHILD);
    CHECK_STEPS("page_reserve 32", "point", "page_reserve 32", "point", "page_reserve 32", "pid_alloc",
                "proc_new", "proc_fpu_copy", PUBLISHED, "trace fork 3 300 100", "sched_start");
    start();
    short_searches = 2;
    point_result = -E_KILLED;
    CHECK_EQ(forked(0, 0), -E_NO_MEM);
    CHECK_STEPS("page_reserve 32", "point");
}

TEST(other_threads_of_the_parent_may_write_while_memory_is_copied)
{
    start();
    mm.count = 2;
    users_checked = true;
    CHECK_EQ(forked(0, 0), CHILD);
    start();
    mm.count = 2;
    mm.visitors = 1; /* one that only looks */
    CHECK_EQ(forked(0, 0), CHILD);
}

TEST(a_child_of_a_program_for_linux_is_one)
{
    start();
    parent.linux_state = &parent_linux;
    CHECK_EQ(forked(0, 0), CHILD);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "linux_inherit", "mm_dup",
                "mm_check_fork", PUBLISHED, "trace fork 3 300 0", "sched_start");
    CHECK_EQ(child.linux_state, &child_linux);
}

TEST(an_unknown_flag_is_refused_at_once)
{
    start();
    CHECK_EQ(forked(CLONE_VM << 1, 0), -E_INVAL);
    CHECK_EQ(forked(CLONE_VM | CLONE_VM << 1, 0), -E_INVAL);
    CHECK_EQ(forked(CLONE_VM >> 1, 0), -E_INVAL);
    CHECK_STR_EQ(journal, "");
}

/* The parent forks, `step` fails with `error`, and nothing is left. */
static void fail(enum step step, int error, bool for_linux)
{
    start();
    failing = step;
    if (step == LOCK)
        mm.lock.owner = &child;
    if (for_linux)
        parent.linux_state = &parent_linux;
    int result = do_fork(0, 0);
    CHECK_EQ(result, error);
    CHECK_EQ(mm.lock.owner, step == LOCK ? &child : NULL);
    CHECK_EQ(mm.count, 1);
    CHECK_EQ(child_mm.count, 1);
}

TEST(a_fork_that_fails_gives_everything_back)
{
    fail(RESERVE, -E_NO_MEM, false);
    CHECK_STEPS("page_reserve 32");
    fail(PID, -E_NO_FREE_PROC, false);
    CHECK_STEPS("page_reserve 32", "pid_alloc");
    fail(PROC, -E_NO_MEM, false);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "pid_free 300");
    fail(FPU, -E_NO_MEM, false);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "proc_free", "pid_free 300");
    fail(DUP, -E_NO_MEM, false);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "mm_dup", "proc_fpu_drop",
                "proc_free", "pid_free 300");
    fail(LOCK, -E_KILLED, false);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "killed", "proc_fpu_drop",
                "proc_free", "pid_free 300");
}

TEST(so_does_the_fork_of_a_program_for_linux)
{
    fail(LINUX, -E_NO_MEM, true);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "linux_inherit", "proc_fpu_drop",
                "proc_free", "pid_free 300");
    fail(DUP, -E_NO_MEM, true);
    CHECK_STEPS("page_reserve 32", "pid_alloc", "proc_new", "proc_fpu_copy", "linux_inherit", "mm_dup",
                "linux_drop", "proc_fpu_drop", "proc_free", "pid_free 300");
}

static void other_result(struct trapframe *tf)
{
    tf->eax = 9;
}

static void other_code(struct trapframe *tf)
{
    tf->eip = 0x1234;
}

static void other_segment(struct trapframe *tf)
{
    tf->cs++;
}

static void other_stack(struct trapframe *tf)
{
    tf->esp++;
}

TEST(a_child_that_is_wrong_is_reported)
{
    start();
    damage = other_result;
    CHECK(PANICS("fork returns 9 in the child, pid 300 \"child\", and must return 0", do_fork(0, 0)));
    damage = other_code;
    CHECK(PANICS(
        "pid 300 \"child\" does not continue where its parent pid 3 called fork: eip 0x00001234 instead of "
        "0x55555555",
        do_fork(0, 0)));
    damage = other_segment;
    CHECK(PANICS("does not continue where", do_fork(0, 0)));
    damage = other_stack;
    CHECK(PANICS("does not continue where", do_fork(0, 0)));
    CHECK(PANICS("does not continue where", do_fork(CLONE_VM, STACK)));
    damage = NULL;
    starts = false;
    CHECK(PANICS("pid 3 \"parent\" forked pid 300, which can never run: sched_start()", do_fork(0, 0)));
    family_broken = true;
    CHECK(PANICS("pid 3 \"parent\" forked pid 300, which is not among its children", do_fork(0, 0)));
    start();
    CHECK(PANICS("pid 3 \"parent\" forked a child with pid 300, which another process has", {
        rules_wait = 1;
        do_fork(0, 0);
    }));
}

static void work(void *arg)
{
    CHECK(host_interrupts_on);
    note("work %s", arg == NULL ? "soft" : (const char *)arg);
}

TEST(a_kernel_thread_is_alone_in_its_group)
{
    start();
    CHECK_EQ(kernel_thread("worker", work, "hard"), CHILD);
    CHECK_STEPS("pid_alloc", "proc_new", "proc_set_name worker", "family_add", "pid_publish 300",
                "pid_group_join 300", "trace fork 3 300 0", "sched_start");
    CHECK(child.kernel && child.mm == NULL && child.group == CHILD && child.thread == work);
    CHECK_STR_EQ(child.thread_arg, "hard");
    failing = PROC;
    CHECK_EQ(kernel_thread("worker", work, "hard"), -E_NO_MEM);
    CHECK_STEPS("pid_alloc", "proc_new", "pid_free 300");
    failing = PID;
    CHECK_EQ(kernel_thread("worker", work, "hard"), -E_NO_FREE_PROC);
    CHECK_STEPS("pid_alloc");
}

void proc_first_run(void);

/* A new process runs for the first time, interrupts off. Returns whether it comes to its return to user mode.
 */
static bool first_run(void)
{
    host_interrupts_on = false;
    if (setjmp(left) != 0)
        return false;
    proc_first_run();
    CHECK(!host_interrupts_on);
    return true;
}

TEST(a_new_process_goes_to_user_mode)
{
    start();
    CHECK(first_run());
    CHECK_STEPS("sched_first_run");
    parent.linux_state = &parent_linux;
    CHECK(first_run());
    CHECK_STEPS("sched_first_run", "linux_first_run");
    parent.killed = true;
    CHECK(first_run());
    CHECK_STEPS("sched_first_run", "linux_first_run", "sched_interrupt_return");
}

TEST(a_kernel_thread_ends_after_its_work_unless_it_has_executed_a_program)
{
    start();
    parent.thread = work;
    parent.thread_arg = "hard";
    CHECK(first_run());
    CHECK_STEPS("sched_first_run", "work hard");
    parent.thread_arg = NULL;
    parent.kernel = true;
    CHECK(!first_run());
    CHECK_STEPS("sched_first_run", "work soft", "do_exit 0 0");
}
