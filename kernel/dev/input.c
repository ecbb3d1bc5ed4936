/* SPDX-License-Identifier: MIT */
/*
 * input - a ring of bytes. Its counters run freely: it is empty if they are equal, and full if they differ by
 * its size.
 */
#include "dev/input.h"

#include "lib/util.h"

#define BUFFER_BYTES 256 /* a power of two */

static uint8_t buffer[BUFFER_BYTES];
static unsigned chars_received, chars_taken, chars_lost; /* tests read these by name */
static uint32_t keys, flushing_keys, pressed;
static bool has_device;

void input_add_device(void)
{
    has_device = true;
}

bool input_has_device(void)
{
    return has_device;
}

static uint32_t key_of(uint8_t byte)
{
    return byte < 32 ? 1u << byte : 0;
}

/* A flushing key was pressed: the next byte to be read is the one at `at`. */
static void flush(uint32_t key, unsigned at)
{
    pressed |= key;
    chars_taken = at;
}

void input_set_keys(uint32_t all, uint32_t flushing)
{
    keys = all;
    flushing_keys = flushing;
    for (unsigned at = chars_taken; at != chars_received; at++) {
        uint32_t key = key_of(buffer[at % BUFFER_BYTES]);
        if ((key & flushing_keys) != 0)
            flush(key, at + 1);
    }
}

uint32_t input_take_keys(void)
{
    uint32_t taken = pressed;
    pressed = 0;
    return taken;
}

bool input_has_keys(void)
{
    return pressed != 0;
}

bool input_room(void)
{
    return chars_received - chars_taken < BUFFER_BYTES;
}

void input_put(char c)
{
    uint32_t key = key_of((uint8_t)c);
    if ((key & keys & flushing_keys) != 0)
        flush(key, chars_received);
    else if ((key & keys) != 0)
        pressed |= key;
    else if (input_room())
        buffer[chars_received++ % BUFFER_BYTES] = (uint8_t)c;
    else
        chars_lost++;
}

void input_count_lost(void)
{
    chars_lost++;
}

unsigned input_take_lost(void)
{
    unsigned n = chars_lost;
    chars_lost = 0;
    return n;
}

bool input_waiting(void)
{
    return chars_received != chars_taken;
}

size_t input_peek(char *to, size_t n, unsigned *at)
{
    n = MIN(n, (size_t)(chars_received - chars_taken));
    for (size_t i = 0; i < n; i++)
        to[i] = (char)buffer[(chars_taken + i) % BUFFER_BYTES];
    *at = chars_taken;
    return n;
}

void input_drop(unsigned at, size_t n)
{
    int more = (int)(at + (unsigned)n - chars_taken);
    if (more > 0)
        chars_taken += (unsigned)more;
}
