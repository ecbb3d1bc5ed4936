/*
 * selftest - each mistake is a small function; none returns unless the kernel can live with it.
 */
#include "debug/selftest.h"

#include <stdint.h>

#include "arch/i386/spinlock.h"
#include "debug/assert.h"
#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"

static void make_panic(void)
{
    panic("selftest: a panic was asked for");
}

static void fail_assertion(void)
{
    static volatile int two = 2;
    ASSERT(two + two == 5);
}

/* Deeper than any stack: each call keeps a frame, so that the compiler makes no loop of it. */
static uint32_t recurse(uint32_t depth)
{
    volatile uint32_t frame[16] = {depth};
    return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

static void overflow_stack(void)
{
    recurse(100000);
}

/* A field of a structure that is not there. */
static void read_null(void)
{
    volatile uintptr_t field = 0x10;
    (void)*(volatile int *)field;
}

/* Looks at user memory without usercopy: a mistake even where a page is mapped. */
static void read_user(void)
{
    volatile uintptr_t user = 0x00800000;
    (void)*(volatile int *)user;
}

static void write_text(void)
{
    volatile uintptr_t text = (uintptr_t)write_text;
    *(volatile char *)text = 0;
}

static void lock_twice(void)
{
    static struct spinlock lock = SPINLOCK_IRQ("selftest");
    spin_lock_irq(&lock);
    spin_lock_irq(&lock);
}

static struct selftest own_mistakes[] = {
    {"panic", make_panic, NULL},     {"assert", fail_assertion, NULL}, {"overflow", overflow_stack, NULL},
    {"null", read_null, NULL},       {"userread", read_user, NULL},    {"textwrite", write_text, NULL},
    {"locktwice", lock_twice, NULL},
};
static struct selftest *mistakes;
static const char *wanted;

void selftest_add(struct selftest *mistake)
{
    mistake->next = mistakes;
    mistakes = mistake;
}

void selftest_want(const char *name)
{
    wanted = name;
}

void selftest_run(void)
{
    if (wanted == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(own_mistakes); i++)
        selftest_add(&own_mistakes[i]);
    for (const struct selftest *mistake = mistakes; mistake != NULL; mistake = mistake->next) {
        if (strcmp(mistake->name, wanted) == 0) {
            mistake->make();
            return;
        }
    }
    kprintf("selftest: there is no mistake \"%s\"; there are:", wanted);
    for (const struct selftest *mistake = mistakes; mistake != NULL; mistake = mistake->next)
        kprintf(" %s", mistake->name);
    kprintf("\n");
}
