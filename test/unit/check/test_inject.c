/* SPDX-License-Identifier: MIT */
/*
 * inject.c: which calls fail, whose calls are counted, and how the command line is parsed.
 */
#include <ucow/errno.h>

#include "check/inject.h"
#include "lib/util.h"
#include "unit.h"

/* Call inject_fails() ten times; returns one bit for each call that failed. */
static unsigned fails_of_ten(unsigned kind)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < 10; i++)
        failed |= (unsigned)inject_fails(kind, 0x1234) << i;
    return failed;
}

TEST(a_boot_plan_sleeps_until_it_is_started)
{
    inject_running_pid = 5;
    CHECK_EQ(inject_want("pid:2"), NULL);
    CHECK_EQ(fails_of_ten(INJECT_PID), 0);
    inject_start();
    CHECK_EQ(fails_of_ten(INJECT_PID), BIT(1));
    CHECK_EQ(fails_of_ten(INJECT_PID), 0);
}

TEST(onwards_is_all_from_the_nth_on)
{
    inject_start();
    CHECK_EQ(inject_want("slot:3+"), NULL);
    CHECK_EQ(fails_of_ten(INJECT_SLOT), 0x3fc);
    CHECK_EQ(fails_of_ten(INJECT_SLOT), 0x3ff);
}

TEST(only_the_named_process_is_counted)
{
    inject_start();
    CHECK_EQ(inject_want("disk_read:2@7"), NULL);
    inject_running_pid = 6;
    CHECK_EQ(fails_of_ten(INJECT_DISK_READ), 0);
    inject_running_pid = 7;
    CHECK_EQ(fails_of_ten(INJECT_DISK_READ), BIT(1));
    inject_forget(7);
    CHECK_EQ(inject_want("disk_read:1@7"), NULL); /* there is room for another plan */
}

TEST(a_process_plans_for_itself)
{
    inject_start();
    inject_running_pid = 3;
    CHECK_EQ(inject_plan(3, INJECT_HEAP, 4, 0), 0);
    CHECK_EQ(fails_of_ten(INJECT_HEAP), BIT(3));
    CHECK_EQ(inject_plan(3, INJECT_HEAP, 1, INJECT_ONWARDS), 10);
    CHECK_EQ(fails_of_ten(INJECT_HEAP), 0x3ff);
    CHECK_EQ(inject_plan(4, INJECT_HEAP, 0, 0), 0); /* calls of other processes do not count */
    CHECK_EQ(fails_of_ten(INJECT_HEAP), 0);
}

TEST(what_is_no_plan_changes_nothing)
{
    static const char *const bad[] = {
        "",         ":",         "heap",    "heap:", "heap:0",           "heap:+",  "heap:1x", "heap:1@",
        "heap:1@0", "heap:1@2+", "heaps:1", "hea:1", "heap:99999999999", "heap:-1", "heap:1++"};

    inject_start();
    CHECK_EQ(inject_plan(1, INJECT_KINDS, 1, 0), -E_INVAL);
    CHECK_EQ(inject_plan(1, INJECT_HEAP, 1, 2), -E_INVAL);
    CHECK_EQ(inject_plan(1, INJECT_HEAP, 0x80000000u, 0), -E_INVAL);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(inject_want(bad[i]) != NULL);
    CHECK_EQ(fails_of_ten(INJECT_HEAP), 0);
    CHECK_EQ(inject_want("heap:1"), NULL);
    CHECK(inject_want("heap:2") != NULL);
    CHECK_EQ(fails_of_ten(INJECT_HEAP), BIT(0));
}

/* Each digit counts, in each place, and the largest number is 2^31 - 1. */
TEST(a_number_is_read_to_its_last_digit)
{
    static const struct {
        const char *plan;
        int pid; /* 0: it is no plan */
    } cases[] = {
        {"disk_write:1@9", 9},
        {"disk_write:1@10", 10},
        {"disk_write:1@1234567890", 1234567890},
        {"disk_write:1@907", 907},
        {"disk_write:1@0042", 42},
        {"disk_write:1@2147483639", 2147483639},
        {"disk_write:1@2147483646", 2147483646},
        {"disk_write:1@2147483647", INT32_MAX},
        {"disk_write:1@2147483648", 0},
        {"disk_write:1@2147483650", 0},
        {"disk_write:1@21474836470", 0},
        {"disk_write:1@4294967297", 0},
    };
    inject_start();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        inject_running_pid = cases[i].pid;
        CHECK_EQ(inject_want(cases[i].plan) == NULL, cases[i].pid != 0);
        CHECK_EQ(fails_of_ten(INJECT_DISK_WRITE), cases[i].pid != 0 ? BIT(0) : 0);
        inject_forget(cases[i].pid);
    }
}
