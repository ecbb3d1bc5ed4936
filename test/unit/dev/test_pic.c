/* SPDX-License-Identifier: MIT */
/*
 * pic.c with two simulated 8259As (Intel 8259A data sheet): initialization, masks, end of interrupt, and
 * spurious interrupts, which a controller reports on its line 7 with no interrupt in service (D13).
 */
#include "arch/i386/io.h"
#include "dev/pic.h"
#include "unit.h"

#define CASCADE 2

static struct controller {
    uint8_t vector, cascade, mask, in_service;
    int init_step; /* the next initialization word; 0 when initialized */
    bool reads_in_service;
} pics[2]; /* master, slave */

static bool missing; /* the machine has none */

static struct controller *at(uint16_t port)
{
    CHECK((port & 0xFF7E) == 0x20);
    return &pics[port >> 7];
}

static void command(struct controller *pic, uint8_t value)
{
    if ((value & 0x10) != 0) {
        *pic = (struct controller){.init_step = 2};
        CHECK_EQ(value, 0x11); /* edge-triggered, cascaded, ICW4 follows */
    } else if ((value & 0x08) != 0) {
        CHECK_EQ(value, 0x0B);
        pic->reads_in_service = true;
    } else {
        CHECK_EQ(value, 0x20);       /* non-specific end of interrupt */
        CHECK(pic->in_service != 0); /* not for a spurious interrupt */
        pic->in_service &= (uint8_t)(pic->in_service - 1);
    }
}

void io_out8(uint16_t port, uint8_t value)
{
    struct controller *pic = at(port);
    if ((port & 1) == 0) {
        command(pic, value);
        return;
    }
    switch (pic->init_step) {
    case 2:
        pic->vector = value;
        break;
    case 3:
        pic->cascade = value;
        break;
    case 4:
        CHECK_EQ(value, 0x01);
        break; /* 8086 mode */
    default:
        pic->mask = value;
        return;
    }
    pic->init_step = pic->init_step == 4 ? 0 : pic->init_step + 1;
}

uint8_t io_in8(uint16_t port)
{
    if (missing)
        return 0xFF;
    if ((port & 1) != 0)
        return at(port)->mask;
    CHECK(at(port)->reads_in_service);
    return at(port)->in_service;
}

/* Put `irq` in service. */
static void raise_irq(unsigned irq)
{
    if (irq >= 8)
        pics[1].in_service |= (uint8_t)(1u << (irq - 8));
    pics[0].in_service |= (uint8_t)(1u << (irq >= 8 ? CASCADE : irq));
}

/* D109 */
TEST(a_machine_without_them_is_noticed)
{
    missing = true;
    bool found = pic_init();
    missing = false;
    CHECK(!found);
}

TEST(both_are_set_up_with_all_lines_shut)
{
    pic_unmask(4); /* opened before */
    CHECK(pic_init());
    CHECK_EQ(pics[0].vector, 0x20);
    CHECK_EQ(pics[1].vector, 0x28);
    CHECK_EQ(pics[0].cascade, 1 << CASCADE); /* a bit mask of lines */
    CHECK_EQ(pics[1].cascade, CASCADE);      /* a line number */
    CHECK(pics[0].init_step == 0 && pics[1].init_step == 0);
    CHECK_EQ(pics[0].mask, 0xFF & ~(1 << CASCADE));
    CHECK_EQ(pics[1].mask, 0xFF);
}

TEST(lines_are_opened_one_by_one)
{
    pic_init();
    pic_unmask(4);
    pic_unmask(14);
    CHECK_EQ(pics[0].mask, 0xFF & ~(1 << CASCADE | 1 << 4));
    CHECK_EQ(pics[1].mask, 0xFF & ~(1 << 6));
}

TEST(every_interrupt_is_ended_where_it_is_served)
{
    pic_init();
    for (unsigned irq = 0; irq < 16; irq++) {
        if (irq == CASCADE)
            continue;
        raise_irq(irq);
        CHECK(pic_acknowledge(irq));
        CHECK(pics[0].in_service == 0 && pics[1].in_service == 0);
    }
}

TEST(noise_of_the_master_is_not_ended)
{
    pic_init();
    CHECK(!pic_acknowledge(7));
    raise_irq(4); /* stays in service during the spurious interrupt */
    CHECK(!pic_acknowledge(7));
    CHECK_EQ(pics[0].in_service, 1 << 4);
}

TEST(noise_of_the_slave_is_ended_by_the_master_alone)
{
    pic_init();
    raise_irq(CASCADE);
    CHECK(!pic_acknowledge(15));
    CHECK(pics[0].in_service == 0 && pics[1].in_service == 0);
}
