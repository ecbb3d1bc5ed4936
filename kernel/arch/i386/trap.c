/* SPDX-License-Identifier: MIT */
/*
 * trap - who caused it decides what follows.
 *
 *   system call                     syscall(), interrupts on
 *   interrupt                       its handler; nobody's: counted
 *   page fault, user's              do_pgfault(); what it cannot serve kills the process
 *   page fault in usercopy          the same; what it cannot serve becomes the copy's error
 *   first use of the FPU, user's    proc_fpu_use()
 *   any other exception, user's     kills the process
 *   any other exception, kernel's   panics: a mistake of ours
 *
 * On every way back to user mode sched_return_to_user() has the last word.
 */
#include "arch/i386/trap.h"

#include <ucow/errno.h>

#include "arch/i386/convention.h"
#include "arch/i386/gdt.h"
#include "arch/i386/mmu.h"
#include "arch/i386/uaccess.h"
#include "dev/console.h"
#include "dev/pic.h"
#include "dev/uart.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "proc/exit.h"
#include "proc/pgfault.h"
#include "proc/proc.h"
#include "proc/proc_fpu.h"
#include "proc/proc_line.h"
#include "proc/sched.h"
#include "proc/sleep.h"
#include "sys/sys_io.h"
#include "sys/syscall.h"
#include "watch/backtrace.h"
#include "watch/panic.h"

#define STUB_BYTES 16 /* trap_entry.S */
#define GATE_INTERRUPT 0x8E
#define GATE_TASK 0x85
#define GATE_RING3 0x60

extern const char trap_stubs[], syscall_entry[];
ASM_CALL void trap(struct trapframe *tf);
ASM_CALL void syscall_trap(struct trapframe *tf);

static uint64_t idt[256];
static uint32_t stray_count;

static const char *const exception_names[] = {
    "Divide error",
    "Debug",
    "Non-Maskable Interrupt",
    "Breakpoint",
    "Overflow",
    "BOUND Range Exceeded",
    "Invalid Opcode",
    "Device Not Available",
    "Double Fault",
    "Coprocessor Segment Overrun",
    "Invalid TSS",
    "Segment Not Present",
    "Stack Fault",
    "General Protection",
    "Page Fault",
    "(unknown trap)",
    "x87 FPU Floating-Point Error",
    "Alignment Check",
    "Machine-Check",
    "SIMD Floating-Point Exception",
};

static const char *trap_name(uint32_t vector)
{
    if (vector < ARRAY_SIZE(exception_names))
        return exception_names[vector];
    if (vector == VECTOR_SYSCALL)
        return "System call";
    return vector >= VECTOR_IRQ && vector < VECTOR_IRQ + 16 ? "Hardware Interrupt" : "(unknown trap)";
}

static uint64_t gate(uintptr_t offset, uint16_t selector, uint32_t type)
{
    uint64_t low = (offset & 0xFFFFu) | ((uint32_t)selector << 16);
    uint64_t high = (offset & 0xFFFF0000u) | (type << 8);
    return low | (high << 32);
}

/* The task gate of vector 8 leads here, on a stack of its own: the stack that was in use is gone. */
static void double_fault(void)
{
    uintptr_t va = cpu_read_cr2();
    if (current != NULL && kstack_is_guard(current->kstack, va))
        panic_registers(cpu_tss.eip, cpu_tss.ebp, "kernel stack overflow of pid %d \"%s\": 0x%08x",
                        current->pid, current->name, (unsigned)va);
    panic_registers(cpu_tss.eip, cpu_tss.ebp, "double fault, esp 0x%08x, cr2 0x%08x", cpu_tss.esp,
                    (unsigned)va);
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
    panic_set_describer(proc_describe_current);
}

uint32_t trap_stray_count(void)
{
    return stray_count;
}

void trap_frame_user(struct trapframe *tf, uintptr_t entry, uintptr_t stack)
{
    memset(tf, 0, sizeof(*tf));
    tf->cs = SEL_USER_TEXT;
    tf->ds = tf->es = tf->ss = SEL_USER_DATA;
    tf->eip = entry;
    tf->esp = stack;
    tf->eflags = EFLAGS_FIXED | EFLAGS_IF;
}

static void print_flags(uint32_t eflags)
{
    static const char *const names[] = {"CF", NULL, "PF", NULL, "AF", NULL, "ZF", "SF", "TF",  "IF",  "DF",
                                        "OF", NULL, NULL, "NT", NULL, "RF", "VM", "AC", "VIF", "VIP", "ID"};
    char text[80];
    size_t length = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if ((eflags & BIT(i)) && names[i] != NULL)
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%s,", names[i]);
    kprintf("  flag 0x%08x %sIOPL=%u\n", eflags, length > 0 ? text : "", (eflags >> 12) & 3);
}

void trap_print(const struct trapframe *tf)
{
    kprintf("trapframe at 0x%08x\n", (unsigned)(uintptr_t)tf);
    kprintf("  edi  0x%08x\n  esi  0x%08x\n  ebp  0x%08x\n  oesp 0x%08x\n", tf->edi, tf->esi, tf->ebp,
            tf->oesp);
    kprintf("  ebx  0x%08x\n  edx  0x%08x\n  ecx  0x%08x\n  eax  0x%08x\n", tf->ebx, tf->edx, tf->ecx,
            tf->eax);
    kprintf("  ds   0x----%04x\n  es   0x----%04x\n  fs   0x----%04x\n  gs   0x----%04x\n", tf->ds & 0xFFFF,
            tf->es & 0xFFFF, tf->fs & 0xFFFF, tf->gs & 0xFFFF);
    kprintf("  trap 0x%08x %s\n", tf->trapno, trap_name(tf->trapno));
    kprintf("  err  0x%08x\n  eip  0x%08x\n  cs   0x----%04x\n", tf->err, tf->eip, tf->cs & 0xFFFF);
    print_flags(tf->eflags);
    if (trap_from_user(tf))
        kprintf("  esp  0x%08x\n  ss   0x----%04x\n", tf->esp, tf->ss & 0xFFFF);
}

/* The current process did what it may not: say so, and end it. */
_Noreturn static void punish(const struct trapframe *tf, enum exit_reason reason, const char *why)
{
    proc_line_flush();
    kprintf("pid %d \"%s\" dies: %s\n", current->pid, current->name, why);
    trap_print(tf);
    kprintf("killed by kernel.\n");
    do_exit(reason, -E_KILLED);
}

_Noreturn static void punish_page_fault(const struct trapframe *tf, uintptr_t va, int error)
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
    } else {
        snprintf(why, sizeof(why), "%s 0x%08x, which is not its to %s", what, (unsigned)va,
                 tf->err & FAULT_WRITE ? "write" : "read");
    }
    punish(tf, reason, why);
}

/* Where usercopy goes on when its instruction at `eip` faults; 0: it is none of usercopy's. */
static uint32_t find_fixup(uint32_t eip)
{
    for (const struct fixup *fixup = fixup_table; fixup < fixup_table_end; fixup++)
        if (fixup->eip == eip)
            return fixup->go_on;
    return 0;
}

/* Some emulators let a far return or iret of ring 3 read its stack with the rights of ring 0. SMAP
 * refuses that for ever, however present the page is: nothing we could do would end it. */
static bool refused_by_smap(const struct trapframe *tf)
{
    return cpu_features.smap && trap_from_user(tf) && (tf->err & FAULT_PRESENT) && !(tf->err & FAULT_USER);
}

static void page_fault(struct trapframe *tf)
{
    uintptr_t va = cpu_read_cr2(); /* before interrupts may bring another fault */
    bool user = trap_from_user(tf);
    uint32_t fixup = user ? 0 : find_fixup(tf->eip);
    if (!user && tf->eip == va)
        panic_trap(tf, "kernel jump to 0x%08x: page fault", (unsigned)va);
    if (!user && (fixup == 0 || va >= USERTOP))
        panic_trap(tf, "kernel %s 0x%08x: page fault", tf->err & FAULT_WRITE ? "write to" : "read of",
                   (unsigned)va);
    cpu_sti();
    int error = refused_by_smap(tf) ? -E_FAULT : do_pgfault(va, tf->err);
    if (error != 0 && user)
        punish_page_fault(tf, va, error);
    cpu_cli();
    if (error != 0) {
        tf->eip = fixup;
        tf->eax = (uint32_t)error;
    }
}

static void serve(unsigned irq)
{
    if (!pic_acknowledge(irq)) {
        stray_count++;
        return;
    }
    switch (irq) {
    case IRQ_TIMER:
        timer_tick();
        sched_tick();
        break;
    case IRQ_COM1:
        uart_interrupt();
        sys_io_input();
        break;
    default:
        stray_count++;
    }
}

static void interrupt(unsigned irq)
{
    if (!CONFIG_DEBUG_CHECKS) {
        serve(irq);
        return;
    }
    uint32_t since = cpu_tsc_low();
    struct locks_held locks = locks_handler_begins();
    serve(irq);
    locks_handler_ends(locks);
    if (peak_irq_off_is_new(cpu_tsc_low() - since))
        peak_irq_off_raise(cpu_tsc_low() - since, (uintptr_t)serve);
}

/* The function whose type was not the wanted one; 0: nobody knows. In front of an indirect call the compiler
 * compares the word below the function with the type, and jumps to the trap or over it. The address is in a
 * register, or 4 less is (Intel SDM vol. 2A: CMP 81 /7). */
static uintptr_t called_function(const struct trapframe *tf)
{
    const uint32_t registers[] = {tf->eax, tf->ecx, tf->edx, tf->ebx, tf->oesp, tf->ebp, tf->esi, tf->edi};
    const uint8_t *behind = (const uint8_t *)tf->eip;
    for (const uint8_t *code = behind - 10; code > behind - 20; code--)
        if (code[0] == 0x81 && (code[1] & 0xF8) == 0x78 && code[2] == 0xFC)
            return registers[code[1] & 7];
    return behind[-9] == 0x81 && (behind[-8] & 0xF8) == 0x38 ? registers[behind[-8] & 7] + 4 : 0;
}

/* What the compiler puts before an indirect call did not find the type it expects. */
_Noreturn static void wild_call(const struct trapframe *tf)
{
    uintptr_t function = called_function(tf);
    check_failed_line("kernel check failed: an indirect call of a function of another type");
    if (function != 0) {
        kprintf("    of ");
        backtrace_print_site(function);
        kprintf("\n");
    }
    check_failed_end_trap(tf);
}

/* Exceptions that nothing can serve. */
static void exception(struct trapframe *tf)
{
    if (CONFIG_KCFI && tf->trapno == VECTOR_BREAKPOINT && !trap_from_user(tf))
        wild_call(tf);
    if (tf->trapno >= ARRAY_SIZE(exception_names) || tf->trapno == VECTOR_NMI) {
        stray_count++; /* the hardware's doing, whoever runs: ring 3 cannot raise these itself */
        return;
    }
    if (!trap_from_user(tf))
        panic_trap(tf, "unexpected trap %u in the kernel: %s", tf->trapno, trap_name(tf->trapno));
    cpu_sti();
    punish(tf, EXIT_FAULT, trap_name(tf->trapno));
}

static void no_fpu(struct trapframe *tf)
{
    if (!trap_from_user(tf))
        exception(tf);
    else if (proc_fpu_use() != 0)
        punish(tf, EXIT_OOM, "out of memory for its FPU state");
}

/* Called by trap_entry.S with interrupts off. */
void trap(struct trapframe *tf)
{
    if (tf->trapno == VECTOR_PAGE_FAULT)
        page_fault(tf);
    else if (tf->trapno - VECTOR_IRQ < 16)
        interrupt(tf->trapno - VECTOR_IRQ);
    else if (tf->trapno == VECTOR_NO_FPU)
        no_fpu(tf);
    else
        exception(tf);
    if (trap_from_user(tf))
        sched_return_to_user();
}

/* Called by trap_entry.S for int 0x80 with interrupts off. */
void syscall_trap(struct trapframe *tf)
{
    cpu_sti();
    syscall(tf);
    cpu_cli();
    sched_return_to_user();
}
