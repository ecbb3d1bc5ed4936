/* SPDX-License-Identifier: MIT */
/*
 * words.c: how the shell splits a line.
 */
#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "words.h"

/* The commands of a line, as "[word|word]" with & after one in the background; or the sentence. */
static const char *split(const char *line)
{
    static char result[512];
    char words[512], *room = words;
    struct command command;
    result[0] = '\0';
    for (;;) {
        const char *wrong = words_next(&line, &room, &command);
        if (wrong != NULL)
            return wrong;
        if (command.argc == 0)
            return result;
        for (int i = 0; i < command.argc; i++)
            sprintf(result + strlen(result), "%c%s", i == 0 ? '[' : '|', command.argv[i]);
        strcat(result, command.background ? "]&" : "]");
    }
}

TEST(words_are_split_at_blanks)
{
    CHECK_STR_EQ(split(""), "");
    CHECK_STR_EQ(split("  \t "), "");
    CHECK_STR_EQ(split(" args  one\ttwo "), "[args|one|two]");
}

TEST(quotes_keep_blanks_and_separators)
{
    CHECK_STR_EQ(split("a 'b  c;&' \"d 'e\" ''"), "[a|b  c;&|d 'e|]");
    CHECK_STR_EQ(split("a\"b c\"d"), "[ab cd]");
    CHECK_STR_EQ(split("a\\ b \\' '\\'"), "[a b|'|\\]");
    CHECK_STR_EQ(split("a\\"), "[a\\]");
    CHECK_STR_EQ(split("\"a\\n\\\"\\\\\\$\\`\" \\n"), "[a\\n\"\\$`|n]"); /* as POSIX has it */
    CHECK_STR_EQ(split("a 'b"), "a quote is not closed");
    CHECK_STR_EQ(split("a \"b"), "a quote is not closed");
}

TEST(commands_end_at_separators)
{
    CHECK_STR_EQ(split("a;b c ;; d"), "[a][b|c][d]");
    CHECK_STR_EQ(split("a& b &"), "[a]&[b]&");
    CHECK_STR_EQ(split("; a"), "[a]");
    CHECK_STR_EQ(split("& a"), "there is no program before &");
    CHECK_STR_EQ(split("&& a"), "there is no && here: a; b runs one after the other");
    CHECK_STR_EQ(split("a && b"), "there is no && here: a; b runs one after the other");
}

TEST(a_comment_begins_where_a_word_would)
{
    CHECK_STR_EQ(split("# a; b 'c"), "");
    CHECK_STR_EQ(split("a #b | c"), "[a]");
    CHECK_STR_EQ(split("a; #b & c"), "[a]");
    CHECK_STR_EQ(split("a& # b"), "[a]&");
    CHECK_STR_EQ(split("a b#c '#d' \\#"), "[a|b#c|#d|#]");
}

TEST(pipes_and_redirections_are_refused)
{
    static const char *const lines[] = {"a | b", "a|b",       "a > f", "a >f",   "a 2>f",
                                        "a < f", "a; b || c", "| a",   "a & > f"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK_STR_EQ(split(lines[i]), "there are no pipes or redirections here: quote | < > to pass them");
    CHECK_STR_EQ(split("a 'b-c|d' \"<\" \\>"), "[a|b-c|d|<|>]");
}

TEST(there_are_at_most_64_words)
{
    char line[256] = "x";
    for (int i = 1; i < EXEC_MAX_ARGS; i++)
        strcat(line, " x");
    CHECK_EQ(strlen(split(line)), 2 * EXEC_MAX_ARGS + 1);
    strcat(line, " x");
    CHECK_STR_EQ(split(line), "more than 64 words");
}
