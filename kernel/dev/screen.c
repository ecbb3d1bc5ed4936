/* SPDX-License-Identifier: MIT */
/*
 * screen - ECMA-48 and its successor on the PC, as far as the programs use them.
 *
 * The rows are those of the VGA's memory, so that scrolling is a register. `top` is the first row of the
 * screen as programs see it; the rows from `oldest` on are the history. When the memory is full, the newest
 * rows are copied to its beginning.
 *
 * The keyboard's handler reads and writes only what is volatile, and what it shows in the middle of an output
 * is shown again at the end of it.
 */
#include "dev/screen.h"

#include <stdint.h>

#include "dev/vga.h"
#include "lib/cp437.h"
#include "lib/utf8.h"
#include "lib/util.h"

#define ESC 0x1B
#define TAB_COLUMNS 8u
#define PARAMETERS 8
#define PARAMETER_MAX 999u
#define HISTORY_KEPT 128u /* rows, with those of the screen, that are copied when the memory is full */
#define HALF_SCREEN (VGA_SHOWN / 2)
#define GREY 7
#define BLACK 0

static volatile unsigned top, oldest, back; /* back: rows between what is shown and `top` */
static unsigned row, column;                /* of the cursor; column may be VGA_COLUMNS: the row is full */

static struct {
    uint8_t foreground, background;
    bool bright, reverse;
} colours;

static enum { IN_TEXT, AFTER_ESC, IN_SEQUENCE, IN_OTHER } state; /* IN_OTHER: a sequence that is ignored */
static unsigned parameters[PARAMETERS], parameter;               /* `parameter`: the number of the last one */
static char pending[4];                                          /* bytes of an unfinished character */
static size_t pending_n;

/* ---- cells ---- */

static uint16_t cell_of(uint8_t character)
{
    unsigned front = colours.foreground | (colours.bright ? 8u : 0), behind = colours.background;
    unsigned attribute = colours.reverse ? (front & 7u) << 4 | behind : behind << 4 | front;
    return (uint16_t)(attribute << 8 | character);
}

static void erase(unsigned from_row, unsigned from_column, unsigned n)
{
    vga_fill(from_row * VGA_COLUMNS + from_column, cell_of(' '), n);
}

/* Copy the newest rows to the beginning of the memory. */
static void make_room(void)
{
    unsigned first = VGA_ROWS - HISTORY_KEPT;
    vga_copy_down(0, first * VGA_COLUMNS, HISTORY_KEPT * VGA_COLUMNS);
    top -= first;
    row -= first;
    oldest = oldest > first ? oldest - first : 0;
}

static void next_row(void)
{
    if (row == top + VGA_SHOWN - 1) {
        if (row == VGA_ROWS - 1)
            make_room();
        erase(row + 1, 0, VGA_COLUMNS);
        top++;
    }
    row++;
}

static void put_glyph(uint8_t character, unsigned columns)
{
    for (; columns > 0; columns--) {
        if (column == VGA_COLUMNS) {
            next_row();
            column = 0;
        }
        vga_write(row * VGA_COLUMNS + column++, cell_of(character));
    }
}

/* ---- characters ---- */

static void put_pending(void)
{
    bool whole = pending_n == utf8_sequence_bytes(pending[0]) && (pending_n > 1 || pending[0] >= 0);
    if (whole)
        put_glyph(cp437_of(utf8_code_point(pending, pending_n)), utf8_columns(pending, pending_n));
    else if (pending_n > 0)
        put_glyph(CP437_UNKNOWN, 1);
    pending_n = 0;
}

static void put_byte_of_character(char c)
{
    if (pending_n > 0 && !utf8_continues(c))
        put_pending();
    pending[pending_n++] = c;
    if (pending_n == utf8_sequence_bytes(pending[0]))
        put_pending();
}

static void obey_control(char c)
{
    state = c == ESC ? AFTER_ESC : IN_TEXT;
    put_pending();
    switch (c) {
    case '\n':
        next_row();
        column = 0;
        break;
    case '\r':
        column = 0;
        break;
    case '\b':
        column = MIN(column, VGA_COLUMNS - 1);
        column -= column > 0;
        break;
    case '\t':
        column = MIN(ALIGN_DOWN(column + TAB_COLUMNS, TAB_COLUMNS), VGA_COLUMNS - 1);
        break;
    default:
        break;
    }
}

/* ---- escape sequences ---- */

/* The colour of the VGA for one of ECMA-48: red and blue have changed places. */
static uint8_t vga_colour(unsigned number)
{
    return (uint8_t)((number & 2u) | (number & 1u) << 2 | (number & 4u) >> 2);
}

static void set_plain(void)
{
    colours.foreground = GREY;
    colours.background = BLACK;
    colours.bright = colours.reverse = false;
}

static void set_colour(unsigned code)
{
    unsigned number = code % 10;
    if (code == 0) {
        set_plain();
    } else if (code == 1 || code == 22) {
        colours.bright = code == 1;
    } else if (code == 7 || code == 27) {
        colours.reverse = code == 7;
    } else if (code == 39) {
        colours.foreground = GREY;
    } else if (code == 49) {
        colours.background = BLACK;
    } else if (number < 8 && (code / 10 == 3 || code / 10 == 9)) {
        colours.foreground = vga_colour(number);
        colours.bright = colours.bright || code / 10 == 9;
    } else if (number < 8 && (code / 10 == 4 || code / 10 == 10)) {
        colours.background = vga_colour(number);
    }
}

/* 38 and 48 begin a colour of a palette that the VGA lacks: it and what follows are left out. */
static void set_colours(void)
{
    for (unsigned i = 0; i <= parameter && parameters[i] != 38 && parameters[i] != 48; i++)
        set_colour(parameters[i]);
}

/* Erase from the cursor on (0), up to it (1), or all (2) of the `n` cells that begin with row `first`. */
static void erase_part(unsigned which, unsigned first, unsigned n)
{
    unsigned before = (row - first) * VGA_COLUMNS + MIN(column, VGA_COLUMNS - 1);
    if (which == 0)
        erase(first, before, n - before);
    else
        erase(first, 0, which == 1 ? before + 1 : n);
}

static void move_to(unsigned new_row, unsigned new_column)
{
    row = top + MIN(new_row, VGA_SHOWN - 1);
    column = MIN(new_column, VGA_COLUMNS - 1);
}

static void obey_sequence(char letter)
{
    unsigned n = MAX(parameters[0], 1u), y = row - top, x = MIN(column, VGA_COLUMNS - 1);
    switch (letter) {
    case 'A':
        move_to(y - MIN(n, y), x);
        break;
    case 'B':
        move_to(y + n, x);
        break;
    case 'C':
        move_to(y, x + n);
        break;
    case 'D':
        move_to(y, x - MIN(n, x));
        break;
    case 'G':
        move_to(y, n - 1);
        break;
    case 'H':
    case 'f':
        move_to(n - 1, MAX(parameters[1], 1u) - 1);
        break;
    case 'J':
        erase_part(parameters[0], top, VGA_SHOWN * VGA_COLUMNS);
        if (parameters[0] == 3)
            oldest = top;
        break;
    case 'K':
        erase_part(parameters[0], row, VGA_COLUMNS);
        break;
    case 'm':
        set_colours();
        break;
    default:
        break;
    }
}

static void begin_sequence(void)
{
    state = IN_SEQUENCE;
    parameter = 0;
    for (unsigned i = 0; i < PARAMETERS; i++)
        parameters[i] = 0;
}

static void put_byte_of_sequence(char c)
{
    if (c >= '0' && c <= '9') {
        unsigned value = parameters[parameter] * 10 + (unsigned)(c - '0');
        parameters[parameter] = MIN(value, PARAMETER_MAX);
    } else if (c == ';') {
        parameter = MIN(parameter + 1, PARAMETERS - 1u);
    } else if (c >= '@') {
        state = IN_TEXT;
        obey_sequence(c);
    } else {
        state = IN_OTHER;
    }
}

/* Besides ESC [ there are ESC, bytes below '0' and one above it, which is the last. */
static void put_byte_after_esc(char c)
{
    if (c == '[')
        begin_sequence();
    else if (c >= '0' || c < 0)
        state = IN_TEXT;
}

/* ---- what others call ---- */

static void put_byte(char c)
{
    if ((c >= 0 && c < ' ') || c == 0x7F)
        obey_control(c);
    else if (state == IN_TEXT)
        put_byte_of_character(c);
    else if (state == AFTER_ESC)
        put_byte_after_esc(c);
    else if (state == IN_SEQUENCE)
        put_byte_of_sequence(c);
    else if (c >= '@')
        state = IN_TEXT;
}

static void show_newest(void)
{
    back = 0;
    vga_show(top * VGA_COLUMNS);
    vga_set_cursor(row * VGA_COLUMNS + MIN(column, VGA_COLUMNS - 1));
}

bool screen_init(void)
{
    if (!vga_init())
        return false;
    top = oldest = row = column = 0;
    set_plain();
    erase(0, 0, VGA_SHOWN * VGA_COLUMNS);
    show_newest();
    return true;
}

void screen_write(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_byte(text[i]);
    show_newest();
}

static void look_back(unsigned rows)
{
    back = MIN(rows, top - oldest);
    vga_show((top - back) * VGA_COLUMNS);
}

void screen_scroll_back(void)
{
    look_back(back + HALF_SCREEN);
}

void screen_scroll_on(void)
{
    look_back(back - MIN(HALF_SCREEN, back));
}
