/* SPDX-License-Identifier: MIT */
/*
 * uart.c against a UART of our own, whose line brings the next character a little after the last was read.
 * (D56)
 */
#include <string.h>

#include "arch/i386/io.h"
#include "dev/uart.h"
#include "unit.h"

#define COM1 0x3F8
#define FIFO (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define LINE_STATUS (COM1 + 5)
#define SCRATCH (COM1 + 7)

static struct {
    uint8_t scratch, line_control, interrupts;
    bool received; /* a character waits to be read */
    const char *line;
} uart;

uint8_t io_in8(uint16_t port)
{
    bool received = uart.received;

    switch (port) {
    case SCRATCH:
        return uart.scratch;
    case LINE_STATUS:
        uart.received = *uart.line != '\0'; /* it comes after the look */
        return 0x20 | received;
    default:
        CHECK_EQ(port, COM1);
        CHECK(received);
        uart.received = false;
        return (uint8_t)*uart.line++;
    }
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == SCRATCH)
        uart.scratch = value;
    else if (port == LINE_CONTROL)
        uart.line_control = value;
    else if (port == COM1 + 1 && (uart.line_control & 0x80) == 0)
        uart.interrupts = value;
    else if (port == FIFO && uart.received) { /* switching it clears it */
        uart.line++;
        uart.received = false;
    }
}

TEST(what_is_typed_before_we_are_up_is_kept)
{
    uart.line = "hello";
    uart.received = true;
    uart_init();
    uart_enable_input();
    CHECK_EQ(uart.interrupts, 1);
    while (uart.received)
        uart_interrupt();
    for (const char *c = "hello"; *c != '\0'; c++)
        CHECK_EQ(uart_take(), *c);
    CHECK_EQ(uart_take(), -1);
    CHECK_EQ(uart_take_lost(), 0);
}

TEST(what_nobody_takes_is_counted)
{
    static char much[300];

    memset(much, 'x', sizeof(much) - 1);
    uart_init();
    uart.line = much;
    uart.received = true;
    while (uart.received)
        uart_interrupt();
    for (int i = 0; i < 256; i++)
        CHECK_EQ(uart_take(), 'x');
    CHECK_EQ(uart_take(), -1);
    CHECK_EQ(uart_take_lost(), 299 - 256);
    CHECK_EQ(uart_take_lost(), 0);
}
