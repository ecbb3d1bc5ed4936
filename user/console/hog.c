/* SPDX-License-Identifier: MIT */
/*
 * hog - one process uses a lock again and again, another needs it now and then: the other never waits long
 * (D91).
 *
 * `hog write`: a child writes to the console all the time. `hog pgdir`: a child has its page table printed
 * all the time. `hog memory`: a thread maps and unmaps memory all the time, in the address space that both
 * have.
 */
#include "check.h"

enum { TRIES = 20, BYTES = 4000, STACK = 4096, MOST_TICKS = 10 };

static char text[BYTES];

static void write_much(void)
{
    write(STDOUT, text, sizeof(text));
}

static void write_little(void)
{
    printf("hog: a line of the other\n");
}

static void print_much(void)
{
    print_pgdir();
}

static void map_much(void)
{
    char *pages = map_pages(64 * PAGE_SIZE, MAP_PRIVATE);
    memset(pages, 1, 64 * PAGE_SIZE);
    munmap(pages, 64 * PAGE_SIZE);
}

static void map_little(void)
{
    munmap(map_pages(PAGE_SIZE, MAP_PRIVATE), PAGE_SIZE);
}

static const struct mode {
    const char *name;
    void (*much)(void), (*little)(void);
    bool is_thread;
} modes[] = {
    {"write", write_much, write_little, false},
    {"pgdir", print_much, write_little, false},
    {"memory", map_much, map_little, true},
};

static int be_hog(void *mode)
{
    for (;;)
        ((const struct mode *)mode)->much();
}

/* How many ticks the longest of some little uses takes. */
static int longest(const struct mode *mode)
{
    int most = 0;
    for (int i = 0; i < TRIES; i++) {
        sleep(1);
        int start = sys_gettime();
        mode->little();
        most = MAX(most, sys_gettime() - start);
    }
    return most;
}

int main(int argc, char *argv[])
{
    const struct mode *mode = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (argc == 2 && strcmp(argv[1], modes[i].name) == 0)
            mode = &modes[i];
    if (mode == NULL)
        usage("hog write|pgdir|memory");
    memset(text, '.', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\n';
    int pid = mode->is_thread
                  ? thread_start(be_hog, (void *)mode, (char *)map_pages(STACK, MAP_PRIVATE) + STACK)
                  : fork();
    if (pid == 0)
        be_hog((void *)mode);
    int most = longest(mode);
    CHECK(kill(pid), 0, "kill of the hog");
    CHECK(code_of(pid), -E_KILLED, "its exit code");
    printf("hog: the longest wait was %d ticks\n", most);
    CHECK(most > MOST_TICKS, 0, "the other waited too long");
    return pass();
}
