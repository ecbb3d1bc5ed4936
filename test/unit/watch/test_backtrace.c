/* SPDX-License-Identifier: MIT */
/*
 * backtrace.c: chains of frames of all kinds, and tables of functions and lines of every length. The program
 * is linked to addresses of 32 bits, which the tables have.
 */
#include "watch/backtrace.h"

#include "arch/i386/peek.h"
#include "host_console.h"
#include "lib/util.h"

#define CODE_BYTES 256
#define MOST 32 /* frames that are followed */
#define ENTRIES 6
#define FIRST 16 /* offset of the first function */
#define STEP 10  /* bytes of a function */

/* The kernel's code. */
__asm__(".bss\n"
        ".globl kernel_start, kernel_text_end\n"
        "kernel_start: .skip 256\n"
        "kernel_text_end: .skip 1\n"
        ".text\n");
extern char kernel_start[], kernel_text_end[];

/* What tools/build/line_table.py makes. */
struct {
    uint32_t address;
    uint16_t file, line;
} line_table[ENTRIES];
struct {
    uint32_t address, name;
} function_table[ENTRIES];
uint32_t line_count, function_count;
uint32_t file_names[] = {3, 7};
char line_strings[] = "f0\0a.c\0b.c\0f1\0f2\0f3\0f4\0f5";

/* Frames of two words: that of the caller, and the return address. */
static uintptr_t stack[MOST + 8][2];
static const void *unreadable;

bool peek_readable(uintptr_t va)
{
    return (const void *)va != unreadable;
}

static uint32_t code(size_t offset)
{
    return (uint32_t)(uintptr_t)kernel_start + (uint32_t)offset;
}

static void tables(uint32_t n)
{
    line_count = function_count = n;
    for (uint32_t i = 0; i < n; i++) {
        line_table[i].address = function_table[i].address = code(FIRST + i * STEP);
        line_table[i].file = i % 2;
        line_table[i].line = (uint16_t)(100 + i);
        function_table[i].name = i == 0 ? 0 : 11 + 3 * (i - 1);
    }
}

/* n frames, each below its caller's; the last has no caller. */
static uintptr_t chain(size_t n)
{
    console_clear();
    unreadable = stack + ARRAY_SIZE(stack);
    tables(0);
    for (size_t i = 0; i < n; i++) {
        stack[i][0] = (uintptr_t)stack[i + 1];
        stack[i][1] = code(i + 1);
    }
    stack[n][0] = stack[n][1] = 0;
    return (uintptr_t)stack[0];
}

/* How many lines are printed, each of which must be the call before a return address. */
static size_t printed(uintptr_t ebp)
{
    char expected[sizeof(console)] = "";
    size_t n = 0, used = 0;

    console_clear();
    backtrace_print(ebp);
    for (const char *at = console; (at = strchr(at, '\n')) != NULL; at++, n++)
        used += (size_t)snprintf(expected + used, sizeof(expected) - used, "  [0x%08x] 0x%08x\n", code(n),
                                 code(n));
    CHECK_STR_EQ(console, expected);
    return n;
}

TEST(each_address_belongs_to_the_last_entry_at_or_before_it)
{
    for (uint32_t n = 0; n <= ENTRIES; n++) {
        tables(n);
        for (size_t at = 0; at < CODE_BYTES; at++) {
            char expected[40], name[8], function[8] = "?";

            snprintf(expected, sizeof(expected), "0x%08x", code(at));
            if (n > 0 && at >= FIRST) {
                size_t i = MIN((at - FIRST) / STEP, (size_t)n - 1);
                snprintf(function, sizeof(function), "f%zu", i);
                snprintf(expected, sizeof(expected), "f%zu (%c.c:%zu)", i, "ab"[i % 2], 100 + i);
            }
            console_clear();
            backtrace_print_caller(code(at));
            CHECK_STR_EQ(console, expected);
            backtrace_function(code(at), name, sizeof(name));
            CHECK_STR_EQ(name, function);
        }
    }
}

TEST(what_is_in_one_table_only_is_a_number)
{
    char expected[40];

    snprintf(expected, sizeof(expected), "0x%08x", code(FIRST));
    for (int i = 0; i < 2; i++) {
        tables(ENTRIES);
        *(i == 0 ? &line_count : &function_count) = 0;
        console_clear();
        backtrace_print_caller(code(FIRST));
        CHECK_STR_EQ(console, expected);
    }
}

TEST(what_is_no_code_is_a_number)
{
    const uintptr_t outside[] = {0, code(0) - 1, code(CODE_BYTES), UINT32_MAX};

    tables(ENTRIES);
    CHECK(backtrace_is_code(code(0)));
    CHECK(backtrace_is_code(code(CODE_BYTES - 1)));
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        char expected[40], name[8];

        CHECK(!backtrace_is_code(outside[i]));
        snprintf(expected, sizeof(expected), "0x%08x", (uint32_t)outside[i]);
        console_clear();
        backtrace_print_caller(outside[i]);
        CHECK_STR_EQ(console, expected);
        backtrace_function(outside[i], name, sizeof(name));
        CHECK_STR_EQ(name, "?");
    }
}

TEST(a_name_is_cut_to_its_room)
{
    char name[2];

    tables(1);
    backtrace_function(code(FIRST), name, sizeof(name));
    CHECK_STR_EQ(name, "f");
}

TEST(the_innermost_caller_is_first)
{
    for (size_t n = 0; n < MOST; n++)
        CHECK_EQ(printed(chain(n)), n);
}

TEST(at_most_32_callers_are_printed)
{
    CHECK_EQ(printed(chain(MOST)), MOST);
    CHECK_EQ(printed(chain(MOST + 1)), MOST);
}

TEST(a_chain_ends_where_it_does_not_go_up)
{
    uintptr_t ebp = chain(5);

    stack[2][0] = (uintptr_t)stack[2]; /* a frame that leads to itself */
    CHECK_EQ(printed(ebp), 3);
    stack[2][0] = (uintptr_t)stack[0];
    CHECK_EQ(printed(ebp), 3);
    stack[2][0] = 0;
    CHECK_EQ(printed(ebp), 3);
}

TEST(what_is_no_frame_is_not_read)
{
    uintptr_t ebp = chain(5);

    CHECK_EQ(printed(0), 0);
    for (uintptr_t i = 1; i < sizeof(uintptr_t); i++)
        CHECK_EQ(printed(ebp + i), 0);
    unreadable = &stack[3][0];
    CHECK_EQ(printed(ebp), 3);
    unreadable = &stack[3][1];
    CHECK_EQ(printed(ebp), 3);
    chain(5);
    stack[1][1] = 0;
    CHECK_EQ(printed(ebp), 1);
}

/* The frame of the function that made the call at `address`, counted from the innermost; -1 if none is found.
 */
static int found(uintptr_t ebp, uintptr_t address)
{
    uintptr_t frame = ebp;

    backtrace_find(address, &frame);
    return frame == ebp ? -1 : (int)((frame - ebp) / sizeof(stack[0]));
}

TEST(the_frame_that_made_a_call_is_found)
{
    uintptr_t ebp = chain(MOST + 4);

    for (int i = 0; i < MOST + 4; i++)
        CHECK_EQ(found(ebp, code((size_t)i)), i < MOST ? i + 1 : -1);
    CHECK_EQ(found(ebp, code(MOST + 4)), -1);
    CHECK_EQ(found(0, code(0)), -1);
}

TEST(of_a_function_that_calls_itself_the_innermost_frame_is_found)
{
    uintptr_t ebp = chain(5);

    stack[2][1] = stack[3][1] = stack[1][1];
    CHECK_EQ(found(ebp, code(1)), 2);
}

TEST(the_search_ends_where_the_chain_does_not_go_up)
{
    uintptr_t ebp = chain(5);

    stack[2][0] = (uintptr_t)stack[2];
    CHECK_EQ(found(ebp, code(1)), 2);
    CHECK_EQ(found(ebp, code(2)), -1);
    stack[2][0] = (uintptr_t)stack[1];
    CHECK_EQ(found(ebp, code(2)), -1);
}
