/* SPDX-License-Identifier: MIT */
/*
 * pgfault.c: which faults reach the address space, what their outcomes become, and who maps a frame.
 */
#include "proc/pgfault.h"

#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "mm/mm.h"
#include "proc/mutex.h"
#include "proc/oom.h"
#include "proc/pid.h"

#define PIDS 400
#define SELF 300
#define OTHER 350
#define VA 0x00812345u
#define EIP 0x00800010u
#define TABLE 0x1000u /* physical addresses */
#define FRAME 0x2000u

static struct proc self, other, same; /* `same` has the memory of `self` */
static struct mm mm, other_mm;
static struct pgdir pgdir, other_pgdir;
static _Alignas(16) uint8_t kstack[KSTACK_BYTES];
static enum mm_outcome outcomes[4];
static unsigned faults;
static bool full, killed;
static int relief;

_Alignas(4096) uint8_t host_memory[3 * PAGE_SIZE];
uint32_t host_cr3;

struct trace_ring trace_ring = {.on = 1};
void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    CHECK_EQ(event, TRACE_page);
    note("page %x %x", a, b);
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    CHECK_EQ(event, TRACE_fault);
    note("fault %u %x %x %u %x", words[0], words[1], words[2], words[3], words[4]);
}

enum mm_outcome mm_fault(struct mm *what, uintptr_t va, bool write)
{
    CHECK(what == &mm && mm.lock.owner == &self);
    note(write ? "write %x" : "read %x", (unsigned)va);
    return outcomes[faults++];
}

bool oom_memory_is_full(void)
{
    CHECK_EQ(mm.lock.owner, &self); /* before others run */
    return full;
}

int oom_relieve(void)
{
    CHECK(mm.lock.owner == NULL);
    note("relieve");
    return relief;
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

struct proc *proc_find(int pid)
{
    CHECK(pid > 0 && pid < PIDS);
    return pid == SELF ? &self : pid == SELF + 1 ? &same : pid == OTHER ? &other : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

static pte_t *entry(void)
{
    return (pte_t *)(host_memory + TABLE) + VA / PAGE_SIZE % 1024;
}

static void start(enum mm_outcome outcome)
{
    self = (struct proc){
        .magic = PROC_MAGIC, .pid = SELF, .name = "self", .mm = &mm, .kstack = (uintptr_t)kstack};
    same = (struct proc){.magic = PROC_MAGIC, .pid = SELF + 1, .name = "same", .mm = &mm};
    other = (struct proc){.magic = PROC_MAGIC, .pid = OTHER, .name = "other", .mm = &other_mm};
    mm = (struct mm){.pgdir = &pgdir};
    other_mm = (struct mm){.pgdir = &other_pgdir};
    mutex_init(&mm.lock);
    proc_trapframe(&self)->eip = EIP;
    pgdir.entries[VA >> 22] = other_pgdir.entries[VA >> 22] = TABLE | PTE_P;
    *entry() = FRAME | PTE_P;
    outcomes[0] = outcome;
    faults = 0;
    full = killed = false;
    relief = 0;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &self;
    journal_clear();
}

static int fault(uint32_t code)
{
    int error = do_pgfault(VA, code);
    CHECK(mm.lock.owner == NULL);
    return error;
}

TEST(outcomes_become_errors)
{
    static const struct {
        enum mm_outcome outcome;
        int error;
        bool traced; /* the new entry */
    } all[] = {{MM_FILL, 0, true},
               {MM_COPY, 0, false},
               {MM_REUSE, 0, false},
               {MM_SWAP_IN, 0, true},
               {MM_OOM, -E_NO_MEM, false},
               {MM_SEGV, -E_FAULT, false},
               {MM_SWAP_FAULT, -E_SWAP_FAULT, false}};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        char line[60];
        start(all[i].outcome);
        CHECK_EQ(fault(FAULT_WRITE | FAULT_USER), all[i].error);
        snprintf(line, sizeof(line), "fault 300 812345 6 %u 800010", all[i].outcome);
        if (all[i].traced)
            CHECK_STEPS("write 812345", "page 812000 2001", line);
        else
            CHECK_STEPS("write 812345", line);
    }
    start(MM_FILL);
    fault(FAULT_USER | FAULT_PRESENT);
    CHECK_STEPS("read 812345", "page 812000 2001", "fault 300 812345 5 0 800010");
}

TEST(only_user_space_has_memory)
{
    static const uintptr_t outside[] = {0, USERBASE - 1, USERTOP, USERTOP + 1, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        start(MM_FILL);
        CHECK_EQ(do_pgfault(outside[i], FAULT_WRITE), -E_FAULT);
        CHECK_EQ(faults, 0);
    }
    trace_ring.on = 0; /* there is no entry to record */
    start(MM_FILL);
    CHECK_EQ(do_pgfault(USERBASE, 0), 0);
    start(MM_FILL);
    CHECK_EQ(do_pgfault(USERTOP - 1, 0), 0);
    CHECK_EQ(faults, 1);
    trace_ring.on = 1;
    start(MM_FILL);
    self.mm = NULL;
    CHECK_EQ(do_pgfault(VA, 0), -E_FAULT);
}

TEST(a_full_memory_is_relieved_and_the_access_tried_again)
{
    start(MM_OOM);
    full = true;
    outcomes[1] = MM_OOM;
    outcomes[2] = MM_COPY;
    CHECK_EQ(fault(FAULT_WRITE), 0);
    CHECK_STEPS("write 812345", "relieve", "write 812345", "relieve", "write 812345",
                "fault 300 812345 2 1 800010");
    start(MM_OOM);
    full = true;
    relief = -E_NO_MEM;
    CHECK_EQ(fault(0), -E_NO_MEM);
    CHECK_STEPS("read 812345", "relieve", "fault 300 812345 0 4 800010");
    start(MM_OOM);
    full = true;
    relief = -E_KILLED;
    CHECK_EQ(fault(0), -E_KILLED);
    CHECK_STEPS("read 812345", "relieve");
    start(MM_SEGV);
    full = true; /* which is not why it failed */
    CHECK_EQ(fault(0), -E_FAULT);
    CHECK_EQ(faults, 1);
}

TEST(a_kill_ends_the_wait_for_the_lock)
{
    start(MM_FILL);
    mm.lock.owner = &same;
    killed = true;
    CHECK_EQ(do_pgfault(VA, 0), -E_KILLED);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(mm.lock.owner, &same);
}

TEST(a_fault_is_served_if_its_entry_permits_the_access)
{
    static const struct {
        pte_t entry;
        bool read, write; /* permitted */
    } all[] = {{0, false, false},
               {FRAME | PTE_P | PTE_U, true, false},
               {FRAME | PTE_P | PTE_W, false, false}, /* for the kernel only */
               {FRAME | PTE_P | PTE_U | PTE_COW, true, false},
               {FRAME | PTE_P | PTE_U | PTE_W, true, true}};
    start(MM_FILL);
    mm.count = 1;
    for (int below = 0; below <= 1; below++) { /* the directory permits writes */
        pgdir.entries[VA >> 22] = TABLE | PTE_P | (below ? PTE_W : 0);
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
            *entry() = all[i].entry;
            CHECK_EQ(pgfault_is_served(VA, FAULT_USER), all[i].read);
            CHECK_EQ(pgfault_is_served(VA, FAULT_USER | FAULT_WRITE), all[i].write && below);
        }
    }
    CHECK(!pgfault_is_served(VA + (1u << 22), FAULT_USER)); /* there is no table */
    CHECK(!pgfault_is_served(USERTOP, FAULT_USER));
    *entry() = 0;
    mm.count = 2; /* another thread may have unmapped it since */
    CHECK(pgfault_is_served(VA, FAULT_USER));
}

TEST(another_process_that_maps_the_frame_is_named)
{
    struct cow_who running = {0}, sharer = {.pid = -1};
    start(MM_FILL);
    pgfault_who(FRAME, VA, &running, &sharer);
    CHECK(running.pid == SELF && running.name == self.name);
    CHECK(sharer.pid == OTHER && sharer.name == other.name);
    same.mm = &other_mm; /* of two, the first */
    pgfault_who(FRAME, VA, &running, &sharer);
    CHECK_EQ(sharer.pid, SELF + 1);
    for (int i = 0; i < 4; i++) {
        sharer.pid = -1;
        start(MM_FILL);
        if (i == 0)
            *entry() = FRAME | PTE_HIDDEN << 1;
        if (i == 1)
            other.mm = NULL;
        if (i == 2)
            other_pgdir.entries[VA >> 22] = 0;
        pgfault_who(i == 3 ? FRAME + PAGE_SIZE : FRAME, VA, &running, &sharer);
        CHECK_EQ(sharer.pid, -1);
    }
}
