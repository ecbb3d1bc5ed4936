/* SPDX-License-Identifier: MIT */
/*
 * terminal.c: what each mode makes of what is typed, what keys do, and what is shown again after another
 * process has written. test_terminal_sleepers.c has who is woken; test_sys_io.c reads through system calls.
 */
#include "host_terminal.h"

/* This is the first test: no one has set a mode. */
TEST(at_boot_only_the_key_for_the_status_acts)
{
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &sleepers[0];
    terminal_init();
    type("a\x03\x14\x1c");
    CHECK_EQ(input_take_keys(), TERMINAL_STATUS_KEYS);
    CHECK_STR_EQ(read_some(8), "a\x03\x1c");
    CHECK_EQ(terminal_set_mode(0), TERM_STATUS);
}

TEST(all_modes_there_are_can_be_set_and_no_others)
{
    start(5, 0);
    for (uint32_t mode = 1; mode < 32; mode++)
        CHECK_EQ(terminal_set_mode(mode), mode - 1);
    for (uint32_t bit = 32; bit != 0; bit <<= 1)
        CHECK_EQ(terminal_set_mode(bit | TERM_ECHO), -E_INVAL);
    CHECK_EQ(terminal_set_mode(0), 31);
}

/* ^C and ^\ discard what was typed before. */
TEST(a_mode_says_which_keys_act)
{
    start(5, 0);
    for (uint32_t mode = 0; mode < 32; mode++) {
        bool ending = (mode & TERM_KEYS) != 0, status = (mode & TERM_STATUS) != 0;
        terminal_set_mode(mode & ~TERM_LINES);
        for (char c = 0; c < ' '; c++)
            if (c != 3 && c != 0x14 && c != 0x1c)
                input_put(c);
        CHECK_EQ(input_take_keys(), 0);
        CHECK(read_some(100) != NULL);
        type("a\x14");
        CHECK_EQ(input_take_keys(), status ? TERMINAL_STATUS_KEYS : 0);
        CHECK_STR_EQ(read_some(8), status ? "a" : "a\x14");
        for (const char *key = "\x03\x1c"; *key != '\0'; key++) {
            const char text[] = {'a', *key, '\0'};
            type(text);
            CHECK_EQ(input_take_keys(), ending ? INPUT_KEY(*key) : 0);
            const char *rest = read_some(8);
            CHECK(ending ? rest == NULL : rest != NULL && strcmp(rest, text) == 0);
        }
    }
}

TEST(a_key_calls_for_attention_and_a_byte_does_not)
{
    start(5, TERM_USUAL);
    type("a");
    input_interrupt();
    CHECK_EQ(attentions, 0);
    type("\x03");
    input_interrupt();
    CHECK_EQ(attentions, 1);
    attend();
    CHECK(!input_has_keys());
}

TEST(the_key_that_ends_programs_kills_the_foreground_group)
{
    start(5, TERM_USUAL);
    terminal_set_foreground(7);
    type("\x03");
    attend();
    CHECK_STEPS("kill group 7");
    CHECK_STR_EQ(console, "^C\n");
    attend();
    CHECK_STR_EQ(journal, ""); /* once */
    console_clear();
    type("\x1c");
    attend();
    CHECK_STEPS("kill group 7");
    CHECK_STR_EQ(console, "^\\\n");
    terminal_set_mode(TERM_KEYS | TERM_STATUS | TERM_LINES);
    console_clear();
    type("\x03");
    attend();
    CHECK_STEPS("kill group 7");
    CHECK_STR_EQ(console, ""); /* no echo */
}

TEST(the_status_key_kills_no_one)
{
    start(5, TERM_USUAL);
    type("\x14");
    attend();
    CHECK_STEPS("status");
    CHECK_STR_EQ(console, "");
    type("\x03");
    attend();
    CHECK_STEPS("kill group 0");
}

TEST(an_ending_key_discards_the_unfinished_line)
{
    start(5, TERM_USUAL);
    type("abc");
    CHECK(read_some(8) == NULL); /* no line yet */
    type("\x14");
    attend();
    type("d");
    CHECK(read_some(8) == NULL);
    type("\x03");
    attend();
    type("e\n");
    CHECK_STR_EQ(read_some(8), "e\n");
}

TEST(work_on_keys_that_is_not_finished_calls_for_attention_again)
{
    start(5, TERM_USUAL);
    attend();
    CHECK_EQ(attentions, 0);
    more_to_do = true;
    attend();
    CHECK_EQ(attentions, 1);
}

/* The port kept it while the queue was full. */
TEST(a_change_of_mode_takes_what_the_port_has_kept)
{
    start(5, TERM_USUAL);
    kept = 'x';
    terminal_set_mode(0);
    CHECK_EQ(attentions, 0);
    CHECK_STR_EQ(read_some(8), "x");
    kept = 3;
    terminal_set_mode(TERM_KEYS);
    CHECK_EQ(attentions, 1);
    CHECK(input_has_keys());
}

/* ---- lines ---- */

TEST(an_unfinished_line_can_be_read_in_a_mode_without_lines)
{
    start(5, TERM_LINES);
    type("abc");
    CHECK(read_some(8) == NULL);
    terminal_set_mode(TERM_KEYS | TERM_ECHO);
    CHECK_EQ(terminal_wait(), 0);
    CHECK_EQ(asleep_n, 0);
    CHECK_STR_EQ(read_some(2), "ab");
    CHECK_STR_EQ(read_some(8), "c");
}

static void kill_sleeper(void)
{
    dies = true;
}

TEST(in_mode_lines_an_unfinished_line_is_waited_for)
{
    start(5, TERM_LINES);
    type("abc");
    CHECK(read_some(8) == NULL);
    meanwhile = kill_sleeper;
    CHECK_EQ(terminal_wait(), -E_KILLED);
    CHECK_EQ(asleep_n, 1);
}

TEST(what_is_typed_is_shown_if_the_mode_has_echo)
{
    start(5, TERM_LINES | TERM_ECHO);
    type("a\x01\n");
    CHECK_STR_EQ(read_some(8), "a\x01\n");
    CHECK_STR_EQ(console, "a^A\n");
    for (uint32_t mode = TERM_LINES; mode < 32; mode += 2) {
        if ((mode & TERM_ECHO) == 0) {
            start(5, mode);
            type("a\n");
            CHECK_STR_EQ(read_some(8), "a\n");
            CHECK_STR_EQ(console, "");
        }
    }
}

/* Another process has written while the line "ab" was unfinished after the prompt "> ". What does the reader
 * get next, and what is shown? */
static const char *read_after_break(uint32_t mode)
{
    start(5, mode);
    terminal_begin_read("> ", 2);
    type("ab");
    if ((mode & TERM_LINES) != 0)
        CHECK(read_some(8) == NULL);
    console_clear();
    line_is_broken();
    CHECK_EQ(attentions, 1);
    CHECK_EQ(terminal_wait(), 0);
    CHECK_EQ(asleep_n, 0); /* it does not wait: it shows the line again */
    return read_some(8);
}

TEST(a_broken_line_is_shown_again)
{
    CHECK(read_after_break(TERM_LINES | TERM_ECHO | TERM_KEYS | TERM_STATUS) == NULL);
    CHECK_STR_EQ(console, "> ab");
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "> ab"); /* once */
    type("c\n");
    CHECK_STR_EQ(read_some(8), "abc\n");
}

TEST(a_broken_line_is_not_shown_without_echo)
{
    CHECK(read_after_break(TERM_LINES | TERM_KEYS | TERM_STATUS) == NULL);
    CHECK_STR_EQ(console, "");
}

/* Such a program draws the line itself. */
TEST(in_mode_redraw_a_read_of_a_broken_line_returns_0_once)
{
    CHECK_STR_EQ(read_after_break(TERM_REDRAW), "");
    CHECK_STR_EQ(console, "");
    CHECK_STR_EQ(read_some(8), "ab");
}

TEST(a_mode_without_lines_does_not_care_about_a_broken_line)
{
    CHECK_STR_EQ(read_after_break(TERM_KEYS | TERM_STATUS | TERM_ECHO), "ab");
    CHECK_STR_EQ(console, "");
}

TEST(a_prompt_is_remembered_up_to_80_bytes)
{
    char prompt[90];
    memset(prompt, 'p', sizeof(prompt));
    start(5, TERM_LINES | TERM_ECHO);
    terminal_begin_read(prompt, sizeof(prompt));
    line_is_broken();
    CHECK(read_some(8) == NULL);
    CHECK_EQ(strlen(console), 80);
    terminal_begin_read(NULL, 0);
    console_clear();
    line_is_broken();
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "");
}

/* It began to read in the background, and its prompt was not kept. */
TEST(a_reader_whose_turn_comes_later_does_not_show_anothers_prompt)
{
    start(5, TERM_LINES | TERM_ECHO);
    terminal_begin_read("> ", 2);
    line_is_broken(); /* that was the other's */
    current = &sleepers[1];
    type("a");
    CHECK_EQ(terminal_wait(), 0);
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "a");
    line_is_broken();
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "aa");
}

TEST(lost_input_is_reported_once)
{
    start(5, 0);
    for (int i = 0; i < 256 + 3; i++)
        type("x");
    CHECK(read_some(100) != NULL);
    CHECK_STR_EQ(console, "console: 3 characters of input were lost: no program read them in time\n");
    CHECK(read_some(100) != NULL);
    CHECK_EQ(strlen(console),
             strlen("console: 3 characters of input were lost: no program read them in time\n"));
}
