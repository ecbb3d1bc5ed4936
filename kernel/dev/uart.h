/* SPDX-License-Identifier: MIT */
/*
 * uart - the serial port COM1: bytes out by polling, bytes in by interrupt.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include <stddef.h>
#include <stdint.h>

#define UART_IRQ 4 /* of COM1 */

/* Find the port and set it to 115200 8N1. Without a port, output is dropped. */
void uart_init(void);

/* Let received bytes raise IRQ 4. */
void uart_enable_input(void);

/* Send `n` bytes, each newline with a carriage return before it; polls for room, but not forever: if the
 * other end takes nothing, output is dropped. Callable from any context: a panic may interrupt it. */
void uart_write(const char *text, size_t n);

/* Wait until all output is on the line, or does not get there for 100,000 looks at the port. */
void uart_drain(void);

/* The handler of IRQ 4: puts received bytes into the input queue (dev/input.h), as far as there is room. What
 * does not fit stays in the port until uart_resume(). Interrupts off. */
void uart_interrupt(void);

/* There may be room in the input queue again. Interrupts off. */
void uart_resume(void);

#endif
