/* SPDX-License-Identifier: MIT */
/*
 * screen.c and vga.c against a VGA of our own: text memory, and the registers that they use.
 */
#include "dev/screen.h"

#include <string.h>

#include "arch/i386/io.h"
#include "dev/vga.h"
#include "unit.h"

#define TEXT 0xB8000u
#define GREY 0x07

uint8_t host_memory[TEXT + 0x8000];
bool host_interrupts_on = true;

static struct {
    bool absent, monochrome;
    uint8_t graphics; /* what the register has that says so; 0: text */
    uint8_t graphics_index, index, registers[25];
} vga;

uint8_t io_in8(uint16_t port)
{
    if (vga.absent)
        return 0xFF;
    if (port == 0x3CC)
        return vga.monochrome ? 0x66 : 0x67; /* as after a mode of the firmware */
    if (port == 0x3CF && vga.graphics_index != 6)
        return 0xFF; /* such as the bit mask */
    if (port == 0x3CF)
        return vga.graphics != 0 ? vga.graphics : 0x0E;
    CHECK_EQ(port, 0x3D5);
    return vga.registers[vga.index];
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == 0x3CE)
        vga.graphics_index = value;
    else if (port == 0x3D4)
        vga.index = value;
    else if (port == 0x3D5)
        vga.registers[vga.index] = value;
    /* The keyboard's handler scrolls: it must not come between the registers of what is shown, and of the
     * cursor. */
    CHECK(port != 0x3D5 || vga.index < 0x0C || !host_interrupts_on);
}

static bool start(void)
{
    memset(&vga, 0, sizeof(vga));
    memset(host_memory + TEXT, 0xEE, 0x8000); /* what the firmware wrote */
    vga.registers[0x01] = 79;
    vga.registers[0x07] = 0x1F;
    vga.registers[0x09] = 0x4F;
    vga.registers[0x12] = 0x8F;
    memset(&vga.registers[0x0A], 0x11, 6); /* what is shown, and the cursor: as a loader may leave them */
    vga.graphics_index = 8;
    return screen_init();
}

static unsigned first_shown(void)
{
    return (unsigned)vga.registers[0x0C] << 8 | vga.registers[0x0D];
}

static void check_cursor(unsigned row, unsigned column)
{
    CHECK_EQ(vga.registers[0x0E] << 8 | vga.registers[0x0F], (int)(first_shown() + row * 80 + column));
}

static uint8_t *cell(unsigned row, unsigned column)
{
    return host_memory + TEXT + 2 * (size_t)(first_shown() + row * 80 + column);
}

/* A row of the screen without the blanks at its end. */
static const char *row_text(unsigned row)
{
    static char text[81];
    size_t n = 80;
    for (unsigned i = 0; i < 80; i++)
        text[i] = (char)*cell(row, i);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    return text;
}

static void say(const char *text)
{
    screen_write(text, strlen(text));
}

/* Write lines with the numbers from..to). */
static void count(unsigned from, unsigned to)
{
    for (; from < to; from++) {
        const char line[] = {(char)('0' + from / 100), (char)('0' + from / 10 % 10), (char)('0' + from % 10),
                             '\n'};
        screen_write(line, sizeof(line));
    }
}

TEST(a_machine_may_have_no_screen)
{
    CHECK(start());
    vga.absent = true;
    CHECK(!screen_init());
    vga.absent = false;
    vga.monochrome = true; /* its controller is at another port */
    CHECK(!screen_init());
    vga.monochrome = false;
    vga.graphics = 0x05; /* memory at A0000h */
    CHECK(!screen_init());
    vga.graphics = 0x0F; /* at B8000h, as a CGA has it */
    CHECK(!screen_init());
    vga.graphics = 0;
    vga.registers[0x09] = 0x47; /* rows half as high: 50 */
    CHECK(!screen_init());
    vga.registers[0x09] = 0x4F;
    vga.registers[0x01] = 39;
    CHECK(!screen_init());
}

TEST(the_screen_begins_empty_with_a_cursor_of_two_lines)
{
    CHECK(start());
    CHECK_EQ(first_shown(), 0);
    check_cursor(0, 0);
    CHECK_EQ(vga.registers[0x0A], 14); /* the last two of the 16 lines of a row */
    CHECK_EQ(vga.registers[0x0B], 15);
    CHECK_STR_EQ(row_text(0), "");
    CHECK(host_interrupts_on);
}

/* A mode with rows of so many lines, and so many lines on the screen: bits 8 and 9 are in another register.
 */
static bool start_with(unsigned lines_of_row, unsigned lines)
{
    start();
    vga.registers[0x07] = (uint8_t)((((lines - 1) >> 8 & 1) << 1) | (((lines - 1) >> 9 & 1) << 6) | 0x1D);
    vga.registers[0x09] = (uint8_t)(0x40 | (lines_of_row - 1));
    vga.registers[0x12] = (uint8_t)(lines - 1);
    return screen_init();
}

TEST(the_font_may_have_another_height)
{
    static const unsigned heights[] = {8, 14, 16, 24, 32};
    for (unsigned i = 0; i < sizeof(heights) / sizeof(heights[0]); i++) {
        unsigned height = heights[i];
        CHECK(start_with(height, 25 * height));
        CHECK_EQ(vga.registers[0x0A], height - 2);
        CHECK_EQ(vga.registers[0x0B], height - 1);
        CHECK(start_with(height, 26 * height - 1)); /* the rest is no row */
        CHECK(!start_with(height, 26 * height));
        CHECK(!start_with(height, 25 * height - 1));
    }
    CHECK(!start_with(16, 512 + 25 * 16));
}

TEST(as_many_cells_are_copied_as_asked)
{
    start();
    for (unsigned at = 0; at < 40; at++)
        vga_write(at, (uint16_t)(0x700 + at));
    vga_copy_down(2, 10, 6);
    for (unsigned at = 0; at < 40; at++)
        CHECK_EQ(host_memory[TEXT + 2 * at], at < 2 || at >= 8 ? at : at + 8);
    vga_fill(20, 0x755, 3);
    for (unsigned at = 8; at < 40; at++)
        CHECK_EQ(host_memory[TEXT + 2 * at], at < 20 || at >= 23 ? at : 0x55);
}

TEST(text_begins_at_the_top_of_an_empty_screen)
{
    start();
    say("one\ntwo\tthree\rT");
    CHECK_STR_EQ(row_text(0), "one");
    CHECK_STR_EQ(row_text(1), "Two     three");
    CHECK_STR_EQ(row_text(24), "");
    CHECK_EQ(cell(1, 0)[1], GREY);
    check_cursor(1, 1);
}

TEST(a_full_row_goes_on_in_the_next_when_more_comes)
{
    start();
    for (int i = 0; i < 80; i++)
        say("x");
    check_cursor(0, 79);
    say("y\b\bz");
    CHECK_STR_EQ(row_text(1), "z");
    say("\b \bw");
    CHECK_STR_EQ(row_text(1), "w");
}

TEST(a_tab_moves_to_the_last_column_at_most)
{
    start();
    say("\033[1;72Hx\ty\033[2;73H\tz\033[3;80H\tw");
    for (unsigned row = 0; row < 3; row++)
        CHECK_EQ(*cell(row, 79), "yzw"[row]);
    check_cursor(2, 79);
}

/* The cursor is shown on the last character, and moves back from there. */
TEST(back_from_a_full_row)
{
    start();
    for (int i = 0; i < 80; i++)
        say("x");
    say("\bv");
    CHECK_EQ(*cell(0, 78), 'v');
    CHECK_EQ(*cell(0, 79), 'x');
}

TEST(what_leaves_the_screen_can_be_looked_at)
{
    start();
    count(0, 30);
    CHECK_STR_EQ(row_text(0), "006");
    check_cursor(24, 0);
    screen_scroll_back();
    CHECK_STR_EQ(row_text(0), "000"); /* there is no more */
    screen_scroll_on();
    CHECK_STR_EQ(row_text(0), "006");
    count(30, 60);
    screen_scroll_back();
    CHECK_STR_EQ(row_text(0), "024");
    screen_scroll_back();
    CHECK_STR_EQ(row_text(0), "012");
    screen_scroll_on();
    CHECK_STR_EQ(row_text(0), "024");
    say("new");
    CHECK_STR_EQ(row_text(24), "new");
}

TEST(more_rows_than_the_memory_has)
{
    start();
    for (unsigned i = 0; i < 999; i++) {
        count(i, i + 1);
        unsigned y = i < 24 ? i : 23;
        CHECK_EQ(*cell(y, 2), (int)('0' + i % 10));
        CHECK_EQ(*cell(y + 1, 0), ' ');
        CHECK(first_shown() <= (204 - 25) * 80);
        if (i < 200)
            continue;
        for (int n = 0; n < 8; n++) /* as far as any row is kept */
            screen_scroll_back();
        CHECK_EQ((cell(0, 0)[0] - '0') * 100 + (cell(0, 0)[2] - '0') * 10 + (cell(0, 0)[4] - '0') + 96 <=
                     (int)i,
                 1);
    }
}

static const char *oldest_row(void)
{
    for (int n = 0; n < 20; n++)
        screen_scroll_back();
    return row_text(0);
}

TEST(a_full_memory_keeps_the_newest_128_rows)
{
    start();
    count(0, 203); /* with the empty one, as many as there is room for */
    CHECK_STR_EQ(oldest_row(), "000");
    count(203, 204);
    CHECK_STR_EQ(oldest_row(), "076");
    count(204, 279);
    CHECK_STR_EQ(oldest_row(), "076");
    count(279, 280);
    CHECK_STR_EQ(oldest_row(), "152");
}

TEST(the_cursor_moves)
{
    start();
    say("\033[5;11HX\033[2AY\033[BZ\033[3D-\033[99;99H.\033[GA\033[CB\033[1;1f!");
    CHECK_EQ(*cell(4, 10), 'X');
    CHECK_EQ(*cell(2, 11), 'Y');
    CHECK_EQ(*cell(3, 12), 'Z');
    CHECK_EQ(*cell(3, 10), '-');
    CHECK_EQ(*cell(24, 79), '.');
    CHECK_STR_EQ(row_text(0), "!");
    CHECK_EQ(*cell(24, 0), 'A');
    CHECK_EQ(*cell(24, 2), 'B');
    say("\033[H\033[9A\033[9D");
    check_cursor(0, 0);
}

TEST(parts_are_erased)
{
    start();
    say("abcdef\nghijkl\nmnopqr\033[2;4H\033[K");
    CHECK_STR_EQ(row_text(1), "ghi");
    say("\033[1;3H\033[1K");
    CHECK_STR_EQ(row_text(0), "   def");
    say("\033[2;2H\033[J");
    CHECK_STR_EQ(row_text(1), "g");
    CHECK_STR_EQ(row_text(2), "");
    say("\033[1J");
    CHECK_STR_EQ(row_text(0), "");
    say("xyz\033[H\033[2J$");
    CHECK_STR_EQ(row_text(0), "$");
    CHECK_STR_EQ(row_text(1), "");
    check_cursor(0, 1);
}

TEST(what_has_left_the_screen_can_be_forgotten)
{
    start();
    count(0, 30);
    say("\033[3J"); /* as on Linux's console: the screen, and what has left it */
    CHECK_STR_EQ(row_text(0), "");
    say("\033[1;1Hnew");
    screen_scroll_back();
    CHECK_STR_EQ(row_text(0), "new"); /* there is no more */
}

TEST(what_was_forgotten_stays_so_when_the_memory_is_full)
{
    start();
    count(0, 190);
    say("\033[3J");
    count(190, 240); /* the rows move within the memory */
    for (int n = 0; n < 8; n++)
        screen_scroll_back();
    CHECK_STR_EQ(row_text(23), "");
    CHECK_STR_EQ(row_text(24), "190"); /* the first that was not forgotten */
}

TEST(behind_a_full_row_the_last_column_is_erased)
{
    start();
    for (int i = 0; i < 80; i++)
        say("x");
    say("\033[K");
    CHECK_EQ(*cell(0, 78), 'x');
    CHECK_EQ(*cell(0, 79), ' ');
}

TEST(colours_are_those_of_ecma_48)
{
    start();
    say("\033[31ma\033[1;33;44mb\033[94mc\033[22;34;41m\033[7md\033[0;32me\033[mf\033[7mg");
    CHECK_EQ(cell(0, 0)[1], 0x04); /* red */
    CHECK_EQ(cell(0, 1)[1], 0x1E); /* bright yellow on blue */
    CHECK_EQ(cell(0, 2)[1], 0x19); /* bright blue on blue */
    CHECK_EQ(cell(0, 3)[1], 0x14); /* blue on red, reversed */
    CHECK_EQ(cell(0, 4)[1], 0x02);
    CHECK_EQ(cell(0, 5)[1], GREY);
    CHECK_EQ(cell(0, 6)[1], 0x70);
    say("\033[0m\033[38;5;31mg\033[31;39;42;49mh");
    CHECK_EQ(cell(0, 7)[1], GREY);
    CHECK_EQ(cell(0, 8)[1], GREY);
    say("\033[1mi\033[22mj");
    CHECK_EQ(cell(0, 9)[1], 0x0F);
    CHECK_EQ(cell(0, 10)[1], GREY);
    say("\033[94mk");
    CHECK_EQ(cell(0, 11)[1], 0x09); /* bright by itself */
    say("\033[0;7ml\033[27mm");
    CHECK_EQ(cell(0, 12)[1], 0x70);
    CHECK_EQ(cell(0, 13)[1], GREY);
}

TEST(sequences_that_mean_nothing_here_are_not_shown)
{
    start();
    say("a\033[?25lb\033(Bc\033=d\033[>4;2me\033[12;34;5;6;7;8;9;10;11;12xf\033[99999999999Cg\033[3\nh");
    CHECK_STR_EQ(row_text(1), "h");
    CHECK_EQ(*cell(0, 5), 'f');
    CHECK_EQ(*cell(0, 79), 'g');
    CHECK_EQ(cell(0, 4)[1], GREY);
    say("\r\033\xc3i\177j"); /* a byte that ends ESC, and DEL */
    CHECK_STR_EQ(row_text(1), "ij");
}

TEST(a_text_may_be_long)
{
    static char text[0x10000 + 3];
    start();
    memset(text, '.', sizeof(text));
    memcpy(text + sizeof(text) - 4, "\nend", 4);
    screen_write(text, sizeof(text));
    CHECK_STR_EQ(row_text(24), "end");
    CHECK_EQ(*cell(22, 79), '.');
}

TEST(each_character_of_ascii_stands_for_itself)
{
    start();
    for (char c = ' '; c < 0x7F; c++) {
        const char text[] = {'\r', c, '\0'};
        say(text);
        CHECK_EQ(*cell(0, 0), c);
    }
}

TEST(characters_are_utf_8)
{
    start();
    say("\u00e9\u2588\u266b\u4e2d\u20ac|e\u0301|");
    CHECK_STR_EQ(row_text(0), "\x82\xdb\x0e???|e|");
    say("\r\xc3|\x80|\xe2\x82\n");
    CHECK_STR_EQ(row_text(0), "?|?|??|e|");
    say("\xb0\xfc|\xe2\x82\nz"); /* two would be Latin 1; and a line ends within a character */
    CHECK_STR_EQ(row_text(1), "??|?");
    CHECK_STR_EQ(row_text(2), "z");
}
