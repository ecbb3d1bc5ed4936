/*
 * uart - the serial port COM1: bytes out by polling, bytes in by interrupt.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include <stdbool.h>
#include <stdint.h>

/* Find and set up the port, 115200 8N1. Without one, output is dropped. */
void uart_init(void);

/* Whether there is one. */
bool uart_present(void);

/* From now on received bytes raise IRQ 4. */
void uart_enable_input(void);

/* Send one byte; waits for room. Any context. */
void uart_put(char c);

/* The handler of IRQ 4: empties the receiver into the buffer. Interrupts off. */
void uart_interrupt(void);

/* Whether there is a received byte to take. Interrupts off. */
bool uart_waiting(void);

/* Take it: 0 to 255, or -1 when there is none. Interrupts off. */
int uart_take(void);

/* Bytes lost since the last call, because the buffer was full or the port overran. */
unsigned uart_take_lost(void);

#endif
