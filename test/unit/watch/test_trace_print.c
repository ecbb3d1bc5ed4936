/* SPDX-License-Identifier: MIT */
/*
 * trace_print.c: events as a panic prints them.
 */
#include <ucow/linux.h>

#include "host_console.h"
#include "lib/util.h"
#include "watch/trace.h"

static struct trace_record records[4];
struct trace_record *trace_records = records;
struct trace_ring trace_ring = {.capacity = ARRAY_SIZE(records)};

/* The line for an event of process 2 at time 7. */
static const char *printed(uint8_t event, uint32_t first, uint32_t second)
{
    console_clear();
    records[0] = (struct trace_record){.stamp = 7, .event = event, .pid = 2, .arg = {first, second}};
    trace_ring.next = 1;
    trace_print_last(1);
    return console;
}

TEST(a_call_has_the_name_that_its_table_gives_it)
{
    CHECK_STR_EQ(printed(TRACE_syscall_leave, 2, 3), "[t=7] syscall_leave nr=fork result=3 running=2\n");
    CHECK_STR_EQ(printed(TRACE_syscall_leave, LINUX_TRACED + 2, 3),
                 "[t=7] syscall_leave nr=linux_fork result=3 running=2\n");
    CHECK_STR_EQ(printed(TRACE_syscall_leave, LINUX_TRACED - 1, 3),
                 "[t=7] syscall_leave nr=65535 result=3 running=2\n");
}

/* The calls of Linux: 1 for each that has a name. */
static const char named[] = {
#define LINUX_NONE(nr, name) [nr] = 1,
#define LINUX(nr, name, ...) LINUX_NONE(nr, name)
#include <ucow/linux.def>
};

TEST(a_call_without_a_name_is_a_number)
{
    for (uint32_t nr = 0; nr <= sizeof(named); nr++) {
        char number[20];
        snprintf(number, sizeof(number), "nr=%u ", LINUX_TRACED + nr);
        printed(TRACE_syscall_leave, LINUX_TRACED + nr, 3);
        CHECK(console_has(nr < sizeof(named) && named[nr] ? "nr=linux_" : number));
    }
}

/* Also if a call of Linux has that number in a trace. (D99) */
TEST(a_number_is_printed_as_a_number)
{
    CHECK_STR_EQ(printed(TRACE_switch, 1, LINUX_TRACED + 2), "[t=7] switch from=1 to=65538 running=2\n");
    CHECK_STR_EQ(printed(TRACE_state, 3, LINUX_TRACED + 2),
                 "[t=7] state pid=3 from=65538 to=UNINIT running=2\n");
}

TEST(values_are_printed_as_their_suffix_says)
{
    CHECK_STR_EQ(printed(TRACE_reap, 2, 3), "[t=7] reap parent=2 child=3 code=0 running=2\n");
    CHECK_STR_EQ(printed(TRACE_syscall_leave, 2, (uint32_t)-9),
                 "[t=7] syscall_leave nr=fork result=-9 running=2\n");
    CHECK_STR_EQ(printed(TRACE_unmap, 0x800000, 0xFFFFF000),
                 "[t=7] unmap start=0x800000 end=0xfffff000 running=2\n");
}

TEST(a_text_is_the_rest_of_the_record)
{
    uint32_t name[2];
    memcpy(name, "forktest", sizeof(name));
    console_clear();
    records[0] =
        (struct trace_record){.stamp = 7, .event = TRACE_exec, .pid = 2, .arg = {300, name[0], name[1]}};
    trace_ring.next = 1;
    trace_print_last(1);
    CHECK_STR_EQ(console, "[t=7] exec pid=300 name=forktest running=2\n");
}

/* The ring has room for four. */
TEST(the_last_events_that_the_ring_has)
{
    for (uint32_t pid = 10; pid < 12; pid++)
        records[pid - 10] = (struct trace_record){.event = TRACE_kill, .arg = {2, pid}};
    trace_ring.next = 2;
    console_clear();
    trace_print_last(16);
    CHECK(console_has("pid=10 ") && console_has("pid=11 "));
    trace_ring.next = 0;
    for (uint32_t pid = 10; pid < 19; pid++)
        records[trace_ring.next++ % ARRAY_SIZE(records)] =
            (struct trace_record){.event = TRACE_kill, .arg = {2, pid}};
    console_clear();
    trace_print_last(16);
    CHECK(!console_has("pid=14 ") && console_has("pid=15 ") && console_has("pid=18 "));
    console_clear();
    trace_print_last(1);
    CHECK(!console_has("pid=17 ") && console_has("pid=18 "));
}

TEST(an_empty_ring_says_so)
{
    trace_ring.next = 0;
    console_clear();
    trace_print_last(16);
    CHECK_STR_EQ(console, "  none was recorded\n");
    trace_ring.next = 1;
    console_clear();
    trace_print_last(16);
    CHECK(!console_has("none"));
}
