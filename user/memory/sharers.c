/* SPDX-License-Identifier: MIT */
/*
 * sharers - 300 processes share one page, more than eight bits can count, and each gets its own copy when
 * it writes (D77). `sharers all` makes as many processes as the kernel allows.
 */
#include "check.h"

enum { CHILDREN = 300, COMMON = 0x600d };

struct meeting {
    volatile int arrived, go;
};

/* Read the common page, wait until all children have read it, and write to it. */
static int share(volatile int *page, struct meeting *meeting, int number)
{
    bool is_common = *page == COMMON;
    __atomic_fetch_add(&meeting->arrived, 1, __ATOMIC_SEQ_CST);
    while (!meeting->go)
        sleep(1);
    if (!is_common || *page != COMMON)
        return 1;
    *page = number;
    yield();
    return *page == number ? 0 : 2;
}

/* Fork up to `most` children that share `page`. Returns their number; *error is 0 or the error of fork. */
static int make_sharers(volatile int *page, struct meeting *meeting, int most, int *error)
{
    *error = 0;
    for (int i = 0; i < most; i++) {
        int pid = fork();
        if (pid == 0)
            exit(share(page, meeting, i));
        if (pid < 0) {
            *error = pid;
            return i;
        }
    }
    return most;
}

int main(int argc, char *argv[])
{
    bool all = argc == 2 && strcmp(argv[1], "all") == 0;
    struct meeting *meeting = map_pages(sizeof(*meeting), MAP_SHARED);
    volatile int *page = map_pages(PAGE_SIZE, MAP_PRIVATE);
    *page = COMMON;
    int error, children = make_sharers(page, meeting, all ? INT32_MAX : CHILDREN, &error);
    while (meeting->arrived < children)
        sleep(1);
    meeting->go = 1; /* first, because the checks below may panic, and the children would wait forever */
    CHECK(error, all ? -E_NO_FREE_PROC : 0, "fork in the end");
    CHECK(meeting->arrived, children, "children that share the page");

    int right = 0, code;
    while (waitpid(0, &code) == 0)
        right += code == 0;
    CHECK(right, children, "children that were right");
    CHECK(*page, COMMON, "the parent's page");
    return pass();
}
