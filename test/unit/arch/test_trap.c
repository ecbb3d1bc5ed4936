/* SPDX-License-Identifier: MIT */
/*
 * trap.c: what each of the 256 vectors leads to, from user mode and in the kernel, and what becomes of a page
 * fault. The program is linked to addresses of 32 bits, which gates have.
 */
#include "arch/i386/trap.h"

#include <setjmp.h>

#include <ucow/errno.h>

#include "arch/i386/gdt.h"
#include "arch/i386/uaccess.h"
#include "host_console.h"
#include "journal.h"
#include "proc/exit.h"
#include "proc/pgfault.h"
#include "proc/proc.h"
#include "proc/proc_fpu.h"
#include "watch/panic.h"

#define VA 0x00812344u
#define COPIES 0x00100010u /* an instruction of usercopy, and the second one */
#define COPIES_TOO 0x00100020u
#define GOES_ON 0x00100050u
#define STUB 16
#define STACK 0xF0000000u

void trap(struct trapframe *tf);

char trap_stubs[256 * STUB], syscall_entry[1];
const struct fixup fixup_table[2] = {{COPIES, GOES_ON}, {COPIES_TOO, GOES_ON + 1}};
__asm__(".globl fixup_table_end\n.set fixup_table_end, fixup_table + 16\n");

uint8_t host_memory[1];
uint32_t host_cr3;
bool host_interrupts_on;
struct cpu boot_cpu;
struct tss cpu_tss;
struct cpu_features cpu_features;
uint32_t host_tsc;
uint32_t peak_irq_off_max = UINT32_MAX, peak_stretch_max = UINT32_MAX, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;

static struct proc self = {.pid = 5, .name = "self", .kstack = STACK};
static struct trapframe frame;
static jmp_buf ended;
static uint32_t cr2;
static int page_fault_error, fpu_error;
static bool asked_for_nmi;
static void (*double_fault)(void);
static uint64_t *gates;
static uint16_t gates_limit;

int trace_pid(void)
{
    return self.pid;
}

void backtrace_print_caller(uintptr_t address)
{
    (void)address;
}

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    (void)caller;
    note("off %u", tsc);
}

void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    (void)site;
    note("stretch %u", tsc);
}

uint32_t cpu_read_cr2(void)
{
    return cr2;
}

void cpu_lidt(const struct descriptor_table *table)
{
    gates = (uint64_t *)(uintptr_t)table->base;
    gates_limit = table->limit;
}

void gdt_init(void (*handler)(void))
{
    double_fault = handler;
}

struct report report_trap(enum report_kind kind, const struct trapframe *tf)
{
    CHECK(tf == &frame);
    return (struct report){.kind = kind, .tf = tf};
}

void do_exit(enum exit_reason reason, int code)
{
    note("exit %d %d, trap %d", reason, code, self.fault_trap);
    longjmp(ended, 1);
}

void proc_line_flush(void)
{
    CHECK_STR_EQ(console, ""); /* before the report */
    note("flush");
}

void trap_print(const struct trapframe *tf)
{
    CHECK(tf == &frame);
    kprintf("FRAME\n");
}

const char *trap_name(uint32_t vector)
{
    static char name[20];

    snprintf(name, sizeof(name), "Trap %u", vector);
    return name;
}

static bool is_served = true;
bool pgfault_is_served(uintptr_t va, uint32_t error_code)
{
    (void)va, (void)error_code;
    return is_served;
}

int do_pgfault(uintptr_t va, uint32_t error_code)
{
    CHECK(host_interrupts_on);
    note("pgfault %x %u", (unsigned)va, error_code);
    host_tsc += 30;
    cr2 = 0; /* another fault changes it */
    return page_fault_error;
}

void irq_handle(unsigned irq)
{
    CHECK(!host_interrupts_on);
    CHECK_EQ(peak_stretch_eip, frame.eip);
    note("irq %u", irq);
    host_tsc += 40;
}

void irq_count_stray(void)
{
    note("stray");
}

void lockup_tick(const struct trapframe *tf)
{
    CHECK(tf == &frame);
    note("tick");
}

bool lockup_nmi(const struct trapframe *tf)
{
    CHECK(tf == &frame);
    note("nmi");
    return asked_for_nmi;
}

int proc_fpu_use(void)
{
    note("fpu");
    return fpu_error;
}

void sched_interrupt_return(void)
{
    CHECK(!host_interrupts_on);
    note("return");
}

static void start(void)
{
    current = &self;
    self.fault_trap = 0;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    page_fault_error = fpu_error = 0;
    asked_for_nmi = false;
    boot_cpu.need_resched = true;
    cpu_features.smap = 0;
    host_interrupts_on = false;
    cr2 = VA;
    frame = (struct trapframe){.eip = 0x00100000, .eax = 77};
}

/* A trap that comes from ring 3, or from the kernel. */
static void happens(bool user, uint32_t vector, uint32_t err)
{
    frame.cs = user ? SEL_USER_TEXT : SEL_KERNEL_TEXT;
    frame.trapno = vector;
    frame.err = err;
    console_clear();
    journal_clear();
    if (setjmp(ended) == 0)
        trap(&frame);
}

TEST(each_vector_from_user_mode)
{
    for (uint32_t vector = 0; vector < 256; vector++) {
        char line[30], dies[60];

        start();
        happens(true, vector, 0);
        snprintf(line, sizeof(line), "irq %u", vector - VECTOR_IRQ);
        snprintf(dies, sizeof(dies), "exit %d %d, trap %u", EXIT_FAULT, -E_KILLED, vector);
        if (vector == VECTOR_PAGE_FAULT)
            CHECK_STEPS("pgfault 812344 0", "return");
        else if (vector == VECTOR_IRQ)
            CHECK_STEPS("irq 0", "tick", "return");
        else if (vector > VECTOR_IRQ && vector < VECTOR_IRQ + 16)
            CHECK_STEPS(line, "return");
        else if (vector == VECTOR_NO_FPU)
            CHECK_STEPS("fpu", "return");
        else if (vector == VECTOR_NMI)
            CHECK_STEPS("nmi", "stray", "return");
        else if (vector >= TRAP_EXCEPTIONS)
            CHECK_STEPS("stray", "return");
        else {
            CHECK_STEPS("flush", dies);
            CHECK(host_interrupts_on);
            snprintf(dies, sizeof(dies), "pid 5 \"self\" dies: Trap %u\nFRAME\nkilled by kernel.\n", vector);
            CHECK_STR_EQ(console, dies);
        }
    }
}

TEST(each_vector_in_the_kernel)
{
    for (uint32_t vector = 0; vector < 256; vector++) {
        char line[60];

        start();
        if (vector < TRAP_EXCEPTIONS && vector != VECTOR_PAGE_FAULT && vector != VECTOR_NMI) {
            snprintf(line, sizeof(line), "unexpected trap %u in the kernel: Trap %u", vector, vector);
            CHECK(PANICS(line, happens(false, vector, 0)));
            continue;
        }
        frame.eip = COPIES;
        happens(false, vector, 0);
        snprintf(line, sizeof(line), "irq %u", vector - VECTOR_IRQ);
        if (vector == VECTOR_PAGE_FAULT)
            CHECK_STEPS("pgfault 812344 0");
        else if (vector == VECTOR_IRQ)
            CHECK_STEPS("irq 0", "tick");
        else if (vector > VECTOR_IRQ && vector < VECTOR_IRQ + 16)
            CHECK_STEPS(line);
        else if (vector == VECTOR_NMI)
            CHECK_STEPS("nmi", "stray");
        else
            CHECK_STEPS("stray");
    }
}

TEST(an_nmi_that_a_check_asked_for_is_not_counted)
{
    start();
    asked_for_nmi = true;
    happens(false, VECTOR_NMI, 0);
    CHECK_STEPS("nmi");
}

TEST(what_an_access_that_is_refused_is_called)
{
    static const struct {
        int error;
        uint32_t err;
        uintptr_t va;
        enum exit_reason reason;
        const char *text;
    } all[] = {
        {-E_FAULT, FAULT_USER, VA, EXIT_FAULT, "read of 0x00812344, which is not its to read\n"},
        {-E_FAULT, FAULT_USER | FAULT_WRITE, VA, EXIT_FAULT,
         "write to 0x00812344, which is not its to write\n"},
        {-E_NO_MEM, FAULT_WRITE, VA, EXIT_OOM, "out of memory for its write to 0x00812344\n"},
        {-E_NO_MEM, 0, USER_STACK_BASE - 1, EXIT_OOM, "out of memory for its read of 0x"},
        {-E_SWAP_FAULT, 0, VA, EXIT_SWAP, "read of 0x00812344, which the swap disk cannot read back\n"},
        {-E_FAULT, 0, USER_STACK_BASE - PAGE_SIZE - 1, EXIT_FAULT, "which is not its to read\n"},
        {-E_FAULT, 0, USER_STACK_BASE - PAGE_SIZE, EXIT_FAULT, "which is below its stack of "},
        {-E_FAULT, 0, USER_STACK_BASE - 1, EXIT_FAULT, " KiB\nFRAME\nkilled by kernel.\n"},
        {-E_FAULT, 0, USER_STACK_BASE, EXIT_FAULT, "which is not its to read\n"},
    };
    char stack[40];

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        char fault[40], end[40];

        start();
        page_fault_error = all[i].error;
        cr2 = all[i].va;
        happens(true, VECTOR_PAGE_FAULT, all[i].err);
        snprintf(fault, sizeof(fault), "pgfault %x %u", (unsigned)all[i].va, all[i].err);
        snprintf(end, sizeof(end), "exit %d %d, trap %d", all[i].reason, -E_KILLED, VECTOR_PAGE_FAULT);
        CHECK_STEPS(fault, "flush", end);
        CHECK(console_has(all[i].text));
    }
    start();
    page_fault_error = -E_FAULT;
    cr2 = USER_STACK_BASE - 1;
    happens(true, VECTOR_PAGE_FAULT, 0);
    snprintf(stack, sizeof(stack), "below its stack of %u KiB\n", (unsigned)(USER_STACK_PAGES * 4));
    CHECK(console_has(stack));
}

TEST(a_process_that_was_killed_meanwhile_ends_on_its_way_to_user_mode)
{
    start();
    page_fault_error = -E_KILLED;
    happens(true, VECTOR_PAGE_FAULT, FAULT_USER);
    CHECK_STEPS("pgfault 812344 4", "return");
}

/* Not the first time: the entry may have changed since for a good reason. */
TEST(a_fault_that_comes_again_must_be_served)
{
    start();
    is_served = false;
    frame.eip += 5;
    happens(true, VECTOR_PAGE_FAULT, FAULT_USER);
    CHECK_STEPS("pgfault 812344 4", "return");
    CHECK(PANICS(
        "the fault of pid 5 \"self\" at 0x00812344 was served, but its entry does not permit the access", {
            cr2 = VA;
            happens(true, VECTOR_PAGE_FAULT, FAULT_USER);
        }));
    frame.eip++;
    cr2 = VA;
    happens(true, VECTOR_PAGE_FAULT, FAULT_USER);
    CHECK_STEPS("pgfault 812344 4", "return");
    is_served = true;
}

TEST(a_stretch_of_the_kernel_begins_when_it_is_entered)
{
    start();
    host_tsc = 1000;
    peak_stretch_max = 29;
    peak_stretch_eip = 0;
    happens(true, VECTOR_PAGE_FAULT, FAULT_USER);
    CHECK_STEPS("pgfault 812344 4", "stretch 30", "return");
    peak_stretch_max = UINT32_MAX;
}

TEST(the_time_of_a_handler_counts_as_time_with_interrupts_off)
{
    start();
    host_tsc = 1000;
    peak_irq_off_max = 39;
    locks_held.classes |= 2;
    happens(false, VECTOR_IRQ + 3, 0);
    CHECK_STEPS("irq 3", "off 40");
    CHECK_EQ(locks_held.classes, LOCKS_ALWAYS | 2); /* again those of the code that was interrupted */
    peak_irq_off_max = UINT32_MAX;
}

TEST(what_smap_refuses_is_no_fault_that_can_be_served)
{
    for (uint32_t err = 0; err < 8; err++) {
        for (uint8_t smap = 0; smap < 2; smap++) {
            char fault[40], end[40];

            start();
            cpu_features.smap = smap;
            happens(true, VECTOR_PAGE_FAULT, err);
            snprintf(fault, sizeof(fault), "pgfault 812344 %u", err);
            snprintf(end, sizeof(end), "exit %d %d, trap %d", EXIT_FAULT, -E_KILLED, VECTOR_PAGE_FAULT);
            if (smap && (err & FAULT_PRESENT) && !(err & FAULT_USER))
                CHECK_STEPS("flush", end);
            else
                CHECK_STEPS(fault, "return");
        }
    }
}

TEST(a_copy_goes_on_after_its_page_is_there)
{
    start();
    frame.eip = COPIES;
    happens(false, VECTOR_PAGE_FAULT, FAULT_WRITE);
    CHECK_STEPS("pgfault 812344 2");
    CHECK(!host_interrupts_on);
    CHECK_EQ(frame.eip, COPIES);
    CHECK_EQ(frame.eax, 77);
}

TEST(the_error_of_a_fault_is_the_result_of_the_copy)
{
    start();
    page_fault_error = -E_NO_MEM;
    frame.eip = COPIES;
    happens(false, VECTOR_PAGE_FAULT, 0);
    CHECK_EQ(frame.eip, GOES_ON);
    CHECK_EQ((int)frame.eax, -E_NO_MEM);
    CHECK(!host_interrupts_on);
    frame.eip = COPIES_TOO;
    happens(false, VECTOR_PAGE_FAULT, 0);
    CHECK_EQ(frame.eip, GOES_ON + 1);
}

TEST(a_copy_reaches_no_page_of_the_kernel)
{
    start();
    frame.eip = COPIES;
    cr2 = USERTOP - 1;
    happens(false, VECTOR_PAGE_FAULT, 0);
    CHECK_EQ(strncmp(journal, "pgfault ", 8), 0);
    cr2 = USERTOP;
    CHECK(PANICS("kernel write to 0x", happens(false, VECTOR_PAGE_FAULT, FAULT_WRITE)));
}

TEST(a_page_fault_of_the_kernel_is_a_bug)
{
    static const uint32_t places[] = {COPIES - 1, COPIES + 1, GOES_ON};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        start();
        frame.eip = places[i];
        CHECK(
            PANICS("kernel write to 0x00812344: page fault", happens(false, VECTOR_PAGE_FAULT, FAULT_WRITE)));
        CHECK(PANICS("kernel read of 0x00812344: page fault",
                     happens(false, VECTOR_PAGE_FAULT, FAULT_PRESENT)));
    }
    frame.eip = VA;
    CHECK(PANICS("kernel jump to 0x00812344: page fault", happens(false, VECTOR_PAGE_FAULT, 0)));
}

TEST(without_memory_for_its_fpu_state_a_process_ends)
{
    char end[40];

    start();
    fpu_error = -E_NO_MEM;
    happens(true, VECTOR_NO_FPU, 0);
    snprintf(end, sizeof(end), "exit %d %d, trap %d", EXIT_OOM, -E_KILLED, VECTOR_NO_FPU);
    CHECK_STEPS("fpu", "flush", end);
    CHECK(console_has("dies: out of memory for its FPU state\n"));
}

/* Intel SDM vol. 3A, figures 6-2 and 8-4: interrupt gates, and a task gate. (D13) */
TEST(the_gate_of_each_vector)
{
    trap_init();
    CHECK_EQ(gates_limit, 256 * 8 - 1);
    for (uint32_t vector = 0; vector < 256; vector++) {
        bool ring3 = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW || vector == VECTOR_SYSCALL;
        uintptr_t offset = (uintptr_t)(vector == VECTOR_SYSCALL ? syscall_entry : trap_stubs + vector * STUB);
        uint64_t gate = gates[vector];

        if (vector == VECTOR_DOUBLE_FAULT) {
            CHECK_EQ(gate, (uint64_t)SEL_DOUBLE_FAULT_TSS << 16 | 0x8500ull << 32);
            continue;
        }
        CHECK_EQ((gate & 0xFFFF) | (gate >> 48 << 16), offset);
        CHECK_EQ(gate >> 16 & 0xFFFF, SEL_KERNEL_TEXT);
        CHECK_EQ(gate >> 32 & 0xFFFF, ring3 ? 0xEE00 : 0x8E00);
    }
}

static void fault_twice(uintptr_t va)
{
    cr2 = (uint32_t)va;
    double_fault();
}

TEST(a_double_fault_below_a_kernel_stack_names_the_process)
{
    start();
    trap_init();
    cpu_tss.esp = 0xABC;
    CHECK(PANICS("kernel stack overflow of pid 5 \"self\": 0xefffffff", fault_twice(STACK - 1)));
    CHECK(PANICS("kernel stack overflow of pid 5 \"self\": 0xeffff000", fault_twice(STACK - PAGE_SIZE)));
    CHECK(PANICS("double fault, esp 0x00000abc, cr2 0xf0000000", fault_twice(STACK)));
    CHECK(PANICS("double fault, esp 0x00000abc, cr2 0xefffefff", fault_twice(STACK - PAGE_SIZE - 1)));
    current = NULL;
    CHECK(PANICS("double fault, esp 0x00000abc, cr2 0xefffffff", fault_twice(STACK - 1)));
}
