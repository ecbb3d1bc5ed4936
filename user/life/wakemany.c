/* SPDX-License-Identifier: MIT */
/*
 * wakemany - many processes wait for one event: a timer tick, the console lock, or input. The kernel wakes
 * processes with interrupts disabled, so it must wake only a few at a time (D76).
 *
 *     wakemany sleep N    N processes sleep until the same tick
 *     wakemany write N    the same; each of them then waits for the console lock, which a long write holds
 *     wakemany read N     N processes read the console; the test types two characters
 */
#include "check.h"

enum { MANY_MAX = 1000, LONG_WRITE = 8 << 10, LINE = 64 };

static int pids[MANY_MAX];
static unsigned many;

static void start_all(int (*body)(void *arg), void *arg)
{
    for (unsigned i = 0; i < many; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            exit(body(arg));
        assert(pids[i] > 0);
    }
}

static void sleep_until(int tick)
{
    int left = tick - sys_gettime();
    sleep(left > 0 ? (unsigned)left : 0);
}

static int wake_and_write_nothing(void *tick)
{
    sleep_until((int)(intptr_t)tick);
    return sys_write(1, "", 0);
}

static int write_for_long(void *tick)
{
    static char text[LONG_WRITE];
    memset(text, 'x', sizeof(text));
    for (size_t i = LINE - 1; i < sizeof(text); i += LINE)
        text[i] = '\n';
    sleep_until((int)(intptr_t)tick);
    return sys_write(1, text, sizeof(text)) - LONG_WRITE;
}

/* Returns a tick by which all children are asleep. */
static int tick_for_all(void)
{
    return sys_gettime() + 10 * (int)many;
}

static int wake(void *tick)
{
    sleep_until((int)(intptr_t)tick);
    return 0;
}

static void reap_all(void)
{
    int well = 0;
    for (unsigned i = 0; i < many; i++)
        well += code_of(pids[i]) == 0;
    CHECK(well, (int)many, "who woke when their time had come");
}

static void sleep_only(void)
{
    start_all(wake, (void *)(intptr_t)tick_for_all());
    reap_all();
}

static void sleep_and_write(void)
{
    int tick = tick_for_all();
    int writer = fork();
    if (writer == 0)
        exit(write_for_long((void *)(intptr_t)(tick - 1)));
    assert(writer > 0);
    start_all(wake_and_write_nothing, (void *)(intptr_t)tick);
    assert(code_of(writer) == 0);
    reap_all();
}

static int read_one(void *arg)
{
    (void)arg;
    char byte = 0;
    return read(0, &byte, 1) == 1 ? byte : 1;
}

static void read_two(void)
{
    int code = 0;
    start_all(read_one, NULL);
    for (unsigned i = 0; i < many; i++)
        await_state(pids[i], SLEEPING);
    printf("wakemany: %u readers\n", many);
    for (const char *typed = "ab"; *typed != '\0'; typed++) {
        assert(waitpid(0, &code) == 0);
        CHECK(code, *typed, "a reader's character");
    }
    for (unsigned i = 0; i < many; i++)
        kill(pids[i]);
    while (waitpid(0, &code) == 0)
        assert(code == -E_KILLED);
}

int main(int argc, char **argv)
{
    many = argc == 3 ? number_of(argv[2]) : 0;
    if (many == 0 || many > MANY_MAX)
        usage("wakemany sleep|write|read N, at most 1000");
    if (strcmp(argv[1], "read") == 0)
        read_two();
    else if (strcmp(argv[1], "write") == 0)
        sleep_and_write();
    else if (strcmp(argv[1], "sleep") == 0)
        sleep_only();
    else
        usage("wakemany sleep|write|read N");
    return pass();
}
