/* SPDX-License-Identifier: MIT */
/*
 * string - the functions on strings, and memcmp, as simple loops: no caller is on a fast path.
 */
#include "lib/string.h"

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *left = a, *right = b;

    for (; n != 0; n--, left++, right++) {
        if (*left != *right)
            return *left < *right ? -1 : 1;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t len = 0;

    while (s[len] != '\0')
        len++;
    return len;
}

size_t strnlen(const char *s, size_t max)
{
    size_t len = 0;

    while (len < max && s[len] != '\0')
        len++;
    return len;
}

/* ISO C 7.24.4: bytes are compared as unsigned char. */
int strcmp(const char *a, const char *b)
{
    while (*a == *b && *a != '\0')
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (; max != 0; max--, a++, b++) {
        if (*a != *b)
            return (unsigned char)*a - (unsigned char)*b;
        if (*a == '\0')
            break;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (*s == '\0')
            return NULL;
    }
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);

    if (size != 0) {
        size_t copied = len < size ? len : size - 1;

        memcpy(dst, src, copied);
        dst[copied] = '\0';
    }
    return len;
}
