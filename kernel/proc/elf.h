/* SPDX-License-Identifier: MIT */
/*
 * elf - parse an ELF file into the segments of an image.
 */
#ifndef PROC_ELF_H
#define PROC_ELF_H

#include <stddef.h>

struct image;

/* Parse `size` bytes at `data` as a static i386 executable and fill in the entry and segments of
 * `image`; its other fields are not changed. The data is untrusted. Returns 0; -E_INVAL_ELF if it is not a
 * program that we can run. */
int elf_parse(const void *data, size_t size, struct image *image);

#endif
