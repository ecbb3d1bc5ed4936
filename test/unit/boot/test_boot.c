/* SPDX-License-Identifier: MIT */
/*
 * main.c: what the kernel makes of the command line and of the machine. That it comes up at all is seen in
 * QEMU.
 */
#include "host_boot.h"

#define MEMORY "memory: 64512 KiB usable in 1 ranges\n"
#define PROGRAMS "bootfs: 12 programs\n"
#define UP "trace boot 100 90 1", "clock 777"

TEST_IN_A_COPY(without_options_everything_has_its_default)
{
    boot("ucow.elf -- prog arg");
    CHECK_STEPS("swap_init", UP, "argument prog", "argument arg");
    CHECK_STR_EQ(said, MEMORY PROGRAMS);
    CHECK(set.trace && !set.mirrored);
    CHECK_EQ(set.ticks, 0);
    CHECK_EQ(set.mapped_end, 64 * MIB);
    CHECK_EQ(set.trace_bytes, MIB); /* 1/64 of the memory */
    CHECK_EQ(set.frames, 64 * MIB / PAGE_SIZE);
    CHECK_EQ(set.procs, MIN(64 * MIB / PAGE_SIZE / (CONFIG_KSTACK_PAGES + 1), (size_t)KSTACK_MAX));
    CHECK_EQ(set.kva_pages, set.procs * KSTACK_SLOT_PAGES);
    CHECK_EQ(mm_points.pass, sched_point);
    CHECK_EQ(mm_points.due, &boot_cpu.need_resched);
}

TEST_IN_A_COPY(each_part_of_the_kernel_is_set_up_once_and_after_what_it_needs)
{
    static const char *const all[] = {"heap_guard_init",
                                      "page_open_ledger",
                                      "kmalloc_init",
                                      "swap_start",
                                      "mm_init",
                                      "proc_line_init",
                                      "image_cache_open_ledger",
                                      "pit_init",
                                      "terminal_init",
                                      "uart_init",
                                      "uart_enable_input",
                                      "trap_init",
                                      "cpu_init",
                                      "lapic_init",
                                      "peak_clock_known",
                                      "lockup_init",
                                      "syscall_check",
                                      "trace_watch_free",
                                      "bootfs_add_archive",
                                      "panic_set_describer",
                                      "cow_set_who",
                                      "abi_init",
                                      "pic_init",
                                      "proc_init"};
    boot("");
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        when(all[i]);
    CHECK_EQ(steps_n, ARRAY_SIZE(all));
    CHECK_EQ(when("uart_init"), 0); /* or nothing could be said */
    CHECK_EQ(when("trap_init"), 1); /* or a trap would reset the machine */
    CHECK(when("page_open_ledger") < when("kmalloc_init"));
    CHECK(when("kmalloc_init") < when("swap_start"));
    CHECK(when("kmalloc_init") < when("mm_init"));
    CHECK(when("mm_init") < when("proc_init"));
    CHECK(when("bootfs_add_archive") < when("image_cache_open_ledger"));
    CHECK(when("pic_init") < when("pit_init"));
    CHECK(when("pit_init") < when("peak_clock_known"));
    CHECK(when("terminal_init") < when("uart_enable_input"));
}

TEST_IN_A_COPY(the_allocator_gets_the_memory_that_is_left)
{
    boot("");
    size_t left = 0;
    for (size_t i = 0; i < boot_info->memory.n; i++)
        left += boot_info->memory.range[i].end - boot_info->memory.range[i].start;
    CHECK_EQ(set.added, left / PAGE_SIZE);
    CHECK(left < 63 * MIB - set.trace_bytes - set.frames * sizeof(struct page));
}

TEST_IN_A_COPY(the_swap_disk_gets_a_table_of_an_eighth_of_the_memory)
{
    boot("trace_kib=4");
    CHECK(set.swap_max > 7 * MIB && set.swap_max <= 63 * MIB / 8);
}

TEST_IN_A_COPY(numbers_are_set)
{
    boot("trace_kib=256 max_procs=100 ticks=4000");
    CHECK_STR_EQ(said, MEMORY PROGRAMS);
    CHECK_EQ(set.trace_bytes, 256 * KIB);
    CHECK_EQ(set.procs, 100);
    CHECK_EQ(set.ticks, 4000);
}

TEST_IN_A_COPY(numbers_that_are_none_are_reported)
{
    boot("trace_kib=0 max_procs=x ticks=-1 ticks=1");
    CHECK_STR_EQ(said,
                 MEMORY "boot: option \"trace_kib=0\" needs a number from 1 to 2147483647: ignored\n"
                        "boot: option \"max_procs=x\" needs a number from 1 to 2147483647: ignored\n"
                        "boot: option \"ticks=-1\" needs a number from 1 to 2147483647: ignored\n" PROGRAMS);
    CHECK_EQ(set.trace_bytes, MIB);
    CHECK_EQ(set.ticks, 1);
}

TEST_IN_A_COPY(there_are_8_processes_at_least)
{
    boot("max_procs=7");
    CHECK_STR_EQ(said, MEMORY "boot: max_procs=7: 8 are used\n" PROGRAMS);
    CHECK_EQ(set.procs, 8);
}

TEST_IN_A_COPY(there_are_as_many_processes_as_kernel_stacks_at_most)
{
    char words[120];
    boot("max_procs=1000000");
    snprintf(words, sizeof(words), MEMORY "boot: max_procs=1000000: %zu are used\n" PROGRAMS,
             (size_t)KSTACK_MAX);
    CHECK_STR_EQ(said, words);
    CHECK_EQ(set.procs, KSTACK_MAX);
}

TEST_IN_A_COPY(the_trace_has_a_power_of_two_of_bytes)
{
    boot("trace_kib=1023");
    CHECK_EQ(set.trace_bytes, 512 * KIB);
}

TEST_IN_A_COPY(the_trace_has_4_KiB_at_least)
{
    boot("trace_kib=1");
    CHECK_EQ(set.trace_bytes, 4 * KIB);
}

TEST_IN_A_COPY(the_trace_has_half_of_the_memory_at_most)
{
    machine.bytes = 10 * MIB;
    boot("trace_kib=100000");
    const char *words = "boot: trace_kib=100000 is more than half of the memory: ";
    const char *at = strstr(said, words);
    CHECK(at != NULL);
    int used = atoi(at + strlen(words));
    CHECK(used <= 5 * (int)KIB && used > 5 * (int)KIB - 64);
    CHECK_EQ(set.trace_bytes, 4 * MIB);
}

/* A 64th: of 52 MiB, 832 KiB, and 512 KiB are the power of two below. */
TEST_IN_A_COPY(the_trace_of_a_small_memory_is_small)
{
    machine.bytes = 51 * MIB;
    boot("");
    CHECK_EQ(set.trace_bytes, 512 * KIB);
}

/* Two MiB and a little, at the end of 64 MiB: the trace's default is half of it, and that is no one's wish.
 */
TEST_IN_A_COPY(a_default_that_fits_is_not_reported)
{
    machine.from = 90 * MIB;
    machine.bytes = 2 * MIB + PAGE_SIZE; /* and a page for the kernel, taken first */
    boot("max_procs=8 swap=off");
    CHECK(!console_has("is more than half"));
}

TEST_IN_A_COPY(switches_are_on_or_off)
{
    boot("trace=off swap=off rehearse=off monitor=off screen=off");
    CHECK_STR_EQ(said, MEMORY PROGRAMS);
    CHECK(!set.trace && !set.mirrored);
    CHECK_STEPS(UP);
}

TEST_IN_A_COPY(what_is_on_is_on)
{
    boot("trace=off swap=off rehearse=on monitor=on screen=on trace=on swap=on");
    CHECK_STR_EQ(said, MEMORY PROGRAMS);
    CHECK(set.trace && set.mirrored);
    CHECK_STEPS("screen_init", "mirror", "rehearse", "monitor", "swap_init", UP);
}

TEST_IN_A_COPY(switches_that_are_neither_are_reported)
{
    boot("trace=1 swap=no rehearse=ON monitor= screen=onn");
    CHECK_STR_EQ(said, MEMORY
                 "boot: option \"trace=1\" is neither trace=on nor trace=off: ignored\n"
                 "boot: option \"swap=no\" is neither swap=on nor swap=off: ignored\n"
                 "boot: option \"rehearse=ON\" is neither rehearse=on nor rehearse=off: ignored\n"
                 "boot: option \"monitor=\" is neither monitor=on nor monitor=off: ignored\n"
                 "boot: option \"screen=onn\" is neither screen=on nor screen=off: ignored\n" PROGRAMS);
    CHECK(set.trace && !set.mirrored);
    CHECK_STEPS("swap_init", UP);
}

TEST_IN_A_COPY(a_screen_is_started_once)
{
    boot("screen=on screen=on");
    CHECK_STEPS("screen_init", "mirror", "swap_init", UP);
}

TEST_IN_A_COPY(a_screen_that_is_not_there_is_reported)
{
    machine.no_screen = true;
    boot("screen=on");
    CHECK_STR_EQ(
        said, MEMORY
        "boot: option \"screen=on\" needs a VGA that shows text of 80 x 25 characters: ignored\n" PROGRAMS);
    CHECK(!set.mirrored && set.handler[KEYBOARD_IRQ] == NULL);
}

TEST_IN_A_COPY(words_go_where_they_belong)
{
    boot("selftest=heap inject=frame:3 inject=wrong nonsense=1");
    CHECK_STR_EQ(said, MEMORY "boot: option \"inject=wrong\" is wrong: ignored\n"
                              "boot: unknown option \"nonsense=1\": ignored\n" PROGRAMS);
    CHECK_STEPS("selftest heap", "inject frame:3", "inject wrong", "swap_init", UP);
}

TEST_IN_A_COPY(options_beyond_32_are_counted)
{
    char cmdline[400] = "";
    for (int i = 0; i < CMDLINE_MAX_OPTIONS + 2; i++)
        strcat(cmdline, "ticks=9 ");
    boot(cmdline);
    CHECK_STR_EQ(said, MEMORY "boot: 2 options more than 32: ignored\n" PROGRAMS);
}

/* ---- the machine ---- */

TEST_IN_A_COPY(boot_modules_are_programs_and_are_mapped)
{
    machine.modules_n = 2;
    boot("module=other");
    CHECK_STR_EQ(said, MEMORY PROGRAMS);
    CHECK_EQ(set.mapped_end, 71 * MIB + 101);
    CHECK_EQ(set.frames, 64 * MIB / PAGE_SIZE);
    CHECK_STEPS("swap_init", "program other at 70, 100 bytes", "program module1 at 71, 101 bytes", UP);
}

TEST_IN_A_COPY(a_name_needs_a_module)
{
    boot("module=other");
    CHECK_STR_EQ(said, MEMORY "boot: option \"module=other\" needs a boot module: ignored\n" PROGRAMS);
}

TEST_IN_A_COPY(errors_of_the_boot_loader_and_the_firmware_are_reported)
{
    machine.errors = (struct memmap){.wrapped = 1, .overlapping = 2, .dropped = 3, .beyond_bytes = 5 * MIB};
    machine.problem = "the boot loader is odd";
    boot("");
    CHECK_STR_EQ(said, MEMORY
                 "boot: the boot loader is odd\n"
                 "memory: the firmware's map has 2 entries that overlap, 1 that wrap, 3 too many: mended\n"
                 "memory: 5 MiB lie beyond 896 MiB and are not used\n" PROGRAMS);
}

TEST_IN_A_COPY(each_error_alone_is_reported)
{
    unsigned *const errors[] = {&machine.errors.wrapped, &machine.errors.overlapping,
                                &machine.errors.dropped};
    for (int i = 0; i < 3; i++) {
        console_clear();
        memset(&machine.errors, 0, sizeof(machine.errors));
        *errors[i] = 1;
        boot("");
        CHECK(console_has("too many: mended\n"));
    }
}

TEST_IN_A_COPY(less_than_2_MiB_are_too_few)
{
    machine.bytes = 2 * MIB - PAGE_SIZE;
    boot("");
    CHECK_STEPS("power off 12");
    CHECK(console_has(
        "kernel panic at boot:\n    less than 2 MiB of usable memory: give the machine at least "));
}

TEST_IN_A_COPY(two_MiB_are_enough)
{
    machine.bytes = 2 * MIB;
    boot("");
    CHECK(console_has(PROGRAMS));
}

TEST_IN_A_COPY(without_memory_for_the_tables_the_boot_fails)
{
    machine.bytes_per_pid = 16 * KIB;
    boot("max_procs=4000");
    CHECK(strstr(journal, "power off 12\n") != NULL);
    CHECK(console_has("kernel panic at boot:\n    not enough memory in one piece for the kernel's tables\n"));
}

TEST_IN_A_COPY(a_machine_needs_an_interrupt_controller)
{
    machine.no_pic = true;
    boot("");
    CHECK_STEPS("swap_init", "trace boot 100 90 1", "power off 12");
    CHECK(console_has("kernel panic at boot:\n    no interrupt controller: "));
}

TEST_IN_A_COPY(a_machine_needs_a_timer)
{
    machine.no_pit = true;
    boot("");
    CHECK_STEPS("swap_init", "trace boot 100 90 1", "power off 12");
    CHECK(console_has("kernel panic at boot:\n    no timer: "));
}

TEST_IN_A_COPY(interrupts_reach_their_handlers)
{
    boot("screen=on");
    journal_clear();
    for (unsigned i = 0; i < IRQ_LINES; i++)
        CHECK_EQ(set.handler[i] != NULL, i == PIT_IRQ || i == UART_IRQ || i == KEYBOARD_IRQ);
    set.handler[PIT_IRQ]();
    CHECK_STEPS("timer_tick", "sched_tick");
    set.handler[UART_IRQ]();
    CHECK_STEPS("uart_interrupt", "terminal_input");
    set.handler[KEYBOARD_IRQ]();
    CHECK_STEPS("keyboard_interrupt", "terminal_input");
}

TEST_IN_A_COPY(a_keyboard_is_that_of_the_screen)
{
    boot("");
    CHECK(set.handler[KEYBOARD_IRQ] == NULL && set.handler[UART_IRQ] != NULL);
    CHECK(!console_has("keyboard"));
}

TEST_IN_A_COPY(a_screen_without_a_keyboard_is_reported)
{
    machine.no_keyboard = true;
    boot("screen=on");
    CHECK_STR_EQ(said, MEMORY PROGRAMS
                 "boot: the machine has no keyboard controller (i8042): type on the serial line\n");
    CHECK(set.handler[KEYBOARD_IRQ] == NULL);
}
