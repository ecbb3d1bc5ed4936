/* SPDX-License-Identifier: MIT */
/*
 * sys_mm.c: the calls about memory ask mm with the lock of the memory held, and pass on what it says.
 */
#include <string.h>

#include <ucow/errno.h>

#include "host_console.h"
#include "journal.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "mm/swap.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/visit.h"
#include "sys/syscall.h"

struct cpu boot_cpu;
uint32_t peak_irq_off_max = UINT32_MAX, host_cr3;
bool host_interrupts_on = true;
static struct mm mm, theirs;
static struct pgdir pgdir;
static struct proc self = {.magic = PROC_MAGIC, .pid = 2, .mm = &mm},
                   child = {.magic = PROC_MAGIC, .pid = 3, .mm = &theirs},
                   zombie = {.magic = PROC_MAGIC, .pid = 4}, other;
static bool killed; /* while it waits for a lock */
static int answer;  /* of mm; and of the page tables' walk */
static int count_error, visit_error;
static size_t slots;
static int points_left; /* before the process is killed */

void backtrace_print_caller(uintptr_t address)
{
    (void)address;
}

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    (void)tsc, (void)caller;
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    CHECK(mutex == &mm.lock && killable);
    if (!killed)
        mutex->owner = &self;
    return killed ? -E_KILLED : 0;
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

uintptr_t mm_brk(struct mm *of, uintptr_t addr)
{
    CHECK(of == &mm && mm.lock.owner == &self);
    note("brk %x", (unsigned)addr);
    return (uintptr_t)answer;
}

uintptr_t mm_mmap(struct mm *of, uintptr_t addr, size_t length, unsigned prot, unsigned flags)
{
    CHECK(of == &mm && mm.lock.owner == &self);
    note("mmap %x %x %x %x", (unsigned)addr, (unsigned)length, prot, flags);
    return (uintptr_t)answer;
}

int mm_munmap(struct mm *of, uintptr_t addr, size_t length)
{
    CHECK(of == &mm && mm.lock.owner == &self);
    note("munmap %x %x", (unsigned)addr, (unsigned)length);
    return answer;
}

int mm_pageout(struct mm *of, uintptr_t addr, size_t length)
{
    CHECK(of == &mm && mm.lock.owner == &self);
    note("pageout %x %x", (unsigned)addr, (unsigned)length);
    return answer;
}

void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){.slots = slots, .free = slots};
}

struct proc *proc_find(int pid)
{
    struct proc *const all[] = {&self, &child, &zombie};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if (all[i]->pid == pid)
            return all[i];
    }
    return NULL;
}

int visit_begin(struct mm *of)
{
    CHECK_EQ(of, &theirs);
    note("visit");
    return visit_error;
}

void visit_end(struct mm *of)
{
    CHECK_EQ(of, &theirs);
    note("end of the visit");
}

int mm_count_pages(struct mm *of, struct page_counts *counts)
{
    CHECK_EQ(of, &theirs);
    note("count");
    *counts = (struct page_counts){.private = 1, .shared = 2, .swapped = 3, .cache = 4};
    return count_error;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    note("copy %u", (unsigned)n);
    if (to.va == 0)
        return -E_INVAL;
    memcpy((void *)to.va, from, n);
    return 0;
}

void proc_line_flush(void)
{
    note("flush");
    CHECK_STR_EQ(console, ""); /* what the process has written comes first */
}

int sched_point(void)
{
    note("point");
    return points_left-- > 0 ? 0 : -E_KILLED;
}

int mmu_walk_runs(const struct pgdir *of, mmu_visit_fn *visit)
{
    static const struct mmu_run runs[] = {
        {0, 2, 0x00800000, 0x01000000, PTE_P | PTE_W | PTE_U},
        {1, 16, 0x00801000, 0x00811000, PTE_P | PTE_U},
        {1, 0xABCDE, 0xC0000000, 0xC0100000, PTE_P | PTE_W},
        {1, 1, 0xC0200000, 0xC0201000, PTE_P},
    };
    CHECK(of == &pgdir && mm.lock.owner == &self);
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        int error = visit(&runs[i]);
        if (error != 0)
            return error;
    }
    return visit(NULL);
}

static void start(int says)
{
    current = &self;
    answer = says;
    mutex_init(&mm.lock);
    mm.pgdir = &pgdir;
    mm.brk = 0x12345;
    killed = false;
    count_error = visit_error = 0;
    slots = 100;
    points_left = 1000;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    journal_clear();
    console_clear();
}

/* The lock is another's, and the process is killed while it waits. */
static void start_killed(void)
{
    start(0);
    mm.lock.owner = &other;
    killed = true;
}

/* Nothing was asked, and the lock is still the other's. */
static void check_nothing_done(void)
{
    CHECK_STR_EQ(journal, "");
    CHECK(mm.lock.owner == &other);
}

static void check_free(void)
{
    CHECK(!mutex_is_held(&mm.lock) && locks_held.sleeping == NULL);
}

TEST(the_break_is_moved_with_the_lock_held)
{
    start(0x777000);
    CHECK_EQ(sys_brk(0x888000), 0x777000);
    CHECK_STEPS("brk 888000");
    check_free();
    start_killed();
    CHECK_EQ(sys_brk(0x888000), 0x12345); /* where it is */
    check_nothing_done();
}

TEST(a_mapping_is_made_with_the_lock_held)
{
    start((int)0xAFFF0000);
    CHECK_EQ((uint32_t)sys_mmap(0x1000, 0x2000, 3, 5), 0xAFFF0000);
    CHECK_STEPS("mmap 1000 2000 3 5");
    check_free();
    start_killed();
    CHECK_EQ(sys_mmap(0x1000, 0x2000, 3, 5), -E_KILLED);
    check_nothing_done();
}

TEST(a_mapping_is_removed_with_the_lock_held)
{
    start(0);
    CHECK_EQ(sys_munmap(0x1000, 0x2000), 0);
    CHECK_STEPS("munmap 1000 2000");
    check_free();
    start(-E_INVAL);
    CHECK_EQ(sys_munmap(0x1000, 0x2000), -E_INVAL);
    check_free();
    start_killed();
    CHECK_EQ(sys_munmap(0x1000, 0x2000), -E_KILLED);
    check_nothing_done();
}

TEST(pages_leave_memory_if_there_is_a_swap_disk)
{
    start(7);
    CHECK_EQ(sys_pageout(0x1000, 0x2000), 7);
    CHECK_STEPS("pageout 1000 2000");
    check_free();
    slots = 0;
    CHECK_EQ(sys_pageout(0x1000, 0x2000), -E_NO_DEV);
    CHECK_STR_EQ(journal, "");
    check_free();
    start_killed();
    CHECK_EQ(sys_pageout(0x1000, 0x2000), -E_KILLED);
    check_nothing_done();
}

static struct uaddr user(const void *at)
{
    return (struct uaddr){(uintptr_t)at};
}

TEST(pages_are_counted_during_a_visit)
{
    struct page_counts counts = {9, 9, 9, 9};
    start(0);
    CHECK_EQ(sys_pages(3, user(&counts)), 0);
    CHECK(counts.private == 1 && counts.shared == 2 && counts.swapped == 3 && counts.cache == 4);
    CHECK_STEPS("visit", "count", "end of the visit", "copy 16");
    CHECK_EQ(sys_pages(3, user(NULL)), -E_INVAL);
    CHECK_EQ(sys_pages(5, user(&counts)), -E_BAD_PROC);
}

TEST(a_process_without_memory_has_no_pages)
{
    struct page_counts counts = {9, 9, 9, 9};
    start(0);
    CHECK_EQ(sys_pages(4, user(&counts)), 0);
    CHECK(counts.private == 0 && counts.shared == 0 && counts.swapped == 0 && counts.cache == 0);
    CHECK_STEPS("copy 16");
}

TEST(who_is_killed_while_it_counts_gets_no_numbers)
{
    struct page_counts counts = {9, 9, 9, 9};
    start(0);
    visit_error = -E_KILLED;
    CHECK_EQ(sys_pages(3, user(&counts)), -E_KILLED);
    CHECK_STEPS("visit");
    start(0);
    count_error = -E_KILLED;
    CHECK_EQ(sys_pages(3, user(&counts)), -E_KILLED);
    CHECK_STEPS("visit", "count", "end of the visit");
    CHECK_EQ(counts.private, 9);
}

#define BEGIN "-------------------- BEGIN --------------------\n"
#define END "--------------------- END ---------------------\n"

TEST(a_page_table_is_printed_run_by_run)
{
    start(0);
    CHECK_EQ(sys_pgdir(), 0);
    CHECK_STR_EQ(console, BEGIN "PDE(002) 00800000-01000000 00800000 urw\n"
                                "  |-- PTE(00010) 00801000-00811000 00010000 ur-\n"
                                "  |-- PTE(abcde) c0000000-c0100000 00100000 -rw\n"
                                "  |-- PTE(00001) c0200000-c0201000 00001000 -r-\n" END);
    CHECK_STEPS("flush", "point", "point", "point", "point", "point");
    check_free();
}

TEST(who_is_killed_prints_no_more_of_it)
{
    start(0);
    points_left = 1;
    CHECK_EQ(sys_pgdir(), -E_KILLED);
    CHECK_STR_EQ(console, BEGIN "PDE(002) 00800000-01000000 00800000 urw\n"
                                "  |-- PTE(00010) 00801000-00811000 00010000 ur-\n" END);
    check_free();
    start(0);
    points_left = 4; /* between two tables */
    CHECK_EQ(sys_pgdir(), -E_KILLED);
    check_free();
    start_killed();
    CHECK_EQ(sys_pgdir(), -E_KILLED);
    CHECK_STR_EQ(console, BEGIN END);
    CHECK(mm.lock.owner == &other);
}
