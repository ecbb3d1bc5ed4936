/* SPDX-License-Identifier: MIT */
/*
 * uart - the serial port COM1: bytes out by polling, bytes in by interrupt.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_IRQ 4 /* of COM1 */

/* Find the port and set it to 115200 8N1. Without a port, output is dropped. */
void uart_init(void);

/* Whether there is a port. */
bool uart_present(void);

/* Let received bytes raise IRQ 4. */
void uart_enable_input(void);

/* Send one byte; polls for room. Callable from any context. */
void uart_put(char c);

/* The handler of IRQ 4: moves received bytes to the buffer. Interrupts are off. */
void uart_interrupt(void);

/* Whether the buffer has a byte. Interrupts are off. */
bool uart_waiting(void);

/* Remove and return a byte of the buffer, 0 to 255; -1 if it is empty. Interrupts are off. */
int uart_take(void);

/* The number of bytes lost since the last call, because the buffer was full or the port overran. */
unsigned uart_take_lost(void);

#endif
