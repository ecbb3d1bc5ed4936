/*
 * herd - many processes that wait for one thing: a tick of the timer, the console, a character typed.
 * Interrupts are off while the kernel wakes somebody, so it must not wake them all at once (D76).
 *
 *     herd N          N sleepers for one tick, each of whom then finds the console taken by a long write
 *     herd N read     N readers of the console, for whom two characters are typed
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

static void sleep_and_write(void)
{
    int tick = sys_gettime() + 10 * (int)many, woken = 0; /* by then all are there */
    int writer = fork();
    if (writer == 0)
        exit(write_for_long((void *)(intptr_t)(tick - 1)));
    assert(writer > 0);
    start_all(wake_and_write_nothing, (void *)(intptr_t)tick);
    assert(code_of(writer) == 0);
    for (unsigned i = 0; i < many; i++)
        woken += code_of(pids[i]) == 0;
    CHECK(woken, (int)many, "sleepers that wrote when their time had come");
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
    printf("herd: %u readers\n", many);
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
    many = argc > 1 ? number_of(argv[1]) : MANY_MAX;
    assert(many > 0 && many <= MANY_MAX);
    if (argc > 2)
        read_two();
    else
        sleep_and_write();
    return pass();
}
