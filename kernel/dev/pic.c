/* SPDX-License-Identifier: MIT */
/*
 * pic - Intel 8259A data sheet, as wired in the PC/AT.
 */
#include "dev/pic.h"
#include "arch/i386/io.h"
#include "arch/i386/vectors.h"
#include "lib/util.h"

#define MASTER 0x20
#define SLAVE 0xA0
#define DATA 1 /* offset of the second port */
#define CASCADE_IRQ 2
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_END 0x20
#define OCW3_READ_ISR 0x0B

static uint16_t masked = 0xFFFF;

static void set_mask(void)
{
    io_out8(MASTER + DATA, (uint8_t)masked);
    io_out8(SLAVE + DATA, (uint8_t)(masked >> 8));
}

bool pic_init(void)
{
    io_out8(MASTER, ICW1_INIT_ICW4);
    io_out8(MASTER + DATA, VECTOR_IRQ);
    io_out8(MASTER + DATA, BIT(CASCADE_IRQ));
    io_out8(MASTER + DATA, ICW4_8086);
    io_out8(SLAVE, ICW1_INIT_ICW4);
    io_out8(SLAVE + DATA, VECTOR_IRQ + 8);
    io_out8(SLAVE + DATA, CASCADE_IRQ);
    io_out8(SLAVE + DATA, ICW4_8086);
    masked = (uint16_t)~BIT(CASCADE_IRQ);
    set_mask();
    return io_in8(MASTER + DATA) == (uint8_t)masked; /* where nothing is, all bits are 1 */
}

void pic_unmask(unsigned irq)
{
    masked &= (uint16_t)~BIT(irq);
    set_mask();
}

static bool in_service(uint16_t port, unsigned line)
{
    io_out8(port, OCW3_READ_ISR);
    return (io_in8(port) & BIT(line)) != 0;
}

bool pic_acknowledge(unsigned irq)
{
    if (irq == 7 && !in_service(MASTER, 7))
        return false;
    bool spurious = irq == 15 && !in_service(SLAVE, 7);
    if (irq >= 8 && !spurious)
        io_out8(SLAVE, OCW2_END);
    io_out8(MASTER, OCW2_END); /* also for a spurious 15: the master served its cascade line */
    return !spurious;
}
