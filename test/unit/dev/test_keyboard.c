/* SPDX-License-Identifier: MIT */
/*
 * keyboard.c against an 8042 of our own. The scan codes are those of set 1.
 */
#include "dev/keyboard.h"

#include <string.h>

#include "arch/i386/io.h"
#include "dev/input.h"
#include "dev/screen.h"
#include "unit.h"

static struct {
    bool absent, silent; /* silent: there is something, but it does not answer */
    const char *codes;   /* that wait to be read */
    size_t codes_n;
    uint8_t command, config, sent;
    bool mouse;
    bool off;         /* the keyboard */
    bool repeats;     /* a key is held down, and sends its code when the keyboard is on */
    unsigned jams_at; /* the byte sent from now on after which it is busy; 0: none */
    bool jammed;
    unsigned slowness, busy; /* looks at the status until a byte has been taken */
} pc;

static int looked_back;

void screen_scroll_back(void)
{
    looked_back++;
}

void screen_scroll_on(void)
{
    looked_back--;
}

uint8_t io_in8(uint16_t port)
{
    if (pc.absent)
        return 0xFF;
    if (port == 0x64) {
        if (pc.busy > 0) {
            pc.busy--;
            return 0x02;
        }
        return (uint8_t)((pc.codes_n > 0 || (pc.command == 0x20 && !pc.silent)) | pc.jammed << 1 |
                         pc.mouse << 5);
    }
    CHECK_EQ(port, 0x60);
    if (pc.command == 0x20 && pc.codes_n == 0) { /* what was received before comes first */
        pc.command = 0;
        return pc.config;
    }
    CHECK(pc.codes_n > 0);
    pc.codes_n--;
    return (uint8_t)*pc.codes++;
}

void io_out8(uint16_t port, uint8_t value)
{
    CHECK(port == 0x60 || port == 0x64);
    CHECK_EQ(pc.busy, 0);
    pc.busy = pc.slowness;
    if (pc.jams_at > 0 && --pc.jams_at == 0)
        pc.jammed = true;
    if (port == 0x64) {
        pc.command = value;
        pc.off = value == 0xAD || (pc.off && value != 0xAE);
        if (value == 0x20 && pc.repeats && !pc.off) {
            pc.codes = "\x1e";
            pc.codes_n = 1;
        }
    } else if (pc.command == 0x60) {
        pc.config = value;
        pc.command = 0;
    } else {
        pc.sent = value;
    }
}

/* What a program would read after these scan codes; the literal's last byte is no code. */
#define TYPED(codes) typed(codes, sizeof(codes) - 1)

static const char *typed(const char *codes, size_t n)
{
    static char text[64];
    unsigned at;
    if (!input_has_device())
        keyboard_init(); /* in the fresh process after a test that failed */
    pc.codes = codes;
    pc.codes_n = n;
    while (pc.codes_n > 0)
        keyboard_interrupt();
    n = input_peek(text, sizeof(text) - 1, &at);
    input_drop(at, n);
    text[n] = '\0';
    return text;
}

TEST(the_controller_translates_and_interrupts)
{
    pc.config = 0x30;
    pc.codes = "abcdefghijklmno\x02";
    pc.codes_n = 16; /* as many as it keeps: typed before, and discarded */
    CHECK(!input_has_device());
    CHECK(keyboard_init());
    CHECK(input_has_device());
    CHECK_EQ(pc.config, 0x61);
    CHECK_EQ(pc.command, 0xAE);
    CHECK_EQ(pc.sent, 0xF4);
    CHECK_STR_EQ(TYPED(""), "");
}

TEST(a_key_that_is_held_down_is_no_answer)
{
    pc.config = 0x30;
    pc.repeats = true;
    CHECK(keyboard_init());
    pc.repeats = false;
    CHECK_EQ(pc.config, 0x61);
    CHECK(!pc.off);
}

TEST(a_slow_controller_is_waited_for)
{
    pc.config = 0x30;
    pc.slowness = 1000;
    CHECK(keyboard_init());
    pc.slowness = pc.busy = 0;
    CHECK_EQ(pc.config, 0x61);
    CHECK_EQ(pc.sent, 0xF4);
}

TEST(a_machine_may_have_no_keyboard)
{
    pc.absent = true;
    CHECK(!keyboard_init());
    pc.absent = false;
    pc.silent = true;
    CHECK(!keyboard_init());
    pc.silent = false;
    for (unsigned bytes = 1; bytes <= 6; bytes++) { /* the controller takes so many, and no more */
        pc.jams_at = bytes;
        CHECK_EQ(keyboard_init(), bytes == 6);
        pc.jammed = false;
    }
}

TEST(letters_digits_and_signs)
{
    CHECK_STR_EQ(TYPED("\x1e\x9e\x02\x82\x35\xb5\x39\xb9\x2b\xab\x56\xd6\x1c\x9c\x0e\x8e\x0f\x01"),
                 "a1/ \\\\\r\177\t\033");
    CHECK_STR_EQ(TYPED("\x2a\x1e\x03\x2b\x35\xaa\x36\x10\x1a\xb6\x10"), "A@|?Q{q");
    CHECK_STR_EQ(TYPED("\x2a\x0f\xaa"), "\033[Z");
}

TEST(caps_lock_is_for_letters)
{
    CHECK_STR_EQ(TYPED("\x3a\xba\x1e\x02\x2a\x1e\xaa\x3a\xba\x1e"), "A1aa");
}

TEST(control)
{
    CHECK_STR_EQ(TYPED("\x1d\x1e\x2a\x2e\xaa\x2b\x1a\x9d\x1e"), "\001\003\034\033a");
    CHECK_STR_EQ(TYPED("\x1d\x0e\x9d"), "\177"); /* and backspace, which has none */
    CHECK_STR_EQ(TYPED("\xe0\x1d\x14\xe0\x9d\x14"), "\024t");
    CHECK_STR_EQ(TYPED("\x1d\xe0\x1d\xe0\x9d\x1e\x9d\x1e"), "\001a"); /* one of both is released */
    CHECK_STR_EQ(TYPED("\x1d\xe0\x1d\x9d\x1e\xe0\x9d\x1e"), "\001a");
}

TEST(control_and_space_are_a_zero)
{
    const char *text = TYPED("\x1d\x39\xb9\x9d\x1e");
    CHECK_EQ(text[0], '\0');
    CHECK_EQ(text[1], 'a');
}

/* What the keys of an American keyboard send, by their scan codes, and what control makes of it: the low five
 * bits, if the character is between '@' and '~'. */
static const struct {
    char first;
    const char *plain, *shifted;
} rows[] = {
    {0x02, "1234567890-=", "!@#$%^&*()_+"},
    {0x10, "qwertyuiop[]", "QWERTYUIOP{}"},
    {0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
    {0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
};

/* Type a key while another one is down. */
static char typed_with(char down, char code)
{
    const char codes[] = {down, code, (char)(code | 0x80), (char)(down | 0x80)};
    return typed(codes, sizeof(codes))[0];
}

static char controlled(char c)
{
    return c >= '@' && c <= '~' ? (char)(c & 0x1F) : c;
}

TEST(each_key)
{
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        for (char i = 0; rows[row].plain[(int)i] != '\0'; i++) {
            char code = (char)(rows[row].first + i);
            char plain = rows[row].plain[(int)i], shifted = rows[row].shifted[(int)i];
            CHECK_EQ(typed_with(code, code), plain);
            CHECK_EQ(typed_with(0x2A, code), shifted);
            CHECK_EQ(typed_with(0x36, code), shifted);
            CHECK_EQ(typed_with(0x1D, code), controlled(plain));
            CHECK_STR_EQ(TYPED("\x1d"), "");
            CHECK_EQ(typed_with(0x2A, code), controlled(shifted));
            CHECK_STR_EQ(TYPED("\x9d\x3a\xba"), "");
            bool letter = plain >= 'a' && plain <= 'z';
            CHECK_EQ(typed_with(code, code), letter ? shifted : plain);
            CHECK_EQ(typed_with(0x2A, code), letter ? plain : shifted);
            CHECK_STR_EQ(TYPED("\x3a\xba"), "");
        }
    }
}

TEST(keys_that_move_send_what_a_terminal_sends)
{
    CHECK_STR_EQ(TYPED("\xe0\x48\xe0\xc8\xe0\x50\xe0\x4d\xe0\x4b"), "\033[A\033[B\033[C\033[D");
    CHECK_STR_EQ(TYPED("\xe0\x47\xe0\x4f\xe0\x53\xe0\x52\xe0\x49\xe0\x51"),
                 "\033[H\033[F\033[3~\033[2~\033[5~\033[6~");
    CHECK_STR_EQ(TYPED("\xe0\x2a\xe0\x47\xe0\xc7\xe0\xaa\x1e"), "\033[Ha"); /* with a shift that is none */
}

TEST(the_keypad_has_two_meanings)
{
    CHECK_STR_EQ(TYPED("\x47\x4a\x4c\x53\x37\xe0\x35\xe0\x1c"), "7-5.*/\r");
    CHECK_STR_EQ(TYPED("\x45\xc5\x47\x4e\x4c\x53\x45\xc5"), "\033[H+5\033[3~");
}

TEST(shift_and_a_page_key_look_at_the_history)
{
    CHECK_STR_EQ(TYPED("\x2a\xe0\x49\xe0\xc9\xe0\x49\xe0\x51\xaa"), "");
    CHECK_EQ(looked_back, 1);
    CHECK_STR_EQ(TYPED("\x2a\xe0\xaa\xe0\x49\xe0\xc9\xe0\x2a\xaa"),
                 ""); /* as keyboards send it with NumLock */
    CHECK_EQ(looked_back, 2);
}

TEST(what_is_no_key_is_ignored)
{
    CHECK_STR_EQ(TYPED("\xe1\x1d\x45\xe1\x9d\xc5\xfa\xaa\xe0\x46\x3b\xbb\x46\x54\x7f\x1e\x47"), "a7");
    CHECK_STR_EQ(TYPED("\xe0\x2a\x1e\xe0\xaa\xe0\x36\x1e\xe0\xb6"),
                 "aa"); /* no shift: it comes with another key */
    pc.mouse = true;
    CHECK_STR_EQ(TYPED("\x1e\x1e"), "");
    pc.mouse = false;
}

/* Alt, the function keys, and codes that no keyboard sends. */
TEST(keys_without_a_character_send_nothing)
{
    for (unsigned code = 0; code < 0x80; code++) {
        const char alone[] = {(char)code, 0x1E}, extended[] = {(char)0xE0, (char)code, 0x1E};
        if (code == 0x00 || code == 0x38 || (code > 0x3A && code < 0x45) || code == 0x46 || code == 0x54 ||
            code == 0x55 || code > 0x56)
            CHECK_STR_EQ(typed(alone, sizeof(alone)), "a");
        if (code > 0x53 || (code > 0x35 && code < 0x47))
            CHECK_STR_EQ(typed(extended, sizeof(extended)), "a");
    }
}

TEST(a_full_queue_counts_what_it_loses)
{
    unsigned at;
    char text[256];
    for (int i = 0; i < 257; i++) {
        pc.codes = "\x1e";
        pc.codes_n = 1;
        keyboard_interrupt();
    }
    CHECK_EQ(input_take_lost(), 1);
    input_drop(0, input_peek(text, sizeof(text), &at));
    input_drop(at, sizeof(text));
}
