/* SPDX-License-Identifier: MIT */
/*
 * cmdline.c: splitting into words, options and arguments, values, numbers.
 */
#include "lib/cmdline.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static char text[4096];
static struct cmdline cmdline;

static void parse(const char *line)
{
    snprintf(text, sizeof(text), "%s", line);
    cmdline_parse(&cmdline, text);
}

/* All words, as "options|args". */
static const char *words(const char *line)
{
    static char joined[4096];

    parse(line);
    joined[0] = '\0';
    for (int i = 0; i < cmdline.options_n; i++)
        strcat(strcat(joined, cmdline.options[i]), ",");
    strcat(joined, "|");
    for (int i = 0; i < cmdline.args_n; i++)
        strcat(strcat(joined, cmdline.args[i]), ",");
    return joined;
}

TEST(options_are_before_the_two_dashes_and_arguments_after)
{
    CHECK_STR_EQ(words("a=1 b=2 -- exit x y"), "a=1,b=2,|exit,x,y,");
    CHECK_STR_EQ(words("a=1"), "a=1,|");
    CHECK_STR_EQ(words("-- exit"), "|exit,");
    CHECK_STR_EQ(words("a=1 --"), "a=1,|");
    CHECK_STR_EQ(words("a=1 -- p -- -x k=v"), "a=1,|p,--,-x,k=v,");
}

TEST(an_empty_line_has_no_words)
{
    CHECK_STR_EQ(words(""), "|");
    CHECK_STR_EQ(words("  \t "), "|");
}

TEST(blanks_and_tabs_separate_words)
{
    CHECK_STR_EQ(words("  a=1\t\tb=2   --\t exit  "), "a=1,b=2,|exit,");
}

TEST(a_leading_path_is_skipped)
{
    CHECK_STR_EQ(words("/boot/ucow.elf a=1 -- exit"), "a=1,|exit,");
    CHECK_STR_EQ(words("ucow.elf a=1"), "a=1,|");
    CHECK_STR_EQ(words("/a=b/ucow.elf a=1"), "a=1,|"); /* an `=` in a folder's name */
    CHECK_STR_EQ(words("/boot/ucow.elf"), "|");
    CHECK_STR_EQ(words("log=/dev/null x"), "log=/dev/null,x,|"); /* not a path, although it has a `/` */
    CHECK_STR_EQ(words("a=1 /boot/x"), "a=1,/boot/x,|");         /* only the first word can be one */
}

/* QEMU does not quote the path. (D95) */
TEST(folders_of_the_kernel_are_no_options_D95)
{
    CHECK_STR_EQ(words("/my work/ucow.elf a=1 -- exit"), "a=1,|exit,");
    CHECK_STR_EQ(words("/a trace=off b/ucow.elf a=1 -- exit"), "a=1,|exit,");
    CHECK_STR_EQ(words("/q -- hello/build/ucow.elf -- exit x"), "|exit,x,");
    CHECK_STR_EQ(words("/x/ucow.elf -- run /y/ucow.elf"), "|run,/y/ucow.elf,");
    CHECK_STR_EQ(words("/x/ucow.elfish/ucow.elf a=1"), "a=1,|");
    CHECK_STR_EQ(words("/x/ucow.elf noise a=1"), "noise,a=1,|");            /* one path, not two */
    CHECK_STR_EQ(words("a=1 -- run /y/ucow.elf"), "a=1,|run,/y/ucow.elf,"); /* GRUB: no path in front */
}

TEST(words_without_room_are_counted)
{
    char line[4096] = "";

    for (int i = 0; i < CMDLINE_MAX_OPTIONS + 3; i++)
        strcat(line, "k=v ");
    strcat(line, "--");
    for (int i = 0; i < CMDLINE_MAX_ARGS + 4; i++)
        strcat(line, " arg");
    parse(line);
    CHECK_EQ(cmdline.options_n, CMDLINE_MAX_OPTIONS);
    CHECK_EQ(cmdline.args_n, CMDLINE_MAX_ARGS);
    CHECK_EQ(cmdline.options_dropped, 3);
}

TEST(a_value_belongs_to_its_whole_key)
{
    CHECK_STR_EQ(cmdline_value("trace=on", "trace"), "on");
    CHECK_STR_EQ(cmdline_value("trace=", "trace"), "");
    CHECK_STR_EQ(cmdline_value("k=a=b", "k"), "a=b");
    CHECK_EQ(cmdline_value("trace_kib=4", "trace"), NULL);
    CHECK_EQ(cmdline_value("trac=on", "trace"), NULL);
    CHECK_EQ(cmdline_value("trace", "trace"), NULL);
    CHECK_EQ(cmdline_value("", "trace"), NULL);
}

TEST(numbers_are_decimal_and_fit)
{
    CHECK_EQ(cmdline_number("0"), 0);
    CHECK_EQ(cmdline_number("0042"), 42);
    CHECK_EQ(cmdline_number("2147483647"), 2147483647);
    CHECK_EQ(cmdline_number("2147483648"), -1);
    CHECK_EQ(cmdline_number("4294967297"), -1); /* 1, with 32 bits */
    CHECK_EQ(cmdline_number("99999999999999999999"), -1);
    CHECK_EQ(cmdline_number(""), -1);
    CHECK_EQ(cmdline_number("-1"), -1);
    CHECK_EQ(cmdline_number("+1"), -1);
    CHECK_EQ(cmdline_number("0x10"), -1);
    CHECK_EQ(cmdline_number("1 "), -1);
    CHECK_EQ(cmdline_number("1\xff"), -1);
}

/* For any text every word is inside it, and none has a blank. */
TEST(random_lines_keep_their_words_inside)
{
    static const char alphabet[] = "  \t-=/ab\xff";

    for (int round = 0; round < 20000; round++) {
        size_t length = unit_below(60);

        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[unit_below(sizeof(alphabet) - 1)];
        text[length] = '\0';
        cmdline_parse(&cmdline, text);
        for (int i = 0; i < cmdline.options_n + cmdline.args_n; i++) {
            const char *word =
                i < cmdline.options_n ? cmdline.options[i] : cmdline.args[i - cmdline.options_n];

            CHECK(word >= text && word + strlen(word) <= text + length);
            CHECK(word[0] != '\0' && strpbrk(word, " \t") == NULL);
        }
    }
}
