/* SPDX-License-Identifier: MIT */
/*
 * edit.c: each key, on a terminal of one line that the test keeps: after every key its screen must show the
 * line.
 */
#include <string.h>

#include "edit.h"
#include "unit.h"

static const char *keys;
static char buf[16], screen[256], written[4096];
static size_t column, rows;
static struct edit_history history;

static int read_key(char *byte)
{
    if (*keys == '\0')
        return -99;        /* no more: the caller looks at what there is */
    if (*keys == '\x1f') { /* another process has ended the line */
        keys++;
        column = 0;
        screen[0] = '\0';
        return 0;
    }
    *byte = *keys++;
    return 1;
}

/* A terminal that knows one-column characters, \b, \r and \n. */
static void write_text(const char *text, size_t n)
{
    strncat(written, text, n);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\b') {
            CHECK(column > 0);
            column--;
        } else if (text[i] == '\r') {
            column = 0;
        } else if (text[i] == '\n') {
            column = 0;
            rows++;
            screen[0] = '\0';
        } else {
            if (screen[column] == '\0')
                screen[column + 1] = '\0';
            screen[column++] = text[i];
        }
    }
}

static const char *complete_fruit(const char *line, size_t from, size_t to, unsigned i)
{
    static const char *const names[] = {"apple", "apricot", "banana"};
    for (size_t at = 0; at < 3; at++)
        if (strncmp(names[at], line + from, to - from) == 0 && i-- == 0)
            return names[at];
    return NULL;
}

static int type(const char *typed)
{
    static const struct edit_terminal terminal = {read_key, write_text, complete_fruit};
    keys = typed;
    screen[0] = written[0] = '\0';
    column = rows = 0;
    memset(buf, 0, sizeof(buf));
    return edit_line(&terminal, "$ ", buf, sizeof(buf), &history);
}

/* Type keys; the line that results must be shown, with the cursor at its column. */
static void becomes(const char *typed, const char *line, size_t cursor)
{
    char wanted[64] = "$ ";
    CHECK_EQ(type(typed), -99);
    strcat(wanted, line);
    while (strlen(screen) > strlen(wanted) && screen[strlen(screen) - 1] == ' ')
        screen[strlen(screen) - 1] = '\0';
    CHECK_STR_EQ(screen, wanted);
    CHECK_EQ(column, 2 + cursor);
}

TEST(a_line_is_returned_and_shown_as_typed)
{
    CHECK_EQ(type("hello\r"), 5);
    CHECK_STR_EQ(buf, "hello");
    CHECK_STR_EQ(written, "$ hello\n");
    CHECK_EQ(type("\n"), 0);
}

TEST(the_cursor_moves_and_characters_are_inserted_there)
{
    becomes("abc\x1b[DX", "abXc", 3);
    becomes("abc\x1b[D\x1b[D\x1b[D\x1b[DX", "Xabc", 1);
    becomes("abc\x01X\x05Y", "XabcY", 5);
    becomes("abc\x1b[HX\x1b[FY", "XabcY", 5);
    becomes("abc\x1b[1~X\x1b[4~Y\x1b[C", "XabcY", 5);
    becomes("abc\x02\x02\x06X", "abXc", 3);
    becomes("abc\x1bOD\x1b[15;2~X", "abXc", 3);
}

TEST(keys_that_erase)
{
    becomes("abc\x7f", "ab", 2);
    becomes("\x7f", "", 0);
    becomes("abc\x02\x08", "ac", 1);
    becomes("abc\x01\x1b[3~", "bc", 0);
    becomes("abc\x01\x04", "bc", 0);
    becomes("abc\x04", "abc", 3);
    becomes("ab cd \x17", "ab ", 3);
    becomes("ab cd\x02\x15", "d", 0);
    becomes("ab cd\x01\x06\x0b", "a", 1);
}

TEST(the_end_and_abandoning)
{
    CHECK_EQ(type("\x04"), EDIT_END);
    CHECK_EQ(type("abc\x03"), EDIT_ABANDONED);
    CHECK_STR_EQ(written, "$ abc^C\n");
}

TEST(a_line_that_does_not_fit_is_refused)
{
    CHECK_EQ(type("123456789012345\r"), 15);
    CHECK_EQ(type("1234567890123456\r"), EDIT_TOO_LONG);
    CHECK_STR_EQ(written, "$ 123456789012345\n");
    CHECK_EQ(type("1234567890123456\x15"
                  "ab\r"),
             2);
}

TEST(characters_have_several_bytes)
{
    CHECK_EQ(type("a\xc3\xa9\x7f"
                  "b\r"),
             2);
    CHECK_STR_EQ(written, "$ a\xc3\xa9\b \bb\n");
    CHECK_EQ(type("\xe6\xb0\xb4\x1b[Dx\r"), 4);
    CHECK_STR_EQ(buf, "x\xe6\xb0\xb4");
    CHECK_EQ(type("\xff\xb0"
                  "a\xe6z\r"),
             2); /* bytes that are not UTF-8 are ignored */
    CHECK_STR_EQ(buf, "az");
}

TEST(the_history_is_walked_and_what_was_typed_comes_back)
{
    memset(&history, 0, sizeof(history));
    type("one\r");
    type("two\r");
    type("two\r");
    type("\r");
    CHECK_EQ(history.count, 2);
    becomes("new\x1b[A", "two", 3);
    becomes("new\x1b[A\x1b[A", "one", 3);
    becomes("new\x1b[A\x1b[A\x1b[A\x1b[A", "one", 3);
    becomes("new\x10\x0e", "new", 3);
    becomes("new\x1b[B", "new", 3);
    for (int i = 0; i < EDIT_HISTORY + 3; i++) {
        const char line[] = {(char)('a' + i), '\r', '\0'};
        type(line);
    }
    CHECK_EQ(history.count, EDIT_HISTORY);
    CHECK_STR_EQ(history.lines[0], "d"); /* a, b and c were forgotten */
}

TEST(tab_completes_or_lists)
{
    becomes("b\t", "banana ", 7);
    becomes("a\t", "ap", 2);
    becomes("x;ba\t", "x;banana ", 9);
    becomes("z\t", "z", 1);
    becomes("ap\t", "ap", 2);
    CHECK_STR_EQ(written, "$ ap\napple  apricot\n$ ap");
}

TEST(a_line_that_others_ended_is_shown_again)
{
    becomes("abc\x1b[D\x1f", "abc", 2);
    becomes("abc\x1b\x1f[DX", "abXc", 3);
}
