/* SPDX-License-Identifier: MIT */
/*
 * planted - finds the mistake that `selftest=NAME` asks for; and the mistakes that need only the CPU.
 */
#include "planted/planted.h"

#include <stddef.h>
#include <stdint.h>

#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"
#include "watch/assert.h"
#include "watch/panic.h"

void plant_panic(void)
{
    panic("selftest: a panic was asked for"); /* <- panic */
}

/* The second message is printed, too; then the machine stops. */
void plant_panicagain(void)
{
    const struct report report = {.kind = REPORT_PANIC, .eip = (uintptr_t)plant_panic};
    report_begin(&report, "selftest: a panic was asked for");
    panic("selftest: a panic while a report is printed"); /* <- panicagain */
}

void plant_assert(void)
{
    static volatile int two = 2;
    ASSERT(two + two == 5); /* <- assert */
}

/* Deeper than any stack. Each call uses its frame afterwards, so that the compiler makes no loop of it. */
static uint32_t recurse(uint32_t depth)
{                                                          /* <- overflow */
    volatile uint32_t frame[16] = {depth};                 /* <- overflow */
    return depth == 0 ? 0 : recurse(depth - 1) + frame[0]; /* <- overflow */
}

void plant_overflow(void)
{
    recurse(100000);
}

/* A field of a structure at address 0. */
void plant_null(void)
{
    volatile uintptr_t field = 0x10;
    (void)*(volatile int *)field; /* <- null */
}

/* Reads user memory without usercopy: a mistake even if a page is mapped there. */
void plant_userread(void)
{
    volatile uintptr_t user = 0x00800000;
    (void)*(volatile int *)user; /* <- userread */
}

void plant_textwrite(void)
{
    volatile uintptr_t text = (uintptr_t)plant_textwrite;
    *(volatile char *)text = 0; /* <- textwrite */
}

UNCHECKED_CALLS void plant_wildjump(void)
{
    volatile uintptr_t nowhere = 0xBAD;
    ((void (*)(void))nowhere)(); /* <- wildjump */
    nowhere = 0;                 /* so that the call is no tail call */
}

static int answer(int question)
{
    return question + 1;
}

void plant_wildcall(void)
{
    static void *volatile address = (void *)answer;
    void (*call)(void) = (void (*)(void))address;
    call(); /* <- wildcall */
}

void plant_badopcode(void)
{
    __builtin_trap(); /* <- badopcode */
}

static const struct {
    const char *name, *check;
    void (*make)(void);
} mistakes[] = {
#define PLANTED(name, check, status, says, what) {#name, #check, plant_##name},
#include "planted/planted.def"
};
static const char *wanted;

void selftest_want(const char *name)
{
    wanted = name;
}

static void print_names(void)
{
    kprintf("selftest: there is no mistake \"%s\"; there are:", wanted);
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
        if (mistakes[i].make != NULL)
            kprintf(" %s", mistakes[i].name);
    kprintf("\n");
}

void selftest_run(void)
{
    if (wanted == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        if (strcmp(mistakes[i].name, wanted) != 0)
            continue;
        if (mistakes[i].make == NULL)
            kprintf("selftest: only a kernel built with %s notices \"%s\"\n", mistakes[i].check, wanted);
        else
            mistakes[i].make();
        return;
    }
    print_names();
}
