/* SPDX-License-Identifier: MIT */
/*
 * console.c: lines of different writers stay apart, and the process that watches a line learns that another
 * ended it. (D57)
 */
#include "dev/console.h"

#include <string.h>

#include "dev/uart.h"
#include "unit.h"

static char port[2048], screen[2048]; /* what was written to each */
static int broken;                    /* how often a watched line was broken */
static const char *interrupts;        /* what the kernel prints in the middle of the next output; or NULL */

void uart_write(const char *text, size_t n)
{
    CHECK_EQ(strnlen(text, n), n); /* text, to its last byte */
    strncat(port, text, n);
    const char *first = interrupts;
    interrupts = NULL;
    if (first != NULL)
        console_write(CONSOLE_KERNEL, first, strlen(first));
}

static void write_screen(const char *text, size_t n)
{
    CHECK_EQ(strlen(screen), strlen(port)); /* the screen is first */
    strncat(screen, text, n);
}

static void on_broken(void)
{
    broken++;
}

static void start(void)
{
    console_mirror(NULL);
    console_watch(CONSOLE_NO_ONE, on_broken);
    console_write(CONSOLE_KERNEL, "\n", 1); /* no line is unfinished */
    port[0] = screen[0] = '\0';
    broken = 0;
}

static void write_text(int writer, const char *text)
{
    console_write(writer, text, strlen(text));
}

TEST(lines_of_writers_are_not_torn)
{
    start();
    write_text(3, "half");
    write_text(3, " a line");
    write_text(4, "another\n");
    write_text(3, "whole\n");
    write_text(4, "");
    write_text(5, "end");
    kprintf("kernel %d\n", 7);
    kprintf("unfinished");
    kprintf(" line\n");
    CHECK_STR_EQ(port, "half a line\nanother\nwhole\nend\nkernel 7\nunfinished line\n");
}

/* As a panic does. */
TEST(output_of_the_kernel_may_come_in_the_middle_of_a_line)
{
    start();
    interrupts = "panic\n";
    write_text(3, "half");
    CHECK_STR_EQ(port, "half\npanic\n");
}

TEST(an_empty_text_ends_no_line)
{
    start();
    write_text(3, "half");
    write_text(4, "");
    write_text(3, " a line\n");
    CHECK_STR_EQ(port, "half a line\n");
}

TEST(the_screen_has_the_same)
{
    start();
    console_mirror(write_screen);
    write_text(3, "half");
    write_text(4, "another\n");
    CHECK_STR_EQ(screen, "half\nanother\n");
    CHECK_STR_EQ(port, screen);
}

TEST(a_watched_line_that_another_ends_is_told)
{
    start();
    CHECK(console_watch(3, on_broken));
    CHECK(!console_watch(3, on_broken));
    write_text(3, "prompt");
    write_text(3, " and more");
    CHECK_EQ(broken, 0);
    write_text(4, "x\n");
    CHECK_EQ(broken, 1);
    write_text(4, "half");
    write_text(5, "x\n"); /* no line of the one that is watched */
    CHECK_EQ(broken, 1);
    write_text(3, "line\n");
    write_text(4, "x\n");
    CHECK_EQ(broken, 1);
    CHECK(console_watch(CONSOLE_NO_ONE, on_broken));
    write_text(3, "prompt");
    write_text(4, "x\n");
    CHECK_EQ(broken, 1);
}

TEST(a_process_that_ends_is_forgotten)
{
    start();
    console_watch(3, on_broken);
    write_text(3, "prompt");
    console_forget(4);
    CHECK(!console_watch(3, on_broken));
    console_forget(3);
    CHECK(console_watch(3, on_broken)); /* a new process with the same pid */
    write_text(3, "mine\n");
    CHECK_STR_EQ(port, "prompt\nmine\n");
    CHECK_EQ(broken, 0);
}

TEST(a_line_of_no_one_breaks_none)
{
    start();
    console_watch(3, on_broken);
    write_text(3, "prompt");
    console_forget(3);
    write_text(4, "x\n");
    CHECK_EQ(broken, 0);
}

TEST(the_kernel_does_not_take_over_what_is_forgotten)
{
    start();
    console_watch(3, on_broken);
    write_text(3, "prompt");
    console_forget(3);
    kprintf("news\n");
    CHECK_STR_EQ(port, "prompt\nnews\n"); /* on a line of its own */
    kprintf("half");
    write_text(4, "x\n");
    CHECK_EQ(broken, 0); /* no one watches the kernel's line */
}

TEST(a_long_line_of_the_kernel_is_cut)
{
    char text[2 * CONSOLE_LINE_BYTES];
    start();
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    kprintf("%s", text);
    CHECK_EQ(strlen(port), CONSOLE_LINE_BYTES - 1);
    CHECK_EQ(strspn(port, "x"), CONSOLE_LINE_BYTES - 1);
}

TEST(a_line_that_fits_is_whole)
{
    char text[CONSOLE_LINE_BYTES];
    start();
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    kprintf("%s", text);
    CHECK_STR_EQ(port, text);
}

TEST(a_line_may_have_any_length)
{
    char text[CONSOLE_LINE_BYTES];
    start();
    for (size_t n = 0; n < sizeof(text); n++) {
        memset(text, 'x', n);
        text[n] = '\0';
        port[0] = '\0';
        kprintf("%s", text);
        CHECK_EQ(strlen(port), n);
    }
}

TEST(the_end_of_another_process_changes_no_line)
{
    start();
    write_text(3, "half");
    console_forget(4);
    write_text(3, " a line\n");
    CHECK_STR_EQ(port, "half a line\n");
    write_text(CONSOLE_KERNEL, "x");
    console_forget(3);
    kprintf("y\n");
    CHECK_STR_EQ(port, "half a line\nxy\n");
}
