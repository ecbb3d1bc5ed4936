/* SPDX-License-Identifier: MIT */
/*
 * host_boot - a machine, and what main.c sets up in it. Included by one file of a program.
 */
#ifndef HOST_BOOT_H
#define HOST_BOOT_H

#include <setjmp.h>
#include <stdlib.h>

#include "arch/i386/lapic.h"
#include "arch/i386/multiboot.h"
#include "arch/i386/trap.h"
#include "check/hooks.h"
#include "dev/irq.h"
#include "dev/keyboard.h"
#include "dev/pic.h"
#include "dev/pit.h"
#include "dev/power.h"
#include "dev/screen.h"
#include "dev/uart.h"
#include "fs/bootfs.h"
#include "host_console.h"
#include "in_a_copy.h"
#include "journal.h"
#include "lib/cmdline.h"
#include "mm/kstack.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/point.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "planted/planted.h"
#include "proc/abi.h"
#include "proc/image_cache.h"
#include "proc/init.h"
#include "proc/pgfault.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/proc_line.h"
#include "proc/proc_monitor.h"
#include "proc/sched.h"
#include "proc/sleep.h"
#include "proc/terminal.h"
#include "sys/syscall.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define KIB 1024u
#define MIB (1024u * KIB)
#define INFO 0x9000 /* where the boot loader says things */

void kmain(paddr_t multiboot_info);

_Alignas(4096) uint8_t host_memory[96 * MIB];
char kernel_end[1], memory_needed_mib[1];
const uint8_t boot_archive_start[10], boot_archive_end[1];
struct cpu_features cpu_features = {.sse = 1, .smap = 1};
struct cpu boot_cpu;
struct point mm_points;
struct trace_ring trace_ring = {.on = 1};
const struct abi syscall_abi;
bool host_interrupts_on;

/* The machine. */
static struct {
    const char *cmdline;
    uint32_t from, bytes; /* of its memory */
    size_t modules_n, bytes_per_pid;
    bool no_screen, no_pic, no_pit, no_keyboard;
    struct memmap errors; /* of the firmware's map */
    const char *problem;
} machine = {.from = MIB, .bytes = 63 * MIB, .bytes_per_pid = 4};

static jmp_buf machine_is_up;
static struct boot_info *boot_info;

/* What the kernel has set up. */
static struct {
    size_t swap_max, frames, added, procs, kva_pages, trace_bytes;
    uint64_t ticks;
    paddr_t mapped_end;
    bool trace, mirrored;
    irq_handler *handler[IRQ_LINES];
} set;

static const char *steps[40]; /* functions that were called, in this order */
static size_t steps_n;

static void set_up(const char *function)
{
    CHECK(steps_n < sizeof(steps) / sizeof(steps[0]));
    steps[steps_n++] = function;
}

/* The place of the only call of this function. */
static inline size_t when(const char *function)
{
    size_t place = 0, calls = 0;
    for (size_t i = 0; i < steps_n; i++) {
        if (strcmp(steps[i], function) == 0) {
            place = i;
            calls++;
        }
    }
    if (calls != 1)
        printf("# %s is called %zu times\n", function, calls);
    CHECK_EQ(calls, 1);
    return place;
}

void multiboot_read(struct boot_info *boot, paddr_t info_pa, paddr_t end)
{
    CHECK_EQ(info_pa, INFO);
    CHECK_EQ(end, virt_to_phys(kernel_end));
    boot_info = boot;
    memmap_init(&boot->memory);
    boot->memory = machine.errors;
    memmap_add(&boot->memory, machine.from, machine.bytes);
    strcpy(boot->cmdline, machine.cmdline);
    boot->modules_n = machine.modules_n;
    for (size_t i = 0; i < machine.modules_n; i++) {
        snprintf(boot->modules[i].name, sizeof(boot->modules[i].name), "module%zu", i);
        boot->modules[i].start = 70 * MIB + (paddr_t)i * MIB;
        boot->modules[i].end = boot->modules[i].start + 100 + (paddr_t)i;
    }
    if (machine.problem != NULL)
        boot->problems[boot->problems_n++] = machine.problem;
}

void console_write(int writer, const char *text, size_t n)
{
    CHECK_EQ(writer, CONSOLE_KERNEL);
    strncat(console, text, n);
}

void console_mirror(void (*write)(const char *text, size_t n))
{
    CHECK_EQ(write, screen_write);
    set.mirrored = true;
    note("mirror");
}

bool screen_init(void)
{
    note("screen_init");
    return !machine.no_screen;
}

void screen_write(const char *text, size_t n)
{
    (void)text, (void)n;
}

void mmu_init(paddr_t memory_end, size_t kva_pages, void *(*alloc_page)(void))
{
    uint8_t *page = alloc_page();
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(page[i], 0);
    set.mapped_end = memory_end;
    set.kva_pages = kva_pages;
}

void heap_guard_init(void)
{
    set_up(__func__);
}

void trace_init(void *buffer, paddr_t buffer_pa, size_t bytes)
{
    CHECK_EQ(buffer_pa, virt_to_phys(buffer));
    set.trace_bytes = bytes;
}

void trace_watch_free(const size_t *frames)
{
    set_up(__func__);
    CHECK_EQ(frames, page_free_counter());
}

void trace_enable(bool on)
{
    set.trace = on;
}

void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    CHECK_EQ(event, TRACE_boot);
    note("trace boot %u %u %u", a, b, c);
}

void trace_set_clock(uint32_t tsc_per_tick)
{
    note("clock %u", tsc_per_tick);
}

static size_t free_frames = 90;
const size_t *page_free_counter(void)
{
    return &free_frames;
}

size_t page_free_count(void)
{
    return free_frames;
}

size_t page_total_count(void)
{
    return 100;
}

void page_init(struct page *pages, size_t n)
{
    for (size_t i = 0; i < n * sizeof(*pages); i += 100)
        CHECK_EQ(((uint8_t *)pages)[i], 0);
    set.frames = n;
}

void page_add_free(size_t first, size_t n)
{
    CHECK(first > 0);
    set.added += n;
}

void page_open_ledger(void)
{
    set_up(__func__);
}

void kmalloc_init(void)
{
    set_up(__func__);
}

void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes)
{
    (void)alloc;
    set.swap_max = max_bytes;
    note("swap_init");
}

void swap_start(void)
{
    set_up(__func__);
}

void kstack_init(uint16_t *free_slots, size_t slots)
{
    free_slots[slots - 1] = 1; /* it is there */
    set.procs = slots;
}

void mm_init(void)
{
    set_up(__func__);
}

size_t pid_table_bytes(size_t max)
{
    return machine.bytes_per_pid * max;
}

void proc_init(void *pid_table, size_t max)
{
    set_up(__func__);
    CHECK_EQ(*((uint8_t *)pid_table + machine.bytes_per_pid * max - 1), 0);
    CHECK_EQ(max, set.procs + 1); /* and idle */
}

void proc_line_init(void)
{
    set_up(__func__);
}

void bootfs_add_archive(const uint8_t *archive, size_t bytes)
{
    set_up(__func__);
    CHECK_EQ(archive, boot_archive_start);
    CHECK_EQ(bytes, boot_archive_end - boot_archive_start);
}

void bootfs_add(const char *name, const uint8_t *data, size_t bytes)
{
    note("program %s at %zu, %zu bytes", name, (size_t)(data - host_memory) / MIB, bytes);
}

size_t bootfs_count(void)
{
    return 12;
}

void image_cache_open_ledger(void)
{
    set_up(__func__);
}

const char *inject_want(const char *text)
{
    note("inject %s", text);
    return strcmp(text, "wrong") == 0 ? "is wrong" : NULL;
}

void selftest_want(const char *name)
{
    note("selftest %s", name);
}

void selftest_run(void)
{
}

void init_want_rehearsal(void)
{
    note("rehearse");
}

void proc_monitor_start(void)
{
    note("monitor");
}

void init_start(const struct cmdline *cmdline, void (*before)(void))
{
    CHECK_EQ(before, selftest_run);
    for (int i = 0; i < cmdline->args_n; i++)
        note("argument %s", cmdline->args[i]);
}

void sched_idle(void)
{
    longjmp(machine_is_up, 1);
}

void power_off(enum power_status status)
{
    note("power off %x", status);
    longjmp(machine_is_up, 1);
}

int sched_point(void)
{
    return 0;
}

bool pic_init(void)
{
    set_up(__func__);
    return !machine.no_pic;
}

void pit_init(void)
{
    set_up(__func__);
}

uint32_t pit_measure_tsc(void)
{
    return machine.no_pit ? 0 : 777;
}

void timer_start(uint64_t ticks)
{
    set.ticks = ticks;
}

void timer_tick(void)
{
    note("timer_tick");
}

void sched_tick(void)
{
    note("sched_tick");
}

void irq_install(unsigned irq, irq_handler *handler)
{
    set.handler[irq] = handler;
}

bool keyboard_init(void)
{
    return !machine.no_keyboard;
}

void keyboard_interrupt(void)
{
    note("keyboard_interrupt");
}

void uart_interrupt(void)
{
    note("uart_interrupt");
}

void terminal_input(void)
{
    note("terminal_input");
}

void terminal_init(void)
{
    set_up(__func__);
}

void uart_init(void)
{
    set_up(__func__);
}

void uart_enable_input(void)
{
    set_up(__func__);
}

void trap_init(void)
{
    set_up(__func__);
}

void cpu_init(void)
{
    set_up(__func__);
}

void lapic_init(void)
{
    set_up(__func__);
}

void peak_clock_known(void)
{
    set_up(__func__);
}

void lockup_init(void)
{
    set_up(__func__);
}

void syscall_check(void)
{
    set_up(__func__);
}

void panic_set_describer(void (*describe)(void))
{
    set_up(__func__);
    CHECK_EQ(describe, proc_describe_current);
}

void proc_describe_current(void)
{
}

void cow_set_who(void (*who)(paddr_t, uintptr_t, struct cow_who *, struct cow_who *))
{
    set_up(__func__);
    CHECK_EQ(who, pgfault_who);
}

void pgfault_who(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other)
{
    (void)frame, (void)va, (void)running, (void)other;
}

static const struct abi linux_abi;
const struct abi *linux_calls(void)
{
    return &linux_abi;
}

void abi_init(const struct abi *ucow, const struct abi *linux_table)
{
    set_up(__func__);
    CHECK(ucow == &syscall_abi && linux_table == &linux_abi);
}

static const char *said; /* after the lines that each boot prints */

/* Boot it with this command line, until it is up or fails. */
static inline void boot(const char *cmdline)
{
    static const char always[] = "ucow 1.0: user processes on i386\n"
                                 "options: cow=true\n"
                                 "cpu: fxsr=0 sse=1 smep=0 smap=1 umip=0\n";
    machine.cmdline = cmdline;
    steps_n = 0;
    if (setjmp(machine_is_up) == 0)
        kmain(INFO);
    CHECK(memcmp(console, always, sizeof(always) - 1) == 0);
    said = console + sizeof(always) - 1;
}

#endif
