/* SPDX-License-Identifier: MIT */
/*
 * vga - the registers of the IBM VGA's CRT controller (port 3D4h), and memory at B8000h.
 *
 * The firmware or the boot loader has set the mode and loaded the font. In graphics mode, as with UEFI, there
 * is no font, and no text is shown.
 */
#include "dev/vga.h"

#include "arch/i386/cpu.h"
#include "arch/i386/io.h"
#include "arch/i386/linear.h"

#define TEXT_MEMORY 0xB8000u
#define MISC_OUTPUT 0x3CC /* where it is read */
#define MISC_COLOUR 0x01  /* the controller is at 3D4h; in monochrome at 3B4h */
#define GRAPHICS 0x3CE
#define GRAPHICS_MISC 6
#define GRAPHICS_MODE 0x01
#define GRAPHICS_MAP 0x0C /* both bits: memory at B8000h */
#define CRTC 0x3D4

enum crtc_register {
    COLUMNS_LAST = 0x01, /* columns shown, minus 1 */
    OVERFLOW = 0x07,
    LINES_PER_ROW = 0x09, /* minus 1, in 5 bits */
    CURSOR_FIRST_LINE = 0x0A,
    CURSOR_LAST_LINE = 0x0B,
    START_HIGH = 0x0C,
    CURSOR_HIGH = 0x0E,
    LINES_LAST = 0x12, /* lines shown, minus 1; bits 8 and 9 are in OVERFLOW */
};

static uint8_t crtc_read(enum crtc_register which)
{
    io_out8(CRTC, (uint8_t)which);
    return io_in8(CRTC + 1);
}

static void crtc_write(enum crtc_register which, uint8_t value)
{
    io_out8(CRTC, (uint8_t)which);
    io_out8(CRTC + 1, value);
}

/* Write a register of 16 bits; a handler may write another one before and after. */
static void crtc_write_pair(enum crtc_register high, unsigned value)
{
    uint32_t eflags = cpu_irq_save();
    crtc_write(high, (uint8_t)(value >> 8));
    crtc_write(high + 1, (uint8_t)value);
    cpu_irq_restore(eflags);
}

static volatile uint16_t *cell_at(unsigned at)
{
    return (volatile uint16_t *)phys_to_virt(TEXT_MEMORY) + at;
}

/* Where no device is, all bits read as 1. */
static bool in_text_mode(void)
{
    uint8_t output = io_in8(MISC_OUTPUT);
    if (output == 0xFF || (output & MISC_COLOUR) == 0)
        return false;
    io_out8(GRAPHICS, GRAPHICS_MISC);
    return (io_in8(GRAPHICS + 1) & (GRAPHICS_MODE | GRAPHICS_MAP)) == GRAPHICS_MAP;
}

static unsigned rows_shown(void)
{
    unsigned overflow = crtc_read(OVERFLOW);
    unsigned lines = crtc_read(LINES_LAST) | (overflow & 0x02) << 7 | (overflow & 0x40) << 3;
    return (lines + 1) / ((crtc_read(LINES_PER_ROW) & 0x1Fu) + 1);
}

bool vga_init(void)
{
    if (!in_text_mode() || crtc_read(COLUMNS_LAST) + 1 != VGA_COLUMNS || rows_shown() != VGA_SHOWN)
        return false;
    unsigned last_line = crtc_read(LINES_PER_ROW) & 0x1Fu;
    crtc_write(CURSOR_FIRST_LINE, (uint8_t)(last_line - 1));
    crtc_write(CURSOR_LAST_LINE, (uint8_t)last_line);
    return true;
}

void vga_write(unsigned at, uint16_t cell)
{
    *cell_at(at) = cell;
}

void vga_fill(unsigned at, uint16_t cell, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        vga_write(at + i, cell);
}

void vga_copy_down(unsigned to, unsigned from, unsigned n)
{
    volatile uint32_t *to_pair = (volatile uint32_t *)cell_at(to);
    const volatile uint32_t *from_pair = (const volatile uint32_t *)cell_at(from);
    for (unsigned i = 0; i < n / 2; i++)
        to_pair[i] = from_pair[i];
}

void vga_show(unsigned first)
{
    crtc_write_pair(START_HIGH, first);
}

void vga_set_cursor(unsigned at)
{
    crtc_write_pair(CURSOR_HIGH, at);
}
