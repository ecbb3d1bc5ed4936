/* SPDX-License-Identifier: MIT */
/*
 * line - the line discipline of canonical mode. POSIX.1-2017, 11.1.6 and 11.1.9, and ^W of Linux.
 */
#include "dev/line.h"

#include "lib/string.h"
#include "lib/utf8.h"
#include "lib/util.h"

#define CONTROL(letter) ((letter)&0x1F)
#define DELETE 0x7F

static void show_nothing(const char *text, size_t n)
{
    (void)text, (void)n;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == DELETE;
}

/* Show a byte; a control character as ^X. */
static void show_byte(char c, line_show *show)
{
    const char shown[2] = {'^', (char)(c ^ 0x40)};
    if (is_control(c))
        show(shown, 2);
    else
        show(&c, 1);
}

static void append(struct line *line, char c)
{
    line->text[line->length++] = c;
    if (c == '\n' || line->length == LINE_BYTES)
        line->complete = true;
}

/* Erase the last character, if there is one. */
static void erase(struct line *line, line_show *show)
{
    if (line->length == 0)
        return;
    size_t bytes = utf8_last_bytes(line->text, line->length);
    line->length -= bytes;
    for (unsigned i = utf8_columns(line->text + line->length, bytes); i > 0; i--)
        show("\b \b", 3);
}

/* Whether the last character is a space; false for an empty line. */
static bool ends_in_space(const struct line *line)
{
    return line->length > 0 && (line->text[line->length - 1] == ' ' || line->text[line->length - 1] == '\t');
}

static void erase_word(struct line *line, line_show *show)
{
    while (ends_in_space(line))
        erase(line, show);
    while (line->length > 0 && !ends_in_space(line))
        erase(line, show);
}

void line_put(struct line *line, char c, line_show *show)
{
    if (show == NULL)
        show = show_nothing;
    switch (c) {
    case '\r':
    case '\n':
        append(line, '\n');
        show("\n", 1);
        break;
    case CONTROL('D'):
        line->complete = true;
        break;
    case '\b':
    case DELETE:
        erase(line, show);
        break;
    case CONTROL('W'):
        erase_word(line, show);
        break;
    case CONTROL('U'):
        while (line->length > 0)
            erase(line, show);
        break;
    default:
        append(line, c);
        show_byte(c, show);
    }
}

void line_show_again(const struct line *line, line_show *show)
{
    for (size_t i = line->taken; i < line->length && line->text[i] != '\n'; i++)
        show_byte(line->text[i], show);
}

size_t line_peek(const struct line *line, char *to, size_t n)
{
    n = MIN(n, line->length - line->taken);
    memcpy(to, line->text + line->taken, n);
    return n;
}

void line_drop(struct line *line, size_t n)
{
    line->taken = MIN(line->taken + n, line->length);
    if (line->taken == line->length)
        line_flush(line);
}

void line_flush(struct line *line)
{
    line->length = line->taken = 0;
    line->complete = false;
}
