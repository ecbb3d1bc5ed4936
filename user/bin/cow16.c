/*
 * cow16 - sixteen generations of forks over the same pages: each finds what its parent wrote,
 * writes its own, and keeps that whatever its descendants do (D78).
 */
#include "check.h"

enum { GENERATIONS = 16, PAGES = 8 };

static volatile int pages[PAGES][PAGE_SIZE / sizeof(int)];

/* How many pages hold `generation`. */
static int holding(int generation)
{
    int count = 0;
    for (int i = 0; i < PAGES; i++)
        count += pages[i][i] == generation;
    return count;
}

/* Be generation `number`; the exit code is the number of generations from here on that were right. */
static int live(int number)
{
    if (holding(number - 1) != PAGES)
        return 0;
    for (int i = 0; i < PAGES; i++)
        pages[i][i] = number;
    if (number == GENERATIONS)
        return 1;
    int pid = fork();
    if (pid == 0)
        exit(live(number + 1));
    assert(pid > 0);
    int right = code_of(pid);
    return holding(number) == PAGES ? right + 1 : 0;
}

int main(void)
{
    CHECK(live(1), GENERATIONS, "generations that saw the right pages");
    return pass();
}
