/* SPDX-License-Identifier: MIT */
/*
 * uart.c against a UART of our own, whose line brings the next character a little after the last was read.
 * (D56)
 */
#include <string.h>

#include "arch/i386/io.h"
#include "dev/input.h"
#include "dev/uart.h"
#include "unit.h"

#define COM1 0x3F8
#define FIFO (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define LINE_STATUS (COM1 + 5)
#define SCRATCH (COM1 + 7)

static struct {
    uint8_t scratch, line_control, interrupts, modem;
    uint8_t divisor[2];
    bool received; /* a character waits to be read */
    bool burst;    /* the next is there already: the receiver's FIFO is on */
    bool overrun;  /* one before it was lost */
    const char *line;
    bool fifo;        /* the firmware left the FIFO on */
    unsigned in_fifo; /* bytes that wait for the line: the transmitter takes 16, or 1 */
    unsigned looks;   /* at the status since a byte was sent */
    unsigned looks_all;
    char sent[512];
    size_t sent_n;
    bool stuck; /* what it sends is not taken */
} uart;

/* The line takes everything at the second look: until then the transmitter has room, or not. */
static uint8_t transmitter(void)
{
    uart.looks_all++;
    if (uart.stuck)
        return 0;
    if (uart.in_fifo != 0 && ++uart.looks == 2)
        uart.in_fifo = uart.looks = 0;
    return uart.in_fifo == 0 ? 0x60 : 0;
}

static void transmit(uint8_t byte)
{
    CHECK(uart.in_fifo < (uart.fifo ? 16u : 1u)); /* or a byte is lost */
    uart.in_fifo++;
    uart.looks = 0;
    uart.sent[uart.sent_n++] = (char)byte;
}

uint8_t io_in8(uint16_t port)
{
    bool received = uart.received;
    uint8_t status;

    switch (port) {
    case SCRATCH:
        return uart.scratch;
    case LINE_STATUS:
        uart.received = *uart.line != '\0'; /* it comes after the look */
        status = (uint8_t)(transmitter() | received | uart.overrun << 1);
        uart.overrun = false;
        return status;
    case FIFO:
        return uart.fifo ? 0xC1 : 0x01;
    default:
        CHECK_EQ(port, COM1);
        CHECK(received);
        uart.received = uart.burst && uart.line[1] != '\0';
        return (uint8_t)*uart.line++;
    }
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == SCRATCH)
        uart.scratch = value;
    else if (port == LINE_CONTROL)
        uart.line_control = value;
    else if (port == COM1 + 4)
        uart.modem = value;
    else if (port <= COM1 + 1 && (uart.line_control & 0x80) != 0)
        uart.divisor[port - COM1] = value;
    else if (port == COM1 + 1)
        uart.interrupts = value;
    else if (port == FIFO && uart.received) { /* switching it clears it */
        uart.line++;
        uart.received = false;
    } else if (port == COM1)
        transmit(value);
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
    memset(uart.divisor, 0x55, sizeof(uart.divisor)); /* as a loader may leave it */
    uart.received = *line != '\0';
    uart.interrupts = 0;
    uart.in_fifo = uart.looks = 0;
    uart_init();
    uart_enable_input();
    interrupts();
}

/* Everything in the buffer, as a string. */
static const char *take_all(void)
{
    static char text[512];
    unsigned at;
    size_t n = input_peek(text, sizeof(text) - 1, &at);

    text[n] = '\0';
    input_drop(at, n);
    uart_resume();
    interrupts();
    return text;
}

/* National Semiconductor 16550D data sheet, 8.1, 8.3 and 8.7. QEMU works without most of it. */
TEST(the_line_is_115200_8n1_and_interrupts)
{
    start("");
    CHECK_EQ(uart.divisor[0] | uart.divisor[1] << 8, 1);
    CHECK_EQ(uart.line_control, 0x03);
    CHECK_EQ(uart.modem, 0x0B); /* DTR, RTS, and OUT2, which lets the interrupt through on a PC */
}

TEST(what_is_typed_before_we_are_up_is_kept)
{
    start("hello");
    CHECK_EQ(uart.interrupts, 1);
    CHECK_STR_EQ(take_all(), "hello");
    CHECK(!input_waiting());
    CHECK_EQ(input_take_lost(), 0);
}

TEST(peeking_leaves_the_bytes_where_they_are_D107)
{
    char text[3];
    unsigned at;

    start("hello");
    CHECK_EQ(input_peek(text, 2, &at), 2);
    CHECK_EQ(input_peek(text, 2, &at), 2);
    CHECK(text[0] == 'h' && text[1] == 'e');
    input_drop(at, 2);
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
    CHECK_EQ(input_take_lost(), 0);
}

TEST(a_fifo_of_received_bytes_is_read_as_far_as_there_is_room_D102)
{
    static char much[300];

    memset(much, 'x', sizeof(much) - 1);
    uart.burst = true;
    start(much);
    CHECK_EQ(strlen(take_all()), 256);
    CHECK_EQ(strlen(take_all()), 299 - 256);
    uart.burst = false;
}

/* Send `n` bytes and a newline, and check that all of them arrive. Returns how often the status was read. */
static unsigned looks_for(size_t n)
{
    static char text[300];

    memset(text, 'x', n);
    text[n] = '\n';
    uart.looks_all = 0;
    uart.sent_n = 0;
    uart_write(text, n + 1);
    CHECK_EQ(uart.sent_n, n + 2);
    CHECK(memcmp(uart.sent, text, n) == 0);
    CHECK(uart.sent[n] == '\r' && uart.sent[n + 1] == '\n');
    return uart.looks_all;
}

TEST(no_byte_is_sent_before_the_port_has_room)
{
    uart.fifo = false;
    start("");
    CHECK_EQ(looks_for(30), 1 + 2 * 31); /* the first finds room; the others wait for the line */
    uart_drain();
    CHECK_EQ(uart.in_fifo, 0);
}

TEST(a_fifo_that_the_firmware_left_on_takes_16_bytes_a_look)
{
    uart.fifo = true;
    start("");
    CHECK_EQ(looks_for(30), 1 + 2);
    CHECK_EQ(looks_for(46), 2 + 2 * 2); /* an earlier write may have filled the FIFO: look first */
    uart_drain();
    CHECK_EQ(uart.in_fifo, 0);
}

TEST(a_line_that_takes_nothing_does_not_stop_the_end)
{
    start("");
    looks_for(1);
    uart.looks = 1000; /* never 2 again */
    uart_drain();
    CHECK(uart.in_fifo != 0);
}

TEST(a_byte_that_the_port_lost_is_counted)
{
    uart.overrun = true;
    start("ab");
    CHECK_STR_EQ(take_all(), "ab");
    CHECK_EQ(input_take_lost(), 1);
    CHECK_EQ(input_take_lost(), 0);
}

TEST(a_key_acts_at_once_and_discards_what_was_typed_before)
{
    unsigned at;
    char text[8];

    input_set_keys(INPUT_KEY('C') | INPUT_KEY('T'), INPUT_KEY('C'));
    start("ab\x14"
          "c");
    CHECK_EQ(input_peek(text, sizeof(text), &at), 3);
    CHECK(input_has_keys());
    CHECK_EQ(input_take_keys(), INPUT_KEY('T'));
    input_put(3);
    input_put('d');
    CHECK_EQ(input_take_keys(), INPUT_KEY('C'));
    input_drop(at, 3); /* a reader that had looked before: what it saw is gone, what came since stays */
    CHECK_STR_EQ(take_all(), "d");
    input_set_keys(INPUT_KEY('@') | INPUT_KEY('_'), 0); /* the first and the last: bytes 0 and 31 */
    input_put(' ');
    input_put('~');
    input_put('\xff');
    CHECK(!input_has_keys());
    input_put(31);
    CHECK_EQ(input_take_keys(), INPUT_KEY('_'));
    input_put(0);
    CHECK_EQ(input_take_keys(), INPUT_KEY('@'));
    CHECK_STR_EQ(take_all(), " ~\xff");
    input_set_keys(0, 0);
    input_put(3);
    CHECK(!input_has_keys());
    CHECK_STR_EQ(take_all(), "\x03");
}

/* D109 */
TEST(a_line_that_takes_nothing_is_waited_for_once)
{
    for (int fifo = 0; fifo < 2; fifo++) {
        uart.fifo = fifo == 1;
        start("x");
        CHECK_STR_EQ(take_all(), "x");
        uart.stuck = true;
        uart.sent_n = uart.looks_all = 0;
        uart.line = "y"; /* and has been received */
        uart.received = true;
        uart_write("a", 1);
        CHECK(uart.looks_all > 1000000);
        uart.looks_all = 0;
        for (int i = 0; i < 100; i++)
            uart_write("bcd", 3);
        CHECK(uart.looks_all <= 100 * 3 * 2 + 100);
        CHECK_EQ(uart.sent_n, 0);
        uart.stuck = false;
        uart.in_fifo = 0;
        uart_write("e", 1);
        CHECK_EQ(uart.sent_n, 1);
        uart_interrupt();
        CHECK_STR_EQ(take_all(), "y");
    }
    uart.fifo = false;
}
