/* SPDX-License-Identifier: MIT */
/*
 * locks.c: wrong lock orders are reported, and correct ones are not.
 *
 * The tests use no locks, only their classes and the state that the checks store there.
 */
#include "check/locks.h"
#include "unit.h"
#include "watch/trace.h"

#include <stdarg.h>
#include <stdio.h>

static int pid = 1;

int trace_pid(void)
{
    return pid;
}

void kprintf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

/* Caller addresses are small numbers in these tests. */
void backtrace_print_caller(uintptr_t address)
{
    printf("site %u", (unsigned)address);
}

static struct lock_class spin = LOCK_CLASS("spin", false);
static struct lock_class classes[] = {LOCK_CLASS("a", true), LOCK_CLASS("b", true), LOCK_CLASS("c", true)};
static struct lock_check a = {.class = &classes[0]}, b = {.class = &classes[1]}, c = {.class = &classes[2]};
static struct lock_check another_a = {.class = &classes[0]};

static void take(struct lock_check *lock, uintptr_t site)
{
    locks_acquiring(lock, site);
    locks_acquired(lock, site);
}

static void take_spin(uintptr_t site)
{
    if ((locks_held.classes & spin.unknown) != 0)
        locks_learn(&spin, site);
    spin.caller = site;
    locks_held.classes |= spin.bit;
}

/* Acquire `first` at `site` and `second` at `site + 1`, then release both. */
static void take_pair(struct lock_check *first, struct lock_check *second, uintptr_t site)
{
    take(first, site);
    take(second, site + 1);
    locks_releasing(second);
    locks_releasing(first);
}

/* PANICS() runs its statement in a copy of the program, so orders learned there are forgotten. */

#define REPORT_ENDS "# the report ends\n" /* unit.c prints it */

static void end_with_the_first(void)
{
    take_spin(7);
    locks_check_none("ends");
}

static void sleep_with_the_first(const struct lock_class *allowed, bool interrupts_on)
{
    take_spin(7);
    locks_check_sleep(allowed, interrupts_on);
}

static void wait_with_the_first(void)
{
    take_spin(7);
    take(&a, 8);
}

/* The first test: no class is known yet, and that of the spinlock becomes the first. */
TEST(the_first_class_is_printed_as_the_others_are)
{
    CHECK(PANICS("pid 1 ends with a lock held\n    with spin taken at site 7\n" REPORT_ENDS,
                 end_with_the_first()));
    CHECK(PANICS("pid 1 sleeps with a spinlock held\n    with spin taken at site 7\n" REPORT_ENDS,
                 sleep_with_the_first(&classes[0], true)));
    CHECK(PANICS("with interrupts off\n    with spin taken at site 7\n" REPORT_ENDS,
                 sleep_with_the_first(&spin, false)));
    CHECK(PANICS("    now a taken at site 8\n    with spin taken at site 7\n" REPORT_ENDS,
                 wait_with_the_first()));
}

/* Nothing is unknown to a class that was taken once with the same locks held: the two masks say so. A handler
 * is that to sleeping locks only. */
TEST(what_was_seen_once_takes_no_more_than_the_masks)
{
    take_spin(1);
    locks_held.classes ^= spin.bit;
    CHECK_EQ(spin.unknown & (LOCKS_ALWAYS | LOCKS_HANDLER), 0);
    take(&a, 1);
    locks_releasing(&a);
    CHECK_EQ(a.class->unknown & (LOCKS_ALWAYS | LOCKS_HANDLER), LOCKS_HANDLER);
    take(&a, 1);
    take_spin(2);
    CHECK_EQ(spin.unknown & a.class->bit, 0);
    locks_held.classes ^= spin.bit;
    locks_releasing(&a);
}

TEST(one_order_is_no_news)
{
    for (uintptr_t i = 0; i < 3; i++) {
        take_pair(&a, &b, 10);
        take_pair(&b, &c, 20);
        take(&a, 40);
        take_spin(41);
        locks_held.classes ^= spin.bit;
        locks_releasing(&a);
    }
    CHECK_EQ(locks_held.classes, LOCKS_ALWAYS);
    CHECK(locks_held.sleeping == NULL);
}

static void ring_of_two(void)
{
    take_pair(&a, &b, 10);
    pid = 2;
    take_pair(&b, &a, 20);
}

TEST(both_orders_of_two)
{
    CHECK(PANICS("lock order: a is taken with b held", ring_of_two()));
    CHECK(PANICS("  pid 2:\n    with b taken at site 20\n    then a taken at site 21\n", ring_of_two()));
    CHECK(PANICS("    then a taken at site 21\n  but before:\n"
                 "  pid 1:\n    with a taken at site 10\n    then b taken at site 11\n" REPORT_ENDS,
                 ring_of_two()));
}

/* As spin_lock() and spin_unlock() do. */
static void spin_pair(struct lock_class *first, struct lock_class *second, uintptr_t site)
{
    struct lock_class *const both[] = {first, second};

    for (unsigned i = 0; i < 2; i++) {
        if ((locks_held.classes & both[i]->unknown) != 0)
            locks_learn(both[i], site + i);
        both[i]->caller = site + i;
        locks_held.classes |= both[i]->bit;
    }
    locks_held.classes ^= first->bit | second->bit;
}

static void ring_of_two_spinlocks(void)
{
    static struct lock_class another = LOCK_CLASS("another", false);

    take_spin(1); /* both are known classes */
    locks_held.classes ^= spin.bit;
    for (int i = 0; i < 2; i++)
        spin_pair(&spin, &another, 10);
    spin_pair(&another, &spin, 20);
}

TEST(both_orders_of_two_spinlocks)
{
    CHECK(PANICS("lock order: spin is taken with another held", ring_of_two_spinlocks()));
    CHECK(PANICS("    with another taken at site 20\n    then spin taken at site 21\n  but before:\n"
                 "  pid 1:\n    with spin taken at site 10\n    then another taken at site 11\n" REPORT_ENDS,
                 ring_of_two_spinlocks()));
}

static void ring_of_three(void)
{
    take_pair(&a, &b, 10);
    take_pair(&b, &c, 20);
    take_pair(&c, &a, 30);
}

TEST(around_a_corner)
{
    CHECK(PANICS("  but before:\n"
                 "  pid 1:\n    with a taken at site 10\n    then b taken at site 11\n"
                 "  pid 1:\n    with b taken at site 20\n    then c taken at site 21\n" REPORT_ENDS,
                 ring_of_three()));
}

static void two_of_a_kind(void)
{
    take(&a, 1);
    take(&another_a, 2);
}

TEST(two_of_a_class_have_no_order)
{
    CHECK(PANICS("a is taken by pid 1, which has it, or another of its kind\n"
                 "    now a taken at site 2\n    before a taken at site 1\n" REPORT_ENDS,
                 two_of_a_kind()));
}

TEST(given_back_in_any_order)
{
    take(&a, 1);
    take(&b, 2);
    take(&c, 3);
    locks_releasing(&b);
    locks_releasing(&a);
    CHECK(locks_held.sleeping == &c && c.outer == NULL);
    locks_releasing(&c);
    CHECK_EQ(locks_held.classes, LOCKS_ALWAYS);
    locks_check_none("is still here");
}

static void give_back_twice(void)
{
    take(&a, 1);
    locks_releasing(&a);
    locks_releasing(&a);
}

TEST(released_by_a_process_that_does_not_hold_it)
{
    CHECK(PANICS("a is released by pid 1, which does not hold it\n    before a taken at site 1\n" REPORT_ENDS,
                 give_back_twice()));
}

static void sleep_on_a_spinlock(void)
{
    take_spin(7);
    take(&a, 8);
}

static void sleep_in_a_handler(void)
{
    locks_handler_begins();
    take(&a, 8);
}

TEST(code_that_may_not_sleep_takes_no_sleeping_lock)
{
    CHECK(PANICS("a, whose taker may have to sleep, is taken with a spinlock held\n"
                 "    now a taken at site 8\n    with spin taken at site 7\n" REPORT_ENDS,
                 sleep_on_a_spinlock()));
    CHECK(PANICS("is taken in an interrupt handler", sleep_in_a_handler()));
}

static void sleep_with(uint32_t allowed, bool interrupts_on)
{
    take_spin(7);
    locks_check_sleep(allowed != 0 ? &spin : &classes[0], interrupts_on);
}

TEST(a_sleeper_holds_the_schedulers_lock_only)
{
    take(&a, 1);
    sleep_with(1, true);
    locks_held.classes ^= spin.bit;
    locks_releasing(&a);
    CHECK(PANICS("pid 1 sleeps with a spinlock held\n    with spin taken at site 7\n" REPORT_ENDS,
                 sleep_with(0, true)));
    CHECK(PANICS("pid 1 sleeps with interrupts off\n    with spin taken at site 7\n" REPORT_ENDS,
                 sleep_with(1, false)));
}

static void misuse_a_spinlock(void)
{
    take_spin(3);
    locks_spin_misused(&spin, 4, "is misused");
}

TEST(a_spinlock_is_reported_with_its_place_and_the_one_before)
{
    CHECK(PANICS(
        "lock spin is misused\n    now spin taken at site 4\n    before spin taken at site 3\n" REPORT_ENDS,
        misuse_a_spinlock()));
}

static void take_too_many_classes(void)
{
    static struct lock_class more[32];
    for (unsigned i = 0; i < ARRAY_SIZE(more); i++) {
        more[i] = (struct lock_class)LOCK_CLASS("one more", true);
        locks_learn(&more[i], i);
    }
}

TEST(more_classes_than_there_is_room_for)
{
    CHECK(PANICS("more than 16 classes of locks", take_too_many_classes()));
}

static void end_with_a_lock(void)
{
    take(&b, 5);
    locks_check_none("ends");
}

static void keep_in_a_handler(void)
{
    struct locks_held interrupted = locks_handler_begins();
    take_spin(9);
    locks_handler_ends(interrupted);
}

TEST(no_process_and_no_handler_ends_with_a_lock)
{
    CHECK(PANICS("pid 1 ends with a lock held\n    with b taken at site 5\n" REPORT_ENDS, end_with_a_lock()));
    CHECK(PANICS(
        "returns from an interrupt handler with a lock held\n    with spin taken at site 9\n" REPORT_ENDS,
        keep_in_a_handler()));
}

TEST(a_handler_has_locks_of_its_own)
{
    take(&a, 1);
    struct locks_held interrupted = locks_handler_begins();
    CHECK(locks_held.sleeping == NULL && (locks_held.classes & a.class->bit) == 0);
    locks_handler_ends(interrupted);
    CHECK(locks_held.sleeping == &a);
    locks_releasing(&a);
}
