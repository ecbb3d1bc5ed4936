/* SPDX-License-Identifier: MIT */
/*
 * trap - what follows each exception and interrupt.
 *
 *   interrupt                       its handler (dev/irq.h); without one: counted
 *   page fault in user mode         do_pgfault(); an error kills the process
 *   page fault in usercopy          do_pgfault(); an error becomes the result of the copy
 *   first use of the FPU            proc_fpu_use()
 *   other exception in user mode    kills the process
 *   other exception in the kernel   panics: a bug of the kernel
 *
 * System calls have a way of their own, syscall_trap() of sys/syscall.c. Every return to user mode goes
 * through sched_return_to_user().
 */
#include "arch/i386/trap.h"

#include <ucow/errno.h>

#include "arch/i386/convention.h"
#include "arch/i386/gdt.h"
#include "arch/i386/mmu.h"
#include "arch/i386/trapframe.h"
#include "arch/i386/uaccess.h"
#include "check/hooks.h"
#include "dev/console.h"
#include "dev/irq.h"
#include "dev/pit.h"
#include "lib/printf.h"
#include "lib/util.h"
#include "proc/exit.h"
#include "proc/pgfault.h"
#include "proc/proc.h"
#include "proc/proc_fpu.h"
#include "proc/proc_line.h"
#include "proc/sched.h"
#include "watch/panic.h"

#define STUB_BYTES 16 /* trap_entry.S */
#define GATE_INTERRUPT 0x8E
#define GATE_TASK 0x85
#define GATE_RING3 0x60

extern const char trap_stubs[], syscall_entry[];
ASM_CALL void trap(struct trapframe *tf);

static uint64_t idt[256];

static uint64_t gate(uintptr_t offset, uint16_t selector, uint32_t type)
{
    uint64_t low = (offset & 0xFFFFu) | ((uint32_t)selector << 16);
    uint64_t high = (offset & 0xFFFF0000u) | (type << 8);
    return low | (high << 32);
}

/* The task gate of vector 8 leads here, on a stack of its own, because the current one is unusable. */
static void double_fault(void)
{
    uintptr_t va = cpu_read_cr2();
    const struct report report = {.kind = REPORT_PANIC, .eip = cpu_tss.eip, .ebp = cpu_tss.ebp};
    if (current != NULL && kstack_is_guard(current->kstack, va))
        report_begin(&report, "kernel stack overflow of pid %d \"%s\": 0x%08x", current->pid, current->name,
                     (unsigned)va);
    else
        report_begin(&report, "double fault, esp 0x%08x, cr2 0x%08x", cpu_tss.esp, (unsigned)va);
    report_end(&report);
}

void trap_init(void)
{
    gdt_init(double_fault);
    for (unsigned vector = 0; vector < ARRAY_SIZE(idt); vector++) {
        bool ring3 = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW;
        idt[vector] = gate((uintptr_t)trap_stubs + vector * STUB_BYTES, SEL_KERNEL_TEXT,
                           GATE_INTERRUPT | (ring3 ? GATE_RING3 : 0));
    }
    idt[VECTOR_SYSCALL] = gate((uintptr_t)syscall_entry, SEL_KERNEL_TEXT, GATE_INTERRUPT | GATE_RING3);
    idt[VECTOR_DOUBLE_FAULT] = gate(0, SEL_DOUBLE_FAULT_TSS, GATE_TASK);
    const struct descriptor_table table = {sizeof(idt) - 1, (uint32_t)(uintptr_t)idt};
    cpu_lidt(&table);
}

/* Print why the current process is killed, and its frame, and end it. */
_Noreturn static void kill_current(const struct trapframe *tf, enum exit_reason reason, const char *why)
{
    proc_line_flush();
    kprintf("pid %d \"%s\" dies: %s\n", current->pid, current->name, why);
    trap_print(tf);
    kprintf("killed by kernel.\n");
    current->fault_trap = (uint8_t)tf->trapno;
    do_exit(reason, -E_KILLED);
}

_Noreturn static void kill_for_page_fault(const struct trapframe *tf, uintptr_t va, int error)
{
    char why[80];
    const char *what = tf->err & FAULT_WRITE ? "write to" : "read of";
    enum exit_reason reason = EXIT_FAULT;
    if (error == -E_NO_MEM) {
        reason = EXIT_OOM;
        snprintf(why, sizeof(why), "out of memory for its %s 0x%08x", what, (unsigned)va);
    } else if (error == -E_SWAP_FAULT) {
        reason = EXIT_SWAP;
        snprintf(why, sizeof(why), "%s 0x%08x, which the swap disk cannot read back", what, (unsigned)va);
    } else if (va >= USER_STACK_BASE - PAGE_SIZE && va < USER_STACK_BASE) {
        snprintf(why, sizeof(why), "%s 0x%08x, which is below its stack of %u KiB", what, (unsigned)va,
                 (unsigned)(USER_STACK_PAGES * PAGE_SIZE / 1024));
    } else {
        snprintf(why, sizeof(why), "%s 0x%08x, which is not its to %s", what, (unsigned)va,
                 tf->err & FAULT_WRITE ? "write" : "read");
    }
    kill_current(tf, reason, why);
}

/* Where usercopy continues after a fault of its instruction at `eip`; 0: the instruction is not usercopy's.
 */
static uint32_t find_fixup(uint32_t eip)
{
    for (const struct fixup *fixup = fixup_table; fixup < fixup_table_end; fixup++)
        if (fixup->eip == eip)
            return fixup->go_on;
    return 0;
}

/* Some emulators let a far return or iret in ring 3 read its stack with the rights of ring 0. SMAP refuses
 * that even if the page is present, so the instruction would fault forever. */
static bool refused_by_smap(const struct trapframe *tf)
{
    return cpu_features.smap && (tf->err & FAULT_PRESENT) && !(tf->err & FAULT_USER);
}

/* A page fault of the kernel outside of usercopy: a bug. */
_Noreturn static void kernel_bug_page_fault(const struct trapframe *tf, uintptr_t va)
{
    const struct report report = report_trap(REPORT_PANIC, tf);
    const char *what = tf->eip == va ? "jump to" : tf->err & FAULT_WRITE ? "write to" : "read of";
    report_begin(&report, "kernel %s 0x%08x: page fault", what, (unsigned)va);
    report_end(&report);
}

static void kernel_page_fault(struct trapframe *tf)
{
    uintptr_t va = cpu_read_cr2(); /* before another fault can change it */
    uint32_t fixup = find_fixup(tf->eip);
    if (fixup == 0 || va >= USERTOP)
        kernel_bug_page_fault(tf, va);
    cpu_sti();
    int error = do_pgfault(va, tf->err);
    cpu_cli();
    if (error != 0) {
        tf->eip = fixup;
        tf->eax = (uint32_t)error;
    }
}

/* The same access has faulted twice: the first time its fault was not served, whatever do_pgfault() said. */
static inline void check_served(const struct trapframe *tf, uintptr_t va, int error)
{
    static struct {
        uintptr_t va, eip;
        const struct proc *proc;
    } last;
    RULE(va != last.va || tf->eip != last.eip || current != last.proc || error != 0 ||
             pgfault_is_served(va, tf->err),
         "the fault of pid %d \"%s\" at 0x%08x was served, but its entry does not permit the access, which "
         "faults again for ever: do_pgfault()",
         current->pid, current->name, (unsigned)va);
    if (!CHECK_OK(false)) {
        last.va = va;
        last.eip = tf->eip;
        last.proc = current;
    }
}

static void user_page_fault(struct trapframe *tf)
{
    uintptr_t va = cpu_read_cr2(); /* before another fault can change it */
    cpu_sti();
    int error = refused_by_smap(tf) ? -E_FAULT : do_pgfault(va, tf->err);
    if (error != 0 && error != -E_KILLED) /* a killed process ends on its way to user mode */
        kill_for_page_fault(tf, va, error);
    RULE(error == 0 || error == -E_KILLED,
         "pid %d \"%s\" may not access 0x%08x, but goes on as if it could: kill_for_page_fault()",
         current->pid, current->name, (unsigned)va);
    check_served(tf, va, error);
    cpu_cli();
    check_kernel_done((uintptr_t)do_pgfault);
}

static void interrupt(const struct trapframe *tf)
{
    unsigned irq = tf->trapno - VECTOR_IRQ;
    struct check_handler checked = check_handler_begin(tf->eip);
    irq_handle(irq);
    check_handler_end(&checked, (uintptr_t)irq_handle);
    if (irq == PIT_IRQ)
        check_tick(tf);
}

/* Exceptions that kill the process, or panic. */
static void exception(struct trapframe *tf)
{
    kcfi_trap(tf);
    if (tf->trapno == VECTOR_NMI && check_nmi(tf))
        return;
    if (tf->trapno >= TRAP_EXCEPTIONS || tf->trapno == VECTOR_NMI) {
        irq_count_stray(); /* from the hardware: ring 3 cannot raise these */
        return;
    }
    if (!trap_from_user(tf)) {
        const struct report report = report_trap(REPORT_PANIC, tf);
        report_begin(&report, "unexpected trap %u in the kernel: %s", tf->trapno, trap_name(tf->trapno));
        report_end(&report);
    }
    cpu_sti();
    kill_current(tf, EXIT_FAULT, trap_name(tf->trapno));
}

static void no_fpu(struct trapframe *tf)
{
    if (proc_fpu_use() != 0)
        kill_current(tf, EXIT_OOM, "out of memory for its FPU state");
}

static void kernel_trap(struct trapframe *tf)
{
    if (tf->trapno == VECTOR_PAGE_FAULT)
        kernel_page_fault(tf);
    else if (tf->trapno - VECTOR_IRQ < 16)
        interrupt(tf);
    else
        exception(tf);
}

static void user_trap(struct trapframe *tf)
{
    check_kernel_entered();
    if (tf->trapno == VECTOR_PAGE_FAULT)
        user_page_fault(tf);
    else if (tf->trapno - VECTOR_IRQ < 16)
        interrupt(tf);
    else if (tf->trapno == VECTOR_NO_FPU)
        no_fpu(tf);
    else
        exception(tf);
    sched_return_to_user();
}

/* Called by trap_entry.S with interrupts off. */
void trap(struct trapframe *tf)
{
    if (trap_from_user(tf))
        user_trap(tf);
    else
        kernel_trap(tf);
}
