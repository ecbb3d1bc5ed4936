/* SPDX-License-Identifier: MIT */
/*
 * spawn - spawn() runs a program in a child whatever the caller's size, passes its arguments, and returns its
 * exit code, or the error of exec with nothing changed.
 */
#include "check.h"

enum { DIRTY_PAGES = 4096, UNTOUCHED = 0x7e57 };

/* As a child: end as the argument says. */
static int end(const char *how)
{
    if (strcmp(how, "killed") == 0)
        kill(getpid());
    return (int)number_of(how);
}

static int run_self(const char *how)
{
    const char *const argv[] = {PROGRAM, how};
    int code = UNTOUCHED;
    CHECK(spawn(argv[0], ARRAY_SIZE(argv), argv, &code), 0, "spawn of a program with argument %s", how);
    return code;
}

static void refused(const char *name, int argc, int wanted, const char *what)
{
    const char *const argv[] = {name};
    int code = UNTOUCHED;
    CHECK(spawn(name, argc, argv, &code), wanted, "spawn of %s", what);
    assert(code == UNTOUCHED);
}

int main(int argc, char *argv[])
{
    if (argc > 1)
        return end(argv[1]);
    volatile char *memory = map_pages(DIRTY_PAGES * PAGE_SIZE, MAP_PRIVATE);
    for (size_t i = 0; i < DIRTY_PAGES; i++)
        memory[i * PAGE_SIZE] = (char)i;
    CHECK(run_self("7"), 7, "exit code");
    CHECK(run_self("killed"), -E_KILLED, "exit code of a killed child");
    const char *const words[] = {"args", "one", "two words"};
    CHECK(spawn("args", ARRAY_SIZE(words), words, NULL), 0, "spawn without a place for the code");
    refused("nosuch", 1, -E_NOENT, "an unknown program");
    refused("args", EXEC_MAX_ARGS + 1, -E_TOO_BIG, "too many arguments");
    CHECK(wait(), -E_BAD_PROC, "children that are left");
    for (size_t i = 0; i < DIRTY_PAGES; i++)
        assert(memory[i * PAGE_SIZE] == (char)i);
    return pass();
}
