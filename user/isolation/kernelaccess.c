/* SPDX-License-Identifier: MIT */
/*
 * kernelaccess - a program can neither read, write nor execute addresses outside user space; an attempt
 * ends this process and no other (D02, D18, D70).
 */
#include "check.h"

static int load(void *addr)
{
    return *(volatile int *)addr & 0;
}

static int store(void *addr)
{
    *(volatile unsigned *)addr = 0x12345007; /* would be a page-table entry: present, write, user */
    return 0;
}

static int call(void *addr)
{
    ((void (*)(void))addr)();
    return 0;
}

int main(void)
{
    static const uintptr_t addresses[] = {
        0,          0x1000,     USERBASE - 4, USERTOP,    0xB8000000, 0xC0000000, 0xC0100000,
        0xC0800020, 0xF8000000, 0xFAC00000,   0xFAFEB000, 0xFB000000, 0xFFFFF000, 0xFFFFFFFC,
    };
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        void *addr = (void *)addresses[i];
        CHECK(child_code(load, addr), -E_KILLED, "load from 0x%08zx", addresses[i]);
        CHECK(child_code(store, addr), -E_KILLED, "store to 0x%08zx", addresses[i]);
        CHECK(child_code(call, addr), -E_KILLED, "call of 0x%08zx", addresses[i]);
    }
    return pass();
}
