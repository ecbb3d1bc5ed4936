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
    bool overrun;  /* one before it was lost */
    const char *line;
} uart;

uint8_t io_in8(uint16_t port)
{
    bool received = uart.received;
    uint8_t status;

    switch (port) {
    case SCRATCH:
        return uart.scratch;
    case LINE_STATUS:
        uart.received = *uart.line != '\0'; /* it comes after the look */
        status = (uint8_t)(0x20 | received | uart.overrun << 1);
        uart.overrun = false;
        return status;
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

/* Handle the interrupts that the port raises. */
static void interrupts(void)
{
    while (uart.received && uart.interrupts != 0)
        uart_interrupt();
}

/* Bring the port up while `line` arrives. */
static void start(const char *line)
{
    uart.line = line;
    uart.received = true;
    uart.interrupts = 0;
    uart_init();
    uart_enable_input();
    interrupts();
}

/* Everything in the buffer, as a string. */
static const char *take_all(void)
{
    static char text[512];
    size_t n = uart_peek(text, sizeof(text) - 1);

    text[n] = '\0';
    uart_drop(n);
    interrupts();
    return text;
}

TEST(what_is_typed_before_we_are_up_is_kept)
{
    start("hello");
    CHECK_EQ(uart.interrupts, 1);
    CHECK_STR_EQ(take_all(), "hello");
    CHECK(!uart_waiting());
    CHECK_EQ(uart_take_lost(), 0);
}

TEST(peeking_leaves_the_bytes_where_they_are_D107)
{
    char text[3];

    start("hello");
    CHECK_EQ(uart_peek(text, 2), 2);
    CHECK_EQ(uart_peek(text, 2), 2);
    CHECK(text[0] == 'h' && text[1] == 'e');
    uart_drop(2);
    CHECK_STR_EQ(take_all(), "llo");
}

TEST(what_does_not_fit_stays_in_the_port_until_there_is_room_D102)
{
    static char much[300];

    memset(much, 'x', sizeof(much) - 1);
    start(much);
    CHECK_EQ(uart.interrupts, 0); /* the buffer is full: the port keeps the rest, without interrupts */
    CHECK_EQ(strlen(take_all()), 256);
    CHECK_EQ(uart.interrupts, 1);
    CHECK_EQ(strlen(take_all()), 299 - 256);
    CHECK_EQ(uart_take_lost(), 0);
}

TEST(a_byte_that_the_port_lost_is_counted)
{
    uart.overrun = true;
    start("ab");
    CHECK_STR_EQ(take_all(), "ab");
    CHECK_EQ(uart_take_lost(), 1);
    CHECK_EQ(uart_take_lost(), 0);
}
