/* SPDX-License-Identifier: MIT */
/*
 * irq.c: which handler runs, and what interrupts without one do.
 */
#include "dev/irq.h"
#include "journal.h"

static bool real; /* what the controller says of the interrupt */

void pic_unmask(unsigned irq)
{
    note("pic_unmask %u", irq);
}

bool pic_acknowledge(unsigned irq)
{
    note("pic_acknowledge %u", irq);
    return real;
}

static void on_timer(void)
{
    note("timer");
}

static void on_disk(void)
{
    note("disk");
}

TEST(each_line_has_its_handler)
{
    irq_install(0, on_timer);
    irq_install(14, on_disk);
    CHECK_STEPS("pic_unmask 0", "pic_unmask 14");
    real = true;
    irq_handle(14);
    irq_handle(0);
    CHECK_STEPS("pic_acknowledge 14", "disk", "pic_acknowledge 0", "timer");
    CHECK_EQ(irq_stray_count(), 0);
    CHECK(PANICS("handlers[irq] == NULL", irq_install(14, on_timer)));
    CHECK(PANICS("irq < IRQ_LINES", irq_install(IRQ_LINES, on_timer)));
}

/* D13 */
TEST(an_interrupt_without_a_handler_is_counted)
{
    real = true;
    irq_handle(5); /* of no device that is known */
    CHECK_EQ(irq_stray_count(), 1);
    irq_install(7, on_timer);
    real = false;
    irq_handle(7); /* spurious: the controller has none in service */
    CHECK_EQ(irq_stray_count(), 2);
    irq_count_stray();
    CHECK_EQ(irq_stray_count(), 3);
    CHECK_STEPS("pic_acknowledge 5", "pic_unmask 7", "pic_acknowledge 7");
}
