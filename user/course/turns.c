/* SPDX-License-Identifier: MIT */
/*
 * turns - how much of the CPU each of several processes gets. For the course: `turns MODE NUMBER`.
 */
#include "numbers.h"

enum { MEASURE_TICKS = 240, CHILDREN_MAX = 6, PERMILLE = 1000 };

/* What the children share with the parent. */
struct board {
    volatile unsigned work[CHILDREN_MAX];
    volatile unsigned go, stop;
};

static struct board *new_board(void)
{
    return mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
}

/* Fork a child that counts while it has the CPU. */
static int worker(struct board *board, unsigned i, unsigned priority)
{
    int pid = fork();
    if (pid != 0)
        return pid;
    (void)setpriority(priority);
    while (!board->go)
        yield();
    while (!board->stop)
        board->work[i]++;
    exit((int)priority);
}

/* Let `n` workers with these priorities compute for a while. */
static void measure(struct board *board, const unsigned *priorities, unsigned n)
{
    int pids[CHILDREN_MAX];
    for (unsigned i = 0; i < n; i++)
        pids[i] = worker(board, i, priorities[i]);
    board->go = 1;
    sleep(MEASURE_TICKS);
    board->stop = 1;
    for (unsigned i = 0; i < n; i++)
        (void)waitpid(pids[i], NULL);
}

/* `right` if each share of the work is within 15 % of what its priority stands for; else the shares. */
static const char *judged(const char *right, const struct board *board, const unsigned *priorities,
                          unsigned n)
{
    static char text[80] = "other shares, of 1000:";
    unsigned work = 0, weight = 0;
    size_t length = strlen(text);
    bool all = true;
    for (unsigned i = 0; i < n; i++) {
        work += board->work[i] / PERMILLE;
        weight += priorities[i];
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned got = board->work[i] / (work == 0 ? 1 : work), due = PERMILLE * priorities[i] / weight;
        printf("turns: share of child %u with priority %u: %u of 1000\n", i, priorities[i], got);
        length += (size_t)snprintf(text + length, sizeof(text) - length, " %u", got);
        all = all && got * 100 >= due * 85 && got * 100 <= due * 115;
    }
    return all ? right : text;
}

static void equal(unsigned seed)
{
    static const unsigned priorities[] = {3, 3, 3, 3};
    struct board *board = new_board();
    unsigned n = 2 + seed % 3;
    measure(board, priorities, n);
    printf("turns= %u equal processes get %s, number %u\n", n, judged("the same", board, priorities, n),
           next_number(&seed));
}

static void weights(unsigned seed)
{
    unsigned priorities[3] = {1, 2 + seed % 3, 6};
    struct board *board = new_board();
    measure(board, priorities, 3);
    printf("turns= priorities 1, %u and 6 get %s, number %u\n", priorities[1],
           judged("their shares", board, priorities, 3), next_number(&seed));
}

/* A process that comes late must not have the CPU alone until it has caught up with two that shared it. */
static void late(unsigned seed)
{
    static const unsigned priorities[] = {2, 2, 2};
    struct board *board = new_board();
    int early[] = {worker(board, 0, 2), worker(board, 1, 2)};
    board->go = 1;
    sleep(MEASURE_TICKS / 2);
    unsigned before[] = {board->work[0], board->work[1]};
    int later = worker(board, 2, 2);
    sleep(MEASURE_TICKS);
    board->stop = 1;
    for (unsigned i = 0; i < ARRAY_SIZE(early); i++) {
        (void)waitpid(early[i], NULL);
        board->work[i] -= before[i];
    }
    (void)waitpid(later, NULL);
    printf("turns= a late one and two early ones get %s, number %u\n",
           judged("the same", board, priorities, 3), next_number(&seed));
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {{"equal", equal}, {"weights", weights}, {"late", late}};
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
