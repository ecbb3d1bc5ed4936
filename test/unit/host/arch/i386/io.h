/* SPDX-License-Identifier: MIT */
/*
 * io - I/O ports on the host: the test defines the device.
 */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include <stdint.h>

uint8_t io_in8(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
uint16_t io_in16(uint16_t port);
void io_out16(uint16_t port, uint16_t value);
uint32_t io_in32(uint16_t port);
void io_out32(uint16_t port, uint32_t value);
void io_in32_many(uint16_t port, void *to, uint32_t n);
void io_out32_many(uint16_t port, const void *from, uint32_t n);

#endif
