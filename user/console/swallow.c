/* SPDX-License-Identifier: MIT */
/*
 * swallow - takes input for a while, and says how much there was: nothing that is typed, pasted or piped gets
 * lost, however fast it comes (D102).
 *
 * `swallow N`: reads N bytes, after a nap in which more may arrive than the kernel has room for.
 */
#include "check.h"

enum { NAP = 20 };

int main(int argc, char *argv[])
{
    static char buffer[512];
    if (argc != 2)
        usage("swallow N");
    unsigned wanted = number_of(argv[1]), seen = 0, sum = 0;
    printf("swallow: %u bytes, please\n", wanted);
    sleep(NAP);
    while (seen < wanted) {
        int n = read(STDIN, buffer, MIN(sizeof(buffer), wanted - seen));
        assert(n > 0);
        for (int i = 0; i < n; i++)
            sum = sum * 31 + (uint8_t)buffer[i];
        seen += (unsigned)n;
    }
    printf("swallow: %u bytes, sum 0x%08x\n", seen, sum);
    return pass();
}
