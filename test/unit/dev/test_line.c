/* SPDX-License-Identifier: MIT */
/*
 * line.c: what each key of canonical mode does to the line and to the screen.
 */
#include <string.h>

#include "dev/line.h"
#include "unit.h"

static struct line line;
static char shown[4096];

static void show(const char *text, size_t n)
{
    strncat(shown, text, n);
}

/* Type `keys` into an empty line. */
static void type(const char *keys)
{
    line_flush(&line);
    shown[0] = '\0';
    for (; *keys != '\0' && !line.complete; keys++)
        line_put(&line, *keys, show);
}

/* The line as a string. */
static const char *text(void)
{
    static char copy[LINE_BYTES + 1];
    copy[line_peek(&line, copy, LINE_BYTES)] = '\0';
    return copy;
}

TEST(enter_completes_a_line_whichever_way_it_is_sent)
{
    type("ab\r");
    CHECK(line.complete);
    CHECK_STR_EQ(text(), "ab\n");
    CHECK_STR_EQ(shown, "ab\n");
    type("ab\n");
    CHECK_STR_EQ(text(), "ab\n");
}

TEST(a_letter_is_shown_as_it_is_and_a_control_character_by_its_letter)
{
    type("a ~\x1f\x01\033\t");
    CHECK_STR_EQ(shown, "a ~^_^A^[^I");
    CHECK_STR_EQ(text(), "a ~\x1f\x01\033\t");
}

TEST(erasing_removes_a_whole_character_and_its_columns)
{
    type("\x7f\b");
    CHECK_STR_EQ(shown, "");
    type("ab\x7f");
    CHECK_STR_EQ(text(), "a");
    CHECK_STR_EQ(shown, "ab\b \b");
    type("a\xc3\xa9\b");
    CHECK_STR_EQ(text(), "a");
    CHECK_STR_EQ(shown, "a\xc3\xa9\b \b");
    type("\xe6\xb0\xb4\x7f");
    CHECK_STR_EQ(text(), "");
    CHECK_STR_EQ(shown, "\xe6\xb0\xb4\b \b\b \b");
    type("\x01\x7f");
    CHECK_STR_EQ(shown, "^A\b \b\b \b");
    type("a\xb0\x7f"); /* no character: one byte */
    CHECK_STR_EQ(text(), "a");
}

TEST(control_w_erases_a_word_and_control_u_the_line)
{
    type("one two  \x17");
    CHECK_STR_EQ(text(), "one ");
    type("one\x17\x17");
    CHECK_STR_EQ(text(), "");
    type("one\ttwo\t\x17");
    CHECK_STR_EQ(text(), "one\t");
    type("\x15");
    CHECK_STR_EQ(text(), "");
    type("one two\x15x");
    CHECK_STR_EQ(text(), "x");
}

TEST(control_d_ends_the_input_or_hands_over_what_was_typed)
{
    type("\x04");
    CHECK(line.complete);
    CHECK_EQ(line.length, 0);
    line_drop(&line, 0);
    CHECK(!line.complete);
    type("ab\x04");
    CHECK(line.complete);
    CHECK_STR_EQ(text(), "ab");
    CHECK_STR_EQ(shown, "ab");
}

TEST(a_line_that_fills_the_buffer_is_handed_over_whole)
{
    static char much[LINE_BYTES + 1];
    memset(much, 'x', LINE_BYTES);
    type(much);
    CHECK(line.complete);
    CHECK_STR_EQ(text(), much);
}

TEST(a_line_may_be_read_in_parts)
{
    char part[4] = "";
    type("abcd\n");
    CHECK_EQ(line_peek(&line, part, 3), 3);
    CHECK_STR_EQ(part, "abc");
    line_drop(&line, 3);
    CHECK_STR_EQ(text(), "d\n");
    line_drop(&line, 2);
    CHECK(!line.complete);
    CHECK_EQ(line.length, 0);
}

TEST(without_echo_nothing_is_shown)
{
    type("");
    line_put(&line, 'a', NULL);
    line_put(&line, '\b', NULL);
    CHECK_STR_EQ(shown, "");
    CHECK_EQ(line.length, 0);
}

TEST(what_was_typed_is_shown_again_up_to_the_end_of_its_line)
{
    type("ab\x01\xc3\xa9");
    shown[0] = '\0';
    line_show_again(&line, show);
    CHECK_STR_EQ(shown, "ab^A\xc3\xa9");
    type("ab\n");
    line_drop(&line, 1);
    shown[0] = '\0';
    line_show_again(&line, show);
    CHECK_STR_EQ(shown, "b");
}
