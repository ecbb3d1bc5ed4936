/* SPDX-License-Identifier: MIT */
/*
 * keyboard - the 8042 controller of the PC/AT (ports 60h and 64h), and scan codes of set 1, into which it
 * translates those of the keyboard.
 *
 * A key sends its code when it goes down, and the code + 80h when it comes up. Keys that the first keyboards
 * did not have send E0h first, and before some of them come shifts that were not pressed, which have E0h,
 * too.
 */
#include "dev/keyboard.h"

#include <stddef.h>
#include <stdint.h>

#include "arch/i386/io.h"
#include "dev/input.h"
#include "dev/screen.h"

#define DATA 0x60
#define STATUS 0x64 /* read */
#define COMMAND 0x64
#define STATUS_RECEIVED 0x01
#define STATUS_BUSY 0x02  /* the controller has not read the last byte */
#define STATUS_MOUSE 0x20 /* what was received is the mouse's */
#define NO_DEVICE 0xFF

#define READ_MODE 0x20
#define WRITE_MODE 0x60
#define DISABLE_KEYBOARD 0xAD
#define ENABLE_KEYBOARD 0xAE
#define MODE_INTERRUPT 0x01
#define MODE_DISABLED 0x10
#define MODE_TRANSLATES 0x40
#define KEYBOARD_SENDS 0xF4 /* a command to the keyboard */

#define LOOKS_MAX 100000 /* a look takes 1 us; the controller answers within some ms */
#define BYTES_MAX 16     /* that the controller and the keyboard keep */

#define RELEASED 0x80
#define EXTENDED 0xE0
#define PAUSE 0xE1 /* followed by two codes */
#define CONTROL(letter) ((char)((letter)&0x1F))

enum { LEFT_SHIFT = 0x2A, RIGHT_SHIFT = 0x36, CTRL = 0x1D, CAPS_LOCK = 0x3A, NUM_LOCK = 0x45 };
enum { TAB = 0x0F, ENTER = 0x1C, SLASH = 0x35, PAGE_UP = 0x49, PAGE_DOWN = 0x51, ANGLE = 0x56 };
enum { PAD_FIRST = 0x47, PAD_LAST = 0x53 };

/* By scan code; 0: no character. */
static const char plain[] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* The keypad from 7 on: with NumLock, and without it or on the keys of their own, what follows ESC [. */
static const char pad_digits[] = "789-456+1230.";
static const char *const pad_sequences[] = {"H",  "A", "5~", NULL, "D",  NULL, "C",
                                            NULL, "F", "B",  "6~", "2~", "3~"};

static bool present;
static struct {
    bool left_shift, right_shift, ctrl, right_ctrl;
    bool caps_lock, num_lock;
    bool extended;      /* EXTENDED came before */
    uint8_t codes_left; /* of PAUSE */
} keys = {.num_lock = true};

/* ---- the controller ---- */

/* Wait until the status has `bits` as `wanted`; false if it does not get them. */
static bool wait_for(uint8_t bits, uint8_t wanted)
{
    for (unsigned i = 0; i < LOOKS_MAX; i++)
        if ((io_in8(STATUS) & bits) == wanted)
            return true;
    return false;
}

static bool send(uint16_t port, uint8_t byte)
{
    if (!wait_for(STATUS_BUSY, 0))
        return false;
    io_out8(port, byte);
    return true;
}

/* Discard what was received before. */
static void discard(void)
{
    for (unsigned i = 0; i < BYTES_MAX && (io_in8(STATUS) & STATUS_RECEIVED) != 0; i++)
        io_in8(DATA);
}

bool keyboard_init(void)
{
    if (io_in8(STATUS) == NO_DEVICE)
        return false;
    send(COMMAND, DISABLE_KEYBOARD); /* what it sends is not to be taken for an answer */
    discard();
    if (!send(COMMAND, READ_MODE) || !wait_for(STATUS_RECEIVED, STATUS_RECEIVED))
        return false;
    unsigned mode = io_in8(DATA);
    mode = (mode | MODE_INTERRUPT | MODE_TRANSLATES) & ~(unsigned)MODE_DISABLED;
    if (!send(COMMAND, WRITE_MODE) || !send(DATA, (uint8_t)mode) || !send(COMMAND, ENABLE_KEYBOARD) ||
        !send(DATA, KEYBOARD_SENDS))
        return false;
    input_add_device();
    present = true;
    return true;
}

/* ---- keys ---- */

static void put(const char *text)
{
    for (; *text != '\0'; text++)
        input_put(*text);
}

static bool shift_is_down(void)
{
    return keys.left_shift || keys.right_shift;
}

static void put_character(char c)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && keys.caps_lock)
        c ^= 0x20;
    if (keys.ctrl || keys.right_ctrl) {
        if (c == ' ')
            c = CONTROL('@');
        else if (c >= '@' && c < 0x7F)
            c = CONTROL(c);
    }
    input_put(c);
}

static void press_pad(uint8_t code)
{
    const char *sequence = pad_sequences[code - PAD_FIRST];
    if (code == PAGE_UP && shift_is_down()) {
        screen_scroll_back();
    } else if (code == PAGE_DOWN && shift_is_down()) {
        screen_scroll_on();
    } else if (sequence != NULL) {
        put("\033[");
        put(sequence);
    }
}

static void press_extended(uint8_t code)
{
    if (code == ENTER || code == SLASH)
        put_character(plain[code]);
    else if (code >= PAD_FIRST && code <= PAD_LAST)
        press_pad(code);
}

static void press(uint8_t code)
{
    if (code == TAB && shift_is_down())
        put("\033[Z");
    else if (code == CAPS_LOCK)
        keys.caps_lock = !keys.caps_lock;
    else if (code == NUM_LOCK)
        keys.num_lock = !keys.num_lock;
    else if (code == ANGLE)
        put_character(shift_is_down() ? '|' : '\\');
    else if (code >= PAD_FIRST && code <= PAD_LAST &&
             (keys.num_lock || pad_sequences[code - PAD_FIRST] == NULL))
        put_character(pad_digits[code - PAD_FIRST]);
    else if (code >= PAD_FIRST && code <= PAD_LAST)
        press_pad(code);
    else if (code < sizeof(plain) - 1 && plain[code] != '\0')
        put_character(shift_is_down() ? shifted[code] : plain[code]);
}

/* Note the state of a key that changes others. Returns whether it is one. */
static bool hold(uint8_t code, bool down, bool extended)
{
    if (code == CTRL && extended)
        keys.right_ctrl = down;
    else if (code == CTRL)
        keys.ctrl = down;
    else if (code == LEFT_SHIFT && !extended)
        keys.left_shift = down;
    else if (code == RIGHT_SHIFT && !extended)
        keys.right_shift = down;
    else
        return false;
    return true;
}

static void receive(uint8_t byte)
{
    bool down = (byte & RELEASED) == 0, extended = keys.extended;
    uint8_t code = byte & (uint8_t)~RELEASED;
    keys.extended = byte == EXTENDED;
    if (keys.codes_left > 0)
        keys.codes_left--;
    else if (byte == PAUSE)
        keys.codes_left = 2;
    else if (byte == EXTENDED || hold(code, down, extended) || !down)
        return;
    else if (extended)
        press_extended(code);
    else
        press(code);
}

void keyboard_interrupt(void)
{
    uint8_t status;
    for (unsigned i = 0; present && i < BYTES_MAX && ((status = io_in8(STATUS)) & STATUS_RECEIVED) != 0;
         i++) {
        uint8_t byte = io_in8(DATA);
        if ((status & STATUS_MOUSE) == 0)
            receive(byte);
    }
}
