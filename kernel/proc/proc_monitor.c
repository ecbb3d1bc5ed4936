/* SPDX-License-Identifier: MIT */
/*
 * proc_monitor - words of the prompt after a panic: processes, their frames, their registers, their pages.
 *
 * Processes are found by the table of pids, which has an end; the lists of the family, which may be broken,
 * are not followed. A pointer is followed only if all it points to can be read.
 */
#include "proc/proc_monitor.h"

#include "dev/console.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "watch/backtrace.h"
#include "watch/look.h"
#include "watch/monitor.h"

#define FRAMES_MAX 32

static const char *const state_names[] = {
#define PROC_STATE(NAME, next) #NAME,
#include <ucow/enums.def>
};

static bool is_readable(const struct proc *proc)
{
    return look_readable(proc, sizeof(*proc));
}

/* The pointer that the table has for `pid`; NULL if there is none. */
static struct proc *in_table(int pid)
{
    struct proc **entry = pid == 0 ? &this_cpu()->idle : pid_entry(pid);
    return entry != NULL && look_readable(entry, sizeof(uintptr_t)) ? *entry : NULL;
}

/* The process that argument number `i` names, the current one if there is no such argument. Prints a sentence
 * and returns NULL if there is none. */
static struct proc *process_of(const struct monitor_args *args, int i)
{
    uint32_t pid;
    if (!monitor_number(args, i, 0, &pid))
        return NULL;
    struct proc *proc = i < args->n ? in_table((int)MIN(pid, (uint32_t)INT32_MAX)) : current;
    if (proc == NULL)
        kprintf(i < args->n ? "there is no process %u\n" : "no process runs yet\n", (unsigned)pid);
    else if (!is_readable(proc))
        kprintf("the process would be at %p, where nothing is\n", (void *)proc);
    else
        return proc;
    return NULL;
}

static void print_process(int pid, const struct proc *proc)
{
    if (!is_readable(proc)) {
        kprintf("  %4d        %p is no address of a process\n", pid, (const void *)proc);
        return;
    }
    char parent[12] = "0";
    if (proc->parent != NULL && is_readable(proc->parent))
        snprintf(parent, sizeof(parent), "%d", proc->parent->pid);
    else if (proc->parent != NULL)
        strlcpy(parent, "?", sizeof(parent));
    const char *state = (size_t)proc->state < ARRAY_SIZE(state_names) ? state_names[proc->state] : "?";
    kprintf("%c %4d %6s %-9s %.*s\n", proc == current ? '*' : ' ', proc->pid, parent, state,
            PROC_NAME_SIZE - 1, proc->name);
}

static void print_processes(const struct monitor_args *args)
{
    (void)args;
    kprintf("   PID PARENT STATE     NAME\n");
    int limit = MIN(pid_limit(), (int)KSTACK_MAX + 1);
    for (int pid = 0; pid < limit; pid++) {
        const struct proc *proc = in_table(pid);
        if (proc != NULL)
            print_process(pid, proc);
    }
}

/* The physical address of the page directory of `proc`; prints a sentence and returns false if it has none.
 */
static bool directory_of(const struct proc *proc, paddr_t *pgdir)
{
    if (proc->mm == NULL)
        kprintf("process %d has no user memory\n", proc->pid);
    else if (!look_readable(proc->mm, sizeof(*proc->mm)))
        kprintf("the memory of process %d would be at %p, where nothing is\n", proc->pid, (void *)proc->mm);
    else
        *pgdir = virt_to_phys(proc->mm->pgdir);
    return proc->mm != NULL && look_readable(proc->mm, sizeof(*proc->mm));
}

/* The frame with which a process entered the kernel; prints a sentence and returns NULL if there is none. */
static const struct trapframe *frame_of(const struct proc *proc)
{
    const struct trapframe *tf = proc_trapframe(proc);
    if (proc->mm == NULL)
        kprintf("process %d has no user memory, and so no user registers\n", proc->pid);
    else if (!look_readable(tf, sizeof(*tf)))
        kprintf("process %d has no kernel stack that can be read\n", proc->pid);
    else
        return tf;
    return NULL;
}

static void print_frame(const struct monitor_args *args)
{
    const struct proc *proc = process_of(args, 0);
    const struct trapframe *tf = proc == NULL ? NULL : frame_of(proc);
    if (tf != NULL)
        trap_print(tf);
}

/* The frames of the program, as its page directory maps them, from where it entered the kernel. */
static void print_user_frames(const struct proc *proc)
{
    const struct trapframe *tf = frame_of(proc);
    paddr_t pgdir = 0;
    if (tf == NULL || !trap_from_user(tf) || !directory_of(proc, &pgdir))
        return;
    uint32_t eip = tf->eip, ebp = tf->ebp, above;
    for (int i = 0; i < FRAMES_MAX && eip != 0; i++) {
        kprintf("  [0x%08x] in the program %.*s\n", eip - (i > 0), PROC_NAME_SIZE - 1, proc->name);
        if (ebp % sizeof(above) != 0 || !look_word(pgdir, ebp, &above) || !look_word(pgdir, ebp + 4, &eip) ||
            above <= ebp)
            break;
        ebp = above;
    }
}

static void print_backtrace(const struct monitor_args *args)
{
    const struct proc *proc = args->n == 0 ? current : process_of(args, 0);
    if (args->n == 0 || proc == current) {
        backtrace_print_frame(args->report->eip);
        backtrace_print(args->report->ebp);
    } else if (proc != NULL && proc->state == PROC_ZOMBIE) {
        kprintf("process %d has ended: it has no stack any more\n", proc->pid);
    } else if (proc != NULL) {
        const uint32_t *saved = (const uint32_t *)proc->sp; /* switch.S: ebp, and where it goes on */
        if (look_readable(saved, 2 * sizeof(*saved))) {
            backtrace_print_frame(saved[1]);
            backtrace_print(saved[0]);
        }
    }
    if (proc != NULL && proc->state != PROC_ZOMBIE && proc->mm != NULL)
        print_user_frames(proc);
}

static void print_entry(const char *what, uint32_t entry)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {{PTE_P, "present"}, {PTE_W, "writable"},  {PTE_U, "user"}, {PTE_A, "accessed"},
                {PTE_D, "dirty"},   {PTE_LARGE, "4 MiB"}, {PTE_COW, "cow"}};
    kprintf("  %-11s 0x%08x (", what, entry);
    const char *between = "";
    for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
        if ((entry & bits[i].bit) == 0)
            continue;
        kprintf("%s%s", between, bits[i].name);
        between = " ";
    }
    kprintf("%s)\n", *between != '\0' ? "" : entry == 0 ? "empty" : "on the disk");
}

static void print_frame_number(const char *what, uint32_t entry)
{
    size_t pfn = pte_frame(entry) >> PAGE_SHIFT;
    const struct page *page = &page_array[pfn];
    kprintf("  %-11s 0x%x", what, (unsigned)pfn);
    if (pfn >= page_frames || !look_readable(page, sizeof(*page)))
        kprintf(", which is no memory of the kernel's\n");
    else if (page->owner >= PAGE_OWNERS)
        kprintf(", count %u, owner %u\n", (unsigned)page->count, page->owner);
    else
        kprintf(", count %u, %s\n", (unsigned)page->count, page_owner_names[page->owner]);
}

static void print_entries(const struct monitor_args *args)
{
    uint32_t va;
    paddr_t pgdir = virt_to_phys(&kernel_pgdir);
    struct look_entries entries;
    if (!monitor_number(args, 0, 0, &va))
        return;
    const struct proc *proc = args->n > 1 || va < KERNEL_HALF ? process_of(args, 1) : NULL;
    if ((args->n > 1 || va < KERNEL_HALF) && (proc == NULL || !directory_of(proc, &pgdir)))
        return;
    if (proc != NULL)
        kprintf("  process     %d %.*s\n", proc->pid, PROC_NAME_SIZE - 1, proc->name);
    if (!look_entries(pgdir, va, &entries)) {
        kprintf("the page tables lead to what is no memory: directory entry 0x%08x\n", entries.directory);
        return;
    }
    print_entry("directory", entries.directory);
    if ((entries.directory & (PTE_P | PTE_LARGE)) != PTE_P)
        return;
    print_frame_number("page table", entries.directory);
    print_entry("entry", entries.table);
    if (pte_present(entries.table))
        print_frame_number("frame", entries.table);
    else if (pte_swapped(entries.table))
        kprintf("  slot        %u\n", (unsigned)pte_slot(entries.table));
}

static const struct monitor_word words[] = {
    {"ps", "", "every process; * marks the one that runs", 0, 0, print_processes},
    {"bt", " [PID]", "frames of the kernel and of the program, here or in process PID", 0, 1,
     print_backtrace},
    {"frame", " [PID]", "the registers with which a process entered the kernel", 0, 1, print_frame},
    {"pte", " ADDRESS [PID]", "the entries for an address, its frame, the frame's count", 1, 2,
     print_entries},
};

void proc_monitor_start(void)
{
    monitor_start(words, ARRAY_SIZE(words));
}
