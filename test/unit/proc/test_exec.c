/* SPDX-License-Identifier: MIT */
/*
 * exec.c: a process gets a new program in one step that cannot fail, or stays as it was; and what the new
 * stack has. (D04, D43, D85)
 */
#include "proc/exec.h"

#include <ucow/errno.h>
#include <ucow/linux.h>

#include "host_sched.h"
#include "journal.h"
#include "mm/image.h"
#include "mm/mm.h"
#include "mm/mm_check.h"
#include "proc/abi.h"
#include "proc/image_cache.h"
#include "proc/linux.h"
#include "proc/mutex.h"
#include "proc/proc_fpu.h"
#include "proc/proc_rules.h"

#define PID 300
#define ENTRY 0x00800020u
#define LOWEST 0x00800000u
#define PAGES 8 /* of the stack, at most */
#define FRAME(i) (((uintptr_t)(i) + 1) * PAGE_SIZE)

enum step { NONE, OPEN, MM, IMAGE, STACK, TOUCH, LINUX, OTHERS };

static enum step failing;
static _Alignas(16) uint8_t kstack[KSTACK_BYTES];
static struct proc proc;
static struct mm old_mm, new_mm;
static struct pgdir old_pgdir, new_pgdir;
static struct linux_proc old_linux, new_linux;
static const struct abi ucow_abi = {.name = "ucow"}, linux_abi = {.name = "linux"};
static const struct abi *abi;
static struct image image;
static struct vma region = {.start = 0x800000, .end = 0x801000, .flags = 5, .object = &image.object};
static bool drops, is_complete; /* mm_drop() and trap_frame_user() do what they should */
static bool stays_thread;       /* trap_frame_user() undoes a step of commit() */
static uint32_t drop_count;

_Alignas(4096) uint8_t host_memory[(PAGES + 2) * PAGE_SIZE]; /* the last is a page table */
uint32_t host_cr3;

struct vma *vma_find(struct vma_set *set, uintptr_t va)
{
    (void)set, (void)va;
    panic("only a rule looks for regions");
}

/* The entry of the i-th page below USERTOP. */
static pte_t *entry(size_t i)
{
    return (pte_t *)(host_memory + FRAME(PAGES)) + (USERTOP / PAGE_SIZE - 1 - i) % 1024;
}

struct trace_ring trace_ring = {.on = 1};
void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    CHECK_EQ(event, TRACE_page);
    note("trace page %x %x", a, b);
}

void trace_record4(enum trace_event event, const uint32_t words[4])
{
    CHECK_EQ(event, TRACE_map);
    CHECK_EQ(words[3], (uint32_t)(uintptr_t)&image.object);
    note("trace map %x %x %x", words[0], words[1], words[2]);
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    CHECK_EQ(event, TRACE_exec);
    note("trace exec %u %.16s", words[0], (const char *)&words[1]);
}

int image_cache_open(const char *name, struct image **found)
{
    note("open %s", name);
    if (failing == OPEN)
        return -E_NOENT;
    vm_object_hold(&image.object);
    *found = &image;
    return 0;
}

const struct abi *abi_of(uintptr_t lowest)
{
    CHECK_EQ(lowest, LOWEST);
    return abi;
}

bool abi_is_linux(const struct abi *which)
{
    return which == &linux_abi;
}

struct mm *mm_new(struct lineage *parent)
{
    CHECK_EQ(parent, image.object.lineage);
    note("mm_new");
    return failing == MM ? NULL : &new_mm;
}

int image_map(struct image *what, struct mm *mm)
{
    CHECK(what == &image && mm == &new_mm && mm->lock.owner == &proc);
    note("image_map");
    return failing == IMAGE ? -E_INVAL : 0;
}

int mm_map(struct mm *mm, const struct vma *stack)
{
    CHECK(mm == &new_mm && mm->lock.owner == &proc);
    CHECK(stack->end == USERTOP && stack->start == USER_STACK_BASE && stack->flags == (VM_READ | VM_WRITE));
    CHECK(stack->object == NULL);
    note("mm_map");
    return failing == STACK ? -E_NO_MEM : 0;
}

enum mm_outcome mm_fault(struct mm *mm, uintptr_t va, bool write)
{
    size_t i = (USERTOP - va) / PAGE_SIZE - 1;
    CHECK(mm == &new_mm && mm->lock.owner == &proc);
    CHECK(write && va % PAGE_SIZE == 0 && i < PAGES && *entry(i) == 0);
    *entry(i) = (pte_t)FRAME(i) | PTE_P | PTE_W | PTE_U;
    return failing == TOUCH && i == 0 ? MM_OOM : MM_FILL;
}

void mm_drop(struct mm *mm)
{
    CHECK(mm->lock.owner == NULL);
    note(mm == &new_mm ? "drop new mm" : mm == &old_mm ? "drop old mm" : "drop another mm");
    if (mm == &old_mm)
        CHECK(proc.mm == &new_mm && host_cr3 == virt_to_phys(&new_pgdir));
    drop_count += drops;
}

uint32_t mm_drop_count(void)
{
    return drop_count;
}

void mm_publish(struct mm *mm)
{
    CHECK_EQ(mm, &new_mm);
    note("mm_publish");
}

void mm_check(struct mm *mm)
{
    CHECK_EQ(mm, &new_mm);
    note("mm_check");
}

void host_tlb_forget_all(void)
{
    CHECK_EQ(proc.mm, &new_mm); /* else a switch would load the old one */
    note("load");
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    (void)mutex, (void)killable;
    CHECK(false);
    return 0;
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

void proc_fpu_drop(struct proc *what)
{
    CHECK_EQ(what, &proc);
    note("proc_fpu_drop");
}

void proc_set_name(struct proc *what, const char *name)
{
    CHECK_EQ(what, &proc);
    note("proc_set_name");
    memset(what->name, 0, sizeof(what->name));
    strcpy(what->name, name);
}

struct linux_proc *linux_prepare(void)
{
    note("linux_prepare");
    return failing == LINUX ? NULL : &new_linux;
}

bool linux_end_others(void)
{
    note("linux_end_others");
    return failing != OTHERS;
}

void linux_free(struct linux_proc *state)
{
    CHECK_EQ(state, &new_linux);
    note("linux_free");
}

void linux_drop(struct proc *what)
{
    CHECK(what == &proc && proc.linux_state == &old_linux);
    note("linux_drop");
}

void linux_random(void *to, size_t n)
{
    memset(to, 0x5A, n);
}

size_t linux_auxv(const struct image *what, uintptr_t random, uint32_t *words)
{
    CHECK_EQ(what, &image);
    words[0] = LINUX_AT_RANDOM;
    words[1] = (uint32_t)random;
    words[2] = words[3] = 0xFFFF;
    return 4;
}

void trap_frame_user(struct trapframe *tf, uintptr_t entry, uintptr_t stack)
{
    *tf = (struct trapframe){.cs = 0x1B, .eip = (uint32_t)entry, .esp = (uint32_t)stack};
    proc.kernel |= stays_thread;
    note("start");
}

bool trap_frame_complete(const struct trapframe *tf)
{
    (void)tf;
    return is_complete;
}

static void destroy(struct vm_object *object)
{
    CHECK_EQ(object, &image.object);
    note("image freed");
}

static const struct vm_object_ops ops = {.destroy = destroy};

static void start(void)
{
    proc = (struct proc){.magic = PROC_MAGIC,
                         .pid = PID,
                         .name = "old",
                         .kstack = (uintptr_t)kstack,
                         .mm = &old_mm,
                         .kernel = true,
                         .abi = &ucow_abi};
    old_mm = (struct mm){.count = 1, .pgdir = &old_pgdir};
    new_mm = (struct mm){.count = 1, .pgdir = &new_pgdir, .vmas.first = &region};
    mutex_init(&old_mm.lock);
    mutex_init(&new_mm.lock);
    image = (struct image){.object = {.ops = &ops, .lineage = (struct lineage *)&image}, .entry = ENTRY};
    image.segments_n = 2;
    image.segments[0].va = LOWEST;
    image.segments[1].va = LOWEST + 0x5000;
    memset(kstack, 0, sizeof(kstack));
    memset(host_memory, 0, sizeof(host_memory));
    new_pgdir.entries[(USERTOP - 1) / MMU_TABLE_SPAN] = FRAME(PAGES) | PTE_P | PTE_W | PTE_U;
    host_cr3 = (uint32_t)virt_to_phys(&old_pgdir);
    abi = &ucow_abi;
    failing = NONE;
    drops = is_complete = true;
    stays_thread = false;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = true;
    current = &proc;
    journal_clear();
}

static const struct exec_args args = {
    .argc = 2, .envc = 1, .bytes = 14, .strings = "prog\0arg\0A=bcd", .start = {0, 5, 9}};

/* The word at `va` of the new program's stack. */
static uint32_t word(uintptr_t va)
{
    uint32_t value;
    memcpy(&value, host_memory + FRAME((USERTOP - 1 - va) / PAGE_SIZE) + va % PAGE_SIZE, 4);
    return value;
}

static const char *string(uintptr_t va)
{
    return (const char *)host_memory + FRAME((USERTOP - 1 - va) / PAGE_SIZE) + va % PAGE_SIZE;
}

#define BUILT "open prog", "mm_new", "image_map", "mm_map"
#define COMMITTED "proc_set_name", "start", "mm_check"

TEST(a_process_gets_a_new_program)
{
    start();
    proc.linux_state = NULL;
    CHECK_EQ(do_execve("prog", &args), 0);
    CHECK_STEPS(BUILT, "mm_publish", "load", "drop old mm", "proc_fpu_drop", COMMITTED, "trace exec 300 prog",
                "trace map 800000 801000 5", "trace page affff000 1007", "image freed");
    CHECK(proc.mm == &new_mm && !proc.kernel && proc.abi == &ucow_abi && proc.linux_state == NULL);
    CHECK_EQ(host_cr3, (uint32_t)virt_to_phys(&new_pgdir));
    CHECK_STR_EQ(proc.name, "prog");
    CHECK_EQ(proc_trapframe(&proc)->eip, ENTRY);
    CHECK(new_mm.lock.owner == NULL);
}

static unsigned running_checks, abi_checks;
static unsigned due; /* the opportunity for checks that is taken; 0: none */

bool rules_begin(void)
{
    rules_wait = 1;
    return due > 0 && --due == 0;
}

void rules_running(void)
{
    CHECK(proc.mm == &new_mm);
    running_checks++;
}

static void check_abi(void)
{
    abi_checks++;
}

TEST(a_new_program_is_checked_when_it_is_time)
{
    static const struct abi checked_abi = {.name = "checked", .check = check_abi};
    for (int i = 0; i < 2; i++) {
        start();
        abi = &checked_abi;
        due = i == 1 ? 2 : 0; /* the first is for the stack, while it is built */
        rules_wait = 1;
        CHECK_EQ(do_execve("prog", &args), 0);
        CHECK(running_checks == (unsigned)i && abi_checks == (unsigned)i);
    }
}

TEST(its_stack_has_the_arguments)
{
    start();
    do_execve("prog", &args);
    uintptr_t esp = proc_trapframe(&proc)->esp;
    CHECK_EQ(esp, USERTOP - 16 - 32);
    CHECK_EQ(word(esp), 2);
    CHECK_STR_EQ(string(word(esp + 4)), "prog");
    CHECK_STR_EQ(string(word(esp + 8)), "arg");
    for (uintptr_t va = esp + 12; va < USERTOP - 16; va += 4)
        CHECK_EQ(word(va), 0);
    CHECK_EQ(word(esp + 4), USERTOP - 16);
    CHECK(*entry(0) != 0 && *entry(1) == 0);
}

TEST(a_stack_may_have_more_than_a_page)
{
    static char strings[2 * PAGE_SIZE + 100];
    struct exec_args many = {.argc = 3, .bytes = sizeof(strings), .strings = strings};
    start();
    for (size_t i = 0; i < sizeof(strings); i++)
        strings[i] = (char)('a' + i % 23);
    strings[9] = strings[PAGE_SIZE + 50] = strings[sizeof(strings) - 1] = '\0';
    many.start[1] = 10;
    many.start[2] = PAGE_SIZE + 51;
    CHECK_EQ(do_execve("prog", &many), 0);
    uintptr_t esp = proc_trapframe(&proc)->esp, at = USERTOP - (sizeof(strings) + 15) / 16 * 16;
    CHECK_EQ(word(esp), 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_EQ(word(esp + 4 + 4 * i), at + many.start[i]);
    for (size_t i = 0; i < sizeof(strings); i++)
        CHECK_EQ(*string(at + i), strings[i]);
    CHECK(*entry(2) != 0 && *entry(3) == 0);
}

TEST(a_stack_that_ends_with_a_page_needs_no_other)
{
    static char strings[PAGE_SIZE - 32];
    const struct exec_args exact = {.argc = 1, .bytes = sizeof(strings), .strings = strings};
    start();
    CHECK_EQ(do_execve("prog", &exact), 0);
    CHECK_EQ(proc_trapframe(&proc)->esp, USERTOP - PAGE_SIZE);
    CHECK(*entry(0) != 0 && *entry(1) == 0);
}

TEST(the_first_program_has_no_old_memory)
{
    start();
    proc.mm = NULL;
    CHECK_EQ(do_execve("prog", &args), 0);
    CHECK_STEPS(BUILT, "mm_publish", "load", "proc_fpu_drop", COMMITTED, "trace exec 300 prog",
                "trace map 800000 801000 5", "trace page affff000 1007", "image freed");
}

TEST(a_program_for_linux_has_an_environment_and_a_vector)
{
    start();
    abi = &linux_abi;
    trace_ring.on = 0;
    CHECK_EQ(do_execve("prog", &args), 0);
    CHECK_STEPS(BUILT, "linux_prepare", "mm_publish", "load", "drop old mm", "proc_fpu_drop", COMMITTED,
                "image freed");
    CHECK(proc.abi == &linux_abi && proc.linux_state == &new_linux);
    uintptr_t esp = proc_trapframe(&proc)->esp, random = USERTOP - 32;
    CHECK_EQ(esp, (random - 4 * (3 + 5 + 28)) / 16 * 16);
    CHECK_EQ(word(esp), 2);
    CHECK_STR_EQ(string(word(esp + 8)), "arg");
    CHECK_EQ(word(esp + 12), 0);
    CHECK_STR_EQ(string(word(esp + 16)), "A=bcd");
    CHECK_EQ(word(esp + 20), 0);
    CHECK_EQ(word(esp + 24), LINUX_AT_RANDOM);
    CHECK_EQ(word(esp + 28), random);
    CHECK_EQ(word(esp + 36), 0xFFFF);
    CHECK_EQ(word(esp + 40), 0);
    for (uintptr_t va = random; va < random + 16; va += 4)
        CHECK_EQ(word(va), 0x5A5A5A5A);
    CHECK_STR_EQ(string(USERTOP - 16), "prog");
    trace_ring.on = 1;
}

TEST(a_program_of_linux_makes_room_for_another)
{
    start();
    proc.linux_state = &old_linux;
    proc.abi = &linux_abi;
    trace_ring.on = 0;
    CHECK_EQ(do_execve("prog", &args), 0);
    CHECK_STEPS(BUILT, "linux_end_others", "mm_publish", "load", "drop old mm", "proc_fpu_drop", "linux_drop",
                COMMITTED, "image freed");
    CHECK(proc.abi == &ucow_abi && proc.linux_state == NULL);
    trace_ring.on = 1;
}

/* exec fails at `step` with `error`, and the process is as it was. */
static void fail(enum step step, int error)
{
    start();
    failing = step;
    if (step == LINUX || step == OTHERS)
        abi = &linux_abi;
    if (step == OTHERS)
        proc.linux_state = &old_linux;
    const struct proc before = proc;
    CHECK_EQ(do_execve("prog", &args), error);
    CHECK_EQ(memcmp(&before, &proc, sizeof(proc)), 0);
    CHECK_EQ(host_cr3, (uint32_t)virt_to_phys(&old_pgdir));
    CHECK_EQ(image.object.count, 0);
}

TEST(an_exec_that_fails_changes_nothing)
{
    fail(OPEN, -E_NOENT);
    CHECK_STEPS("open prog");
    fail(MM, -E_NO_MEM);
    CHECK_STEPS("open prog", "mm_new", "image freed");
    fail(IMAGE, -E_INVAL);
    CHECK_STEPS("open prog", "mm_new", "image_map", "drop new mm", "image freed");
    fail(STACK, -E_NO_MEM);
    CHECK_STEPS(BUILT, "drop new mm", "image freed");
    fail(TOUCH, -E_NO_MEM);
    CHECK_STEPS(BUILT, "drop new mm", "image freed");
    fail(LINUX, -E_NO_MEM);
    CHECK_STEPS(BUILT, "linux_prepare", "drop new mm", "image freed");
    fail(OTHERS, -E_KILLED);
    CHECK_STEPS(BUILT, "linux_prepare", "linux_end_others", "linux_free", "drop new mm", "image freed");
}

TEST(an_exec_that_forgets_something_is_reported)
{
    start();
    drops = false;
    CHECK(PANICS("exec of \"prog\" by pid 300 did not free the memory of its old program",
                 do_execve("prog", &args)));
    start();
    is_complete = false;
    CHECK(PANICS("pid 300 starts \"prog\" with other registers than a new program: cs 0x1b",
                 do_execve("prog", &args)));
    start();
    stays_thread = true;
    CHECK(PANICS("pid 300 starts \"prog\", but is still a kernel thread", do_execve("prog", &args)));
}
