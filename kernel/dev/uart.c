/* SPDX-License-Identifier: MIT */
/*
 * uart - National Semiconductor 16550 data sheet.
 *
 * The FIFO stays as the firmware left it, because enabling or disabling it clears it, and characters
 * typed during the boot would be lost. If it is on, one look at the status suffices for 16 bytes of output.
 *
 * While the input queue is full, received bytes stay in the port: QEMU and a terminal with flow control then
 * wait, and nothing is lost.
 */
#include "dev/uart.h"
#include "arch/i386/io.h"
#include "dev/input.h"

#define COM1 0x3F8
#define DATA (COM1 + 0)
#define INTERRUPTS (COM1 + 1)
#define IDENTIFICATION (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define MODEM (COM1 + 4)
#define LINE_STATUS (COM1 + 5)
#define SCRATCH (COM1 + 7)

#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define MODEM_DTR_RTS_OUT2 0x0B /* OUT2 lets the interrupt through on a PC */
#define INTERRUPT_RECEIVED 0x01
#define STATUS_RECEIVED 0x01
#define STATUS_OVERRUN 0x02
#define STATUS_ROOM 0x20         /* the holding register, or the whole FIFO, is empty */
#define STATUS_SENT 0x40         /* and so is the shift register */
#define IDENTIFICATION_FIFO 0xC0 /* both bits: there is a FIFO, it works and is on (a 16550A) */
#define FIFO_BYTES 16
#define DRAIN_LOOKS 100000 /* 0.1 s where a look takes 1 us; 16 bytes take 1.4 ms */

/* Output waits for room for so many looks at the status: some seconds, in which a reader that is only slow
 * reads. Then it is dropped, and each byte waits for one look, until there is room again. */
#define LOOKS_MAX 10000000u

static bool present;
static bool stuck;                 /* the other end takes nothing */
static bool has_fifo;              /* and it is on */
static bool input_enabled, paused; /* paused: the queue is full, and the receive interrupt masked */
static unsigned chars_dropped;     /* tests read this by name */

void uart_init(void)
{
    io_out8(SCRATCH, 0xA5);
    present = io_in8(SCRATCH) == 0xA5;
    if (!present)
        return;
    input_add_device();
    io_out8(INTERRUPTS, 0);
    io_out8(LINE_CONTROL, LINE_DIVISOR);
    io_out8(DATA, 1); /* 115200 */
    io_out8(INTERRUPTS, 0);
    io_out8(LINE_CONTROL, LINE_8N1);
    has_fifo = (io_in8(IDENTIFICATION) & IDENTIFICATION_FIFO) == IDENTIFICATION_FIFO;
    uart_interrupt(); /* characters typed before */
    io_out8(MODEM, MODEM_DTR_RTS_OUT2);
}

void uart_enable_input(void)
{
    if (!present)
        return;
    input_enabled = paused = true; /* until uart_interrupt() finds room, and unmasks the interrupt */
    uart_interrupt();
}

/* Out of line, because the transmitter usually has room at the first look. */
static __attribute__((noinline)) bool wait_longer(void)
{
    for (unsigned looks = stuck ? 1 : LOOKS_MAX; looks > 0; looks--)
        if (io_in8(LINE_STATUS) & STATUS_ROOM)
            return true;
    stuck = true;
    chars_dropped++;
    return false;
}

/* Whether the next byte can be sent; if not, it is dropped. */
static inline bool wait_for_room(void)
{
    return __builtin_expect(io_in8(LINE_STATUS) & STATUS_ROOM, STATUS_ROOM) || wait_longer();
}

/* Each byte waits for the one before it. */
static void write_bytes(const char *text, const char *end)
{
    for (; text < end; text++) {
        if (__builtin_expect(*text == '\n', 0) && wait_for_room())
            io_out8(DATA, '\r');
        if (wait_for_room())
            io_out8(DATA, (uint8_t)*text);
    }
}

static inline unsigned send(uint8_t byte, unsigned room)
{
    if (room == 0) {
        if (!wait_for_room())
            return 0;
        room = FIFO_BYTES;
    }
    io_out8(DATA, byte);
    return room - 1;
}

/* The bytes of an earlier call may still fill the FIFO. */
static void write_bursts(const char *text, const char *end)
{
    for (unsigned room = 0; text < end; text++) {
        if (*text == '\n')
            room = send('\r', room);
        room = send((uint8_t)*text, room);
    }
}

void uart_write(const char *text, size_t n)
{
    if (__builtin_expect(stuck, 0))
        stuck = !(io_in8(LINE_STATUS) & STATUS_ROOM);
    if (has_fifo)
        write_bursts(text, text + n);
    else if (present)
        write_bytes(text, text + n);
}

void uart_drain(void)
{
    for (int i = 0; present && i < DRAIN_LOOKS && !(io_in8(LINE_STATUS) & STATUS_SENT); i++)
        ;
}

void uart_interrupt(void)
{
    uint8_t status;
    while (present && input_room() && ((status = io_in8(LINE_STATUS)) & STATUS_RECEIVED)) {
        if (status & STATUS_OVERRUN)
            input_count_lost();
        input_put((char)io_in8(DATA));
    }
    if (input_enabled && input_room() == paused) {
        paused = !paused;
        io_out8(INTERRUPTS, paused ? 0 : INTERRUPT_RECEIVED);
    }
}

void uart_resume(void)
{
    if (paused)
        uart_interrupt();
}
