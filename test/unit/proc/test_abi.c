/* SPDX-License-Identifier: MIT */
/*
 * abi.c: the address of a program says which calls it makes.
 */
#include "proc/abi.h"

#include <ucow/linux.h>

#include "unit.h"

static const struct abi ours, theirs;

TEST(without_linux_every_program_is_ours)
{
    abi_init(&ours, NULL);
    CHECK(abi_of(0) == &ours && abi_of(LINUX_BASE) == &ours && abi_of(UINTPTR_MAX) == &ours);
    CHECK(!abi_is_linux(&ours) && !abi_is_linux(&theirs) && !abi_is_linux(NULL));
}

TEST(programs_for_linux_begin_at_its_base)
{
    abi_init(&ours, &theirs);
    CHECK(abi_of(USERBASE) == &ours && abi_of(LINUX_BASE - 1) == &ours);
    CHECK(abi_of(LINUX_BASE) == &theirs && abi_of(LINUX_BASE + 1) == &theirs);
    CHECK(abi_is_linux(&theirs) && !abi_is_linux(&ours) && !abi_is_linux(NULL));
}
