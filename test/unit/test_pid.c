/*
 * pid.c: the queue of free pids, and who has which.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include <ucow/errno.h>

#include "debug/ledger.h"
#include "proc/proc.h"
#include "unit.h"

#define MAX 65536 /* as many as 16 bits can count */

static struct ledger_account *account;

/* pid.c's one account: it is opened with each pid_init(). */
void ledger_open(struct ledger_account *opened)
{
    account = opened;
}

/* Bytes of the table that say who has a pid; the queue lies behind them. */
static size_t by_pid_bytes(size_t max)
{
    return max * sizeof(struct proc *);
}

static void *start(size_t max)
{
    void *table = mmap(NULL, pid_table_bytes(max), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(table != MAP_FAILED);
    pid_init(table, max);
    return table;
}

static void end(void *table, size_t max)
{
    munmap(table, pid_table_bytes(max));
}

TEST(every_pid_is_had_once_and_0_never)
{
    static bool had[MAX];
    void *table = start(MAX);

    for (int i = 1; i < MAX; i++) {
        int pid = pid_alloc();

        CHECK(pid > 0 && pid < MAX && !had[pid]);
        had[pid] = true;
        CHECK_EQ(pid_used_count(), i);
    }
    end(table, MAX);
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
    end(table, 8);
}

TEST(the_pid_given_up_longest_ago_is_next)
{
    void *table = start(8);

    for (int i = 0; i < 7; i++)
        pid_alloc();
    for (int round = 0; round < 50; round++) { /* the ring goes round many times */
        pid_free(5);
        pid_free(2);
        pid_free(6);
        CHECK_EQ(pid_alloc(), 5);
        CHECK_EQ(pid_alloc(), 2);
        CHECK_EQ(pid_alloc(), 6);
    }
    end(table, 8);
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
    end(table, 8);
}

/* D87: numbers that are no pids, down to the one without a negative. */
TEST(nobody_has_a_number_that_is_no_pid)
{
    static const int numbers[] = {-1, -7, INT32_MIN, 8, 9, 65536 + 1, INT32_MAX};
    void *table = start(8);

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        CHECK_EQ(proc_find(numbers[i]), NULL);
    CHECK(PANICS("assertion failed", pid_free(0)));
    CHECK(PANICS("assertion failed", pid_free(1))); /* more than there are */
    end(table, 8);
}

/* D75: with 65,000 processes, taking and giving back a pid looks at no other. All of the table but the
 * two words it may need is out of reach then, and a look at it would end this program. */
TEST(taking_a_pid_looks_at_no_other)
{
    char *table = start(MAX);
    const size_t page = PAGE_SIZE, size = pid_table_bytes(MAX);

    for (int i = 1; i < MAX; i++)
        pid_alloc();
    CHECK_EQ(mprotect(table, size, PROT_NONE), 0);
    mprotect(table, page, PROT_READ | PROT_WRITE);                           /* who has pid 1 */
    mprotect(table + size - page, page, PROT_READ | PROT_WRITE);             /* the queue's place for it */
    mprotect(table + by_pid_bytes(MAX), page, PROT_READ | PROT_WRITE);       /* and the next one's */
    for (int i = 0; i < 100; i++) {
        pid_free(1);
        CHECK_EQ(pid_alloc(), 1);
    }
    end(table, MAX);
}

TEST(the_ledger_counts_pids)
{
    void *table = start(8);

    CHECK_EQ(account->held(account->keeper), 0);
    pid_alloc();
    CHECK_EQ(account->held(account->keeper), 1);
    pid_free(1);
    CHECK_EQ(account->held(account->keeper), 0);
    end(table, 8);
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
    end(table, LIMIT);
}
