/* SPDX-License-Identifier: MIT */
/*
 * ports - a program can use no I/O port, and no instruction that changes the interrupt flag or halts the
 * machine (D09).
 */
#include "check.h"

enum { EFLAGS_IOPL = 0x3000 };

static int in_port(void *port)
{
    uint8_t value;
    __asm__ volatile("inb %w1, %0" : "=a"(value) : "d"(port));
    return 0;
}

/* Writing 0xfe to the keyboard controller would reset the machine. */
static int out_port(void *port)
{
    __asm__ volatile("outb %0, %w1" : : "a"((uint8_t)0xfe), "d"(port));
    return 0;
}

static int in_long(void *port)
{
    uint32_t value;
    __asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(port));
    return 0;
}

static int disable_interrupts(void *arg)
{
    (void)arg;
    __asm__ volatile("cli");
    return 0;
}

static int halt(void *arg)
{
    (void)arg;
    __asm__ volatile("hlt");
    return 0;
}

/* popf does not fault: it silently ignores the I/O privilege level. */
static unsigned raise_iopl(void)
{
    unsigned flags;
    __asm__ volatile("pushfl\n\torl %1, (%%esp)\n\tpopfl\n\tpushfl\n\tpopl %0"
                     : "=r"(flags)
                     : "i"(EFLAGS_IOPL)
                     : "cc", "memory");
    return flags & EFLAGS_IOPL;
}

int main(void)
{
    static const unsigned ports[] = {0x20, 0x21, 0x40, 0x60, 0x64, 0x80, 0xf4, 0x1f0, 0x3f8, 0x604, 0xffff};
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        CHECK(child_code(in_port, (void *)ports[i]), -E_KILLED, "in from port 0x%x", ports[i]);
        CHECK(child_code(out_port, (void *)ports[i]), -E_KILLED, "out to port 0x%x", ports[i]);
    }
    CHECK(child_code(in_long, (void *)0xcf8), -E_KILLED, "in of 32 bits");
    CHECK(child_code(in_long, (void *)0xfffd), -E_KILLED, "in of 32 bits at the last port");
    CHECK(child_code(disable_interrupts, NULL), -E_KILLED, "cli");
    CHECK(child_code(halt, NULL), -E_KILLED, "hlt");
    CHECK((int)raise_iopl(), 0, "I/O privilege level after popf");
    return pass();
}
