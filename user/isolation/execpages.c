/* SPDX-License-Identifier: MIT */
/*
 * execpages - the kernel copies strings that begin anywhere and end where memory ends, and no byte more.
 *
 * The strings are arguments of exec, which this program executes on itself: the child compares what arrived.
 * Each ends with the last byte before a hole, so reading one byte after its NUL faults.
 */
#include "check.h"

enum { LENGTHS = 40, FEW = 9 };

/* Bytes that a search for NULs by words may mistake for one, and a usual one. */
static const char bytes[] = {'a', '\x80', '\x01', '\x81', '\xff', '\x7f', '\x02'};

/* Write a string of `length` characters whose NUL is the last byte before `end`. Returns it. */
static char *string_before(char *end, size_t length)
{
    char *string = end - length - 1;
    for (size_t i = 0; i < length; i++)
        string[i] = bytes[(i + length) % sizeof(bytes)];
    string[length] = '\0';
    return string;
}

/* Two pages, and a hole after them. */
static char *map_before_hole(void)
{
    char *pages = map_pages(3 * PAGE_SIZE, MAP_PRIVATE);
    assert(munmap(pages + 2 * PAGE_SIZE, PAGE_SIZE) == 0);
    return pages;
}

/* Execute this program with one argument of each length. */
static int exec_lengths(void *unused)
{
    (void)unused;
    const char *argv[LENGTHS + 1] = {"execpages"};
    for (size_t length = 0; length < LENGTHS; length++)
        argv[length + 1] = string_before(map_before_hole() + 2 * PAGE_SIZE, length);
    return exec(argv[0], ARRAY_SIZE(argv), argv);
}

/* The same with one argument, whose NUL is the first byte of a page that is not in memory yet. */
static int exec_split(void *length)
{
    char *second = map_before_hole() + PAGE_SIZE;
    memset(second - (size_t)length, 'x', (size_t)length);
    const char *argv[] = {"execpages", second - (size_t)length};
    return exec(argv[0], ARRAY_SIZE(argv), argv);
}

/* The same with one argument that has no NUL before the hole. */
static int exec_endless(size_t length)
{
    char *end = map_before_hole() + 2 * PAGE_SIZE;
    memset(end - length, 'x', length);
    const char *const argv[] = {"execpages", end - length};
    return exec(argv[0], ARRAY_SIZE(argv), argv);
}

/* In the child: returns how many arguments are as they were sent. */
static int intact(int argc, char *argv[])
{
    char wanted[LENGTHS + 1];
    int n = 0;
    for (int i = 1; i < argc; i++)
        n += strcmp(argv[i], string_before(wanted + i, (size_t)i - 1)) == 0;
    return n;
}

int main(int argc, char *argv[])
{
    if (argc > 1)
        return argc == 2 ? (int)strlen(argv[1]) : intact(argc, argv);
    CHECK(child_code(exec_lengths, NULL), LENGTHS, "arguments that end before a hole and arrive whole");
    for (size_t length = 1; length <= FEW; length++) {
        CHECK(child_code(exec_split, (void *)length), (int)length,
              "length of %u characters before a new page", (unsigned)length);
        CHECK(exec_endless(length), -E_INVAL, "exec with %u characters and a hole", (unsigned)length);
    }
    return pass();
}
