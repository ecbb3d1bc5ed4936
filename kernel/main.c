/* SPDX-License-Identifier: MIT */
/*
 * main - the order in which the kernel comes up.
 */
#include <stdarg.h>

#include "arch/i386/convention.h"
#include "arch/i386/cpu.h"
#include "arch/i386/lapic.h"
#include "arch/i386/mmu.h"
#include "arch/i386/multiboot.h"
#include "arch/i386/shadow.h"
#include "arch/i386/trap.h"
#include "check/hooks.h"
#include "check/inject.h"
#include "check/kasan.h"
#include "check/stack_protector.h"
#include "dev/console.h"
#include "dev/irq.h"
#include "dev/keyboard.h"
#include "dev/pic.h"
#include "dev/pit.h"
#include "dev/power.h"
#include "dev/screen.h"
#include "dev/uart.h"
#include "fs/bootfs.h"
#include "lib/cmdline.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/heap_guard.h"
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
#define PROC_PAGES_MIN (CONFIG_KSTACK_PAGES + 1) /* a process has a kernel stack and a page directory */
#define MEMORY_MIN (2 * MIB)                     /* usable memory besides the kernel and its archive */

ASM_CALL _Noreturn void kmain(paddr_t multiboot_info);

extern char kernel_end[], memory_needed_mib[]; /* kernel.ld; the latter is a number */
extern const uint8_t boot_archive_start[], boot_archive_end[];

static struct boot_info boot;
static struct cmdline cmdline;
static struct {
    bool trace;
    bool screen;      /* there is one, and it is wanted */
    bool swap;        /* the second disk may be written to */
    size_t trace_kib; /* 0: depends on memory */
    size_t max_procs; /* 0: depends on memory */
    size_t ticks;     /* gettime() at boot */
} params = {.trace = true, .swap = true};

static void print_banner(void)
{
    static const char options[] = "options: " CONFIG_OPTIONS "\n"; /* longer than kprintf() prints */
    kprintf("ucow " CONFIG_VERSION ": user processes on i386\n");
    console_write(CONSOLE_KERNEL, options, sizeof(options) - 1);
    kprintf("cpu: fxsr=%u sse=%u smep=%u smap=%u umip=%u\n", cpu_features.fxsr, cpu_features.sse,
            cpu_features.smep, cpu_features.smap, cpu_features.umip);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void boot_fail(const char *format, ...)
{
    char why[CONSOLE_LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof(why), format, args);
    kprintf("kernel panic at boot:\n    %s\n", why);
    power_off(POWER_PANIC);
}

static void report_memory(void)
{
    const struct memmap *map = &boot.memory;
    kprintf("memory: %u KiB usable in %u ranges\n", (unsigned)(memmap_bytes(map) / KIB), (unsigned)map->n);
    for (size_t i = 0; i < boot.problems_n; i++)
        kprintf("boot: %s\n", boot.problems[i]);
    if (map->wrapped + map->overlapping + map->dropped != 0)
        kprintf("memory: the firmware's map has %u entries that overlap, %u that wrap, %u too many: mended\n",
                map->overlapping, map->wrapped, map->dropped);
    if (map->beyond_bytes != 0)
        kprintf("memory: %llu MiB lie beyond %u MiB and are not used\n", map->beyond_bytes / MIB,
                KMEMSIZE / MIB);
    if (memmap_bytes(map) < MEMORY_MIN)
        boot_fail("less than 2 MiB of usable memory: give the machine at least %u MiB",
                  (unsigned)(uintptr_t)memory_needed_mib);
}

static void set_number(size_t *param, const char *text, const char *option)
{
    int value = cmdline_number(text);
    if (value <= 0)
        kprintf("boot: option \"%s\" needs a number from 1 to 2147483647: ignored\n", option);
    else
        *param = (size_t)value;
}

static void want_failure(const char *text, const char *option)
{
    const char *wrong = CONFIG_INJECT ? inject_want(text) : "needs a kernel built with -Dinject=true";
    if (wrong != NULL)
        kprintf("boot: option \"%s\" %s: ignored\n", option, wrong);
}

static void want_mistake(const char *name)
{
    if (CONFIG_PLANTED)
        selftest_want(name);
    else
        kprintf("boot: option \"selftest=%s\" needs a kernel built with -Dplanted=true: ignored\n", name);
}

/* screen=on: from the first line on. What is wrong with it is said later, below that line. */
static void start_screen(void)
{
    for (int i = 0; i < cmdline.options_n; i++) {
        const char *value = cmdline_value(cmdline.options[i], "screen");
        if (value != NULL && strcmp(value, "on") == 0 && !params.screen)
            params.screen = screen_init();
    }
    if (params.screen)
        console_mirror(screen_write);
}

/* Returns whether `value` is on or off, and in *on which; reports other values. */
static bool read_switch(const char *value, const char *option, bool *on)
{
    int key = (int)(value - option);
    *on = strcmp(value, "on") == 0;
    if (*on || strcmp(value, "off") == 0)
        return true;
    kprintf("boot: option \"%s\" is neither %.*son nor %.*soff: ignored\n", option, key, option, key, option);
    return false;
}

/* module=NAME: for a boot loader that names no modules. */
static void name_module(const char *name, const char *option)
{
    if (boot.modules_n == 0)
        kprintf("boot: option \"%s\" needs a boot module: ignored\n", option);
    else
        strlcpy(boot.modules[0].name, name, sizeof(boot.modules[0].name));
}

static void want_rehearsal(bool on, const char *option)
{
    if (!CONFIG_DEBUG_CHECKS)
        kprintf("boot: option \"%s\" needs a kernel built with -Ddebug_checks=true: ignored\n", option);
    else if (on)
        init_want_rehearsal();
}

static void read_option(const char *option)
{
    const char *value;
    bool on;
    if ((value = cmdline_value(option, "trace")) != NULL) {
        if (read_switch(value, option, &on))
            params.trace = on;
    } else if ((value = cmdline_value(option, "trace_kib")) != NULL) {
        set_number(&params.trace_kib, value, option);
    } else if ((value = cmdline_value(option, "max_procs")) != NULL) {
        set_number(&params.max_procs, value, option);
    } else if ((value = cmdline_value(option, "ticks")) != NULL) {
        set_number(&params.ticks, value, option);
    } else if ((value = cmdline_value(option, "selftest")) != NULL) {
        want_mistake(value);
    } else if ((value = cmdline_value(option, "rehearse")) != NULL) {
        if (read_switch(value, option, &on))
            want_rehearsal(on, option);
    } else if ((value = cmdline_value(option, "monitor")) != NULL) {
        if (read_switch(value, option, &on) && on)
            proc_monitor_start();
    } else if ((value = cmdline_value(option, "swap")) != NULL) {
        if (read_switch(value, option, &on))
            params.swap = on;
        if (params.swap && !CONFIG_SWAP)
            kprintf("boot: option \"%s\" needs a kernel built with -Dswap=true: ignored\n", option);
    } else if ((value = cmdline_value(option, "screen")) != NULL) {
        if (read_switch(value, option, &on) && on && !params.screen)
            kprintf("boot: option \"%s\" needs a VGA that shows text of 80 x 25 characters: ignored\n",
                    option);
    } else if ((value = cmdline_value(option, "module")) != NULL) {
        name_module(value, option);
    } else if ((value = cmdline_value(option, "inject")) != NULL) {
        want_failure(value, option);
    } else {
        kprintf("boot: unknown option \"%s\": ignored\n", option);
    }
}

static void read_cmdline(void)
{
    for (int i = 0; i < cmdline.options_n; i++)
        read_option(cmdline.options[i]);
    if (cmdline.options_dropped > 0)
        kprintf("boot: %d options more than %d: ignored\n", cmdline.options_dropped, CMDLINE_MAX_OPTIONS);
}

/* Allocate memory with undefined bytes that is never freed, before there is a page allocator. */
static void *boot_alloc_undefined(size_t bytes)
{
    paddr_t pa = memmap_carve(&boot.memory, bytes);
    if (pa == 0)
        boot_fail("not enough memory in one piece for the kernel's tables");
    return phys_to_virt(pa);
}

/* The same, zeroed. */
static void *boot_alloc(size_t bytes)
{
    return memset(boot_alloc_undefined(bytes), 0, bytes);
}

static void *boot_alloc_page(void)
{
    return boot_alloc(PAGE_SIZE);
}

static size_t power_of_two_below(size_t n)
{
    size_t power = 1;
    while (power <= n / 2)
        power *= 2;
    return power;
}

static void start_trace(size_t frames)
{
    if (!CONFIG_TRACE)
        return;
    size_t kib = params.trace_kib != 0 ? params.trace_kib : MIN(frames * 4 / 64, (size_t)1024);
    size_t most = (size_t)(memmap_bytes(&boot.memory) / KIB / 2);
    if (kib > most) {
        kprintf("boot: trace_kib=%u is more than half of the memory: %u are used\n", (unsigned)kib,
                (unsigned)most);
        kib = most;
    }
    size_t bytes = power_of_two_below(MAX(kib, (size_t)4) * KIB);
    void *buffer = boot_alloc_undefined(bytes); /* no reader looks at a record that was not written */
    trace_init(buffer, virt_to_phys(buffer), bytes);
    trace_watch_free(page_free_counter());
    trace_enable(params.trace);
}

/* The end of the memory that must be mapped: the usable memory and all boot modules. */
static paddr_t linear_end(void)
{
    paddr_t end = memmap_end(&boot.memory);
    for (size_t i = 0; i < boot.modules_n; i++)
        end = MAX(end, boot.modules[i].end);
    return end;
}

/* Set up what the compiler's checks need once there is memory. */
static void start_checks(size_t kva_pages)
{
    shadow_init(linear_end(), kva_pages, boot_alloc);
    kasan_init();
    heap_guard_init();
}

/* Set up page tables, frames, the heap, and the tables whose size depends on the amount of memory. */
static void start_memory(void)
{
    size_t frames = memmap_end(&boot.memory) / PAGE_SIZE;
    size_t procs = params.max_procs != 0 ? params.max_procs : frames / PROC_PAGES_MIN;
    procs = MAX(MIN(procs, (size_t)KSTACK_MAX), (size_t)8);
    if (params.max_procs != 0 && params.max_procs != procs)
        kprintf("boot: max_procs=%u: %u are used\n", (unsigned)params.max_procs, (unsigned)procs);

    mmu_init(linear_end(), procs * KSTACK_SLOT_PAGES, boot_alloc_page);
    start_checks(procs * KSTACK_SLOT_PAGES);
    start_trace(frames);
    uint16_t *kstack_slots = boot_alloc_undefined(procs * sizeof(uint16_t));
    void *pids = boot_alloc(pid_table_bytes(procs + 1));
    if (params.swap)
        swap_init(boot_alloc, (size_t)(memmap_bytes(&boot.memory) / 8));
    page_init(boot_alloc(frames * sizeof(struct page)), frames);
    for (size_t i = 0; i < boot.memory.n; i++) {
        const struct memmap_range *range = &boot.memory.range[i];
        page_add_free(range->start / PAGE_SIZE, (range->end - range->start) / PAGE_SIZE);
    }
    page_open_ledger();
    kmalloc_init();
    swap_start();
    kstack_init(kstack_slots, procs);
    mm_init();
    proc_init(pids, procs + 1);
    mm_points = (struct point){&this_cpu()->need_resched, sched_point};
    proc_line_init();
}

static void start_programs(void)
{
    bootfs_add_archive(boot_archive_start, (size_t)(boot_archive_end - boot_archive_start));
    for (size_t i = 0; i < boot.modules_n; i++) {
        const struct boot_module *module = &boot.modules[i];
        bootfs_add(module->name, phys_to_virt(module->start), module->end - module->start);
    }
    image_cache_open_ledger();
    kprintf("bootfs: %u programs\n", (unsigned)bootfs_count());
}

static void timer_interrupt(void)
{
    timer_tick();
    sched_tick();
}

static void serial_interrupt(void)
{
    uart_interrupt();
    terminal_input();
}

static void key_interrupt(void)
{
    keyboard_interrupt();
    terminal_input();
}

/* What a person types; the keyboard is that of the screen. */
static void start_input(void)
{
    terminal_init();
    irq_install(UART_IRQ, serial_interrupt);
    uart_enable_input();
    if (params.screen && keyboard_init())
        irq_install(KEYBOARD_IRQ, key_interrupt);
    else if (params.screen)
        kprintf("boot: the machine has no keyboard controller (i8042): type on the serial line\n");
}

static void start_clock(void)
{
    if (!pic_init())
        boot_fail("no interrupt controller: the machine has no 8259 PIC (QEMU's pic=off leaves it out)");
    pit_init();
    uint32_t tsc_per_tick = pit_measure_tsc();
    if (tsc_per_tick == 0)
        boot_fail("no timer: the machine has no 8254 PIT that counts (QEMU's pit=off leaves it out)");
    trace_set_clock(tsc_per_tick);
    check_clock_known();
    timer_start(params.ticks);
}

/* boot.S calls this on the boot stack, paging on, interrupts off. */
void kmain(paddr_t multiboot_info)
{
    stack_protector_init();
    uart_init();
    trap_init(); /* first of all that can trap: without it a trap resets the machine */
    panic_set_describer(proc_describe_current);
    cpu_init();
    multiboot_read(&boot, multiboot_info, virt_to_phys(kernel_end));
    cmdline_parse(&cmdline, boot.cmdline);
    start_screen();
    print_banner();
    report_memory();
    read_cmdline();
    check_set_who(pgfault_who);
    syscall_check();
    abi_init(&syscall_abi, linux_calls());
    start_memory();
    start_programs();
    TRACE(boot, page_total_count(), page_free_count(), CONFIG_COW);
    lapic_init();
    start_clock();
    irq_install(PIT_IRQ, timer_interrupt);
    start_input();
    init_start(&cmdline, CONFIG_PLANTED ? selftest_run : NULL);
    for (;;)
        sched_idle();
}
