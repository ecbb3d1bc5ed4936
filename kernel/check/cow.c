/* SPDX-License-Identifier: MIT */
/*
 * cow - compares entries with the rules of cow.h, and reports in one sentence what is wrong with which page
 * of which processes.
 */
#include "check/cow.h"

#include "dev/console.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "watch/backtrace.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define SAME_FAULTS_MAX 3

uintptr_t cow_site;
uint32_t cow_flushes_then;
static struct cow_ask ask;

/* Pages that were copied for the only process that had them. */
static struct {
    unsigned n;
    uintptr_t va, site; /* of the first */
    struct cow_who who;
} needless;

/* The last fault that changed nothing, since a fork. Of several threads that wait to write to a page, the
 * first gets it for all: so only the faults of one count. */
static struct {
    int pid;
    const struct pgdir *pgdir;
    uintptr_t va;
    bool write;
    pte_t pte;
    int n;
} same;

unsigned cow_countable;

void cow_set_mm(uint32_t (*sharers)(paddr_t frame), uint32_t (*found)(paddr_t frame),
                const char *(*what)(const struct cow_region *region))
{
    ask.sharers = sharers;
    ask.found = found;
    ask.what = what;
}

void cow_set_who(void (*who)(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other))
{
    ask.who = who;
}

/* ---- What reports say ---- */

/* A page, and the processes of a sentence about it. */
struct subject {
    char page[64]; /* 0xaffff000 (the stack's top page) */
    char self[PROC_NAME_SIZE + 16], other[PROC_NAME_SIZE + 24];
};

static void name_page(struct subject *subject, const struct cow_region *region, uintptr_t va)
{
    if (region->end == USERTOP && va == USERTOP - PAGE_SIZE)
        snprintf(subject->page, sizeof(subject->page), "0x%08x (the stack's top page)", (unsigned)va);
    else
        snprintf(subject->page, sizeof(subject->page), "0x%08x (a page of %s)", (unsigned)va,
                 ask.what(region));
}

static void name_process(char *text, size_t size, const char *role, const struct cow_who *who)
{
    if (who->name == NULL)
        snprintf(text, size, "another process");
    else
        snprintf(text, size, "%spid %d \"%s\"", role, who->pid, who->name);
}

/* Name the running process, and another one that maps the frame of `pte` at `va`. */
static void name_processes(struct subject *subject, uintptr_t va, pte_t pte)
{
    struct cow_who running = {0}, other = {0};
    if (ask.who != NULL)
        ask.who(pte_frame(pte), va, &running, &other);
    name_process(subject->self, sizeof(subject->self), "", &running);
    name_process(subject->other, sizeof(subject->other), "", &other);
}

/* Name these, and the page. */
static void name_all(struct subject *subject, const struct cow_region *region, uintptr_t va, pte_t pte)
{
    name_processes(subject, va, pte);
    name_page(subject, region, va);
}

/* The rest of a report: where the entry was made, and what the rule is. */
_Noreturn static void end(const struct report *report, const char *rule)
{
    kprintf("    the entry was made at ");
    backtrace_print_caller(report->eip);
    kprintf("; %s\n", rule);
    report_end(report);
}

#define REPORT                                                            \
    {                                                                     \
        .kind = REPORT_CHECK, .eip = cow_site, .ebp = cpu_frame_pointer() \
    }

_Noreturn static void not_user(const struct subject *who)
{
    const struct report report = REPORT;
    report_begin(&report, "%s cannot access its page %s: the entry has no PTE_U", who->self, who->page);
    end(&report, "every entry of user memory has PTE_U, or each access faults again");
}

_Noreturn static void may_write(const struct subject *who, const char *self, const char *other)
{
    const struct report report = REPORT;
    report_begin(&report, "%s can write to page %s, which %s maps too", self, who->page, other);
    end(&report, "a frame that two entries of private memory map is read-only (PTE_COW) in both");
}

_Noreturn static void not_permitted(const struct subject *who, const char *self)
{
    const struct report report = REPORT;
    report_begin(&report, "%s can write to page %s, although its region permits no writes", self, who->page);
    end(&report, "an entry of a region without VM_WRITE has no PTE_W");
}

_Noreturn static void miscounted(const struct subject *who, const char *other, unsigned count, unsigned least)
{
    const struct report report = REPORT;
    report_begin(&report, "the frame of page %s has %u reference%s, but %s and %s map it", who->page, count,
                 count == 1 ? "" : "s", who->self, other);
    end(&report, least > 1 ? "each entry that maps a frame owns a reference: page_hold()"
                           : "a frame that is mapped has a reference");
}

/* Report a frame that has a reference without an entry, as far as can be found. */
static void check_count(const struct subject *who, pte_t pte)
{
    const struct report report = REPORT;
    uint32_t count = ask.sharers(pte_frame(pte)), found = ask.found(pte_frame(pte));
    cow_countable--;
    if (found == 0 || found >= count)
        return;
    report_begin(&report, "the frame of page %s of %s has %u references, but %u entr%s it", who->page,
                 who->self, count, found, found == 1 ? "y maps" : "ies map");
    end(&report,
        "each entry that maps a frame owns one reference, and gives it back: page_hold(), page_drop()");
}

/* ---- Single entries ---- */

/* Check an entry that is in use, of the running process. */
static void check_entry(const struct cow_region *region, uintptr_t va, pte_t pte)
{
    struct subject who;
    if (!pte_present(pte))
        return;
    bool alone = region->shared || !pte_writable(pte) || ask.sharers(pte_frame(pte)) == 1;
    bool permitted = region->writable || !pte_writable(pte);
    if ((pte & PTE_U) && alone && permitted)
        return;
    name_all(&who, region, va, pte);
    if (!(pte & PTE_U))
        not_user(&who);
    if (!permitted)
        not_permitted(&who, who.self);
    may_write(&who, who.self, who.other);
}

/* Call check(region, data, va, &entries, n) for the runs of entries in the first and last COW_WINDOW pages.
 */
typedef void run_fn(const struct cow_region *region, const void *data, uintptr_t va, const pte_t *pte,
                    size_t n);

struct span {
    uintptr_t start, end;
};

static inline __attribute__((always_inline)) void walk(const struct cow_region *region, struct pgdir *pgdir,
                                                       struct span span, run_fn *check, const void *data)
{
    size_t n;
    for (uintptr_t va = span.start; va < span.end; va += n * PAGE_SIZE) {
        const pte_t *pte = pte_run(pgdir, va, span.end, &n);
        if (pte != NULL)
            check(region, data, va, pte, n);
    }
}

static inline __attribute__((always_inline)) void
walk_ends(const struct cow_region *region, struct pgdir *pgdir, run_fn *check, const void *data)
{
    uintptr_t bytes = region->end - region->start, part = COW_WINDOW * PAGE_SIZE;
    if (bytes <= 2 * part) {
        walk(region, pgdir, (struct span){region->start, region->end}, check, data);
    } else {
        walk(region, pgdir, (struct span){region->start, region->start + part}, check, data);
        walk(region, pgdir, (struct span){region->end - part, region->end}, check, data);
    }
}

static inline void check_run(const struct cow_region *region, const void *unused, uintptr_t va,
                             const pte_t *pte, size_t n)
{
    (void)unused;
    for (size_t i = 0; i < n; i++)
        if (pte[i] != 0)
            check_entry(region, va + i * PAGE_SIZE, pte[i]);
}

void cow_check_region(const struct cow_region *region, struct pgdir *pgdir)
{
    walk_ends(region, pgdir, check_run, NULL);
}

/* ---- After a fork ---- */

_Noreturn static void missing(const struct subject *who)
{
    const struct report report = REPORT;
    report_begin(&report, "page %s of %s is not in %s", who->page, who->self, who->other);
    kprintf("    after ");
    backtrace_print_caller(report.eip);
    kprintf("; fork gives the child every page of the parent, shared or copied: copy_range()\n");
    report_end(&report);
}

_Noreturn static void different(const struct subject *who)
{
    const struct report report = REPORT;
    report_begin(&report, "page %s of %s has other bytes in %s", who->page, who->self, who->other);
    end(&report, "a child begins with the bytes of its parent: cpu_copy_page()");
}

/* Check what both sides of a fork have at `va`. */
static void check_pair(const struct cow_region *region, const struct cow_fork *fork, uintptr_t va, pte_t from,
                       pte_t to)
{
    struct subject who;
    name_page(&who, region, va);
    name_process(who.self, sizeof(who.self), "", &fork->parent);
    name_process(who.other, sizeof(who.other), "its child ", &fork->child);
    if (from != 0 && to == 0)
        missing(&who);
    if (!pte_present(from) || !pte_present(to))
        return;
    if (!(to & from & PTE_U))
        not_user(&who);
    if (!region->writable && pte_writable(to))
        not_permitted(&who, who.other);
    if (pte_frame(from) == pte_frame(to)) {
        if (!region->shared && pte_writable(from))
            may_write(&who, who.self, who.other);
        if (!region->shared && pte_writable(to))
            may_write(&who, who.other, who.self);
        unsigned count = ask.sharers(pte_frame(to));
        if (count < 2)
            miscounted(&who, who.other, count, 2);
    } else if (region->shared || (!fork->threads && memcmp(phys_to_virt(pte_frame(from)),
                                                           phys_to_virt(pte_frame(to)), PAGE_SIZE) != 0)) {
        different(&who);
    }
    if (cow_countable > 1) {
        check_count(&who, from);
        check_count(&who, to);
    }
}

/* Whether two entries obey all rules at a glance: both are read-only for the same counted frame. */
static inline bool pair_is_shared(pte_t from, pte_t to)
{
    return ((from ^ to) & ~(PTE_A | PTE_D)) == 0 && (from & (PTE_P | PTE_W | PTE_U)) == (PTE_P | PTE_U) &&
           ask.sharers(pte_frame(from)) >= 2;
}

/* Check that neither side may write below a page table that both have. `pte` is its entry for `va`. */
static void check_table(const struct cow_region *region, const struct cow_fork *fork, uintptr_t va, pte_t pte)
{
    struct subject who;
    bool parent_may = pgdir_permits_writes(fork->from, va);
    if (!parent_may && !pgdir_permits_writes(fork->to, va))
        return;
    name_all(&who, region, va, pte);
    name_process(who.self, sizeof(who.self), "", &fork->parent);
    name_process(who.other, sizeof(who.other), "its child ", &fork->child);
    may_write(&who, parent_may ? who.self : who.other, parent_may ? who.other : who.self);
}

static inline void check_pairs(const struct cow_region *region, const void *data, uintptr_t va,
                               const pte_t *from, size_t n)
{
    const struct cow_fork *fork = data;
    const pte_t *to = pte_find(fork->to, va);
    if (to == from) {
        check_table(region, fork, va, *from);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (from[i] == 0)
            continue;
        pte_t copy = to == NULL ? 0 : to[i];
        if (!pair_is_shared(from[i], copy) || cow_countable > 1)
            check_pair(region, fork, va + i * PAGE_SIZE, from[i], copy);
    }
}

void cow_check_fork(const struct cow_region *region, const struct cow_fork *fork)
{
    walk_ends(region, fork->from, check_pairs, fork);
}

/* ---- After the copy of a page table ---- */

_Noreturn static void not_in_copy(const struct subject *who)
{
    const struct report report = REPORT;
    report_begin(&report, "page %s of the page table that %s shared is not in its copy", who->page,
                 who->self);
    end(&report, "the copy has each entry of the table: share_run()");
}

static void check_copied_entry(uintptr_t va, pte_t from, pte_t to)
{
    struct subject who;
    bool equal = ((from ^ to) & ~(PTE_A | PTE_D)) == 0;
    if (equal && (!pte_present(from) || (!pte_writable(from) && ask.sharers(pte_frame(from)) >= 2)))
        return;
    name_processes(&who, va, from);
    snprintf(who.page, sizeof(who.page), "0x%08x", (unsigned)va);
    if (pte_present(from) && pte_writable(to))
        may_write(&who, who.self, who.other);
    if (pte_present(from) && pte_writable(from))
        may_write(&who, who.other, who.self);
    if (!equal)
        not_in_copy(&who);
    miscounted(&who, who.other, ask.sharers(pte_frame(from)), 2);
}

void cow_check_table_copy(uintptr_t va, const pte_t *from, const pte_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i == COW_WINDOW && n > 2 * COW_WINDOW)
            i = n - COW_WINDOW;
        if ((from[i] | to[i]) != 0)
            check_copied_entry(va + i * PAGE_SIZE, from[i], to[i]);
    }
}

void cow_check_flushed(const struct cow_fork *fork, size_t parent_pages)
{
    const struct report report = REPORT;
    same.n = 0;
    if (!cow_flushed() && parent_pages != 0) {
        report_begin(&report,
                     "fork of pid %d \"%s\": the TLB was not flushed, so it can still write to pages "
                     "that its child pid %d shares",
                     fork->parent.pid, fork->parent.name, fork->child.pid);
        end(&report, "after entries lose PTE_W: mmu_flush_all()");
    }
}

void cow_overwritten(uintptr_t va)
{
    struct subject who;
    const struct report report = REPORT;
    name_processes(&who, va, 0);
    report_begin(&report,
                 "the fork by %s overwrote its page 0x%08x (the stack's top page): the copy was made in the "
                 "wrong direction",
                 who.self, (unsigned)va);
    end(&report, "cpu_copy_page(to, from)");
}

void cow_check_fork_done(const struct cow_fork *fork, size_t parent_pages, size_t child_pages)
{
    const struct report report = REPORT;
    if (parent_pages != child_pages) {
        report_begin(&report, "pid %d \"%s\" has %u pages, but its child pid %d has %u", fork->parent.pid,
                     fork->parent.name, (unsigned)parent_pages, fork->child.pid, (unsigned)child_pages);
        end(&report, "fork gives the child every page of the parent, shared or copied");
    }
}

/* ---- Page faults ---- */

/* The page of `fault` was copied; `pte` maps the copy. */
static void check_copy(const struct cow_fault *fault, const struct cow_region *region, uintptr_t va,
                       pte_t pte)
{
    struct subject who;
    uint32_t left = ask.sharers(pte_frame(fault->before));
    if (fault->count == 1) {
        if (fault->slot == 0 && needless.n++ == 0) {
            struct cow_who other;
            needless.va = va;
            needless.site = cow_site;
            if (ask.who != NULL)
                ask.who(0, va, &needless.who, &other);
        }
        return;
    }
    if (left == fault->count - 1 && cow_fault_is_sample(fault, pte) &&
        cow_fault_is_sample(fault, fault->before))
        return;
    name_all(&who, region, va, fault->before);
    const struct report report = REPORT;
    if (left != fault->count - 1) {
        report_begin(&report,
                     "%s got a copy of page %s, but the frame that it shared with %s still has %u "
                     "references instead of %u",
                     who.self, who.page, who.other, left, fault->count - 1);
        end(&report, "the entry's reference to the old frame is dropped: page_drop()");
    }
    if (!cow_fault_is_sample(fault, fault->before)) {
        report_begin(&report,
                     "the copy of page %s for %s overwrote the page of %s: it was made in the wrong "
                     "direction",
                     who.page, who.self, who.other);
        end(&report, "cpu_copy_page(to, from)");
    }
    report_begin(&report, "the copy of page %s for %s does not have the bytes that %s sees", who.page,
                 who.self, who.other);
    end(&report, "a copy has the bytes of its page: cpu_copy_page(to, from)");
}

/* A fault was served without a change of the entry; report the third in a row. */
static void count_same(const struct pgdir *pgdir, const struct cow_region *region, uintptr_t va, pte_t pte,
                       bool write)
{
    const int pid = trace_pid();
    if (same.n != 0 && same.pid == pid && same.pgdir == pgdir && same.va == va && same.write == write &&
        same.pte == pte)
        same.n++;
    else
        same.n = 1;
    same.pid = pid;
    same.pgdir = pgdir;
    same.va = va;
    same.write = write;
    same.pte = pte;
    if (same.n < SAME_FAULTS_MAX)
        return;
    struct subject who;
    const struct report report = REPORT;
    name_all(&who, region, va, pte);
    report_begin(&report, "%s faults again and again %s page %s: nothing changed between %d faults", who.self,
                 write ? "writing to" : "reading", who.page, SAME_FAULTS_MAX);
    end(&report, "a fault that is served changes the entry, or flushes it from the TLB: mmu_flush_page()");
}

void cow_fault_check(const struct cow_fault *fault, const struct cow_region *region, const pte_t *pte,
                     bool copied)
{
    struct subject who;
    uintptr_t va = fault->va;
    pte_t now = pte == NULL ? 0 : *pte;
    if (copied && pte_present(now))
        check_copy(fault, region, va, now);
    check_entry(region, va, now);
    if (!pte_present(now) || (fault->write && !pte_writable(now) && !pte_swapped(fault->before))) {
        const struct report report = REPORT;
        name_all(&who, region, va, now);
        report_begin(&report, "the fault of %s at page %s was served, but the page is still %s", who.self,
                     who.page, pte_present(now) ? "read-only" : "not there");
        end(&report, "the access is retried, and faults again for ever");
    }
    if (pte_writable(now) && pte_cow(now)) {
        const struct report report = REPORT;
        name_all(&who, region, va, now);
        report_begin(&report, "%s may write to page %s, but the entry still has PTE_COW", who.self, who.page);
        end(&report, "PTE_COW says that a write faults: the entry loses it when it gets PTE_W");
    }
    if (((now ^ fault->before) & ~(PTE_A | PTE_D)) == 0)
        count_same(fault->pgdir, region, va, now & ~(PTE_A | PTE_D), fault->write);
    else
        same.n = 0;
}

bool cow_report(void)
{
    if (needless.n == 0)
        return true;
    kprintf("kernel check failed: %u page%s copied although no other process had %s, the first 0x%08x of pid "
            "%d\n",
            needless.n, needless.n == 1 ? " was" : "s were", needless.n == 1 ? "it" : "them",
            (unsigned)needless.va, needless.who.pid);
    kprintf("    at ");
    backtrace_print_caller(needless.site);
    kprintf("; the last process that maps a page makes it writable again instead of copying it\n");
    return false;
}
