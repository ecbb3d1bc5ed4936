/* SPDX-License-Identifier: MIT */
/*
 * oom - chooses the process that ends when memory and the swap disk are full.
 *
 * It is the one with the most pages of its own, in memory or on the disk: only its end frees them. Pages that
 * it shares with others do not count. Kernel threads, with init, have none. The shell at the terminal does
 * not end before its descendants: then the largest of them ends instead. While a process is ending, or there
 * are pages left that might go to the disk, no other one is chosen.
 */
#include "proc/oom.h"

#include <ucow/errno.h>

#include "dev/console.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "proc/kill.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/terminal.h"
#include "proc/visit.h"

/* No page fault needs more frames: for a page, a page table, a copy of a shared one, and a slab. */
#define FAULT_FRAMES 4

struct choice {
    int pid;          /* of the process to end; 0: none */
    size_t pages;     /* its own */
    unsigned among_n; /* how many processes have memory */
};

bool oom_memory_is_full(void)
{
    return page_free_count() < FAULT_FRAMES;
}

static bool is_user(const struct proc *proc)
{
    return proc != NULL && !proc->kernel && proc->state != PROC_ZOMBIE;
}

/* Whether the process will soon be a zombie, by itself. */
static bool is_ending(const struct proc *proc)
{
    return is_user(proc) && (proc->killed || proc->exiting);
}

/* No other process runs meanwhile, so the walk ends with the last process, not with the last pid. */
static int find_ending(void)
{
    size_t left = pid_used_count();
    for (int pid = 1; pid < pid_limit() && left > 0; pid++) {
        const struct proc *proc = proc_find(pid);
        left -= proc != NULL;
        if (is_ending(proc))
            return pid;
    }
    return 0;
}

/* Let others run until the process has ended, or memory is not full any more. */
static int await_end(int pid)
{
    while (oom_memory_is_full() && is_ending(proc_find(pid)) && !current->killed)
        sched_yield();
    return current->killed ? -E_KILLED : 0;
}

/* The pages that only this process has, if there are more than `least`; else 0. Others may run. */
static size_t own_pages(const struct proc *proc, size_t least)
{
    struct mm *mm = proc->mm;
    size_t pages = 0;
    int pid = proc->pid;
    if (mm_page_count(mm) <= least)
        return 0;
    if (visit_begin(mm) == 0) {
        mm_count_own_pages(mm, &pages);
        visit_end(mm);
    }
    TRACE(oom_size, pid, pages);
    return pages;
}

static bool descends_from(const struct proc *proc, int ancestor)
{
    while (proc->parent != NULL && proc->parent->pid != ancestor)
        proc = proc->parent;
    return proc->parent != NULL;
}

/* The process with the most pages of its own: of all, or of the descendants of process `ancestor`. */
static struct choice largest(int ancestor)
{
    struct choice best = {0};
    for (int pid = 1; pid < pid_limit() && sched_point() == 0; pid++) {
        const struct proc *proc = proc_find(pid);
        if (!is_user(proc) || proc->mm == NULL || (ancestor != 0 && !descends_from(proc, ancestor)))
            continue;
        best.among_n++;
        size_t pages = own_pages(proc, best.pages);
        if (pages > best.pages) {
            best.pid = pid;
            best.pages = pages;
        }
    }
    return best;
}

/* Whether the process is the shell at the terminal: it leads the foreground group, or made that group of one
 * or more of its children. */
static bool is_shell(const struct proc *proc)
{
    int group = terminal_foreground();
    if (proc == NULL || group == 0 || proc->group == group)
        return proc != NULL && group != 0 && proc->pid == group;
    list_for_each (node, &proc->children)
        if (list_entry(node, const struct proc, sibling)->group == group)
            return true;
    return false;
}

static struct choice choose(void)
{
    struct choice best = largest(0);
    if (best.pid == 0 || !is_shell(proc_find(best.pid)))
        return best;
    struct choice below = largest(best.pid);
    below.among_n = best.among_n;
    return below.pid != 0 ? below : best;
}

/* Whether the process that was chosen may still have the pages that were counted: meanwhile it may have freed
 * them, or ended, and another process may have its pid. */
static bool has_pages(const struct proc *proc, size_t pages)
{
    return is_user(proc) && proc->mm != NULL && mm_page_count(proc->mm) >= pages;
}

/* Kill the processes that use the mm, of which `first` is one: it is freed with the last of them. */
static void kill_users(const struct mm *mm, int first)
{
    unsigned left = mm_users(mm);
    for (int i = 1, pid = first; i < pid_limit() && left > 0; i++) {
        struct proc *proc = proc_find(pid);
        if (is_user(proc) && proc->mm == mm) {
            left--;
            if (!is_ending(proc))
                kill_for_memory(proc);
        }
        pid = pid + 1 < pid_limit() ? pid + 1 : 1;
    }
}

int oom_relieve(void)
{
    if (!oom_memory_is_full())
        return 0;
    if (swap_search_goes_on())
        return sched_point();
    int ending = find_ending();
    if (ending != 0)
        return await_end(ending);
    struct choice choice = choose();
    ending = find_ending(); /* another process may have chosen meanwhile; from here on no other one runs */
    const struct proc *victim = proc_find(choice.pid);
    if (!oom_memory_is_full() || ending != 0 || (choice.pid != 0 && !has_pages(victim, choice.pages)))
        return ending != 0 ? await_end(ending) : 0;
    TRACE(oom, current->pid, choice.pid, choice.pages, choice.among_n);
    if (choice.pid == 0 || victim->mm == current->mm)
        return -E_NO_MEM;
    kprintf("pid %d \"%s\" dies: out of memory for pid %d \"%s\", and of %u processes it has the most pages "
            "of its own: %u\n",
            choice.pid, victim->name, current->pid, current->name, choice.among_n, (unsigned)choice.pages);
    kill_users(victim->mm, choice.pid);
    return await_end(choice.pid);
}
