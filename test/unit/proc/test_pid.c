/* SPDX-License-Identifier: MIT */
/*
 * pid.c: the queue of free pids, and the table of processes by pid.
 */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>

#include <ucow/errno.h>

#include "proc/pid.h"
#include "proc/proc.h"
#include "unit.h"
#include "watch/ledger.h"

#define MOST 65536 /* as many as 16 bits can count */

static struct ledger_account *account;

/* The account of pid.c; every pid_init() opens it. */
void ledger_open(struct ledger_account *opened)
{
    account = opened;
}

static void *start(size_t max)
{
    void *table = calloc(1, pid_table_bytes(max));

    pid_init(table, max);
    return table;
}

TEST(every_pid_is_had_once_and_0_never)
{
    static bool had[MOST];
    void *table = start(MOST);

    for (int i = 1; i < MOST; i++) {
        int pid = pid_alloc();

        CHECK(pid > 0 && pid < MOST && !had[pid]);
        had[pid] = true;
        CHECK_EQ(pid_used_count(), i);
    }
    free(table);
}

/* D81 */
TEST(when_all_are_taken_there_is_none)
{
    void *table = start(8);

    for (int i = 1; i < 8; i++)
        CHECK_EQ(pid_alloc(), i);
    CHECK_EQ(pid_alloc(), -E_NO_FREE_PROC);
    CHECK_EQ(pid_alloc(), -E_NO_FREE_PROC);
    pid_free(3);
    CHECK_EQ(pid_alloc(), 3);
    CHECK_EQ(pid_alloc(), -E_NO_FREE_PROC);
    CHECK_EQ(pid_limit(), 8);
    free(table);
}

TEST(the_pid_given_up_longest_ago_is_next)
{
    void *table = start(8);

    for (int i = 0; i < 7; i++)
        pid_alloc();
    for (int round = 0; round < 50; round++) { /* the ring wraps many times */
        pid_free(5);
        pid_free(2);
        pid_free(6);
        CHECK_EQ(pid_alloc(), 5);
        CHECK_EQ(pid_alloc(), 2);
        CHECK_EQ(pid_alloc(), 6);
    }
    free(table);
}

TEST(a_process_is_found_from_publish_to_free)
{
    static struct proc proc;
    void *table = start(8);
    int pid = pid_alloc();

    CHECK_EQ(proc_find(pid), NULL);
    pid_publish(pid, &proc);
    CHECK_EQ(proc_find(pid), &proc);
    CHECK(PANICS("assertion failed", pid_publish(pid, &proc)));
    pid_free(pid);
    CHECK_EQ(proc_find(pid), NULL);
    free(table);
}

/* D87: numbers that are not pids, including INT32_MIN. */
TEST(a_number_that_is_no_pid_has_no_process)
{
    static const int numbers[] = {-1, -7, INT32_MIN, 8, 9, 65536 + 1, INT32_MAX};
    void *table = start(8);

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        CHECK_EQ(proc_find(numbers[i]), NULL);
    CHECK(PANICS("assertion failed", pid_free(0)));
    CHECK(PANICS("assertion failed", pid_free(1))); /* more frees than allocations */
    free(table);
}

/* D75: with 65,000 processes, allocating and freeing a pid accesses no other entry. The other entries are
 * poisoned, so the sanitizer reports an access. */
TEST(taking_a_pid_looks_at_no_other)
{
    enum { ROUNDS = 100 };
    struct { /* as in pid.c */
        struct proc *proc;
        uintptr_t site;
        unsigned members;
    } *by_pid = start(MOST);
    uint16_t *queue = (uint16_t *)(by_pid + MOST);

    for (int i = 1; i < MOST; i++)
        pid_alloc();
    ASAN_POISON_MEMORY_REGION(by_pid, pid_table_bytes(MOST));
    ASAN_UNPOISON_MEMORY_REGION(&by_pid[1], sizeof(by_pid[1]));
    ASAN_UNPOISON_MEMORY_REGION(&queue[0], ROUNDS * sizeof(queue[0])); /* the ring's, a round each */
    for (int i = 0; i < ROUNDS; i++) {
        pid_free(1);
        CHECK_EQ(pid_alloc(), 1);
    }
    ASAN_UNPOISON_MEMORY_REGION(by_pid, pid_table_bytes(MOST));
    free(by_pid);
}

static size_t callers;

static void count_caller(uintptr_t caller)
{
    CHECK(caller != 0);
    callers++;
}

TEST(the_ledger_counts_pids)
{
    void *table = start(8);

    CHECK_EQ(account->held(account->context), 0);
    pid_alloc();
    CHECK_EQ(account->held(account->context), 1);
    pid_alloc();
    account->walk(account->context, count_caller); /* who allocated them: for a report of a leak */
    CHECK_EQ(callers, 2);
    pid_free(2);
    pid_free(1);
    CHECK_EQ(account->held(account->context), 0);
    account->walk(account->context, count_caller);
    CHECK_EQ(callers, 2);
    free(table);
}

TEST(random_use_against_a_queue)
{
    enum { LIMIT = 50 };
    int held[LIMIT], queue[LIMIT], held_n = 0, queue_n = 0;
    void *table = start(LIMIT);

    for (int pid = 1; pid < LIMIT; pid++)
        queue[queue_n++] = pid;
    for (int step = 0; step < 20000; step++) {
        if (unit_below(2) == 0 && queue_n != 0) {
            CHECK_EQ(pid_alloc(), queue[0]);
            held[held_n++] = queue[0];
            for (int i = 1; i < queue_n; i++)
                queue[i - 1] = queue[i];
            queue_n--;
        } else if (held_n != 0) {
            int i = (int)unit_below((unsigned)held_n);

            pid_free(held[i]);
            queue[queue_n++] = held[i];
            held[i] = held[--held_n];
        }
        CHECK_EQ(pid_used_count(), held_n);
    }
    free(table);
}

TEST(a_pid_is_reserved_while_a_group_has_its_number)
{
    static struct proc leader;
    void *table = start(8);

    for (int pid = 1; pid < 8; pid++)
        CHECK_EQ(pid_alloc(), pid);
    pid_publish(3, &leader);
    CHECK(!pid_group_exists(3));
    pid_group_join(3);
    pid_group_join(3);
    CHECK(!pid_group_leave(3));
    pid_free(3);
    CHECK(proc_find(3) == NULL && pid_group_exists(3));
    CHECK_EQ(pid_used_count(), 6);
    CHECK_EQ(account->held(account->context), 7);
    CHECK_EQ(pid_alloc(), -E_NO_FREE_PROC);
    CHECK(pid_group_leave(3));
    CHECK(!pid_group_exists(3));
    CHECK_EQ(pid_alloc(), 3);
    CHECK(PANICS("members > 0", pid_group_join(3))); /* D135 */
    free(table);
}

TEST(a_group_may_end_before_its_founder)
{
    static struct proc founder;
    void *table = start(8);

    CHECK_EQ(pid_alloc(), 1);
    pid_publish(1, &founder);
    pid_group_join(1);
    CHECK(pid_group_leave(1));
    CHECK_EQ(pid_used_count(), 1);
    pid_group_join(1);
    CHECK(pid_group_leave(1));
    pid_free(1);
    CHECK_EQ(pid_used_count(), 0);
    free(table);
}

TEST(no_group_has_a_number_that_is_no_pid)
{
    static const int numbers[] = {0, -1, 8, INT32_MIN, INT32_MAX};
    void *table = start(8);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        CHECK(!pid_group_exists(numbers[i]));
    free(table);
}
