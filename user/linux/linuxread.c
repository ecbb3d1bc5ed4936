/* SPDX-License-Identifier: MIT */
/*
 * linuxread - reads until the end of the input, as cat does, and says what each read returned.
 */
#include "linux.h"

int linux_main(const struct start *start)
{
    char text[64];
    int n;
    (void)start;
    print("linuxread: reading.\n");
    while ((n = lx_read(0, text, sizeof(text) - 1)) > 0) {
        text[n] = '\0';
        print("linuxread: %d bytes: %s", n, text);
    }
    print("linuxread: the last read returned %d.\n", n);
    return n;
}
