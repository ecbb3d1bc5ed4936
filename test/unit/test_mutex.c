/*
 * mutex.c: a sleeping lock with an owner; who waits sleeps instead of spinning through the scheduler (D55).
 *
 * There is one thread here: while a process "sleeps", the test does what others do meanwhile.
 */
#include "proc/mutex.h"
#include "proc/sched.h"
#include "unit.h"

struct cpu boot_cpu;
struct spinlock sched_lock = SPINLOCK_IRQ("sched");
unsigned spin_held_count;
bool host_interrupts_on = true;

static struct proc first = {.pid = 1}, second = {.pid = 2};
static struct mutex mutex;
static int sleeps, wakes;
static int false_alarms; /* sleeps from which the sleeper wakes with the mutex still held */

/* The current process sleeps; the other runs, and releases the mutex in the end. */
int waitq_sleep(struct waitq *queue, bool wakes_for_kill)
{
    struct proc *sleeper = current;

    CHECK(!wakes_for_kill);
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(&queue->sleepers, &mutex.waiters);
    sleeps++;
    list_add_tail(&queue->sleepers, &sleeper->wait_link);
    if (false_alarms-- > 0) {
        list_del(&sleeper->wait_link);
        return 0;
    }
    spin_unlock_irq(&sched_lock, true);
    current = &first;
    mutex_unlock(&mutex);
    current = sleeper;
    spin_lock_irq(&sched_lock);
    return 0;
}

void waitq_wake_all(struct waitq *queue)
{
    CHECK(spin_is_held(&sched_lock));
    while (!list_empty(&queue->sleepers)) {
        list_del(queue->sleepers.next);
        wakes++;
    }
}

static void start(void)
{
    mutex_init(&mutex);
    list_init(&first.wait_link);
    list_init(&second.wait_link);
    sleeps = wakes = false_alarms = 0;
    current = &first;
}

TEST(free_is_taken_without_sleeping)
{
    start();
    CHECK(!mutex_is_held(&mutex));
    mutex_lock(&mutex);
    CHECK_EQ(mutex.owner, &first);
    mutex_unlock(&mutex);
    CHECK(!mutex_is_held(&mutex));
    CHECK_EQ(sleeps + wakes, 0);
}

TEST(who_waits_sleeps_until_the_owner_releases)
{
    start();
    mutex_lock(&mutex);
    current = &second;
    mutex_lock(&mutex);
    CHECK_EQ(mutex.owner, &second);
    CHECK_EQ(sleeps, 1);
    CHECK_EQ(wakes, 1);
    CHECK(!spin_is_held(&sched_lock));
    mutex_unlock(&mutex);
}

TEST(who_wakes_too_early_sleeps_again)
{
    start();
    false_alarms = 3;
    mutex_lock(&mutex);
    current = &second;
    mutex_lock(&mutex);
    CHECK_EQ(mutex.owner, &second);
    CHECK_EQ(sleeps, 4);
}

TEST(only_the_owner_may_release_D55)
{
    start();
    mutex_lock(&mutex);
    current = &second;
    PANICS("mutex->owner == current", mutex_unlock(&mutex));
}

TEST(the_owner_may_not_take_it_twice_D55)
{
    start();
    mutex_lock(&mutex);
    PANICS("mutex->owner != current", mutex_lock(&mutex));
}
