/* SPDX-License-Identifier: MIT */
/*
 * ledger.c: an account whose owner is the test.
 */
#include "host_kernel.h"
#include "watch/ledger.h"

/* held_by[] has the number of units that each of 20 callers holds; shrinking frees kept_for_speed. */
#define SITES 20

static size_t held_by[SITES];
static size_t kept_for_speed;
static struct ledger_account account;
static struct host_function sites[SITES];

static size_t held(void *context)
{
    size_t sum = kept_for_speed;

    CHECK_EQ(context, held_by);
    for (size_t i = 0; i < SITES; i++)
        sum += held_by[i];
    return sum;
}

static void shrink(void *context)
{
    CHECK_EQ(context, held_by);
    kept_for_speed = 0;
}

static void walk(void *context, void (*visit)(uintptr_t caller))
{
    CHECK_EQ(context, held_by);
    for (size_t i = 0; i < SITES; i++) {
        for (size_t n = 0; n < held_by[i]; n++)
            visit(sites[i].address == 0 ? 0 : sites[i].address + 5); /* a return address follows the call */
    }
}

static void start(void)
{
    static bool open;

    if (!open) {
        account = (struct ledger_account){
            .name = "pids", .context = held_by, .held = held, .shrink = shrink, .walk = walk, .base = 1};
        ledger_open(&account);
        CHECK_EQ(account.base, 0);
    }
    open = true;
    for (size_t i = 0; i < SITES; i++) {
        static char names[SITES][16];

        held_by[i] = 0;
        snprintf(names[i], sizeof(names[i]), "site_%zu", i);
        sites[i] = (struct host_function){names[i], 0x1000 * (i + 1)};
        if (i < ARRAY_SIZE(host_functions))
            host_functions[i] = sites[i];
    }
    account.of = NULL;
    account.walk = walk;
    kept_for_speed = 0;
    ledger_mark();
    console_clear();
}

TEST(nothing_changed_is_no_news)
{
    start();
    CHECK(ledger_check());
    CHECK_STR_EQ(console, "");
}

TEST(a_new_account_is_held_against_0)
{
    start();
    ledger_mark();
    CHECK_EQ(account.base, 0);
    held_by[3] = 1;
    CHECK(!ledger_check());
}

TEST(what_came_and_went_is_no_leak)
{
    start();
    held_by[0] = 7;
    held_by[0] = 0;
    CHECK(ledger_check());
}

/* D28: caches count neither in the mark nor in the check. */
TEST(caches_are_shrunk_before_anything_is_counted)
{
    start();
    kept_for_speed = 5;
    ledger_mark();
    CHECK_EQ(account.base, 0);
    kept_for_speed = 9;
    CHECK(ledger_check());
}

/* Reading an account includes caches and does not shrink them. */
TEST(an_account_can_be_read)
{
    struct ledger_info info;

    start();
    ledger_read(0, &info);
    CHECK_STR_EQ(info.name, "pids");
    account.of = "processes";
    held_by[0] = 3;
    ledger_mark();
    held_by[0] = 5;
    kept_for_speed = 2;
    CHECK_EQ(ledger_count(), 1);
    ledger_read(0, &info);
    CHECK_STR_EQ(info.name, "pids processes");
    CHECK_EQ(info.held, 7);
    CHECK_EQ(info.base, 3);
    CHECK_EQ(kept_for_speed, 2);
}

TEST(a_leak_is_named_with_the_sites_that_hold_more_than_before)
{
    start();
    held_by[0] = 10;
    held_by[1] = 2;
    ledger_mark();
    held_by[1] = 4;
    held_by[2] = 1;
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 3 pids (base 12, now 15)\n"
                          "    2 taken at site_1\n"
                          "    1 taken at site_2\n");
}

TEST(the_second_half_of_a_name_is_printed)
{
    start();
    account.of = "proc";
    held_by[0] = 1;
    CHECK(!ledger_check());
    CHECK(console_has("leaked 1 pids proc (base 0, now 1)"));
}

TEST(too_much_given_back_is_said)
{
    start();
    held_by[0] = 5;
    ledger_mark();
    held_by[0] = 2;
    held_by[1] = 1;
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: gave back 2 too many pids (base 5, now 3)\n");
}

TEST(an_unknown_site_is_called_so)
{
    start();
    sites[0].address = 0;
    held_by[0] = 1;
    CHECK(!ledger_check());
    CHECK(console_has("    1 taken at an unknown place\n"));
}

TEST(without_sites_the_number_alone_is_printed)
{
    start();
    account.walk = NULL;
    held_by[0] = 1;
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 1 pids (base 0, now 1)\n");
}

TEST(more_sites_than_places_are_counted_together)
{
    start();
    for (size_t i = 0; i < SITES; i++)
        held_by[i] = 1;
    CHECK(!ledger_check());
    CHECK(console_has("leaked 20 pids"));
    CHECK(console_has("    1 taken at site_7\n"));
    CHECK(console_has("    12 taken elsewhere\n"));
}

/* A caller that leaks is named even if the mark already filled the table. */
TEST(new_sites_have_places_of_their_own)
{
    start();
    for (size_t i = 8; i < 16; i++)
        held_by[i] = 1;
    ledger_mark();
    held_by[4] = 3;
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 3 pids (base 8, now 11)\n    3 taken at site_4\n");
}
