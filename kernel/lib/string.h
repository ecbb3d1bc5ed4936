/* SPDX-License-Identifier: MIT */
/*
 * string - the memory and string functions of ISO C, and strlcpy as in BSD.
 *
 * The compiler generates calls of memcpy, memmove, memset and memcmp, so every program needs them. The first
 * three are in arch/i386/string.S (fast) and in lib/mem.c (portable): a program links one of the two.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);

/* Copy as much of src as fits into `size` bytes with its NUL; nothing if size is 0. Returns strlen(src): the
 * copy was truncated if that is not less than `size`. */
size_t strlcpy(char *dst, const char *src, size_t size);

#endif
