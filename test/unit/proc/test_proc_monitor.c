/* SPDX-License-Identifier: MIT */
/*
 * proc_monitor.c: what the prompt after a panic says about processes and entries, and that it follows no
 * pointer to where nothing is.
 */
#include "proc/proc_monitor.h"

#include <stdlib.h>

#include "host_console.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "watch/backtrace.h"
#include "watch/look.h"
#include "watch/monitor.h"

#define PIDS 400
#define NOWHERE ((void *)0x1000)

struct cpu boot_cpu;
uint8_t host_memory[1];
uint32_t host_cr3;
struct pgdir kernel_pgdir;

static struct page frames[4] = {{.count = 9, .owner = PAGE_USER},
                                {.count = 300, .owner = PAGE_PGTABLE},
                                {.count = 2, .owner = PAGE_OWNERS},
                                {.count = 1, .owner = PAGE_OTHER}};
struct page *page_array = frames;
size_t page_frames = 4;
const char *const page_owner_names[] = {
#define PAGE_OWNER(NAME, name, text) [PAGE_##NAME] = text,
#include <ucow/enums.def>
};

static struct proc idle, *table[PIDS];
static struct pgdir pgdir;
static const void *unreadable;

bool look_readable(const void *at, size_t size)
{
    CHECK(size > 0);
    return at != NOWHERE && at != unreadable;
}

struct proc **pid_entry(int pid)
{
    CHECK(pid != 0);
    return pid > 0 && pid < PIDS ? &table[pid] : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

static struct look_entries entries;
static bool leads_somewhere = true;

bool look_entries(paddr_t directory, uintptr_t va, struct look_entries *to)
{
    kprintf("(%s, 0x%x)\n",
            directory == virt_to_phys(&pgdir)          ? "process"
            : directory == virt_to_phys(&kernel_pgdir) ? "kernel"
                                                       : "?",
            (unsigned)va);
    *to = entries;
    return leads_somewhere;
}

/* The program's stack: frames at 0x5000, 0x5020, 0x5040, and there a word that is not above it. */
bool look_word(paddr_t directory, uintptr_t va, uint32_t *word)
{
    static const uint32_t words[][2] = {{0x5000, 0x5020},   {0x5004, 0x800111}, {0x5020, 0x5040},
                                        {0x5024, 0x800222}, {0x5040, 0x5040},   {0x5044, 0x800333},
                                        {0x6000, 0x6010},   {0x6004, 0}};
    CHECK_EQ(directory, virt_to_phys(&pgdir));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (words[i][0] == va) {
            *word = words[i][1];
            return true;
        }
    }
    return false;
}

void backtrace_print_frame(uintptr_t address)
{
    kprintf("frame 0x%x\n", (unsigned)address);
}

void backtrace_print(uintptr_t ebp)
{
    kprintf("callers of 0x%x\n", (unsigned)ebp);
}

void trap_print(const struct trapframe *tf)
{
    kprintf("registers of 0x%x\n", (unsigned)tf->eip);
}

static const struct monitor_word *words;
static size_t words_n;

void monitor_start(const struct monitor_word *new, size_t n)
{
    words = new;
    words_n = n;
}

bool monitor_number(const struct monitor_args *args, int i, uint32_t missing, uint32_t *value)
{
    *value = i < args->n ? (uint32_t)strtoul(args->text[i], NULL, 0) : missing;
    return *value != 666;
}

static const struct report report = {.eip = 0xC0101234, .ebp = 0xC0205678};
static struct mm mm;
static _Alignas(16) uint8_t kstack[KSTACK_BYTES], other_kstack[KSTACK_BYTES];
static struct proc init, program, other, zombie;

static void start(void)
{
    idle = (struct proc){.name = "idle", .state = PROC_RUNNABLE};
    init = (struct proc){.pid = 1, .name = "init", .state = PROC_SLEEPING, .sp = (uintptr_t)kstack};
    program = (struct proc){.pid = 300,
                            .name = "program",
                            .state = PROC_RUNNING,
                            .parent = &init,
                            .mm = &mm,
                            .kstack = (uintptr_t)kstack};
    other = (struct proc){.pid = 301,
                          .name = "other",
                          .state = PROC_SLEEPING,
                          .parent = &program,
                          .mm = &mm,
                          .kstack = (uintptr_t)other_kstack,
                          .sp = (uintptr_t)other_kstack};
    zombie = (struct proc){.pid = 302, .name = "dead", .state = PROC_ZOMBIE, .parent = NOWHERE, .mm = &mm};
    memset(table, 0, sizeof(table));
    table[1] = &init;
    table[300] = &program;
    table[301] = &other;
    table[302] = &zombie;
    table[303] = NOWHERE;
    mm = (struct mm){.pgdir = &pgdir};
    *proc_trapframe(&program) = (struct trapframe){.cs = 0x1B, .eip = 0x800010, .ebp = 0x5000};
    *proc_trapframe(&other) = (struct trapframe){.cs = 0x1B, .eip = 0x800020, .ebp = 0x6000};
    ((uint32_t *)other_kstack)[0] = 0xC0300000;
    ((uint32_t *)other_kstack)[1] = 0xC0104444;
    ((uint32_t *)kstack)[0] = 0xC0400000;
    ((uint32_t *)kstack)[1] = 0xC0105555;
    this_cpu()->idle = &idle;
    current = &program;
    unreadable = NULL;
    proc_monitor_start();
}

/* What the word `name` answers. */
static const char *answer(const char *name, int n, const char *first, const char *second)
{
    const struct monitor_args args = {.report = &report, .n = n, .text = {first, second}};
    console_clear();
    for (size_t i = 0; i < words_n; i++) {
        if (strcmp(words[i].name, name) == 0) {
            CHECK(n >= words[i].least && n <= words[i].most);
            words[i].answer(&args);
            return console;
        }
    }
    CHECK(false);
    return NULL;
}

TEST(it_has_four_words)
{
    start();
    CHECK_EQ(words_n, 4);
    CHECK(words[0].most == 0 && words[1].most == 1 && words[2].most == 1 && words[3].least == 1 &&
          words[3].most == 2);
}

TEST(all_processes_are_listed)
{
    start();
    zombie.state = (enum proc_state)99;
    CHECK_STR_EQ(answer("ps", 0, NULL, NULL), "   PID PARENT STATE     NAME\n"
                                              "     0      0 RUNNABLE  idle\n"
                                              "     1      0 SLEEPING  init\n"
                                              "*  300      1 RUNNING   program\n"
                                              "   301    300 SLEEPING  other\n"
                                              "   302      ? ?         dead\n"
                                              "   303        0x1000 is no address of a process\n");
}

TEST(a_name_without_an_end_is_cut)
{
    start();
    memset(init.name, 'n', sizeof(init.name));
    const char *text = answer("ps", 0, NULL, NULL);
    const char *at = strstr(text, "SLEEPING  n");
    CHECK(at != NULL);
    CHECK_EQ(strspn(at + 10, "n"), PROC_NAME_SIZE - 1);
}

TEST(registers_are_those_of_the_entry)
{
    start();
    CHECK_STR_EQ(answer("frame", 0, NULL, NULL), "registers of 0x800010\n");
    CHECK_STR_EQ(answer("frame", 1, "301", NULL), "registers of 0x800020\n");
    CHECK_STR_EQ(answer("frame", 1, "1", NULL), "process 1 has no user memory, and so no user registers\n");
    CHECK_STR_EQ(answer("frame", 1, "0", NULL), "process 0 has no user memory, and so no user registers\n");
    CHECK_STR_EQ(answer("frame", 1, "304", NULL), "there is no process 304\n");
    CHECK_STR_EQ(answer("frame", 1, "4294967295", NULL), "there is no process 4294967295\n");
    CHECK_STR_EQ(answer("frame", 1, "303", NULL), "the process would be at 0x1000, where nothing is\n");
    CHECK_STR_EQ(answer("frame", 1, "666", NULL), "");
    unreadable = proc_trapframe(&other);
    CHECK_STR_EQ(answer("frame", 1, "301", NULL), "process 301 has no kernel stack that can be read\n");
    unreadable = &table[301];
    CHECK_STR_EQ(answer("frame", 1, "301", NULL), "there is no process 301\n");
    current = NULL;
    CHECK_STR_EQ(answer("frame", 0, NULL, NULL), "no process runs yet\n");
}

#define KERNEL_HERE "frame 0xc0101234\ncallers of 0xc0205678\n"
#define PROGRAM_HERE                                                                 \
    "  [0x00800010] in the program program\n  [0x00800110] in the program program\n" \
    "  [0x00800221] in the program program\n"

TEST(frames_of_the_kernel_and_of_the_program)
{
    start();
    CHECK_STR_EQ(answer("bt", 0, NULL, NULL), KERNEL_HERE PROGRAM_HERE);
    CHECK_STR_EQ(answer("bt", 1, "300", NULL), KERNEL_HERE PROGRAM_HERE);
    CHECK_STR_EQ(answer("bt", 1, "301", NULL), "frame 0xc0104444\ncallers of 0xc0300000\n"
                                               "  [0x00800020] in the program other\n");
    CHECK_STR_EQ(answer("bt", 1, "1", NULL), "frame 0xc0105555\ncallers of 0xc0400000\n");
    CHECK_STR_EQ(answer("bt", 1, "302", NULL), "process 302 has ended: it has no stack any more\n");
    CHECK_STR_EQ(answer("bt", 1, "304", NULL), "there is no process 304\n");
    unreadable = other_kstack;
    CHECK_STR_EQ(answer("bt", 1, "301", NULL), "  [0x00800020] in the program other\n");
    current = NULL;
    CHECK_STR_EQ(answer("bt", 0, NULL, NULL), KERNEL_HERE);
}

TEST(frames_of_a_program_end)
{
    start();
    proc_trapframe(&program)->ebp = 0x5002; /* no multiple of a word */
    CHECK_STR_EQ(answer("bt", 0, NULL, NULL), KERNEL_HERE "  [0x00800010] in the program program\n");
    proc_trapframe(&program)->ebp = 0x7000; /* not mapped */
    CHECK_STR_EQ(answer("bt", 0, NULL, NULL), KERNEL_HERE "  [0x00800010] in the program program\n");
    proc_trapframe(&program)->cs = 8; /* in the kernel */
    CHECK_STR_EQ(answer("bt", 0, NULL, NULL), KERNEL_HERE);
    proc_trapframe(&program)->cs = 0x1B;
    unreadable = &mm;
    char expected[200];
    snprintf(expected, sizeof(expected),
             KERNEL_HERE "the memory of process 300 would be at %p, where nothing is\n", (void *)&mm);
    CHECK_STR_EQ(answer("bt", 0, NULL, NULL), expected);
}

TEST(entries_are_explained)
{
    start();
    entries = (struct look_entries){0x00001067, 0x00003225};
    CHECK_STR_EQ(answer("pte", 1, "0x800000", NULL),
                 "  process     300 program\n(process, 0x800000)\n"
                 "  directory   0x00001067 (present writable user accessed dirty)\n"
                 "  page table  0x1, count 300, page tables\n"
                 "  entry       0x00003225 (present user accessed cow)\n"
                 "  frame       0x3, count 1, other kernel uses\n");
    entries.table = 0x00002001;
    CHECK_STR_EQ(answer("pte", 2, "0x800000", "301"),
                 "  process     301 other\n(process, 0x800000)\n"
                 "  directory   0x00001067 (present writable user accessed dirty)\n"
                 "  page table  0x1, count 300, page tables\n"
                 "  entry       0x00002001 (present)\n"
                 "  frame       0x2, count 2, owner 9\n");
    entries = (struct look_entries){0x00004001, 0x00123000};
    CHECK_STR_EQ(answer("pte", 1, "0xc0000000", NULL),
                 "(kernel, 0xc0000000)\n"
                 "  directory   0x00004001 (present)\n"
                 "  page table  0x4, which is no memory of the kernel's\n"
                 "  entry       0x00123000 (on the disk)\n"
                 "  slot        291\n");
    entries = (struct look_entries){0x00001001, 0};
    CHECK_STR_EQ(answer("pte", 1, "0xbfffffff", NULL), "  process     300 program\n(process, 0xbfffffff)\n"
                                                       "  directory   0x00001001 (present)\n"
                                                       "  page table  0x1, count 300, page tables\n"
                                                       "  entry       0x00000000 (empty)\n");
    unreadable = &frames[1];
    CHECK_STR_EQ(answer("pte", 1, "0xc0000000", NULL),
                 "(kernel, 0xc0000000)\n"
                 "  directory   0x00001001 (present)\n"
                 "  page table  0x1, which is no memory of the kernel's\n"
                 "  entry       0x00000000 (empty)\n");
    entries = (struct look_entries){0x00400083, 0};
    CHECK_STR_EQ(answer("pte", 2, "0xc0400000", "300"),
                 "  process     300 program\n(process, 0xc0400000)\n"
                 "  directory   0x00400083 (present writable 4 MiB)\n");
    entries = (struct look_entries){0, 0};
    CHECK_STR_EQ(answer("pte", 1, "0xc0400000", NULL),
                 "(kernel, 0xc0400000)\n  directory   0x00000000 (empty)\n");
}

TEST(entries_that_lead_nowhere)
{
    start();
    entries = (struct look_entries){0x99999001, 0};
    leads_somewhere = false;
    CHECK_STR_EQ(
        answer("pte", 1, "0xc0000000", NULL),
        "(kernel, 0xc0000000)\nthe page tables lead to what is no memory: directory entry 0x99999001\n");
    leads_somewhere = true;
    CHECK_STR_EQ(answer("pte", 2, "0xc0000000", "1"), "process 1 has no user memory\n");
    CHECK_STR_EQ(answer("pte", 2, "0x800000", "304"), "there is no process 304\n");
    CHECK_STR_EQ(answer("pte", 1, "666", NULL), "");
    unreadable = &mm;
    char expected[100];
    snprintf(expected, sizeof(expected), "the memory of process 300 would be at %p, where nothing is\n",
             (void *)&mm);
    CHECK_STR_EQ(answer("pte", 1, "0x800000", NULL), expected);
}
