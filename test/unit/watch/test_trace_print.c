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

/* Also if a call of Linux has that number in a trace. (D99) */
TEST(a_number_is_printed_as_a_number)
{
    CHECK_STR_EQ(printed(TRACE_switch, 1, LINUX_TRACED + 2), "[t=7] switch from=1 to=65538 running=2\n");
    CHECK_STR_EQ(printed(TRACE_state, 3, LINUX_TRACED + 2),
                 "[t=7] state pid=3 from=65538 to=UNINIT running=2\n");
}
