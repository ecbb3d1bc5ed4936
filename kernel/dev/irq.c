/* SPDX-License-Identifier: MIT */
/*
 * irq - the table of interrupt handlers.
 */
#include "dev/irq.h"

#include <stddef.h>

#include "dev/pic.h"
#include "watch/assert.h"

static irq_handler *handlers[IRQ_LINES];
static uint32_t stray_count;

void irq_install(unsigned irq, irq_handler *handler)
{
    ASSERT(irq < IRQ_LINES && handlers[irq] == NULL);
    handlers[irq] = handler;
    pic_unmask(irq);
}

void irq_handle(unsigned irq)
{
    if (!pic_acknowledge(irq) || handlers[irq] == NULL)
        stray_count++;
    else
        handlers[irq]();
}

void irq_count_stray(void)
{
    stray_count++;
}

uint32_t irq_stray_count(void)
{
    return stray_count;
}
