/* SPDX-License-Identifier: MIT */
/*
 * badsys - a system call that does not exist returns -E_UNIMP, whatever its number (D01).
 */
#include "check.h"

static bool exists(int number)
{
    switch (number) {
#define SYSCALL(nr, ...) case nr:
#include <ucow/syscalls.def>
        return true;
    default:
        return false;
    }
}

int main(void)
{
    static const int odd[] = {
        -1,          INT32_MIN,  INT32_MAX, 0x10000,
        0x80,        0x40000012, /* times 4, the size of a table entry, it wraps to getpid's offset */
        -0x7fffffee, 0x10012,
    };
    int pid = getpid();

    int refused = 0, holes = 0;
    for (int nr = -300; nr <= 300; nr++) {
        if (exists(nr))
            continue;
        holes++;
        refused += syscall5(nr, 1, 2, 3, 4, 5) == -E_UNIMP;
    }
    CHECK(refused, holes, "numbers from -300 to 300 refused");
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
        CHECK(syscall5(odd[i], 1, 2, 3, 4, 5), -E_UNIMP, "call %d", odd[i]);

    CHECK(getpid() == pid, true, "the caller goes on");
    return pass();
}
