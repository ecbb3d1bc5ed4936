/* SPDX-License-Identifier: MIT */
/*
 * elf - from the bytes of an ELF file to the segments of an image.
 */
#ifndef PROC_ELF_H
#define PROC_ELF_H

#include <stddef.h>

struct image;

/* Check `size` bytes at `data` as a static i386 executable and fill the image's entry and
 * segments. -E_INVAL_ELF: it is none that we can run. Believes nothing; touches nothing else. */
int elf_parse(const void *data, size_t size, struct image *image);

#endif
