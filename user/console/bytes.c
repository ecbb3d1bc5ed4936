/* SPDX-License-Identifier: MIT */
/*
 * bytes - prints every byte, and lines of about the length of each buffer on the way to the console. The test
 * compares what arrives on the serial line byte by byte.
 */
#include "check.h"

enum { BUFFER = 256, LAST = BUFFER + 1 }; /* of printf(), and of the kernel for an unfinished line */

int main(void)
{
    char text[LAST + 1];
    for (int i = 0; i < 256; i++)
        text[i] = (char)i;
    write(STDOUT, text, 256);
    for (int i = 0; i < 256; i++)
        sys_putc(i);

    for (size_t n = BUFFER - 1; n <= LAST; n++) {
        memset(text, 'w', n);
        text[n] = '\0';
        write(STDOUT, text, n);
        write(STDOUT, "\n", 1);
        printf("%s\n", text);
    }
    write(STDOUT, "\r\n\n\t", 4);
    pass();
    write(STDOUT, "no newline", sizeof("no newline") - 1);
    return 0;
}
