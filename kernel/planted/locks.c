/* SPDX-License-Identifier: MIT */
/*
 * locks - mistakes with locks, with sleeping, and with memory that a handler writes; see planted.def.
 */
#include "planted/planted.h"
#include "proc/fork.h"
#include "proc/mutex.h"
#include "proc/sched.h"
#include "proc/sleep.h"

#define LONG_TICKS (IRQ_OFF_TICKS_MAX + 1)

static struct mutex coat = MUTEX_INIT(coat), hat = MUTEX_INIT(hat);
static struct spinlock spin = SPINLOCK_IRQ("selftest");

void plant_locktwice(void)
{
    spin_lock_irqsave(&spin);
    spin_lock_irqsave(&spin); /* <- locktwice */
}

void plant_lockorder(void)
{
    mutex_lock(&coat); /* <- lockorder taken */
    mutex_lock(&hat);
    mutex_unlock(&hat);
    mutex_unlock(&coat);
    mutex_lock(&hat);  /* <- lockorder */
    mutex_lock(&coat); /* <- lockorder */
}

void plant_lockheld(void)
{
    uint32_t eflags = spin_lock_irqsave(&spin); /* <- lockheld */
    uint32_t since = cpu_tsc_low();
    while ((cpu_tsc_low() - since) / LONG_TICKS < trace_ring.tsc_per_tick)
        ;
    spin_unlock_irqrestore(&spin, eflags);
}

void plant_loopoff(void)
{
    cpu_irq_save();
    for (;;) /* <- loopoff */
        ;
}

void plant_loopon(void)
{
    for (;;) /* <- loopon */
        ;
}

static void keep_hat_for_a_while(void *unused)
{
    (void)unused;
    mutex_lock(&hat); /* <- lockother taken */
    do_sleep(1);
    mutex_unlock(&hat);
}

void plant_lockother(void)
{
    kernel_thread("owner", keep_hat_for_a_while, NULL);
    sched_yield();
    mutex_unlock(&hat); /* <- lockother */
}

void plant_sleepspin(void)
{
    spin_lock_irqsave(&spin); /* <- sleepspin */
    do_sleep(1);
}

void plant_sleepoff(void)
{
    cpu_irq_save();
    do_sleep(1); /* <- sleepoff */
}

/* Pretends to be an interrupt handler. */
void plant_sleephandler(void)
{
    check_handler_begin(0);
    mutex_lock(&hat); /* <- sleephandler */
}

/* The timer handler increments the word. */
void plant_race(void)
{
    for (uint64_t end = timer_ticks() + LONG_TICKS; timer_ticks() < end;)
        trace_ring.ticks = 0; /* <- race */
}
