/* SPDX-License-Identifier: MIT */
/*
 * linux - the library of programs for Linux without a libc.
 */
#include "linux.h"

#include <stdarg.h>

#include "lib/printf.h"

#define LINE_BYTES 200

int lx_call(unsigned nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
    int result;
    const uint32_t last[] = {f, nr};
    /* The frame pointer is the sixth argument; the last two words are read before it changes. */
    __asm__ volatile("pushl %%ebp\n\t"
                     "movl 4(%%eax), %%ebp\n\t"
                     "pushl %%ebp\n\t"
                     "movl (%%eax), %%ebp\n\t"
                     "popl %%eax\n\t"
                     "int $0x80\n\t"
                     "popl %%ebp"
                     : "=a"(result)
                     : "a"(last), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory", "cc");
    return result;
}

void print(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    lx_write(1, line, (unsigned)n);
}

void expect(int value, int expected, const char *what, int line)
{
    if (value == expected)
        return;
    print("line %d: %s is %d (0x%x), not %d\n", line, what, value, (unsigned)value, expected);
    lx_exit_group(1);
}
