/* SPDX-License-Identifier: MIT */
/*
 * cow16 - sixteen generations of forks over the same pages. Each generation finds what its parent wrote,
 * writes its own values, and keeps them whatever its descendants write. Other pages are written by the
 * last generation only, and no ancestor sees it (D78).
 */
#include "check.h"

enum { GENERATIONS = 16, PAGES = 8, HEIRLOOM = 0x600d };

typedef volatile int page[PAGE_SIZE / sizeof(int)];

static page pages[PAGES], heirlooms[PAGES];

static void write_all(page *page, int number)
{
    for (int i = 0; i < PAGES; i++)
        page[i][i] = number;
}

/* Whether each page holds `number`. */
static bool all_hold(page *page, int number)
{
    int count = 0;
    for (int i = 0; i < PAGES; i++)
        count += page[i][i] == number;
    return count == PAGES;
}

/* Run generation `number` and fork the next. Returns the number of generations, from this one on, that
 * saw the right values. */
static int live(int number)
{
    if (!all_hold(pages, number - 1) || !all_hold(heirlooms, HEIRLOOM))
        return 0;
    write_all(pages, number);
    if (number == GENERATIONS) {
        write_all(heirlooms, number);
        return all_hold(heirlooms, number) ? 1 : 0;
    }
    int pid = fork();
    if (pid == 0)
        exit(live(number + 1));
    assert(pid > 0);
    int right = code_of(pid);
    return all_hold(pages, number) && all_hold(heirlooms, HEIRLOOM) ? right + 1 : 0;
}

int main(void)
{
    write_all(heirlooms, HEIRLOOM);
    CHECK(live(1), GENERATIONS, "generations that saw the right pages");
    return pass();
}
