/* SPDX-License-Identifier: MIT */
/*
 * edit - the line on the screen always equals the text; each key changes both.
 */
#include "edit.h"

#include <stdbool.h>

#include "lib/string.h"
#include "lib/utf8.h"
#include "lib/util.h"

#define CONTROL(letter) ((letter)&0x1F)
#define ESCAPE 0x1B
#define DELETE 0x7F
#define SCREEN_COLUMNS 80 /* for lists */
#define PARAMETER_BYTES 8

enum { GOES_ON = -2000 }; /* the line is not complete yet */

struct editor {
    const struct edit_terminal *terminal;
    const char *prompt;
    char *text;
    size_t size, length, cursor;
    bool too_long;
    char sequence[4]; /* of a character of which bytes are still to come */
    size_t sequence_length;
    struct edit_history *history;
    unsigned shown;              /* the line of the history that is shown; its count: the new line */
    char typed[EDIT_LINE_BYTES]; /* the new line, while another is shown */
};

/* ---- the screen ---- */

static void put(const struct editor *e, const char *text, size_t n)
{
    if (n > 0)
        e->terminal->write(text, n);
}

static void put_times(const struct editor *e, const char *text, unsigned times)
{
    for (; times > 0; times--)
        put(e, text, strlen(text));
}

/* The columns of text[from..to). */
static unsigned columns(const struct editor *e, size_t from, size_t to)
{
    unsigned sum = 0;
    while (from < to) {
        size_t bytes = utf8_first_bytes(e->text + from, to - from);
        sum += utf8_columns(e->text + from, bytes);
        from += bytes;
    }
    return sum;
}

/* Show the text from the cursor on, and `erased` spaces; and go back. */
static void show_tail(const struct editor *e, unsigned erased)
{
    put(e, e->text + e->cursor, e->length - e->cursor);
    put_times(e, " ", erased);
    put_times(e, "\b", columns(e, e->cursor, e->length) + erased);
}

static void show_all(const struct editor *e)
{
    put(e, e->prompt, strlen(e->prompt));
    put(e, e->text, e->length);
    put_times(e, "\b", columns(e, e->cursor, e->length));
}

/* ---- moving ---- */

static size_t one_left(const struct editor *e, size_t at)
{
    return at == 0 ? 0 : at - utf8_last_bytes(e->text, at);
}

static size_t one_right(const struct editor *e, size_t at)
{
    return at == e->length ? at : at + utf8_first_bytes(e->text + at, e->length - at);
}

/* The beginning of the word before `at`. */
static size_t word_left(const struct editor *e, size_t at)
{
    while (at > 0 && e->text[at - 1] == ' ')
        at--;
    while (at > 0 && e->text[at - 1] != ' ')
        at--;
    return at;
}

static void move_to(struct editor *e, size_t at)
{
    if (at < e->cursor)
        put_times(e, "\b", columns(e, at, e->cursor));
    else
        put(e, e->text + e->cursor, at - e->cursor);
    e->cursor = at;
}

/* ---- changing ---- */

static void insert(struct editor *e, const char *text, size_t n)
{
    if (e->too_long || e->length + n + 1 > e->size) {
        e->too_long = true;
        return;
    }
    memmove(e->text + e->cursor + n, e->text + e->cursor, e->length - e->cursor);
    memcpy(e->text + e->cursor, text, n);
    e->length += n;
    put(e, text, n);
    e->cursor += n;
    if (e->cursor < e->length)
        show_tail(e, 0);
}

/* Remove text[from..to); the cursor goes to `from`. */
static void erase(struct editor *e, size_t from, size_t to)
{
    unsigned erased = columns(e, from, to);
    if (to == e->length && e->cursor == to) { /* the usual case: column by column, as terminals do */
        put_times(e, "\b \b", erased);
        e->length = e->cursor = from;
        return;
    }
    move_to(e, from);
    memmove(e->text + from, e->text + to, e->length - to);
    e->length -= to - from;
    show_tail(e, erased);
}

/* Insert a byte, when its character is complete. Bytes that are not UTF-8 are ignored. */
static void insert_byte(struct editor *e, char byte)
{
    if (e->sequence_length > 0 && !utf8_continues(byte))
        e->sequence_length = 0;
    bool begins = (unsigned char)byte < 0x80 || utf8_sequence_bytes(byte) > 1;
    if (e->sequence_length == 0 && !begins)
        return;
    e->sequence[e->sequence_length++] = byte;
    if (e->sequence_length == utf8_sequence_bytes(e->sequence[0])) {
        insert(e, e->sequence, e->sequence_length);
        e->sequence_length = 0;
    }
}

/* ---- history ---- */

static void replace(struct editor *e, const char *text)
{
    move_to(e, e->length);
    erase(e, 0, e->length);
    insert(e, text, MIN(strlen(text), e->size - 1));
}

/* Show line number `line`, if there is one. */
static void browse(struct editor *e, unsigned line)
{
    struct edit_history *history = e->history;
    if (history == NULL || line > history->count)
        return;
    if (e->shown == history->count) {
        size_t n = MIN(e->length, sizeof(e->typed) - 1);
        memcpy(e->typed, e->text, n);
        e->typed[n] = '\0';
    }
    e->shown = line;
    replace(e, line == history->count ? e->typed : history->lines[line]);
}

static void remember(struct edit_history *history, const char *line)
{
    if (history == NULL || line[0] == '\0' || strlen(line) >= EDIT_LINE_BYTES)
        return;
    if (history->count > 0 && strcmp(history->lines[history->count - 1], line) == 0)
        return;
    if (history->count == EDIT_HISTORY) {
        memmove(history->lines[0], history->lines[1], sizeof(history->lines) - sizeof(history->lines[0]));
        history->count--;
    }
    strlcpy(history->lines[history->count++], line, EDIT_LINE_BYTES);
}

/* ---- completion ---- */

static size_t common_length(const char *one, const char *other, size_t most)
{
    size_t n = 0;
    while (n < most && one[n] == other[n])
        n++;
    return n;
}

static void list_candidates(const struct editor *e, size_t from)
{
    const char *candidate;
    size_t column = 0;
    put(e, "\n", 1);
    for (unsigned i = 0; (candidate = e->terminal->complete(e->text, from, e->cursor, i)) != NULL; i++) {
        size_t n = strlen(candidate);
        if (column > 0 && column + 2 + n > SCREEN_COLUMNS) {
            put(e, "\n", 1);
            column = 0;
        }
        put(e, "  ", column > 0 ? 2 : 0);
        put(e, candidate, n);
        column += n + 2;
    }
    put(e, "\n", 1);
    show_all(e);
}

static void complete(struct editor *e)
{
    size_t from = e->cursor, n;
    while (from > 0 && strchr(" ;&", e->text[from - 1]) == NULL)
        from--;
    n = e->cursor - from;
    const char *first =
        e->terminal->complete == NULL ? NULL : e->terminal->complete(e->text, from, e->cursor, 0);
    if (first == NULL)
        return;
    size_t common = strlen(first);
    const char *candidate;
    unsigned i = 1;
    for (; (candidate = e->terminal->complete(e->text, from, e->cursor, i)) != NULL; i++)
        common = common_length(first, candidate, common);
    if (common > n)
        insert(e, first + n, common - n);
    else if (i > 1)
        list_candidates(e, from);
    if (i == 1)
        insert(e, " ", 1);
}

/* ---- keys ---- */

/* Read a byte; meanwhile the line may have to be shown again. Returns 1 or an error. */
static int next_byte(struct editor *e, char *byte)
{
    int result;
    while ((result = e->terminal->read(byte)) == 0) {
        put(e, "\r", 1);
        show_all(e);
    }
    return result;
}

static void move_by_letter(struct editor *e, char letter)
{
    switch (letter) {
    case 'A':
        browse(e, e->shown - 1);
        break;
    case 'B':
        browse(e, e->shown + 1);
        break;
    case 'C':
        move_to(e, one_right(e, e->cursor));
        break;
    case 'D':
        move_to(e, one_left(e, e->cursor));
        break;
    case 'F':
        move_to(e, e->length);
        break;
    case 'H':
        move_to(e, 0);
        break;
    default:
        break;
    }
}

static void press_numbered(struct editor *e, char number)
{
    if (number == '1' || number == '7')
        move_to(e, 0);
    else if (number == '4' || number == '8')
        move_to(e, e->length);
    else if (number == '3')
        erase(e, e->cursor, one_right(e, e->cursor));
}

/* An escape sequence follows (ECMA-48): ESC [ parameters letter, or ESC O letter. Returns GOES_ON or an
 * error. */
static int escape(struct editor *e)
{
    char byte, parameters[PARAMETER_BYTES] = "";
    size_t n = 0;
    int error = next_byte(e, &byte);
    if (error < 0)
        return error;
    if (byte != '[' && byte != 'O')
        return GOES_ON;
    while ((error = next_byte(e, &byte)) == 1 && byte >= ' ' && byte < '@')
        if (n < sizeof(parameters) - 1)
            parameters[n++] = byte;
    if (error < 0)
        return error;
    if (byte == '~' && n == 1)
        press_numbered(e, parameters[0]);
    else if (byte != '~')
        move_by_letter(e, byte);
    return GOES_ON;
}

static int end_line(struct editor *e)
{
    move_to(e, e->length);
    put(e, "\n", 1);
    e->text[e->length] = '\0';
    if (e->too_long)
        return EDIT_TOO_LONG;
    remember(e->history, e->text);
    return (int)e->length;
}

static int abandon(struct editor *e)
{
    move_to(e, e->length);
    put(e, "^C\n", 3);
    return EDIT_ABANDONED;
}

/* Keys that change the text or move in it. */
static void press(struct editor *e, char c)
{
    switch (c) {
    case CONTROL('A'):
        move_to(e, 0);
        break;
    case CONTROL('B'):
        move_to(e, one_left(e, e->cursor));
        break;
    case CONTROL('D'):
        erase(e, e->cursor, one_right(e, e->cursor));
        break;
    case CONTROL('E'):
        move_to(e, e->length);
        break;
    case CONTROL('F'):
        move_to(e, one_right(e, e->cursor));
        break;
    case '\b':
    case DELETE:
        erase(e, one_left(e, e->cursor), e->cursor);
        break;
    case '\t':
        complete(e);
        break;
    case CONTROL('K'):
        erase(e, e->cursor, e->length);
        break;
    case CONTROL('L'):
        put(e, "\033[H\033[2J", 7);
        show_all(e);
        break;
    case CONTROL('N'):
        browse(e, e->shown + 1);
        break;
    case CONTROL('P'):
        browse(e, e->shown - 1);
        break;
    case CONTROL('U'):
        e->too_long = false;
        erase(e, 0, e->cursor);
        break;
    case CONTROL('W'):
        erase(e, word_left(e, e->cursor), e->cursor);
        break;
    default:
        if ((unsigned char)c >= ' ')
            insert_byte(e, c);
    }
}

int edit_line(const struct edit_terminal *terminal, const char *prompt, char *buf, size_t size,
              struct edit_history *history)
{
    struct editor e;
    memset(&e, 0, sizeof(e));
    e.terminal = terminal;
    e.prompt = prompt;
    e.text = buf;
    e.size = size;
    e.history = history;
    e.shown = history == NULL ? 0 : history->count;
    put(&e, prompt, strlen(prompt));
    for (int result = GOES_ON;;) {
        char c;
        int error = next_byte(&e, &c);
        if (error < 0)
            return error;
        if (c == '\n' || c == '\r')
            return end_line(&e);
        if (c == CONTROL('C'))
            return abandon(&e);
        if (c == CONTROL('D') && e.length == 0 && !e.too_long)
            return EDIT_END;
        if (c == ESCAPE)
            result = escape(&e);
        else
            press(&e, c);
        if (result != GOES_ON)
            return result;
    }
}
