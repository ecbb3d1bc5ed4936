/* SPDX-License-Identifier: MIT */
/*
 * usercopy.c: which ranges are a program's, to the byte at both ends, and what becomes of a fault. (D14, D33)
 */
#include "mm/usercopy.h"

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "arch/i386/uaccess.h"
#include "host_console.h"
#include "journal.h"
#include "lib/util.h"
#include "mm/point.h"

#define VA (USERBASE + 0x12345)

uint8_t host_memory[1];
uint32_t host_cr3, mmu_flushes;
uint32_t peak_irq_off_max = UINT32_MAX, peak_stretch_max = UINT32_MAX, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;

static uint8_t kernel[8]; /* the buffer of the kernel */
static int result;        /* of a copy */
static int killed;        /* what a point returns */
static bool due = true;

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    (void)tsc, (void)caller;
}

void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    (void)tsc, (void)site;
}

void host_tlb_forget_all(void)
{
}

static int pass(void)
{
    note("point");
    return killed;
}
struct point mm_points = {&due, pass};

int usercopy_bytes(void *to, const void *from, size_t n)
{
    if (to == kernel)
        note("from %lx %zu", (unsigned long)(uintptr_t)from, n);
    else if (from == kernel)
        note("to %lx %zu", (unsigned long)(uintptr_t)to, n);
    else
        note("byte %lx", (unsigned long)(uintptr_t)from);
    return result;
}

/* The program's string has result - 1 characters before its end, if there is room for it. */
int usercopy_string(char *to, const char *from, size_t n)
{
    note("string %lx %zu", (unsigned long)(uintptr_t)from, n);
    if (result < 0)
        return result;
    for (int i = 0; i < result; i++)
        to[i] = i < 3 ? 'a' : '\0';
    return result;
}

static void start(int returns)
{
    result = returns;
    killed = 0;
    due = true;
    journal_clear();
}

static const struct {
    uintptr_t va;
    size_t n;
    bool ok;
} ranges[] = {
    {USERBASE, 1, true},
    {USERBASE - 1, 1, false},
    {USERBASE - 1, 2, false},
    {USERTOP - 1, 1, true},
    {USERTOP - 1, 2, false},
    {USERTOP, 1, false},
    {USERTOP + 1, 1, false},
    {USERTOP + 1, SIZE_MAX, false},
    {USERBASE, USERTOP - USERBASE, true},
    {USERBASE, USERTOP - USERBASE + 1, false},
    {USERBASE, SIZE_MAX, false},
    {USERTOP - 8, SIZE_MAX - 7, false},
    {0, 1, false},
    {UINT32_MAX, 1, false},
    {UINT32_MAX, 2, false},
};

TEST(only_the_memory_of_programs_is_copied)
{
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        struct uaddr at = {ranges[i].va};
        char from[60], to[60];
        start(0);
        snprintf(from, sizeof(from), "from %lx %zu", (unsigned long)at.va, ranges[i].n);
        snprintf(to, sizeof(to), "to %lx %zu", (unsigned long)at.va, ranges[i].n);
        CHECK_EQ(copy_from_user(kernel, at, ranges[i].n), ranges[i].ok ? 0 : -E_INVAL);
        if (ranges[i].ok)
            CHECK_STEPS(from);
        CHECK_EQ(copy_to_user(at, kernel, ranges[i].n), ranges[i].ok ? 0 : -E_INVAL);
        if (ranges[i].ok)
            CHECK_STEPS(to);
        CHECK_STR_EQ(journal, "");
    }
}

TEST(a_fault_is_an_invalid_argument_and_other_errors_stay)
{
    static const int errors[] = {-E_NO_MEM, -E_SWAP_FAULT, -E_KILLED};
    const struct uaddr at = {VA};

    start(-E_FAULT);
    CHECK_EQ(copy_from_user(kernel, at, 4), -E_INVAL);
    CHECK_EQ(copy_to_user(at, kernel, 4), -E_INVAL);
    CHECK_EQ(probe_user(at, 4), -E_INVAL);
    CHECK_EQ(copy_string_from_user((char *)kernel, at, 4), -E_INVAL);
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        start(errors[i]);
        CHECK_EQ(copy_from_user(kernel, at, 4), errors[i]);
        CHECK_EQ(copy_to_user(at, kernel, 4), errors[i]);
        CHECK_EQ(probe_user(at, 4), errors[i]);
        CHECK_EQ(copy_string_from_user((char *)kernel, at, 4), errors[i]);
    }
}

TEST(one_byte_of_each_page_is_probed)
{
    const struct uaddr page = {USERBASE + 5 * PAGE_SIZE};
    char first[40], second[40], third[40], middle[40];

    snprintf(first, sizeof(first), "byte %lx", (unsigned long)page.va);
    snprintf(middle, sizeof(middle), "byte %lx", (unsigned long)page.va + 100);
    snprintf(second, sizeof(second), "byte %lx", (unsigned long)page.va + PAGE_SIZE);
    snprintf(third, sizeof(third), "byte %lx", (unsigned long)page.va + 2 * PAGE_SIZE);
    start(0);
    CHECK_EQ(probe_user(page, 0), 0);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(probe_user(page, 1), 0);
    CHECK_STEPS(first, "point");
    CHECK_EQ(probe_user(page, PAGE_SIZE), 0);
    CHECK_STEPS(first, "point");
    CHECK_EQ(probe_user(page, PAGE_SIZE + 1), 0);
    CHECK_STEPS(first, "point", second, "point");
    CHECK_EQ(probe_user(uaddr_plus(page, 100), 2 * PAGE_SIZE - 100), 0);
    CHECK_STEPS(middle, "point", second, "point");
    CHECK_EQ(probe_user(uaddr_plus(page, 100), 2 * PAGE_SIZE - 99), 0);
    CHECK_STEPS(middle, "point", second, "point", third, "point");
    killed = -E_KILLED;
    CHECK_EQ(probe_user(page, 9 * PAGE_SIZE), -E_KILLED);
    CHECK_STEPS(first, "point");
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        start(0);
        if (!ranges[i].ok) {
            CHECK_EQ(probe_user((struct uaddr){ranges[i].va}, ranges[i].n), -E_INVAL);
            CHECK_STR_EQ(journal, "");
        }
    }
}

TEST(a_string_ends_with_its_nul)
{
    char to[8], line[40];

    start(4); /* "aaa" */
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){VA}, 4), 3);
    snprintf(line, sizeof(line), "string %lx 4", (unsigned long)VA);
    CHECK_STEPS(line);
    start(3); /* no NUL among the three that were asked for */
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){VA}, 3), -E_TOO_BIG);
    start(0);
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){VA}, 0), -E_TOO_BIG);
    start(2); /* nor before the end of the memory of programs */
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){USERTOP - 2}, 8), -E_INVAL);
    snprintf(line, sizeof(line), "string %lx 2", (unsigned long)USERTOP - 2);
    CHECK_STEPS(line);
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){USERTOP - 2}, 2), -E_TOO_BIG);
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){USERTOP - 2}, 3), -E_INVAL);
}

TEST(a_string_begins_in_the_memory_of_programs)
{
    static const uintptr_t not [] = {0, USERBASE - 1, USERTOP, USERTOP + 1, UINT32_MAX};
    char to[8];

    start(4);
    for (size_t i = 0; i < ARRAY_SIZE(not ); i++)
        CHECK_EQ(copy_string_from_user(to, (struct uaddr){not [i]}, 8), -E_INVAL);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(copy_string_from_user(to, (struct uaddr){USERBASE}, 8), 3);
}
