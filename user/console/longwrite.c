/* SPDX-License-Identifier: MIT */
/*
 * longwrite - a write that takes dozens of ticks lets other processes run, and its caller can be killed.
 *
 * Two children write at the same time, so one waits for the console lock (D55). Meanwhile the parent
 * sleeps and wakes, and then kills both: one in the middle of its write, the other while it waits for
 * the lock (D84).
 */
#include "check.h"

enum { BYTES = 256 << 10, LINE = 64, NAPS = 3, LATE_TICKS = 20 };

static char *lines_of(char letter)
{
    char *text = map_pages(BYTES, MAP_PRIVATE);
    memset(text, letter, BYTES);
    for (size_t i = LINE - 1; i < BYTES; i += LINE)
        text[i] = '\n';
    return text;
}

static int writer(const char *text)
{
    int pid = fork();
    if (pid == 0) {
        sys_write(1, (void *)text, BYTES);
        exit(0);
    }
    return pid;
}

int main(void)
{
    const char *x = lines_of('x'), *y = lines_of('y');
    int first = writer(x), second = writer(y);
    yield();
    int start = sys_gettime();
    for (int i = 0; i < NAPS; i++)
        sleep(1);
    int late = sys_gettime() - start > NAPS * LATE_TICKS;
    int kills = kill(first) | kill(second);
    int first_code = code_of(first), second_code = code_of(second);
    CHECK(late, 0, "slept too long");
    CHECK(kills, 0, "kills of both writers");
    CHECK(first_code, -E_KILLED, "exit code of the writer");
    CHECK(second_code, -E_KILLED, "exit code of the one that waited");
    return pass();
}
