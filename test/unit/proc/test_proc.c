/* SPDX-License-Identifier: MIT */
/*
 * proc.c: each field of a new process, the states that may follow each other, and the events of a switch.
 * (D46)
 */
#include "proc/proc.h"

#include "host_console.h"
#include "journal.h"
#include "mm/slab.h"
#include "proc/linux.h"
#include "proc/pid.h"
#include "proc/proc_fpu.h"
#include "proc/proc_trace.h"
#include "proc/sched.h"
#include "watch/trace_record.h"

#define RING 8
#define KSTACK 0xF0010000u
#define LEFT ((void *)16) /* something that proc_free() must not find */

uint32_t peak_irq_off_max = UINT32_MAX;
bool host_interrupts_on;
char boot_stack[1];
static struct trace_record records[RING];
struct trace_record *trace_records = records;
struct trace_ring trace_ring = {.capacity = RING, .on = 1};
uint32_t trace_index_mask = RING - 1, trace_running;
static size_t free_frames = 321;
const size_t *trace_free = &free_frames;

static struct proc made;
static uintptr_t kstack;
static bool no_memory, readable;

uint64_t cpu_tsc(void)
{
    return 4242;
}

int trace_pid(void)
{
    return 0;
}

void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    note("event %d %u %u %u", event, a, b, c);
}

bool peek_readable(uintptr_t va)
{
    CHECK_EQ(va, (uintptr_t)&made);
    return readable;
}

void backtrace_print_caller(uintptr_t address)
{
    (void)address;
}

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    (void)tsc, (void)caller;
}

void peak_stack_measure(uintptr_t base, uintptr_t bytes, int pid)
{
    note("measure %x %u pid %d", (unsigned)base, (unsigned)bytes, pid);
}

void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align)
{
    (void)cache;
    CHECK(bytes == sizeof(struct proc) && align == sizeof(void *));
    note("cache %s", name);
}

void *kmem_cache_zalloc(struct kmem_cache *cache)
{
    (void)cache;
    memset(&made, 0, sizeof(made));
    return no_memory ? NULL : &made;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    (void)cache;
    CHECK(object == &made);
    note("free");
}

uintptr_t kstack_alloc(void)
{
    return kstack;
}

void kstack_free(uintptr_t base)
{
    CHECK_EQ(made.magic, PROC_MAGIC_DEAD); /* before anyone else can have the memory */
    note("kstack_free %x", (unsigned)base);
}

void proc_fpu_init(void)
{
    note("fpu");
}

void linux_init(void)
{
    note("linux");
}

void pid_init(void *table, size_t max)
{
    CHECK(table == records);
    note("pids %zu", max);
}

void pid_publish(int pid, struct proc *proc)
{
    CHECK(proc != current);
    note("publish %d %s", pid, proc->name);
}

size_t pid_used_count(void)
{
    return 17;
}

static void start(void)
{
    current = NULL;
    proc_init(records, 50);
    journal_clear();
    console_clear();
    kstack = KSTACK;
    no_memory = readable = false;
    memset(records, 0, sizeof(records));
    trace_ring.next = 0;
    trace_ring.on = 1;
    trace_running = 0;
}

TEST(the_code_that_boots_becomes_idle)
{
    current = NULL;
    proc_init(records, 50);
    CHECK_STEPS("cache proc", "fpu", "linux", "pids 50", "publish 0 idle");
    CHECK(current != NULL && current == this_cpu()->idle);
    CHECK_STR_EQ(current->name, "idle");
    CHECK(current->kernel && current->pid == 0 && current->priority == 1 && current->state == PROC_RUNNING);
    CHECK_EQ(current->kstack, (uintptr_t)boot_stack);
    CHECK(list_empty(&current->children) && list_empty(&current->zombies));
    proc_check(current);
}

/* What is not named here is 0. */
TEST(a_new_process)
{
    struct proc wanted = {.magic = PROC_MAGIC, .kstack = KSTACK, .priority = 6, .abi = LEFT, .name = "maker"};

    start();
    current->priority = 6;
    current->abi = LEFT;
    proc_set_name(current, "maker");
    struct proc *proc = proc_new();
    CHECK(proc == &made);
    CHECK(list_empty(&proc->children) && list_empty(&proc->zombies) && list_empty(&proc->sibling));
    CHECK(list_empty(&proc->child_exited.sleepers));
    wanted.children = proc->children;
    wanted.zombies = proc->zombies;
    wanted.sibling = proc->sibling;
    wanted.child_exited = proc->child_exited;
    CHECK_EQ(memcmp(proc, &wanted, sizeof(wanted)), 0);
    CHECK_EQ(proc->state, PROC_UNINIT);
    CHECK_STR_EQ(journal, "");
}

TEST(without_memory_or_a_stack_there_is_no_process)
{
    start();
    no_memory = true;
    CHECK(proc_new() == NULL);
    CHECK_STR_EQ(journal, "");
    no_memory = false;
    kstack = 0;
    CHECK(proc_new() == NULL);
    CHECK_STEPS("free");
}

TEST(what_is_freed_is_no_process_any_more)
{
    char measured[40];

    start();
    struct proc *proc = proc_new();
    proc->pid = 9;
    proc_free(proc);
    snprintf(measured, sizeof(measured), "measure f0010000 %d pid 9", KSTACK_BYTES);
    CHECK_STEPS(measured, "kstack_free f0010000", "free");
    CHECK(PANICS("is used as a process: nothing is there", proc_check(proc)));
    readable = true;
    CHECK(PANICS("is used as a process: it has ended, or never was one", proc_check(proc)));
    CHECK(PANICS("is used as a process: it has ended, or never was one", proc_free(proc)));
}

TEST(a_process_that_still_has_something_is_not_freed)
{
    start();
    struct proc *proc = proc_new();
    CHECK(PANICS("", (proc->mm = LEFT, proc_free(proc))));
    CHECK(PANICS("", (proc->fpu = LEFT, proc_free(proc))));
    CHECK(PANICS("", (proc->line = LEFT, proc_free(proc))));
    CHECK(PANICS("", (proc->linux_state = LEFT, proc_free(proc))));
}

static void check_record(size_t i, enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    CHECK_EQ(records[i].head, trace_running | event);
    CHECK_EQ(records[i].stamp, 4242);
    CHECK(records[i].arg[0] == a && records[i].arg[1] == b && records[i].arg[4] == free_frames);
    CHECK(event == TRACE_switch || records[i].arg[2] == c);
}

TEST(states_follow_each_other_as_the_table_says)
{
    static const uint8_t may[PROC_STATES] = {
        [PROC_UNINIT] = BIT(PROC_RUNNABLE),
        [PROC_RUNNABLE] = BIT(PROC_RUNNING),
        [PROC_RUNNING] = BIT(PROC_RUNNABLE) | BIT(PROC_SLEEPING) | BIT(PROC_ZOMBIE),
        [PROC_SLEEPING] = BIT(PROC_RUNNABLE),
        [PROC_ZOMBIE] = BIT(PROC_GONE),
    };

    start();
    struct proc *proc = proc_new();
    proc->pid = 9;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    for (uint32_t from = 0; from < PROC_STATES; from++) {
        for (uint32_t to = 0; to < PROC_STATES; to++) {
            proc->state = from;
            if (may[from] & BIT(to)) {
                trace_ring.next = 0;
                proc_set_state(proc, to);
                CHECK_EQ(proc->state, to);
                CHECK_EQ(trace_ring.next, 1);
                check_record(0, TRACE_state, 9, from, to);
            } else {
                CHECK(PANICS("", proc_set_state(proc, to)));
            }
        }
    }
    spin_unlock_irqrestore(&sched_lock, eflags);
    CHECK(
        PANICS("", (proc->state = PROC_UNINIT, proc_set_state(proc, PROC_RUNNABLE)))); /* without the lock */
}

static const struct proc five = {.pid = 5}, eight = {.pid = 8};

/* One by one at the end of the ring: what is recorded must be the same. */
TEST(a_switch_is_three_events)
{
    for (uint32_t at = 0; at < RING; at++) {
        char left[40], runs[40], from_to[40];
        start();
        trace_ring.next = RING * 5 + at;
        trace_running = 3 << 16;
        proc_trace_switch(&five, PROC_SLEEPING, &eight);
        if (at + 3 <= RING) {
            CHECK_STR_EQ(journal, "");
            CHECK_EQ(trace_ring.next, RING * 5 + at + 3);
            check_record(at, TRACE_state, 5, PROC_RUNNING, PROC_SLEEPING);
            check_record(at + 1, TRACE_state, 8, PROC_RUNNABLE, PROC_RUNNING);
            check_record(at + 2, TRACE_switch, 5, 8, 0);
            continue;
        }
        snprintf(left, sizeof(left), "event %d 5 %d %d", TRACE_state, PROC_RUNNING, PROC_SLEEPING);
        snprintf(runs, sizeof(runs), "event %d 8 %d %d", TRACE_state, PROC_RUNNABLE, PROC_RUNNING);
        snprintf(from_to, sizeof(from_to), "event %d 5 8 0", TRACE_switch);
        CHECK_STEPS(left, runs, from_to);
    }
}

TEST(who_leaves_for_good_is_two_events)
{
    for (uint32_t at = 0; at < RING; at++) {
        char runs[40], from_to[40];
        start();
        trace_ring.next = RING * 5 + at;
        trace_running = 3 << 16;
        proc_trace_leave(&five, &eight);
        if (at + 2 <= RING) {
            CHECK_STR_EQ(journal, "");
            CHECK_EQ(trace_ring.next, RING * 5 + at + 2);
            check_record(at, TRACE_state, 8, PROC_RUNNABLE, PROC_RUNNING);
            check_record(at + 1, TRACE_switch, 5, 8, 0);
            continue;
        }
        snprintf(runs, sizeof(runs), "event %d 8 %d %d", TRACE_state, PROC_RUNNABLE, PROC_RUNNING);
        snprintf(from_to, sizeof(from_to), "event %d 5 8 0", TRACE_switch);
        CHECK_STEPS(runs, from_to);
    }
}

TEST(the_current_process_is_described)
{
    start();
    proc_describe_current();
    CHECK(console_has("current process: pid 0, name \"idle\", kernel stack at 0x"));
    current = NULL;
    console_clear();
    proc_describe_current();
    CHECK_STR_EQ(console, "");
    CHECK_EQ(proc_count(), 17);
}
